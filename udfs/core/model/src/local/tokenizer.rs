//! The tokenizer that a GGUF file carries: byte-level BPE (`tokenizer.ggml.model` = `gpt2`).
//!
//! The file names its pre-tokenizer (`tokenizer.ggml.pre`) but does not spell it out, so each family's rule
//! stands here as its `tokenizer.json` has it.

use std::collections::HashMap;

use tokenizers::{
    AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior,
    models::bpe::BPE,
    normalizers::unicode::NFC,
    pre_tokenizers::{
        byte_level::ByteLevel,
        digits::Digits,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

use super::gguf::Gguf;
use crate::{Error, Kind, Result};

/// Values of `tokenizer.ggml.token_type`.
const CONTROL: usize = 3;
const USER_DEFINED: usize = 4;
const UNUSED: usize = 5;

/// Names that end a turn in some family's template although the file calls another token its end of sequence.
/// They count only where the vocabulary has them as control tokens.
const ENDS_OF_TURN: [&str; 7] =
    ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>"];

/// Text to token numbers and back.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    tokens: Vec<Token>,
    bos: Option<u32>,
    eos: Option<u32>,
    adds_bos: bool,
    ends: Vec<u32>,
}

/// What a token stands for.
struct Token {
    bytes: Box<[u8]>,
    control: bool,
}

impl Tokenizer {
    /// The tokenizer in `gguf`.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let model = gguf.require("tokenizer.ggml.model", Gguf::text)?;
        if model != "gpt2" {
            return Err(gguf
                .invalid(format!("its tokenizer is of kind {model:?}, only byte-level BPE (gpt2) is built"))
                .with_hint("Llama 3, SmolLM, Qwen 2 and Qwen 3 have such tokenizers"));
        }
        let texts = gguf.require("tokenizer.ggml.tokens", Gguf::texts)?;
        let types = gguf.require("tokenizer.ggml.token_type", Gguf::counts)?;
        if texts.len() != types.len() {
            let (n, m) = (texts.len(), types.len());
            return Err(gguf.invalid(format!("{n} tokens but {m} token types")));
        }
        let typed = || (0u32..).zip(texts.iter().zip(&types));

        let rule = Rule::named(gguf.require("tokenizer.ggml.pre", Gguf::text)?)?;
        let merges = gguf
            .require("tokenizer.ggml.merges", Gguf::texts)?
            .into_iter()
            .map(|merge| match merge.split_once(' ') {
                Some((a, b)) => Ok((a.to_owned(), b.to_owned())),
                None => Err(gguf.invalid(format!("merge {merge:?} does not name two tokens"))),
            })
            .collect::<Result<Vec<_>>>()?;
        // Unused numbers pad the embedding to a round size; as text they must not be found.
        let vocabulary: HashMap<String, u32> =
            typed().filter(|&(_, (_, &kind))| kind != UNUSED).map(|(id, (&text, _))| (text.to_owned(), id)).collect();
        let bpe = BPE::builder()
            .vocab_and_merges(vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>(), merges)
            .ignore_merges(rule.whole_words_first)
            .build()
            .map_err(failed)?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(rule.pre_tokenizer()?));
        if rule.composes {
            inner.with_normalizer(Some(NFC)).map_err(failed)?;
        }
        let added = |kind: usize| {
            typed()
                .filter(move |&(_, (_, &k))| k == kind)
                .map(move |(_, (&text, _))| AddedToken::from(text, kind == CONTROL).normalized(false))
        };
        inner.add_special_tokens(added(CONTROL)).map_err(failed)?;
        inner.add_tokens(added(USER_DEFINED)).map_err(failed)?;

        let bytes = byte_of_char();
        let tokens = typed()
            .map(|(_, (&text, &kind))| Token {
                bytes: match kind {
                    UNUSED => Box::default(),
                    CONTROL | USER_DEFINED => text.as_bytes().into(),
                    _ => text
                        .chars()
                        .map(|c| bytes.get(&c).copied())
                        .collect::<Option<_>>()
                        .unwrap_or_else(|| text.as_bytes().into()),
                },
                control: kind == CONTROL,
            })
            .collect::<Vec<_>>();

        let id = |key: &str| -> Result<Option<u32>> {
            match gguf.count(key)? {
                Some(id) if id < tokens.len() => Ok(Some(id as u32)),
                Some(id) => Err(gguf.invalid(format!("{key} is {id}, past the vocabulary"))),
                None => Ok(None),
            }
        };
        let (bos, eos) = (id("tokenizer.ggml.bos_token_id")?, id("tokenizer.ggml.eos_token_id")?);
        let mut ends: Vec<u32> = [eos, id("tokenizer.ggml.eot_token_id")?, id("tokenizer.ggml.eom_token_id")?]
            .into_iter()
            .flatten()
            .chain(
                typed().filter(|&(_, (text, &kind))| kind == CONTROL && ENDS_OF_TURN.contains(text)).map(|(id, _)| id),
            )
            .collect();
        ends.sort_unstable();
        ends.dedup();
        Ok(Self {
            inner,
            tokens,
            bos,
            eos,
            // Only Llama 3's rule adds BOS where the file does not say.
            adds_bos: gguf.flag("tokenizer.ggml.add_bos_token")?.unwrap_or(rule.adds_bos),
            ends,
        })
    }

    /// The tokens of `text`. Control tokens that `text` spells out become themselves; none is added.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, false).map_err(failed)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens of `text` as the checkpoint's tokenizer gives them by default: after BOS where it adds one.
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.encode(text)?;
        if let Some(bos) = self.bos.filter(|_| self.adds_bos) {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    /// Appends what `id` stands for. A token may hold a part of a character, so that only the whole is sure
    /// to be UTF-8. Control tokens stand for nothing.
    pub fn decode_into(&self, id: u32, bytes: &mut Vec<u8>) {
        if let Some(token) = self.tokens.get(id as usize).filter(|t| !t.control) {
            bytes.extend_from_slice(&token.bytes);
        }
    }

    /// What `id` stands for, control tokens spelled out, parts of characters as U+FFFD.
    pub fn token(&self, id: u32) -> String {
        let bytes = self.tokens.get(id as usize).map_or(&[][..], |t| &t.bytes);
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The text of `ids`, without control tokens.
    pub fn decode(&self, ids: &[u32]) -> String {
        let mut bytes = Vec::new();
        for &id in ids {
            self.decode_into(id, &mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
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

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

/// How a family cuts text into words before merging.
struct Rule {
    /// Words, where they are not GPT-2's.
    words: Option<&'static str>,
    /// Each digit is a word.
    splits_digits: bool,
    /// Text is composed (NFC) first.
    composes: bool,
    /// A word that is a token is that token, whatever its merges would give.
    whole_words_first: bool,
    adds_bos: bool,
}

/// Qwen 2's words: GPT-4's, with one digit at a time.
const QWEN2_WORDS: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's words: GPT-4's.
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Rule {
    fn named(name: &str) -> Result<Self> {
        let gpt2 =
            Self { words: None, splits_digits: false, composes: false, whole_words_first: false, adds_bos: false };
        match name {
            "gpt-2" => Ok(gpt2),
            "smollm" | "starcoder" | "refact" | "command-r" => Ok(Self { splits_digits: true, ..gpt2 }),
            "qwen2" | "deepseek-r1-qwen" => Ok(Self { words: Some(QWEN2_WORDS), composes: true, ..gpt2 }),
            "llama-bpe" | "llama3" => {
                Ok(Self { words: Some(LLAMA3_WORDS), whole_words_first: true, adds_bos: true, ..gpt2 })
            }
            other => Err(Error::new(
                Kind::Model,
                format!("the GGUF file names the pre-tokenizer {other:?}, which is not known"),
            )
            .with_hint(
                "known are gpt-2, smollm, starcoder, refact, command-r, qwen2, deepseek-r1-qwen, llama-bpe and llama3",
            )),
        }
    }

    fn pre_tokenizer(&self) -> Result<PreTokenizerWrapper> {
        let mut parts: Vec<PreTokenizerWrapper> = Vec::new();
        if self.splits_digits {
            parts.push(Digits::new(true).into());
        }
        if let Some(words) = self.words {
            let pattern = SplitPattern::Regex(words.to_owned());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
            parts.push(split.map_err(failed)?.into());
        }
        parts.push(ByteLevel::new(false, true, self.words.is_none()).into());
        Ok(Sequence::new(parts).into())
    }
}

/// GPT-2 writes each byte as a character that can be seen: printable Latin-1 as itself, the rest from U+0100 on.
fn byte_of_char() -> HashMap<char, u8> {
    let seen = |b: u8| matches!(b, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let shown = (0..=255).filter(|&b| seen(b)).map(|b| (char::from(b), b));
    let hidden = (0..=255).filter(|&b| !seen(b));
    shown.chain(('\u{100}'..).zip(hidden)).collect()
}

fn failed(error: tokenizers::Error) -> Error {
    Error::new(Kind::Model, format!("the tokenizer failed: {error}"))
}
