//! Translation metrics.

mod mt_numbers_kept;

pub use mt_numbers_kept::MtNumbersKept;

use crate::functions::{Entry, Family};

pub(crate) fn family() -> Family {
    Family { name: "mt", title: "Translation metrics", entries: vec![Entry::scalar(MtNumbersKept)] }
}
