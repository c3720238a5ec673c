//! Whether a translation keeps the numbers and formulas of its source.
//!
//! A training set of translated mathematics is worth what its numbers are: a lost digit makes the answer wrong, and no
//! metric of fluency sees it.

use super::formulas::formulas;
use crate::math::readings;

/// Whether `source` and `translation` hold the same numbers and the same formulas, each as often.
///
/// Numbers are compared by value, in digits of any script and under any convention of grouping and decimal mark (1,000 =
/// 1.000 = 1 000 = ১,০০০; 30,000 = 3万): there must be one convention for each text under which all of them agree. A
/// number in words is none. Formulas (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`) must be the same but for blanks and the words in
/// `\text{…}`; a dollar sign before a price makes none.
pub fn numbers_kept(source: &str, translation: &str) -> bool {
    let (source, translation) = (formulas(source), formulas(translation));
    source.formulas == translation.formulas && !readings(&source.prose).is_disjoint(&readings(&translation.prose))
}

#[cfg(test)]
mod tests {
    use super::numbers_kept;

    #[test]
    fn numbers_are_kept_in_any_script_and_convention() {
        for (source, translation) in [
            ("She sells 1,000.50 eggs in 2 days.", "Sie verkauft 1.000,50 Eier in 2 Tagen."),
            ("She sells 1,000.50 eggs in 2 days.", "Elle vend 1 000,50 œufs en 2 jours."),
            ("2 trains, 150 km", "২টি ট্রেন, ১৫০ কিমি"),
            ("2 trains, 150 km", "รถไฟ ๒ ขบวน ๑๕๐ กม."),
            ("2 trains, 150 km", "१५० किमी, २ ट्रेनें"),
            ("30,000 yen", "3万円"),
            ("It costs $5 and $6.", "Es kostet 5 $ und 6 $."),
            ("At −5 °C", "Bei -5 °C"),
            ("Solve $x^2 = 9$ for 3.", "Löse $x^2=9$ für 3."),
            ("no numbers", "keine Zahlen"),
            ("", ""),
        ] {
            assert!(numbers_kept(source, translation), "{source} | {translation}");
        }
    }

    #[test]
    fn a_number_lost_changed_or_added_is_not_kept() {
        for (source, translation) in [
            ("16 eggs, 3 eaten", "16 Eier"),
            ("16 eggs", "61 Eier"),
            ("two eggs", "2 Eier"),
            ("2 + 2", "2"),
            ("Solve $x^2 = 9$.", "Löse $x^2 = 4$."),
            ("Solve $x^2 = 9$.", "Löse x zum Quadrat gleich 9."),
            ("1.5 km", "15 km"),
            ("at -5", "bei 5"),
        ] {
            assert!(!numbers_kept(source, translation), "{source} | {translation}");
        }
    }
}
