//! Text to token numbers and back, with the tokenizer that the checkpoint carries.
//!
//! Hugging Face folders hold it as `tokenizer.json`, from which the `tokenizers` crate builds it; GGUF files hold a
//! vocabulary and the name of a rule, and older encoders SentencePiece's file, from which this room builds the same thing.

mod gguf;
mod json;
mod pieces;
mod sentencepiece;
mod texts;
mod words;

use std::{collections::HashMap, path::Path};

use super::{folder::Folder, gguf::Gguf};
use crate::{Error, Kind, Result};

pub(super) use self::json::Settings;
pub use self::texts::{Cut, TextTokenizer};

/// Text to token numbers and back.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    tokens: Vec<Token>,
    bos: Option<u32>,
    eos: Option<u32>,
    adds: Adds,
    ends: Vec<u32>,
    /// Spaces at the start of a text that are no part of it: tokenizers that mark words by the space before them put one there.
    padding: usize,
}

/// What a token stands for.
#[derive(Default)]
struct Token {
    bytes: Box<[u8]>,
    control: bool,
}

/// What is put around a text by default.
enum Adds {
    /// These tokens before and behind it.
    Around(Option<u32>, Option<u32>),
    /// What the file's own rule says.
    ByRule,
}

impl Tokenizer {
    /// The tokenizer of the model at `path`, a GGUF file or a folder in Hugging Face layout, without its weights.
    pub fn load(path: &Path) -> Result<Self> {
        match path.is_dir() {
            true => Folder::open(path)?.tokenizer(),
            false => Self::from_gguf(&Gguf::open(path)?),
        }
    }

    /// The tokens of `text`. Control tokens that `text` spells out become themselves; none is added.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, false).map_err(failed)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens of `text` as the checkpoint's tokenizer gives them by default: after BOS where it adds one.
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>> {
        match self.adds {
            Adds::ByRule => Ok(self.inner.encode_fast(text, true).map_err(failed)?.get_ids().to_vec()),
            Adds::Around(before, behind) => Ok(before.into_iter().chain(self.encode(text)?).chain(behind).collect()),
        }
    }

    /// Appends what `id` stands for. A token may hold a part of a character, so that only the whole is sure
    /// to be UTF-8. Control tokens stand for nothing.
    pub fn decode_into(&self, id: u32, bytes: &mut Vec<u8>) {
        if let Some(token) = self.tokens.get(id as usize).filter(|t| !t.control) {
            bytes.extend_from_slice(&token.bytes);
        }
    }

    /// Takes the spaces from the start of a text's `bytes` that [`decode`](Self::decode) would not show.
    pub fn trim_start(&self, bytes: &mut Vec<u8>) {
        let spaces = bytes.iter().take(self.padding).take_while(|&&b| b == b' ').count();
        bytes.drain(..spaces);
    }

    /// What `id` stands for, control tokens spelled out, parts of characters as U+FFFD.
    pub fn token(&self, id: u32) -> String {
        let bytes = self.tokens.get(id as usize).map_or(&[][..], |t| &t.bytes);
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The text of `ids`, without control tokens.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.inner.decode(ids, true).map_err(failed)
    }

    /// The text of `ids`, control tokens spelled out.
    pub fn spell(&self, ids: &[u32]) -> Result<String> {
        self.inner.decode(ids, false).map_err(failed)
    }

    /// Whether `id` ends a turn.
    pub fn ends(&self, id: u32) -> bool {
        self.ends.binary_search(&id).is_ok()
    }

    /// The spelling of the token that begins a text, where the checkpoint has one.
    pub fn bos(&self) -> Option<String> {
        self.bos.map(|id| self.token(id))
    }

    /// The spelling of the token that ends a text.
    pub fn eos(&self) -> Option<String> {
        self.eos.map(|id| self.token(id))
    }

    /// One more than the largest token number.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

/// GPT-2 writes each byte as a character that can be seen: printable Latin-1 as itself, the rest from U+0100 on.
fn byte_of_char() -> HashMap<char, u8> {
    let seen = |b: u8| matches!(b, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let shown = (0..=255).filter(|&b| seen(b)).map(|b| (char::from(b), b));
    let hidden = (0..=255).filter(|&b| !seen(b));
    shown.chain(('\u{100}'..).zip(hidden)).collect()
}

/// What the token `text` of a byte-level vocabulary stands for.
fn bytes_of_word(text: &str, bytes: &HashMap<char, u8>) -> Box<[u8]> {
    text.chars().map(|c| bytes.get(&c).copied()).collect::<Option<_>>().unwrap_or_else(|| text.as_bytes().into())
}

/// What the token `text` of a vocabulary of pieces stands for: `mark` is a space, and `<0x0A>` a byte.
fn bytes_of_piece(text: &str, mark: char) -> Box<[u8]> {
    let byte = text.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>')).filter(|digits| digits.len() == 2);
    match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        Some(byte) => Box::new([byte]),
        None => text.replace(mark, " ").into_bytes().into(),
    }
}

fn failed(error: tokenizers::Error) -> Error {
    Error::new(Kind::Model, format!("the tokenizer failed: {error}"))
}
