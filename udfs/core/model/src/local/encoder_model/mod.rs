//! Encoders that run in this process, and what they can do.
//!
//! In the order in which texts become an outcome: `load` tells from a folder's files what the model is, a
//! [`TextTokenizer`](super::tokenizer::TextTokenizer) turns texts into tokens, `batch` puts rows of like length together, an
//! [`Encoder`] turns tokens into states, and what stands in `head` turns states into what was asked for.

mod batch;
mod load;
mod options;

use std::{collections::HashSet, fmt};

use self::batch::Row;
pub use self::options::{EncoderOptions, Overlong};
pub use super::head::layer_mix::LayerMix;
use super::{
    encoder::{Encoder, Take},
    head::{
        bertscore::{self, Side},
        classifier::{self, Classifier},
        comet::{self, Comet},
        sentence::Sentence,
    },
    tokenizer::{Cut, TextTokenizer},
};
use crate::{
    Cancel, Candidate, Embed, EmbedSink, Embedding, Error, Kind, LabelScores, MatchSink, MetricSink, Needs, Pair,
    PairSink, Result, Score, Scored, TokenMatch,
};

/// An encoder in memory.
///
/// Numbers of a row do not depend on the rows beside it: to the last bit on the CPU, and on GPUs but for the rounding of sums in
/// another order (1e-5 at most in embeddings).
pub struct EncoderModel {
    encoder: Encoder,
    tokenizer: TextTokenizer,
    task: Task,
    identity: String,
    max_tokens: usize,
    /// Texts are put into lower case before they are tokenized.
    lower_case: bool,
    prefix: String,
    /// The prefix is the caller's own.
    given: bool,
    /// Tokens that are put around a text.
    around: HashSet<u32>,
    notes: Vec<String>,
    options: EncoderOptions,
}

enum Task {
    Sentence(Sentence),
    Classifier(Classifier),
    Comet(Comet),
    /// A regression from a reference and a text (Sellam et al., arXiv 2004.04696).
    Bleurt(Classifier),
}

/// What a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Turn texts into vectors: [`Embed`].
    Embed,
    /// Classify pairs of texts: [`Pair`].
    Classify,
    /// Score texts against their sources or references: [`Score`].
    Score,
    /// Compare texts token by token: [`TokenMatch`].
    MatchTokens,
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embed => "embed",
            Self::Classify => "classify pairs of texts (nli)",
            Self::Score => "score texts (comet, bleurt)",
            Self::MatchTokens => "match tokens (bertscore)",
        })
    }
}

/// What E5 was trained with before questions, and before what answers them.
const QUERY: &str = "query: ";
const PASSAGE: &str = "passage: ";

