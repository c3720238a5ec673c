//! What the classifier sees of a step.

use super::fold::{digit, in_word, normalise};

/// Rows of the weights that stand for a named property of a step; the hashed n-grams follow them.
pub(super) const NAMED: usize = 128;
/// Rows of the weights that stand for n-grams: a hash has 16 bits.
const HASHED: usize = 1 << 16;
/// All rows of the weights.
pub(super) const ROWS: usize = NAMED + HASHED;
/// The value of a named property, beside n-grams whose vector has length 1.
pub(super) const NAMED_VALUE: f64 = 0.125;

/// A step and what stands around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub text: &'a str,
    /// The known step before it, empty for the first.
    pub before: &'a str,
    /// The known step behind it, empty for the last.
    pub after: &'a str,
    /// How many steps before it calculate.
    pub worked: usize,
    /// How many known steps stand before it, and how many there are in its trace; `None` where this is to be ignored.
    pub place: Option<(usize, usize)>,
}

/// The steps of a trace as the classifier sees them. Unknown ones, such as rulers, are `None` and take no place.
pub(super) fn seen<'a>(steps: &[&'a str]) -> Vec<Option<Seen<'a>>> {
    let known: Vec<&str> = steps.iter().copied().filter(|step| is_known(step)).collect();
    let neighbour = |i: Option<usize>| i.and_then(|i| known.get(i)).copied().unwrap_or("");
    let (mut position, mut worked) = (0_usize, 0);
    steps
        .iter()
        .map(|&text| {
            if !is_known(text) {
                return None;
            }
            let before = neighbour(position.checked_sub(1));
            let after = neighbour(Some(position + 1));
            let seen = Seen { text, before, after, worked, place: Some((position, known.len())) };
            position += 1;
            worked += usize::from(calculates(text));
            Some(seen)
        })
        .collect()
}

/// Whether a step says anything: has a letter or a digit.
fn is_known(step: &str) -> bool {
    step.chars().any(in_word)
}

/// Whether a step has an equals sign and an operator.
fn calculates(step: &str) -> bool {
    let signs = Signs::of(step);
    signs.equals > 0 && signs.operators > 0
}

/// The features of a step: rows of the weights, each once. Reused from step to step.
#[derive(Debug)]
pub(super) struct Features {
    /// Below [`NAMED`]; each has the value [`NAMED_VALUE`].
    pub named: Vec<u32>,
    /// From [`NAMED`]; each has the value 1/√(their number).
    pub hashed: Vec<u32>,
    chars: Vec<char>,
    words: Vec<u64>,
    /// One bit a hash, all clear between steps.
    seen: Vec<u64>,
}

impl Features {
    pub(super) fn new() -> Self {
        Self { named: Vec::new(), hashed: Vec::new(), chars: Vec::new(), words: Vec::new(), seen: vec![0; HASHED / 64] }
    }

    /// Reads the features of a step.
    pub(super) fn read(&mut self, step: Seen<'_>) {
        for &row in &self.hashed {
            self.seen[(row as usize - NAMED) / 64] = 0;
        }
        self.hashed.clear();
        self.named.clear();
        normalise(step.text, &mut self.chars);
        self.character_n_grams();
        self.word_n_grams();
        self.properties(step);
    }

    /// The value of one hashed feature.
    pub(super) fn hashed_value(&self) -> f64 {
        if self.hashed.is_empty() { 0.0 } else { 1.0 / (self.hashed.len() as f64).sqrt() }
    }

    /// Runs of 2 to 5 characters, and the first 6, 8, 12 and 16: how a step begins tells most.
    fn character_n_grams(&mut self) {
        for from in 0..self.chars.len() {
            let mut hash = 1;
            for n in 1..=5 {
                let Some(&c) = self.chars.get(from + n - 1) else {
                    break;
                };
                hash = mix(hash, c as u64);
                if n > 1 {
                    self.add(hash);
                }
            }
        }
        let mut hash = 1;
        for i in 0..self.chars.len().min(16) {
            hash = mix(hash, self.chars[i] as u64);
            if matches!(i + 1, 6 | 8 | 12 | 16) {
                self.add(hash);
            }
        }
    }

    /// Single words, pairs of neighbours, and the first one, two and three.
    fn word_n_grams(&mut self) {
        self.words.clear();
        let mut hash = 2;
        for i in 0..self.chars.len() {
            let c = self.chars[i];
            if in_word(c) {
                hash = mix(hash, c as u64);
            } else if hash != 2 {
                self.words.push(hash);
                hash = 2;
            }
        }
        let mut first = 3;
        for i in 0..self.words.len() {
            self.add(self.words[i]);
            if i > 0 {
                self.add(mix(self.words[i - 1], self.words[i]));
            }
            if i < 3 {
                first = mix(first, self.words[i]);
                self.add(first);
            }
        }
    }

    fn add(&mut self, hash: u64) {
        let bucket = (hash >> 48) as usize;
        let bit = 1 << (bucket % 64);
        if self.seen[bucket / 64] & bit == 0 {
            self.seen[bucket / 64] |= bit;
            // NAMED + 2^16 rows, so the cast keeps it.
            self.hashed.push((NAMED + bucket) as u32);
        }
    }

