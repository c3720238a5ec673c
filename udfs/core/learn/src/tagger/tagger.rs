//! Steps of a trace to tags and dependencies.

use super::depend::dependencies;
use super::features::{Features, seen};
use super::fit::softmax;
use super::{Error, Tag, Weights};

/// The bundled weights; `data/tagger/README.md` says what they are and how they were made.
static BUILTIN: &[u8] = include_bytes!("../../../../../data/tagger/weights.bin");

/// How probable a tag must be to be given beside the most probable one.
const SECOND: f64 = 0.3;

/// An annotator of reasoning steps that needs no language model: a linear classifier for tags, and rules on numbers and
/// symbols for dependencies.
///
/// It is a baseline. What it agrees with is in `data/tagger/README.md`.
///
/// ```
/// use glotrace_learn::tagger::{Tag, Tagger};
///
/// let tagger = Tagger::builtin()?;
/// let steps = ["Each pen costs 12, and she buys 5 pens. What does she pay?", "5 × 12 = 60", "The answer is \\boxed{60}."];
/// let tagged = tagger.annotate(&steps, Some("en"));
/// assert_eq!(tagged[1].tags, [Tag::ActiveComputation]);
/// assert_eq!(tagged[1].depends_on, [0]);
/// assert_eq!(tagged[2].depends_on, [1]);
/// # Ok::<(), glotrace_learn::tagger::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tagger {
    weights: Weights,
}

/// What a step does and on which earlier steps it builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// One tag or more, the most probable first.
    pub tags: Vec<Tag>,
    /// Ids of earlier steps, from 0, ascending, each once.
    pub depends_on: Vec<usize>,
}

impl Tagger {
    pub(super) fn new(weights: Weights) -> Self {
        Self { weights }
    }

    /// The bundled tagger. Reading it takes well below a millisecond; keep it all the same.
    ///
    /// # Errors
    ///
    /// If the bundled weights belong to another version of the features, which tests exclude.
    pub fn builtin() -> Result<Self, Error> {
        Self::from_bytes(BUILTIN)
    }

    /// Reads weights that [`Tagger::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// Where the bytes are no such weights, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Weights::from_bytes(bytes).map(Self::new)
    }

    /// The weights, about half a megabyte.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.weights.to_bytes()
    }

    /// Annotates the steps of one trace, in order; one result a step.
    ///
    /// A step without a letter or digit is [`Tag::Unknown`]. `lang` is an ISO 639-1 code that says how numbers are written
    /// (`1.250,5` in German is 1250.5); without it, or with an unknown one, the form of each number decides.
    pub fn annotate(&self, steps: &[&str], lang: Option<&str>) -> Vec<Tagged> {
        let tags: Vec<Vec<Tag>> = self.probabilities(steps).iter().map(tags).collect();
        let depends_on = dependencies(steps, &tags, lang);
        tags.into_iter().zip(depends_on).map(|(tags, depends_on)| Tagged { tags, depends_on }).collect()
    }

    /// How probable each tag of [`Tag::CHOICES`] is for each step of a trace, with sum 1; `None` for unknown steps.
    pub fn probabilities(&self, steps: &[&str]) -> Vec<Option<[f64; Tag::COUNT]>> {
        let mut features = Features::new();
        let mut probabilities = |seen| {
            features.read(seen);
            let mut scores = self.weights.scores(&features);
            softmax(&mut scores);
            scores
        };
        seen(steps).into_iter().map(|seen| seen.map(&mut probabilities)).collect()
    }
}

/// The most probable tag, and others that are nearly as probable.
fn tags(p: &Option<[f64; Tag::COUNT]>) -> Vec<Tag> {
    let Some(p) = p else {
        return vec![Tag::Unknown];
    };
    let mut tags = Tag::CHOICES.to_vec();
    tags.sort_by(|&a, &b| p[b as usize].total_cmp(&p[a as usize]));
    let probable = 1 + tags[1..].iter().take_while(|&&tag| p[tag as usize] >= SECOND).count();
    tags.truncate(probable);
    tags
}
