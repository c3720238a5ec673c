//! How the families with byte-level vocabularies cut text into words. A GGUF file names the rule
//! (`tokenizer.ggml.pre`) but does not spell it out, so it stands here as the family's `tokenizer.json` has it.

use tokenizers::{
    PreTokenizerWrapper, SplitDelimiterBehavior,
    pre_tokenizers::{
        byte_level::ByteLevel,
        digits::Digits,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

use super::failed;
use crate::{Error, Kind, Result};

/// How a family cuts text into words before merging.
pub(super) struct Rule {
    /// Words, where they are not GPT-2's.
    pub(super) words: Option<&'static str>,
    /// Each digit is a word.
    pub(super) splits_digits: bool,
    /// Text is composed (NFC) first.
    pub(super) composes: bool,
    /// A word that is a token is that token, whatever its merges would give.
    pub(super) whole_words_first: bool,
    pub(super) adds_bos: bool,
}

/// Qwen 2's words: GPT-4's, with one digit at a time.
const QWEN2_WORDS: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's words: GPT-4's.
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Rule {
    pub(super) fn named(name: &str) -> Result<Self> {
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

    pub(super) fn pre_tokenizer(&self) -> Result<PreTokenizerWrapper> {
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
