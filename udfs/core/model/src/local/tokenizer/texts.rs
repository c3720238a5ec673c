//! Texts as an encoder reads them: with the control tokens that the checkpoint puts around them, and no longer than the
//! encoder can read, with a count of what was cut off.

use std::path::Path;

use tokenizers::{
    Encoding, PostProcessor as _, TruncationDirection, TruncationParams, TruncationStrategy,
    utils::truncation::truncate_encodings,
};

use super::{failed, sentencepiece};
use crate::{Error, Kind, Result, local::encoder::Input};

/// One text, or two, to tokens.
pub struct TextTokenizer {
    inner: tokenizers::Tokenizer,
    /// Tokens put around one text, and around and between two.
    added: [usize; 2],
}

/// Tokens, and how many more there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What is left.
    pub input: Input,
    /// How many tokens were cut off.
    pub cut: usize,
}

impl TextTokenizer {
    /// The tokenizer in the `tokenizer.json` of `folder`, else in SentencePiece's file there. The truncation and padding that
    /// it carries are dropped: they are whatever its last user had set, and the card says something else.
    pub(in crate::local) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        let mut inner = match std::fs::read(&path) {
            Ok(content) => tokenizers::Tokenizer::from_bytes(&content).map_err(|e| {
                let message = format!("{}: it is no tokenizer that can be read: {e}", path.display());
                Error::new(Kind::Model, message)
            })?,
            Err(error) => sentencepiece::open(folder)?.ok_or_else(|| {
                Error::io(&path, &error).with_hint(
                    "transformers writes it: AutoTokenizer.from_pretrained(…).save_pretrained(…); an encoder's tokenizer is \
                     read from it, from sentencepiece.bpe.model (XLM-R) or from spm.model (DeBERTa)",
                )
            })?,
        };
        inner.with_truncation(None).map_err(failed)?;
        inner.with_padding(None);
        let added = [false, true].map(|pair| inner.get_post_processor().map_or(0, |rule| rule.added_tokens(pair)));
        Ok(Self { inner, added })
    }

    /// One text, of which at most `limit` tokens are left, those around it included.
    ///
    /// # Errors
    /// [`Kind::Parameter`] where `limit` has no room for the tokens around it.
    pub fn one(&self, text: &str, limit: usize) -> Result<Cut> {
        let room = self.room(limit, 0)?;
        let mut encoding = self.plain(text)?;
        let cut = encoding.len().saturating_sub(room);
        if cut > 0 {
            encoding.truncate(room, 0, TruncationDirection::Right);
        }
        Ok(Cut { input: input(&self.inner.post_process(encoding, None, true).map_err(failed)?), cut })
    }

    /// Two texts, of which at most `limit` tokens are left, those around and between them included: what is too much is
    /// taken from the end of the longer one.
    ///
    /// # Errors
    /// As above.
    pub fn two(&self, first: &str, second: &str, limit: usize) -> Result<Cut> {
        let room = self.room(limit, 1)?;
        let (first, mut second) = (self.plain(first)?, self.plain(second)?);
        second.set_type_ids(vec![1; second.len()]);
        let all = first.len() + second.len();
        let params = TruncationParams {
            max_length: room,
            strategy: TruncationStrategy::LongestFirst,
            stride: 0,
            direction: TruncationDirection::Right,
        };
        let (first, second) = truncate_encodings(first, Some(second), &params).map_err(failed)?;
        Ok(Cut {
            cut: all.saturating_sub(room),
            input: input(&self.inner.post_process(first, second, true).map_err(failed)?),
        })
    }

    /// The tokens that the checkpoint puts around a text.
    pub fn around(&self) -> Result<Vec<u32>> {
        Ok(self.one("", usize::MAX)?.input.ids)
    }

    fn room(&self, limit: usize, second: usize) -> Result<usize> {
        let added = self.added[second];
        if limit > added {
            return Ok(limit - added);
        }
        let message = format!("a length of {limit} tokens has no room for a text: {added} are put around it");
        Err(Error::new(Kind::Parameter, message))
    }

    fn plain(&self, text: &str) -> Result<Encoding> {
        self.inner.encode_fast(text, false).map_err(failed)
    }
}

fn input(encoding: &Encoding) -> Input {
    Input { ids: encoding.get_ids().to_vec(), segments: encoding.get_type_ids().to_vec() }
}
