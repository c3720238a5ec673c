//! Language models behind small traits.
//!
//! A model is something that turns a [`Request`] into a [`Completion`] ([`Generate`]) or says how probable a text is
//! ([`LogProb`]). What stands behind the trait is one of
//!
//! - [`local::LocalModel`], weights that run in this process, on one of its [`device`]s: GGUF file or folder in Hugging
//!   Face layout → tokenizer, chat template, decoder, batch;
//! - [`local::EncoderModel`], which continues nothing: it embeds ([`Embed`]), classifies pairs ([`Pair`]), scores ([`Score`]) and
//!   compares ([`TokenMatch`]) texts;
//! - [`remote::Endpoint`], a server that speaks OpenAI's protocol, which is asynchronous and has methods of its own;
//! - [`Replay`], recorded answers.
//!
//! In the order in which a call goes through it:
//!
//! 1. [`Params`] are what a caller writes; [`Params::check`] turns them into [`Sampling`], which everything below trusts.
//! 2. [`Request`] = [`Prompt`] + sample index + [`Sampling`].
//! 3. [`Generate::generate`] takes many requests at once, hands each outcome to a sink as it is there, and stops within
//!    a decoding step after [`Cancel`] is raised. [`Generate::serve`] does the same for a [`Queue`] that goes on.
//! 4. [`Completion`] is the text with its thinking told from its response ([`thinking`]), or an [`Error`] with a [`Kind`].
//!
//! What the tasks of the house make of replies and scores is [`json`] and [`score`].
//!
//! The crate knows no SQL, prints nothing, reads no environment, and holds no state outside its values. Only
//! endpoints need a runtime (tokio's, for time and connections), and it is the caller's.

mod cancel;
pub mod device;
pub mod digest;
mod embed;
mod error;
mod generate;
pub mod json;
pub mod local;
mod log_prob;
mod metric;
mod pair;
mod params;
pub mod remote;
mod replay;
pub mod score;
pub mod thinking;
pub mod vector;

pub use cancel::Cancel;
pub use device::{DeviceChoice, DeviceInfo, devices};
pub use embed::{Embed, EmbedSink, Embedding};
pub use error::{Error, Kind, Result};
pub use generate::{
    Answer, Completion, FinishReason, Generate, Message, Prompt, Queue, Reply, Request, Sink, Task, TokenLogProb, Work,
};
pub use local::{
    Ability, EncoderModel, EncoderOptions, LayerMix, LocalModel, LocalOptions, Overlong, Precision, WeightDtype,
};
pub use log_prob::{LogProb, ScoreSink, TokenScore};
pub use metric::{Candidate, MatchSink, Matched, MetricSink, Needs, Score, Scored, TokenMatch};
pub use pair::{Inference, LabelScores, Pair, PairSink};
pub use params::{Params, Sampling};
pub use replay::{Record, Replay};
