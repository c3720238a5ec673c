//! The tokenizer that a GGUF file carries.

use std::collections::HashMap;

use tokenizers::{AddedToken, models::bpe::BPE, normalizers::unicode::NFC, pre_tokenizers::byte_level::ByteLevel};

use super::{Adds, Token, Tokenizer, byte_of_char, bytes_of_piece, bytes_of_word, failed, pieces, words::Rule};
use crate::{Result, local::gguf::Gguf};

/// Values of `tokenizer.ggml.token_type`.
const CONTROL: usize = 3;
const USER_DEFINED: usize = 4;
const UNUSED: usize = 5;

/// Names that end a turn in some family's template although the file calls another token its end of sequence.
/// They count only where the vocabulary has them as control tokens.
const ENDS_OF_TURN: [&str; 7] =
    ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>"];

/// A vocabulary in the making: the tokenizer without its control tokens, and what its kind decides.
struct Draft {
    inner: tokenizers::Tokenizer,
    /// Vocabularies of pieces mark spaces; those of words are bytes.
    pieces: bool,
    adds_bos: bool,
    padding: usize,
}

impl Tokenizer {
    /// The tokenizer in `gguf`.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let texts = gguf.require("tokenizer.ggml.tokens", Gguf::texts)?;
        let types = gguf.require("tokenizer.ggml.token_type", Gguf::counts)?;
        if texts.len() != types.len() {
            let (n, m) = (texts.len(), types.len());
            return Err(gguf.invalid(format!("{n} tokens but {m} token types")));
        }
        let typed = || (0u32..).zip(texts.iter().copied().zip(types.iter().copied()));
        // Unused numbers pad the embedding to a round size; as text they must not be found.
        let vocabulary: HashMap<&str, u32> =
            typed().filter(|&(_, (_, kind))| kind != UNUSED).map(|(id, (text, _))| (text, id)).collect();
        let Draft { mut inner, pieces, adds_bos, padding } = match gguf.require("tokenizer.ggml.model", Gguf::text)? {
            "gpt2" => of_words(gguf, &vocabulary)?,
            "llama" => of_pieces(gguf, &vocabulary)?,
            other => {
                return Err(gguf
                    .invalid(format!("its tokenizer is of kind {other:?}, which is not built"))
                    .with_hint("built are byte-level BPE (gpt2) and SentencePiece's BPE (llama)"));
            }
        };
        let added = |kind: usize| {
            typed()
                .filter(move |&(_, (_, k))| k == kind)
                .map(move |(_, (text, _))| AddedToken::from(text, kind == CONTROL).normalized(false))
        };
        inner.add_special_tokens(added(CONTROL)).map_err(failed)?;
        inner.add_tokens(added(USER_DEFINED)).map_err(failed)?;

        let bytes = byte_of_char();
        let tokens = typed()
            .map(|(_, (text, kind))| Token {
                bytes: match kind {
                    UNUSED => Box::default(),
                    CONTROL | USER_DEFINED => text.as_bytes().into(),
                    _ if pieces => bytes_of_piece(text, pieces::MARK),
                    _ => bytes_of_word(text, &bytes),
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
                typed().filter(|(_, (text, kind))| *kind == CONTROL && ENDS_OF_TURN.contains(text)).map(|(id, _)| id),
            )
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let adds_bos = gguf.flag("tokenizer.ggml.add_bos_token")?.unwrap_or(adds_bos);
        let adds_eos = gguf.flag("tokenizer.ggml.add_eos_token")?.unwrap_or(false);
        let adds = Adds::Around(bos.filter(|_| adds_bos), eos.filter(|_| adds_eos));
        Ok(Self { inner, tokens, bos, eos, adds, ends, padding })
    }
}

/// Byte-level BPE.
fn of_words(gguf: &Gguf, vocabulary: &HashMap<&str, u32>) -> Result<Draft> {
    let rule = Rule::named(gguf.require("tokenizer.ggml.pre", Gguf::text)?)?;
    let merges = gguf
        .require("tokenizer.ggml.merges", Gguf::texts)?
        .into_iter()
        .map(|merge| match merge.split_once(' ') {
            Some((a, b)) => Ok((a.to_owned(), b.to_owned())),
            None => Err(gguf.invalid(format!("merge {merge:?} does not name two tokens"))),
        })
        .collect::<Result<Vec<_>>>()?;
    let vocabulary = vocabulary.iter().map(|(text, id)| ((*text).to_owned(), *id));
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary.collect::<tokenizers::models::bpe::Vocab>(), merges)
        .ignore_merges(rule.whole_words_first)
        .build()
        .map_err(failed)?;
    let mut inner = tokenizers::Tokenizer::new(bpe);
    inner.with_pre_tokenizer(Some(rule.pre_tokenizer()?)).with_decoder(Some(ByteLevel::default()));
    if rule.composes {
        inner.with_normalizer(Some(NFC)).map_err(failed)?;
    }
    // Only Llama 3's rule adds BOS where the file does not say.
    Ok(Draft { inner, pieces: false, adds_bos: rule.adds_bos, padding: 0 })
}

/// SentencePiece's BPE, of Llama 2 and Mistral.
fn of_pieces(gguf: &Gguf, vocabulary: &HashMap<&str, u32>) -> Result<Draft> {
    let scores = gguf.require("tokenizer.ggml.scores", Gguf::numbers)?;
    let unknown = gguf.count("tokenizer.ggml.unknown_token_id")?.unwrap_or(0);
    let prefix = gguf.flag("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
    let inner = pieces::tokenizer(vocabulary, &scores, unknown as u32, prefix)?;
    Ok(Draft { inner, pieces: true, adds_bos: true, padding: usize::from(prefix) })
}
