//! Many rows, in batches of like length.

use rayon::prelude::*;

use super::EncoderModel;
use crate::{
    Cancel, Error, Kind, Result,
    local::{
        encoder::{Input, Take},
        tokenizer::Cut,
    },
};

use super::options::Overlong;

/// The texts of one row.
pub(super) struct Row {
    place: usize,
    pub(super) inputs: Vec<Input>,
    /// Tokens that were cut off.
    pub(super) cut: usize,
}

impl Row {
    pub(super) fn tokens(&self) -> usize {
        self.inputs.iter().map(|input| input.ids.len()).sum()
    }

    fn longest(&self) -> usize {
        self.inputs.iter().map(|input| input.ids.len()).max().unwrap_or(0)
    }
}

/// Rows that are tokenized between two looks at the flag.
const PIECE: usize = 1024;

impl EncoderModel {
    /// Tokenizes each of `rows` with `texts`, runs them in batches, and hands what `finish` makes of a row and the states of its
    /// texts, `[tokens, hidden]` each, to `sink`, every position once.
    pub(super) fn run<R: Sync, T: Send>(
        &self,
        rows: &[R],
        texts: impl Fn(&R) -> Result<Vec<Cut>> + Sync,
        take: &Take,
        cancel: &Cancel,
        finish: impl Fn(&Row, &[Vec<f32>]) -> Result<T> + Sync,
        sink: &mut dyn FnMut(usize, Result<T>),
    ) {
        let mut ready = Vec::with_capacity(rows.len());
        for (first, piece) in rows.chunks(PIECE).enumerate().map(|(i, piece)| (i * PIECE, piece)) {
            if cancel.is_cancelled() {
                (first..first + piece.len()).for_each(|place| sink(place, Err(Error::cancelled())));
                continue;
            }
            let read: Vec<Result<Row>> =
                piece.par_iter().enumerate().map(|(i, row)| self.row(first + i, texts(row)?)).collect();
            for (i, row) in read.into_iter().enumerate() {
                match row {
                    Ok(row) => ready.push(row),
                    Err(error) => sink(first + i, Err(error)),
                }
            }
        }
        // The longest first, so that what does not fit into memory fails at once, and threads end together.
        ready.sort_by_key(|row| std::cmp::Reverse(row.longest()));
        let mut ready = &ready[..];
        while !ready.is_empty() {
            let (now, rest) = ready.split_at(self.batch(ready));
            ready = rest;
            if cancel.is_cancelled() {
                now.iter().for_each(|row| sink(row.place, Err(Error::cancelled())));
                continue;
            }
            let inputs: Vec<&Input> = now.iter().flat_map(|row| &row.inputs).collect();
            match self.encoder.forward(&inputs, take, cancel) {
                Ok(states) => {
                    let mut at = 0;
                    let parts: Vec<(&Row, &[Vec<f32>])> = now
                        .iter()
                        .map(|row| {
                            let own = &states[at..at + row.inputs.len()];
                            at += own.len();
                            (row, own)
                        })
                        .collect();
                    let outcomes: Vec<Result<T>> = parts.par_iter().map(|(row, states)| finish(row, states)).collect();
                    now.iter().zip(outcomes).for_each(|(row, outcome)| sink(row.place, outcome));
                }
                Err(error) => now.iter().for_each(|row| sink(row.place, Err(error.clone()))),
            }
        }
    }

    fn row(&self, place: usize, texts: Vec<Cut>) -> Result<Row> {
        let cut = texts.iter().map(|text| text.cut).sum();
        if cut > 0 && self.options.overlong == Overlong::Error {
            let message = format!("the text is {cut} tokens longer than the {} that the model reads", self.max_tokens);
            return Err(Error::new(Kind::Truncated, message).with_hint("overlong => 'cut' leaves the end out"));
        }
        let inputs: Vec<Input> = texts.into_iter().map(|text| text.input).collect();
        inputs.iter().try_for_each(|input| self.encoder.check(input))?;
        Ok(Row { place, inputs, cut })
    }

    /// How many of `rows`, which go from long to short, are the next batch.
    fn batch(&self, rows: &[Row]) -> usize {
        let longest = rows.first().map_or(0, Row::longest);
        let (mut texts, mut tokens) = (0, 0);
        let fits = rows.iter().take_while(|row| {
            texts += row.inputs.len();
            tokens += row.tokens();
            self.encoder.cost(texts, longest, tokens) <= self.options.batch_tokens
        });
        fits.count().max(1)
    }
}
