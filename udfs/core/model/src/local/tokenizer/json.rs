//! The tokenizer in a Hugging Face folder.

use std::path::Path;

use tokenizers::{AddedToken, DecoderWrapper, pre_tokenizers::metaspace::PrependScheme};

use super::{Adds, Token, Tokenizer, byte_of_char, bytes_of_piece, bytes_of_word, failed};
use crate::{Error, Kind, Result};

/// What the files beside `tokenizer.json` say about it.
pub struct Settings {
    /// The token that begins a text.
    pub bos: Option<String>,
    /// The token that ends a text.
    pub eos: Option<String>,
    /// Whether BOS and EOS are put around a text, where that is not left to `tokenizer.json`.
    pub adds: Option<(bool, bool)>,
    /// Tokens beyond `tokenizer.json`: number, text, whether it is a control token; in the order of the numbers.
    pub added: Vec<(u32, String, bool)>,
    /// Tokens that end a completion.
    pub ends: Vec<u32>,
}

impl Tokenizer {
    /// The tokenizer in the `tokenizer.json` at `path`.
    pub(in crate::local) fn from_json(path: &Path, settings: Settings) -> Result<Self> {
        let content = std::fs::read(path).map_err(|e| {
            Error::io(path, &e).with_hint("transformers writes tokenizer.json when it saves a fast tokenizer")
        })?;
        let invalid = |what: String| Error::new(Kind::Model, format!("{}: {what}", path.display()));
        let mut inner = tokenizers::Tokenizer::from_bytes(&content)
            .map_err(|e| invalid(format!("it is no tokenizer that can be read: {e}")))?;
        // Length is judged by the model's context, and nothing is cut or filled up silently.
        inner.with_truncation(None).map_err(failed)?;
        inner.with_padding(None);
        for (id, text, control) in settings.added {
            if inner.token_to_id(&text).is_some() {
                continue;
            }
            let token = AddedToken::from(text.as_str(), control).normalized(false);
            match control {
                true => inner.add_special_tokens([token]),
                false => inner.add_tokens([token]),
            }
            .map_err(failed)?;
            if inner.token_to_id(&text) != Some(id) {
                return Err(invalid(format!("token {text:?} should be {id}, and other tokens leave a gap before it")));
            }
        }

        let spelling = Spelling::of(inner.get_decoder()).map_err(invalid)?;
        let bytes = byte_of_char();
        let added = inner.get_added_tokens_decoder();
        let vocabulary = inner.get_vocab(true);
        let count = vocabulary.values().max().map_or(0, |&id| id as usize + 1);
        let mut tokens: Vec<Token> = (0..count).map(|_| Token::default()).collect();
        for (text, id) in &vocabulary {
            let (own, control) = match (added.get(id), &spelling) {
                (Some(token), _) => (token.content.as_bytes().into(), token.special),
                (None, Spelling::Words) => (bytes_of_word(text, &bytes), false),
                (None, Spelling::Pieces { mark, .. }) => (bytes_of_piece(text, *mark), false),
            };
            if let Some(token) = tokens.get_mut(*id as usize) {
                *token = Token { bytes: own, control };
            }
        }

        let id = |text: Option<String>| match text {
            Some(text) => match inner.token_to_id(&text) {
                Some(id) => Ok(Some(id)),
                None => Err(invalid(format!("there is no token {text:?}, which its settings name"))),
            },
            None => Ok(None),
        };
        let (bos, eos) = (id(settings.bos)?, id(settings.eos)?);
        let adds = match settings.adds {
            Some((adds_bos, adds_eos)) => Adds::Around(bos.filter(|_| adds_bos), eos.filter(|_| adds_eos)),
            None => Adds::ByRule,
        };
        let mut ends: Vec<u32> = settings.ends.into_iter().chain(eos).collect();
        ends.sort_unstable();
        ends.dedup();
        let padding = match spelling {
            Spelling::Words => 0,
            Spelling::Pieces { padding, .. } => padding,
        };
        Ok(Self { inner, tokens, bos, eos, adds, ends, padding })
    }
}

/// How a vocabulary writes what its tokens stand for.
enum Spelling {
    /// Bytes as GPT-2's characters.
    Words,
    /// Text with `mark` for a space and `padding` spaces too many at the start of a text.
    Pieces { mark: char, padding: usize },
}

impl Spelling {
    fn of(decoder: Option<&DecoderWrapper>) -> Result<Self, String> {
        // What SentencePiece marks spaces with.
        const MARK: char = '\u{2581}';
        match decoder {
            Some(DecoderWrapper::ByteLevel(_)) => Ok(Self::Words),
            Some(DecoderWrapper::Metaspace(metaspace)) => {
                let padding = usize::from(metaspace.prepend_scheme != PrependScheme::Never);
                Ok(Self::Pieces { mark: metaspace.get_replacement(), padding })
            }
            Some(DecoderWrapper::Sequence(parts)) => {
                let parts = parts.get_decoders();
                if parts.iter().any(|part| matches!(part, DecoderWrapper::ByteLevel(_))) {
                    return Ok(Self::Words);
                }
                let mut padding = 0;
                for part in parts {
                    match part {
                        DecoderWrapper::Strip(strip) if strip.content == ' ' && strip.stop == 0 => {
                            padding = strip.start
                        }
                        DecoderWrapper::Replace(_) | DecoderWrapper::ByteFallback(_) | DecoderWrapper::Fuse(_) => {}
                        other => return Err(format!("a decoder of kind {} is not built", kind(other))),
                    }
                }
                Ok(Self::Pieces { mark: MARK, padding })
            }
            Some(other) => Err(format!("a decoder of kind {} is not built", kind(other))),
            None => Err("it has no decoder, so that tokens cannot become text".into()),
        }
    }
}

fn kind(decoder: &DecoderWrapper) -> String {
    let value = serde_json::to_value(decoder).ok();
    value.and_then(|v| Some(v.get("type")?.as_str()?.to_owned())).unwrap_or_else(|| "unknown".into())
}
