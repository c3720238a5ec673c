//! The name that was probably meant.

use datafusion_common::utils::datafusion_strsim::levenshtein;

/// The one of `names` that is nearest to `given`, if it is near: at most a third of its letters differ, case aside.
/// Of equally near ones the first.
pub fn suggest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.trim().to_lowercase();
    names
        .into_iter()
        .map(|name| (levenshtein(&given, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(given.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        assert_eq!(suggest("paragraf", ["paragraph", "marker"]), Some("paragraph"));
        assert_eq!(suggest("KI2026", ["ki2026"]), Some("ki2026"));
        assert_eq!(suggest("highmath", ["ki2026"]), None);
        assert_eq!(suggest("", ["ki2026"]), None);
    }
}
