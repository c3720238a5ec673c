//! A trace into steps in front of its discourse markers.
//!
//! "Wait", "therefore", "首先": the words by which a trace announces its next move. A marker begins a
//! step, so it stays with the text that follows. Which words, and what bounds a word, is the
//! [`MarkerSet`]'s affair.

use super::{MarkerSet, trim, untag};

/// The pieces of `trace` between the markers of `markers`, trimmed, non-empty, in order. Think tags
/// are removed first.
///
/// Time grows with the length of the trace times that of the longest marker, whatever the number of
/// markers.
pub fn steps_marker(trace: &str, markers: &MarkerSet) -> Vec<String> {
    let text = untag(trace);
    let mut steps = Vec::new();
    let mut start = 0;
    for end in markers.starts(&text).into_iter().chain([text.len()]) {
        let step = trim(&text[start..end]);
        if !step.is_empty() {
            steps.push(step.to_owned());
        }
        start = end;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::MarkerSet;
    use super::steps_marker;

    #[test]
    fn a_marker_begins_a_step_in_any_case() {
        let markers = MarkerSet::new(["wait", "so"]);
        assert_eq!(steps_marker("It is 4. WAIT, no: so it is 5", &markers), ["It is 4.", "WAIT, no:", "so it is 5"]);
    }

    #[test]
    fn a_marker_inside_a_word_is_none() {
        let markers = MarkerSet::new(["but", "no"]);
        assert_eq!(steps_marker("A button, not a knob", &markers), ["A button, not a knob"]);
    }

    #[test]
    fn without_markers_a_trace_is_one_step() {
        assert_eq!(steps_marker(" a\n\nb ", &MarkerSet::new([""; 0])), ["a\n\nb"]);
        assert!(steps_marker(" \n", &MarkerSet::new(["a"])).is_empty());
    }

    #[test]
    fn given_markers_bound_where_python_bounds_a_word() {
        // The vowel sign that ends the marker is no word character: no boundary before a blank, one
        // before a letter.
        let markers = MarkerSet::new(["কিন্তু"]);
        assert_eq!(steps_marker("ক। কিন্তু খ", &markers), ["ক। কিন্তু খ"]);
        assert_eq!(steps_marker("ক। কিন্তুখ", &markers), ["ক।", "কিন্তুখ"]);
    }

    #[test]
    fn default_markers_bound_where_a_reader_does() {
        let bengali = MarkerSet::of_language("bn");
        assert_eq!(bengali.map(|m| steps_marker("ক। কিন্তু খ", &m)), Some(vec!["ক।".to_owned(), "কিন্তু খ".to_owned()]));
        let chinese = MarkerSet::of_language("zh");
        assert_eq!(
            chinese.map(|m| steps_marker("共20个，所以剩10个。首先我们看", &m)),
            Some(vec!["共20个，".to_owned(), "所以剩10个。".to_owned(), "首先我们看".to_owned()])
        );
        assert!(MarkerSet::of_language("xx").is_none());
    }
}
