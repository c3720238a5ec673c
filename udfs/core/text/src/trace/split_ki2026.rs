//! The published split of an output, bug for bug.
//!
//! Ki, Duh and Carpuat (arXiv 2604.04720) cut at the first `</think>`; an output without one has an
//! empty trace and is all answer, even where it opened the tag. The opening tag stays in the trace.
//! Of the answer, what precedes an answer phrase is dropped. The phrases are tried in order, and
//! "Answer:" is a part of the next three, so those never decide: `**Answer:** 5` leaves `** 5`. The
//! scripts for Qwen3 try a fifth.

use super::split::{CLOSE, Split};
use super::trim;

const PHRASES: [&str; 5] = ["Answer:", "**Answer:**", "Final Answer:", "**Final Answer:**", "### Final Answer"];

/// `thinking` and `response` of `output` as the published code has them; both are always `Some`.
/// `qwen` adds the phrase that only the scripts for Qwen3 know.
pub fn split_ki2026(output: &str, qwen: bool) -> Split<'_> {
    let (thinking, response, closed) = match output.split_once(CLOSE) {
        Some((thinking, response)) => (trim(thinking), trim(response), true),
        None => ("", trim(output), false),
    };
    let phrases = if qwen { &PHRASES[..] } else { &PHRASES[..4] };
    let answer =
        phrases.iter().find_map(|phrase| response.split_once(phrase)).map_or(response, |(_, answer)| trim(answer));
    Split { thinking: Some(thinking), response: Some(answer), closed }
}

#[cfg(test)]
mod tests {
    use super::split_ki2026;

    #[test]
    fn an_output_that_never_closes_is_all_answer() {
        let split = split_ki2026("<think>\nhm", false);
        assert_eq!((split.thinking, split.response, split.closed), (Some(""), Some("<think>\nhm"), false));
    }

    #[test]
    fn the_shortest_phrase_wins_and_leaves_its_stars() {
        assert_eq!(split_ki2026("a</think>b **Answer:** 5", false).response, Some("** 5"));
    }

    #[test]
    fn only_qwen_knows_the_heading() {
        let output = "<think>a</think>b\n### Final Answer\n5";
        assert_eq!(split_ki2026(output, false).response, Some("b\n### Final Answer\n5"));
        assert_eq!(split_ki2026(output, true).response, Some("5"));
        assert_eq!(split_ki2026(output, true).thinking, Some("<think>a"));
    }
}