impl EncoderModel {
    /// What it can do.
    pub fn abilities(&self) -> &'static [Ability] {
        match self.task {
            Task::Sentence(_) => &[Ability::Embed, Ability::MatchTokens],
            Task::Classifier(_) => &[Ability::Classify],
            Task::Comet(_) | Task::Bleurt(_) => &[Ability::Score],
        }
    }

    /// # Errors
    /// [`Kind::Refused`] with what the model can do, where that is not `ability`.
    pub fn require(&self, ability: Ability) -> Result<()> {
        if self.abilities().contains(&ability) {
            return Ok(());
        }
        let can: Vec<String> = self.abilities().iter().map(Ability::to_string).collect();
        Err(Error::new(Kind::Refused, format!("this model ({}) cannot {ability}", self.describe()))
            .with_hint(format!("it can {}", can.join(", "))))
    }

    /// The name of the architecture, as `config.json` gives it.
    pub fn architecture(&self) -> &'static str {
        self.encoder.architecture().name
    }

    /// What it is, in a few words.
    pub fn describe(&self) -> String {
        let name = self.architecture();
        match &self.task {
            Task::Sentence(sentence) => format!("{name}, {} pooling", sentence.pooling.as_str()),
            Task::Classifier(classifier) => {
                format!("{name}, a classifier with labels {}", classifier.labels.join(", "))
            }
            Task::Comet(comet) => match comet.kind {
                comet::Kind::Unified => format!("{name}, COMET without a reference"),
                comet::Kind::Regression => format!("{name}, COMET with a reference"),
            },
            Task::Bleurt(_) => format!("{name}, BLEURT"),
        }
    }

    /// What a user should know that the files did not say.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The most tokens that it reads of a text, or of texts that it reads together, those around them included.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// What is put before a text that is embedded.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }

    /// `text` as [`Embed::embed`] reads it.
    ///
    /// # Errors
    /// A tokenizer that fails.
    pub fn encode(&self, text: &str) -> Result<Cut> {
        let text = match self.prefix.as_str() {
            "" => text.trim().to_owned(),
            // E5's users may say themselves which of the two a text is.
            _ if !self.given && (text.starts_with(QUERY) || text.starts_with(PASSAGE)) => text.trim().to_owned(),
            prefix => format!("{prefix}{text}").trim().to_owned(),
        };
        let text = if self.lower_case { text.to_lowercase() } else { text };
        self.tokenizer.one(&text, self.max_tokens)
    }

    /// A premise and a hypothesis as [`Pair::classify`] reads them.
    ///
    /// # Errors
    /// A tokenizer that fails.
    pub fn encode_pair(&self, premise: &str, hypothesis: &str) -> Result<Cut> {
        let (first, second) = match self.options.hypothesis_first {
            true => (hypothesis, premise),
            false => (premise, hypothesis),
        };
        self.tokenizer.two(first, second, self.max_tokens)
    }

    /// A candidate as [`Score::score`] reads it: one text, or source, text and reference.
    ///
    /// # Errors
    /// [`Kind::Parameter`] for a candidate that lacks what the model needs; a tokenizer that fails.
    pub fn encode_candidate(&self, candidate: &Candidate) -> Result<Vec<Cut>> {
        let lacking = |what: &str| {
            let message = format!("this model ({}) needs a {what}", self.describe());
            Error::new(Kind::Parameter, message)
        };
        let source = || candidate.source.as_deref().ok_or_else(|| lacking("source"));
        let reference = || candidate.reference.as_deref().ok_or_else(|| lacking("reference"));
        match &self.task {
            Task::Comet(comet) => {
                // The published code leaves room for two tokens that it never adds.
                let own = |text: &str| self.tokenizer.one(text, self.max_tokens.saturating_sub(2));
                match comet.kind {
                    comet::Kind::Unified => Ok(vec![self.together(own(&candidate.text)?, own(source()?)?)]),
                    comet::Kind::Regression => Ok(vec![own(source()?)?, own(&candidate.text)?, own(reference()?)?]),
                }
            }
            _ => Ok(vec![self.tokenizer.two(reference()?, &candidate.text, self.max_tokens)?]),
        }
    }

    /// Two texts as COMET puts them together: `<s> a </s></s> b </s>`, cut off hard where that is too long.
    fn together(&self, mut a: Cut, b: Cut) -> Cut {
        let ids = &mut a.input.ids;
        ids.extend(ids.last().copied());
        ids.extend(b.input.ids.iter().skip(1));
        let over = ids.len().saturating_sub(self.max_tokens);
        ids.truncate(self.max_tokens);
        a.input.segments = vec![0; ids.len()];
        a.cut += b.cut + over;
        a
    }

    fn width(&self) -> usize {
        self.encoder.config().hidden_size
    }

    fn last(&self) -> Take {
        Take::Layer(self.encoder.config().num_hidden_layers)
    }
}

impl Embed for EncoderModel {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn dimensions(&self) -> usize {
        match &self.task {
            Task::Sentence(sentence) => sentence.dimensions(),
            _ => 0,
        }
    }

    fn embed(&self, texts: &[String], cancel: &Cancel, sink: &mut EmbedSink<'_>) {
        let Task::Sentence(sentence) = &self.task else {
            return refuse(self.require(Ability::Embed), texts.len(), sink);
        };
        let finish = |row: &Row, states: &[Vec<f32>]| {
            let states = states.first().map_or(&[][..], |states| states);
            let vector = sentence.vector(states, self.width());
            Ok(Embedding { vector, tokens: row.tokens() as u64, cut: row.cut as u64 })
        };
        self.run(texts, |text| Ok(vec![self.encode(text)?]), &self.last(), cancel, finish, sink);
    }
}

