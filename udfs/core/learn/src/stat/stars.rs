//! p-values as stars.

/// `***` below 0.001, `**` below 0.01, `*` below 0.05, else nothing.
pub fn stars(p: f64) -> &'static str {
    match p {
        p if p < 0.001 => "***",
        p if p < 0.01 => "**",
        p if p < 0.05 => "*",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::stars;

    #[test]
    fn a_border_belongs_to_the_weaker_side() {
        let shown: Vec<_> = [0.0, 0.001, 0.01, 0.05, 1.0, f64::NAN].into_iter().map(stars).collect();
        assert_eq!(shown, ["***", "**", "*", "", "", ""]);
    }
}
