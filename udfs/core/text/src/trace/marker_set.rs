//! Discourse markers, made ready to be searched for.
//!
//! A set is built once for a list of markers and used for many traces. A marker can only begin at a
//! boundary, so the search walks a trie from each boundary of the text and nowhere else.

use super::{fold, is_word, markers};
use unicode_normalization::char::is_combining_mark;

/// A list of discourse markers with the rule that bounds them.
///
/// [`MarkerSet::new`] bounds a marker as the published study's regular expression does, with
/// Python's `\b` on both sides: one of the two neighbours is a letter, a number or an underscore
/// and the other is not. That rule fails in two kinds of script. Vowel signs and tone marks count
/// as no word character, so a Bengali, Telugu or Thai marker that ends in one is not seen before a
/// blank; and in Chinese, Japanese and Thai, written without blanks, no boundary follows a marker
/// that goes straight on into its clause.
///
/// [`MarkerSet::of_language`] therefore bounds the default markers as a reader would: marks and
/// joiners belong to the word that they stand in, and a marker of a script without blanks must
/// begin a clause (after a blank, a punctuation mark, a digit or another script) but may go on into
/// it.
#[derive(Clone, Debug)]
pub struct MarkerSet {
    nodes: Vec<Node>,
    bounds: Bounds,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Sorted by character.
    next: Vec<(char, usize)>,
    is_end: bool,
}

#[derive(Clone, Copy, Debug)]
enum Bounds {
    Published,
    Reader,
}

impl MarkerSet {
    /// The given markers, bounded as the published study bounds them. Case is ignored; empty
    /// markers and repeated ones are too.
    pub fn new<S: AsRef<str>>(markers: impl IntoIterator<Item = S>) -> Self {
        Self::build(markers, Bounds::Published)
    }

    /// The default markers of a language by its ISO 639-1 code; `None` where [`markers`] has none.
    pub fn of_language(code: &str) -> Option<Self> {
        let markers = markers(code);
        (!markers.is_empty()).then(|| Self::build(markers, Bounds::Reader))
    }

    fn build<S: AsRef<str>>(markers: impl IntoIterator<Item = S>, bounds: Bounds) -> Self {
        let mut nodes = vec![Node::default()];
        for marker in markers {
            let mut at = 0;
            for c in marker.as_ref().chars().map(fold) {
                at = match nodes[at].next.binary_search_by_key(&c, |&(c, _)| c) {
                    Ok(i) => nodes[at].next[i].1,
                    Err(i) => {
                        let new = nodes.len();
                        nodes[at].next.insert(i, (c, new));
                        nodes.push(Node::default());
                        new
                    }
                };
            }
            // The root would match everywhere.
            nodes[at].is_end = at != 0;
        }
        Self { nodes, bounds }
    }

    /// The byte offsets in `text` at which a marker begins, ascending.
    ///
    /// The published rule also counts a marker that begins inside another one; a reader takes the
    /// longest marker as a whole.
    pub(super) fn starts(&self, text: &str) -> Vec<usize> {
        let mut starts = Vec::new();
        let mut before = None;
        let mut free = 0;
        for (at, c) in text.char_indices() {
            // The first letter is the cheaper of the two questions, and most often answers both.
            if at >= free
                && self.begins(c)
                && self.bounds.open(before, c)
                && let Some(length) = self.longest(&text[at..])
            {
                starts.push(at);
                if matches!(self.bounds, Bounds::Reader) {
                    free = at + length;
                }
            }
            before = Some(c);
        }
        starts
    }

    /// Whether a marker begins with `c`.
    fn begins(&self, c: char) -> bool {
        self.nodes[0].next.binary_search_by_key(&fold(c), |&(c, _)| c).is_ok()
    }

    /// The length in bytes of the longest marker that stands at the start of `text` and ends at a
    /// boundary.
    fn longest(&self, text: &str) -> Option<usize> {
        let mut longest = None;
        let mut node = &self.nodes[0];
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let folded = fold(c);
            let Ok(i) = node.next.binary_search_by_key(&folded, |&(c, _)| c) else {
                break;
            };
            node = &self.nodes[node.next[i].1];
            if node.is_end && self.bounds.close(c, chars.peek().map(|&(_, after)| after)) {
                longest = Some(at + c.len_utf8());
            }
        }
        longest
    }
}

impl Bounds {
    /// Whether a marker may begin with `first` after `before`.
    fn open(self, before: Option<char>, first: char) -> bool {
        match self {
            Self::Published => before.is_some_and(is_word) != is_word(first),
            Self::Reader => before.is_none_or(|before| parted(before, first)),
        }
    }

    /// Whether a marker may end with `last` before `after`.
    fn close(self, last: char, after: Option<char>) -> bool {
        match self {
            Self::Published => is_word(last) != after.is_some_and(is_word),
            Self::Reader => after.is_none_or(|after| is_unspaced(last) || parted(last, after)),
        }
    }
}

/// Whether a reader sees two words, or a word and something else, in `a` followed by `b`.
fn parted(a: char, b: char) -> bool {
    !(in_word(a) && in_word(b)) || (is_unspaced(a) != is_unspaced(b) && !is_combining_mark(b))
}

fn in_word(c: char) -> bool {
    // U+200C and U+200D shape the letters of one word.
    is_word(c) || is_combining_mark(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

/// Letters of Han, Kana and Thai, with their marks: the scripts of the twelve languages that put no
/// blank between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{e4e}'
        | '々' | '〆' | '〇'
        | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::MarkerSet;

    #[test]
    fn given_markers_may_begin_inside_one_another() {
        let set = MarkerSet::new(["let's", "s", "let"]);
        assert_eq!(set.starts("let's go"), [0, 4]);
    }

    #[test]
    fn default_markers_are_taken_whole() {
        let starts = MarkerSet::of_language("te").map(|set| set.starts("ఆ తర్వాత 5"));
        assert_eq!(starts, Some(vec![0]));
    }

    #[test]
    fn an_empty_marker_matches_nowhere() {
        assert!(MarkerSet::new([""]).starts("a b").is_empty());
    }

    #[test]
    fn a_marker_of_punctuation_needs_a_word_before_it() {
        assert_eq!(MarkerSet::new(["- "]).starts("a- b\n- c"), [1]);
    }
}
