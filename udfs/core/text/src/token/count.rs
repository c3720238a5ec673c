//! The number of tokens of a text.

use super::Encoding;
use std::{error::Error, fmt};

/// The longest run of blanks that is counted. The splitter of tiktoken-rs remembers each blank of a
/// run and panics at a million.
const BLANKS: usize = 900_000;

/// The number of tokens of `text`. The text of a special token, `<|endoftext|>`, is ordinary text.
///
/// The first call for an encoding reads its vocabulary, about a tenth of a second; later calls
/// share it. A run of more than 900,000 blanks without a line break is an error.
pub fn count(text: &str, encoding: Encoding) -> Result<usize, CountError> {
    let run = longest_blank_run(text);
    if run > BLANKS {
        return Err(CountError(run));
    }
    let vocabulary = match encoding {
        Encoding::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
    };
    Ok(vocabulary.count_ordinary(text))
}

/// The characters of the longest run of blanks without a line break; 0 for a text that is too short
/// to matter.
fn longest_blank_run(text: &str) -> usize {
    if text.len() <= BLANKS {
        return 0;
    }
    let parts = text.split(|c: char| !c.is_whitespace() || matches!(c, '\r' | '\n'));
    parts.map(|blanks| blanks.chars().count()).max().unwrap_or(0)
}

/// A run of blanks, of this many characters, that is too long to be split into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountError(
    /// The length of the run in characters.
    pub usize,
);

impl fmt::Display for CountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a run of {} blanks; at most {BLANKS} in a row can be counted", self.0)
    }
}

impl Error for CountError {}

#[cfg(test)]
mod tests {
    use super::super::Encoding;
    use super::{BLANKS, CountError, count};
    use std::time::{Duration, Instant};

    #[test]
    fn no_text_is_no_token() {
        assert!(Encoding::ALL.iter().all(|&encoding| count("", encoding) == Ok(0)));
    }

    #[test]
    fn the_text_of_a_special_token_is_text() {
        assert!(Encoding::ALL.iter().all(|&encoding| count("<|endoftext|>", encoding).unwrap() > 1));
    }

    #[test]
    fn time_grows_with_the_length_of_a_run_and_not_with_its_square() {
        // A byte-pair merge that scans for each merge, or a split that backtracks, takes minutes
        // here.
        for run in ["a", " ", "\n", "!", "1", "ক", "所", "\u{300}", "\u{2028}"] {
            let text = "x".to_owned() + &run.repeat(200_000) + "x";
            for encoding in Encoding::ALL {
                let start = Instant::now();
                assert!(count(&text, encoding).unwrap() > 1_000, "{run:?} {encoding:?}");
                assert!(start.elapsed() < Duration::from_secs(20), "{run:?} {encoding:?}");
            }
        }
    }

    #[test]
    fn a_run_of_blanks_that_the_splitter_cannot_hold_is_an_error() {
        let blanks = " ".repeat(BLANKS + 1);
        for encoding in Encoding::ALL {
            assert!(count(&blanks[1..], encoding).is_ok());
            assert_eq!(count(&format!("x{blanks}x"), encoding), Err(CountError(BLANKS + 1)));
            assert!(count(&blanks.replacen(' ', "\n", 1), encoding).is_ok(), "a line break parts two runs");
        }
    }
}
