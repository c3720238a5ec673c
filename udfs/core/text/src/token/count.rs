//! The number of tokens of a text.

use super::Encoding;

/// The number of tokens of `text`. The text of a special token, `<|endoftext|>`, is ordinary text.
///
/// The first call for an encoding reads its vocabulary, about a tenth of a second; later calls share it.
pub fn count(text: &str, encoding: Encoding) -> usize {
    let vocabulary = match encoding {
        Encoding::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
    };
    vocabulary.count_ordinary(text)
}

#[cfg(test)]
mod tests {
    use super::super::Encoding;
    use super::count;

    #[test]
    fn no_text_is_no_token() {
        assert!(Encoding::ALL.iter().all(|&encoding| count("", encoding) == 0));
    }

    #[test]
    fn the_text_of_a_special_token_is_text() {
        assert!(Encoding::ALL.iter().all(|&encoding| count("<|endoftext|>", encoding) > 1));
    }

    #[test]
    fn long_runs_of_one_character_count_in_good_time() {
        for run in ["a", " ", "\n", "\t", "ক", "所", "!", "1", "\u{300}", "é", "\u{2028}", "A", "a\u{301}"] {
            let text = run.repeat(100_000);
            for (text, what) in [(text.clone(), "alone"), (text.clone() + "x", "before x"), ("x".to_owned() + &text, "after x")] {
                for encoding in Encoding::ALL {
                    let start = std::time::Instant::now();
                    let n = count(&text, encoding);
                    eprintln!("{run:?} {what} {encoding:?}: {n} {:?}", start.elapsed());
                }
            }
        }
    }
}
