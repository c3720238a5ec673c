//! Did you mean …? The nearest known name to one that is not known.
//!
//! Nearness is the Damerau-Levenshtein distance (swapped neighbours count once), without regard to case. A name is near
//! when a third of its letters or fewer differ: farther ones would be guesses and a wrong hint costs more than none.

/// The name of `among` nearest to `name`, if any is near; the first of equally near ones.
pub fn closest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    among
        .filter_map(|candidate| {
            let folded = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&wanted, &folded);
            let allowed = length.max(folded.chars().count()).div_ceil(3).min(length.saturating_sub(1));
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn finds_a_transposed_name() {
        assert_eq!(closest("langauge", ["trace", "language", "lang"].into_iter()), Some("language"));
    }

    #[test]
    fn ignores_case() {
        assert_eq!(closest("PARQET", ["csv", "parquet"].into_iter()), Some("parquet"));
    }

    #[test]
    fn is_silent_where_nothing_is_near() {
        assert_eq!(closest("answer", ["trace", "model", "id"].into_iter()), None);
        assert_eq!(closest("x", ["y", "id"].into_iter()), None);
        assert_eq!(closest("", ["id"].into_iter()), None);
    }

    #[test]
    fn works_in_other_scripts() {
        assert_eq!(closest("ভাষ", ["ভাষা", "উত্তর"].into_iter()), Some("ভাষা"));
    }
}