impl Pair for EncoderModel {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn labels(&self) -> &[String] {
        match &self.task {
            Task::Classifier(classifier) => &classifier.labels,
            _ => &[],
        }
    }

    fn classify(&self, pairs: &[(String, String)], cancel: &Cancel, sink: &mut PairSink<'_>) {
        let Task::Classifier(classifier) = &self.task else {
            return refuse(self.require(Ability::Classify), pairs.len(), sink);
        };
        let texts = |(premise, hypothesis): &(String, String)| Ok(vec![self.encode_pair(premise, hypothesis)?]);
        let finish = |row: &Row, states: &[Vec<f32>]| {
            let logits = classifier.logits(states.first().map_or(&[][..], |states| states), self.width());
            let probabilities = classifier::softmax(&logits);
            Ok(LabelScores { logits, probabilities, tokens: row.tokens() as u64, cut: row.cut as u64 })
        };
        self.run(pairs, texts, &self.last(), cancel, finish, sink);
    }
}

impl Score for EncoderModel {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn needs(&self) -> Needs {
        match &self.task {
            Task::Comet(comet) => comet.needs(),
            _ => Needs { source: false, reference: true },
        }
    }

    fn score(&self, candidates: &[Candidate], cancel: &Cancel, sink: &mut MetricSink<'_>) {
        let width = self.width();
        let scored = |row: &Row, score: f64| Scored { score, tokens: row.tokens() as u64, cut: row.cut as u64 };
        let texts = |candidate: &Candidate| self.encode_candidate(candidate);
        match &self.task {
            Task::Comet(comet) => {
                let finish = |row: &Row, states: &[Vec<f32>]| {
                    let pooled: Vec<Vec<f32>> = states.iter().map(|states| comet.pool(states, width)).collect();
                    Ok(scored(row, comet.score(&pooled)))
                };
                self.run(candidates, texts, &comet.take, cancel, finish, sink);
            }
            Task::Bleurt(classifier) => {
                let finish = |row: &Row, states: &[Vec<f32>]| {
                    let logits = classifier.logits(states.first().map_or(&[][..], |states| states), width);
                    Ok(scored(row, logits.first().map_or(f64::NAN, |&x| f64::from(x))))
                };
                self.run(candidates, texts, &self.last(), cancel, finish, sink);
            }
            _ => refuse(self.require(Ability::Score), candidates.len(), sink),
        }
    }
}

impl TokenMatch for EncoderModel {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn match_tokens(&self, pairs: &[(String, String)], cancel: &Cancel, sink: &mut MatchSink<'_>) {
        if let Err(error) = self.require(Ability::MatchTokens) {
            return refuse(Err(error), pairs.len(), sink);
        }
        let layers = self.encoder.config().num_hidden_layers;
        let layer = self.options.bertscore_layer.unwrap_or(bertscore::usual_layer(self.architecture(), layers));
        let one = |text: &str| -> Result<Cut> {
            let text = text.trim();
            let text = if self.lower_case { &text.to_lowercase() } else { text };
            self.tokenizer.one(text, self.max_tokens)
        };
        let texts = |(candidate, reference): &(String, String)| Ok(vec![one(candidate)?, one(reference)?]);
        let finish = |row: &Row, states: &[Vec<f32>]| match (&row.inputs[..], states) {
            ([a, b], [x, y]) => {
                let side = |input, states| Side { input, states };
                Ok(bertscore::compare([side(a, x), side(b, y)], self.width(), &self.around, row.cut))
            }
            _ => Err(Error::new(Kind::Model, "two texts are compared")),
        };
        self.run(pairs, texts, &Take::Layer(layer), cancel, finish, sink);
    }
}

/// The same error for every row.
fn refuse<T>(refused: Result<()>, rows: usize, sink: &mut dyn FnMut(usize, Result<T>)) {
    if let Err(error) = refused {
        (0..rows).for_each(|place| sink(place, Err(error.clone())));
    }
}
