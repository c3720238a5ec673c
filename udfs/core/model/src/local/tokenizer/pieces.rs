//! SentencePiece's BPE (Kudo and Richardson, arXiv 1808.06226) from a list of pieces with scores, as GGUF keeps it.
//!
//! The library merges the pair of neighbours whose whole has the highest score; a list of merges in falling order of
//! that score says the same, and is what `tokenizers` takes.

use std::{cmp::Ordering, collections::HashMap};

use tokenizers::{
    decoders::{DecoderWrapper, byte_fallback::ByteFallback, fuse::Fuse, sequence::Sequence as Decoders, strip::Strip},
    models::bpe::{BPE, Vocab},
    normalizers::{NormalizerWrapper, Prepend, Replace, Sequence as Normalizers},
};

use super::failed;
use crate::Result;

/// What marks a space.
pub(super) const MARK: char = '\u{2581}';

/// The tokenizer of `vocabulary`, whose token i has `scores[i]`. With `prefix`, each text begins with a space.
pub(super) fn tokenizer(
    vocabulary: &HashMap<&str, u32>,
    scores: &[f64],
    unknown: u32,
    prefix: bool,
) -> Result<tokenizers::Tokenizer> {
    let mut bpe = BPE::builder()
        .vocab_and_merges(
            vocabulary.iter().map(|(text, id)| ((*text).to_owned(), *id)).collect::<Vocab>(),
            merges(vocabulary, scores),
        )
        .byte_fallback(true)
        .fuse_unk(true);
    if let Some((text, _)) = vocabulary.iter().find(|(_, id)| **id == unknown) {
        bpe = bpe.unk_token((*text).to_owned());
    }
    let mut inner = tokenizers::Tokenizer::new(bpe.build().map_err(failed)?);
    let mark = MARK.to_string();
    let mut normalizers: Vec<NormalizerWrapper> = Vec::new();
    if prefix {
        normalizers.push(Prepend::new(mark.clone()).into());
    }
    normalizers.push(Replace::new(" ", mark.clone()).map_err(failed)?.into());
    inner.with_normalizer(Some(Normalizers::new(normalizers))).map_err(failed)?;
    let mut decoders: Vec<DecoderWrapper> =
        vec![Replace::new(mark, " ").map_err(failed)?.into(), ByteFallback::new().into(), Fuse::new().into()];
    if prefix {
        decoders.push(Strip::new(' ', 1, 0).into());
    }
    inner.with_decoder(Some(Decoders::new(decoders)));
    Ok(inner)
}

/// All pairs of pieces that make up a piece, best whole first; of equals, that with the longer parts, as
/// `transformers` orders them.
fn merges(vocabulary: &HashMap<&str, u32>, scores: &[f64]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut pieces: Vec<(&str, u32)> = vocabulary.iter().map(|(text, id)| (*text, *id)).collect();
    pieces.sort_unstable_by_key(|&(_, id)| id);
    for (whole, id) in pieces {
        let score = scores.get(id as usize).copied().unwrap_or(f64::NEG_INFINITY);
        let cuts = whole.char_indices().skip(1).map(|(at, _)| whole.split_at(at));
        let mut own: Vec<_> =
            cuts.filter_map(|(l, r)| Some((*vocabulary.get(l)?, *vocabulary.get(r)?, l, r))).collect();
        own.sort_unstable_by_key(|&(l, r, ..)| (l, r));
        pairs.extend(own.into_iter().map(|(_, _, l, r)| (score, l, r)));
    }
    let lengths = |l: &str, r: &str| (l.chars().count(), r.chars().count());
    pairs.sort_by(|a, b| match b.0.total_cmp(&a.0) {
        Ordering::Equal => lengths(b.1, b.2).cmp(&lengths(a.1, a.2)),
        other => other,
    });
    pairs.into_iter().map(|(_, l, r)| (l.to_owned(), r.to_owned())).collect()
}
