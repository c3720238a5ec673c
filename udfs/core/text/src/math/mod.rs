//! Answers: finding them in what a model wrote, and comparing them with the gold answer.
//!
//! [`boxed`] and [`answer`] cut the answer out of a text, [`last_number`] reads the last number of it, [`equal`] compares
//! two answers as mathematics, and [`correct`] puts these together for one trace. The functions whose names end in the
//! name of a study ([`correct_ki2026`], [`last_number_highmath`], and [`boxed_first`]) give that study's results, faults
//! included.

mod answer;
mod boxed;
mod boxed_first;
mod chinese;
mod convention;
mod correct;
mod correct_ki2026;
mod equal;
mod expr;
mod fold;
mod last_number;
mod last_number_highmath;
mod marker;
mod numbers;
mod numeral;

pub use answer::answer;
pub use boxed::boxed;
pub use boxed_first::boxed_first;
pub(crate) use chinese::section_unit;
pub use correct::{correct, correct_in};
pub use correct_ki2026::correct_ki2026;
pub use equal::{equal, equal_in};
pub(crate) use fold::fold;
pub use last_number::last_number;
pub use last_number_highmath::last_number_highmath;
pub(crate) use numbers::readings;
pub(crate) use numeral::{Convention, scan as scan_numeral};

/// The convention of a language where one is given, else of the text.
fn convention_of(lang: Option<&str>, text: &str) -> Convention {
    lang.map_or_else(|| Convention::of_text(text), Convention::of_language)
}
