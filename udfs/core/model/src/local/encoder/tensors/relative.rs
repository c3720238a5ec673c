//! The terms of a score that know the distance of two tokens (He et al., arXiv 2006.03654, equation 4).

use candle_core::{D, Device, Tensor};

use super::{super::Relative, super::read::Affine, linear::Linear};
use crate::Result;

/// The table of distances.
pub(super) struct Distances {
    pub(super) table: Tensor, // [2 span, hidden]
    pub(super) relative: Relative,
}

impl Distances {
    /// The row of the table for each pair of tokens, `[tokens, tokens]`, query first.
    pub(super) fn rows(&self, tokens: usize, device: &Device) -> Result<Tensor> {
        let n = tokens as i64;
        // A row for each distance from -(n - 1) on.
        let rows: Vec<u32> = (1 - n..n).map(|distance| self.relative.row(distance) as u32).collect();
        let all = (0..n).flat_map(|i| (0..n).map(move |j| i - j + n - 1)).map(|at| rows[at as usize]).collect();
        Ok(Tensor::from_vec(all, (tokens, tokens), device)?)
    }

    /// The table as a layer projects it, `[heads, head_dim, 2 span]`, by projections of its own, or by the contents'.
    pub(super) fn project(&self, own: Option<Affine>, contents: &Affine, heads: usize) -> Result<Tensor> {
        let device = self.table.device();
        let map = match own {
            Some(own) => Linear::new(own, device)?,
            None => Linear::new(Affine { weight: contents.weight.clone(), bias: contents.bias.clone() }, device)?,
        };
        let (rows, width) = self.table.dims2()?;
        let projected = map.forward(&self.table)?.reshape((rows, heads, width / heads))?;
        Ok(projected.permute((1, 2, 0))?.contiguous()?)
    }
}

/// What the layers have of distances.
pub(super) struct Terms {
    /// `[heads, head_dim, 2 span]`
    pub(super) keys: Option<Tensor>,
    pub(super) queries: Option<Tensor>,
}

impl Terms {
    /// Adds to `scores`, `[texts, heads, tokens, tokens]`, of queries and keys `[texts, heads, tokens, head_dim]`.
    pub(super) fn add(&self, mut scores: Tensor, q: &Tensor, k: &Tensor, rows: &Tensor) -> Result<Tensor> {
        let (texts, heads, tokens, _) = q.dims4()?;
        let spread =
            |rows: &Tensor| -> Result<Tensor> { Ok(rows.broadcast_as((texts, heads, tokens, tokens))?.contiguous()?) };
        if let Some(keys) = &self.keys {
            let all = q.broadcast_matmul(&keys.unsqueeze(0)?)?; // [texts, heads, queries, 2 span]
            scores = (scores + all.gather(&spread(rows)?, D::Minus1)?)?;
        }
        if let Some(queries) = &self.queries {
            let all = k.broadcast_matmul(&queries.unsqueeze(0)?)?; // [texts, heads, keys, 2 span]
            let rows = spread(&rows.t()?.contiguous()?)?;
            scores = (scores + all.gather(&rows, D::Minus1)?.transpose(2, 3)?)?;
        }
        Ok(scores)
    }
}