    /// Where the step stands, how long it is, and what signs it holds.
    fn properties(&mut self, step: Seen<'_>) {
        let text = step.text.trim();
        let signs = Signs::of(text);
        let mut named = Named { rows: &mut self.named, next: 0 };
        // One row for a place that is ignored, so that the rows behind stand fast.
        named.one_of(5, step.place.map_or(0, |(position, steps)| 1 + position * 4 / steps.max(1)));
        named.flag(step.place.is_some_and(|(position, _)| position == 0));
        named.flag(step.place.is_some_and(|(position, steps)| position + 1 == steps));
        named.flag(step.before.trim_end_matches(['*', ' ']).ends_with([':', '：']));
        named.flag(step.before.contains("boxed"));
        named.flag(step.before.starts_with(['#', '*']) && !step.before.contains('='));
        named.flag(step.after.contains("boxed"));
        named.flag(step.after.contains("boxed") && signs.digits == 0);
        named.one_of(3, step.worked);
        named.one_of(7, signs.chars.checked_ilog2().map_or(0, |log| (log as usize).saturating_sub(2)));
        named.one_of(6, if signs.digits == 0 { 0 } else { 1 + signs.digits * 8 / signs.chars.max(1) });
        named.one_of(4, signs.equals);
        named.one_of(4, signs.operators);
        named.flag(text.contains("boxed"));
        named.flag(signs.questions > 0);
        named.flag(matches!(text.chars().last(), Some('?' | '？')));
        named.flag(signs.ticks > 0);
        named.flag(text.starts_with('#'));
        named.flag(text.starts_with("**"));
        let bare = text.trim_end_matches(['*', ' ']);
        named.flag(bare.ends_with([':', '：']));
        named.flag(text.starts_with('#') && !text.contains('\n'));
        named.flag(text.starts_with("**") && text.ends_with("**"));
        named.flag(text.starts_with("$$") && text.ends_with("$$"));
        named.flag(text.starts_with("- ") || text.contains("\n- "));
        named.flag(text.contains('\n'));
        named.flag(signs.quotes > 0);
        named.flag(signs.digits == 0);
        named.flag(signs.digits > 0 && signs.equals == 0 && signs.operators == 0);
        named.flag(signs.equals > 0 && signs.operators > 0 && signs.digits * 4 > signs.chars);
        debug_assert!(named.next <= NAMED);
    }
}

/// Gives out the rows of named properties, one after the other.
struct Named<'a> {
    rows: &'a mut Vec<u32>,
    next: usize,
}

impl Named<'_> {
    fn flag(&mut self, holds: bool) {
        if holds {
            // Below NAMED, so the cast keeps it.
            self.rows.push(self.next as u32);
        }
        self.next += 1;
    }

    /// A property with values 0 to `count` - 1; larger ones count as the largest.
    fn one_of(&mut self, count: usize, value: usize) {
        self.rows.push((self.next + value.min(count - 1)) as u32);
        self.next += count;
    }
}

/// How many characters of each kind a text has.
#[derive(Default)]
struct Signs {
    chars: usize,
    digits: usize,
    equals: usize,
    operators: usize,
    questions: usize,
    ticks: usize,
    quotes: usize,
}

impl Signs {
    fn of(text: &str) -> Self {
        let mut signs = Self::default();
        for c in text.chars() {
            signs.chars += 1;
            match c {
                '=' | '≈' | '＝' => signs.equals += 1,
                '+' | '*' | '/' | '^' | '×' | '÷' | '·' | '−' | '＋' | '√' => signs.operators += 1,
                '?' | '？' => signs.questions += 1,
                '✓' | '✔' | '✅' => signs.ticks += 1,
                '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' => signs.quotes += 1,
                _ if digit(c).is_some() => signs.digits += 1,
                _ => {}
            }
        }
        signs.operators +=
            ["\\times", "\\frac", "\\div", "\\cdot", "\\sqrt"].iter().filter(|o| text.contains(*o)).count();
        signs
    }
}

/// One round of a multiplicative hash. Its high bits depend on all that went in.
fn mix(hash: u64, value: u64) -> u64 {
    (hash.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(test)]
mod tests {
    use super::{Features, NAMED, ROWS, Seen, seen};

    #[test]
    fn features_are_rows_each_once_and_do_not_depend_on_what_was_read_before() {
        let step = Seen {
            text: "Wait, let me check: 3 × 4 = 12.",
            before: "**Check:**",
            after: "So \\boxed{12}",
            worked: 1,
            place: Some((2, 5)),
        };
        let mut fresh = Features::new();
        fresh.read(step);
        let mut used = Features::new();
        used.read(Seen { text: "ধরা যাক x = 8, wait", before: "", after: "", worked: 0, place: None });
        used.read(step);
        assert_eq!(fresh.named, used.named);
        assert_eq!(fresh.hashed, used.hashed);
        assert!(fresh.named.iter().all(|&row| (row as usize) < NAMED));
        assert!(fresh.hashed.iter().all(|&row| (NAMED..ROWS).contains(&(row as usize))));
        let mut once = fresh.hashed.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), fresh.hashed.len());
    }

    #[test]
    fn rulers_take_no_place() {
        let steps = seen(&["---", "a", "***", "", "b"]);
        let places: Vec<_> = steps.iter().map(|s| s.and_then(|s| s.place)).collect();
        assert_eq!(places, [None, Some((0, 2)), None, None, Some((1, 2))]);
        assert_eq!(steps[4].map(|s| s.before), Some("a"));
    }
}
