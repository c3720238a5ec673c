//! Causal attention of one sequence's new tokens over all of its tokens: grouped-query attention (Ainslie et al., arXiv
//! 2305.13245), in which query head h reads the keys of head h / (heads / kv_heads).
//!
//! There are two ways to one result. Many new tokens are matrix products. A single one, the case of every
//! decoding step, is a pass over keys and values that a matrix library spends more time preparing than
//! computing, so on the CPU it is written out.

use candle_core::{CpuStorage, CustomOp3, D, Device, Error, Layout, Result, Shape, Tensor, WithDType};

/// `q` is `[tokens, heads, head_dim]`, already scaled; `keys` and `values` are `[kv_heads, seen + tokens,
/// head_dim]`. The result is `[tokens, heads × head_dim]`. With a `window`, token i looks at token j only where i - j
/// is less than it.
pub(super) fn attend(q: &Tensor, keys: &Tensor, values: &Tensor, window: Option<usize>) -> Result<Tensor> {
    let (tokens, all) = (q.dim(0)?, keys.dim(1)?);
    // What even the first of the new tokens does not look at is left out, rather than computed and hidden.
    let first = window.map_or(0, |window| (all - tokens + 1).saturating_sub(window));
    let (keys, values) = (keys.narrow(1, first, all - first)?, values.narrow(1, first, all - first)?);
    match tokens {
        1 if q.device().is_cpu() => q.apply_op3_no_bwd(&keys, &values, &OneToken),
        _ => attend_by_products(q, &keys, &values, window),
    }
}

fn attend_by_products(q: &Tensor, keys: &Tensor, values: &Tensor, window: Option<usize>) -> Result<Tensor> {
    let (tokens, heads, head_dim) = q.dims3()?;
    let (kv_heads, all, _) = keys.dims3()?;
    let stacked = (kv_heads, heads / kv_heads * tokens, ());
    let q = q.transpose(0, 1)?.contiguous()?.reshape(stacked)?;
    let scores = q.matmul(&keys.t()?)?.reshape((heads, tokens, all))?;
    let scores = scores.broadcast_add(&causal_mask(tokens, all, window, q.device())?)?;
    let weights = candle_nn::ops::softmax_last_dim(&scores)?.reshape(stacked)?;
    weights.matmul(values)?.reshape((heads, tokens, head_dim))?.transpose(0, 1)?.contiguous()?.flatten_from(D::Minus2)
}

/// `[tokens, all]`: 0 where token i of the last `tokens` may look at token j, negative infinity where j comes after it
/// or lies before the window.
fn causal_mask(tokens: usize, all: usize, window: Option<usize>, device: &Device) -> Result<Tensor> {
    let seen = all - tokens;
    let window = window.unwrap_or(all);
    let hidden = |i: usize, j: usize| if j > seen + i || seen + i >= j + window { f32::NEG_INFINITY } else { 0.0 };
    let mask: Vec<f32> = (0..tokens).flat_map(|i| (0..all).map(move |j| hidden(i, j))).collect();
    Tensor::from_vec(mask, (tokens, all), device)
}

/// Attention of the last token alone.
struct OneToken;

impl CustomOp3 for OneToken {
    fn name(&self) -> &'static str {
        "attention of one token"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        keys: &CpuStorage,
        keys_layout: &Layout,
        values: &CpuStorage,
        values_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, heads, head_dim) = q_layout.shape().dims3()?;
        let q = f32::cpu_storage_as_slice(q)?;
        let q = match q_layout.contiguous_offsets() {
            Some((from, to)) => &q[from..to],
            None => return Err(Error::RequiresContiguous { op: self.name() }),
        };
        let keys = Heads::new(keys, keys_layout)?;
        let values = Heads::new(values, values_layout)?;
        let mut mixed = vec![0.0; heads * head_dim];
        // Compiles the pass for each level of vector instructions and takes the best that this machine has.
        pulp::Arch::new().dispatch(|| attend_one(q, &keys, &values, &mut mixed));
        let shape = (1, heads * head_dim).into();
        Ok((CpuStorage::F32(mixed), shape))
    }
}

/// The rows of each head, `[tokens, head_dim]`, one head after the other at some distance.
struct Heads<'a> {
    data: &'a [f32],
    heads: usize,
    distance: usize,
    tokens: usize,
    head_dim: usize,
}

impl<'a> Heads<'a> {
    fn new(storage: &'a CpuStorage, layout: &Layout) -> Result<Self> {
        let (heads, tokens, head_dim) = layout.shape().dims3()?;
        match *layout.stride() {
            [distance, row, 1] if row == head_dim => Ok(Self {
                data: &f32::cpu_storage_as_slice(storage)?[layout.start_offset()..],
                heads,
                distance,
                tokens,
                head_dim,
            }),
            _ => Err(Error::RequiresContiguous { op: OneToken.name() }),
        }
    }

    #[inline(always)]
    fn rows(&self, head: usize) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        self.data[head * self.distance..][..self.tokens * self.head_dim].chunks_exact(self.head_dim)
    }
}

/// softmax(q kᵀ) v for each head of `q`, written to `mixed`, both `[heads × head_dim]`.
#[inline(always)]
fn attend_one(q: &[f32], keys: &Heads<'_>, values: &Heads<'_>, mixed: &mut [f32]) {
    let (tokens, head_dim) = (keys.tokens, keys.head_dim);
    // The queries of one group read the same keys: each key is fetched once for all of them.
    let group = q.len() / keys.heads;
    let mut weights = vec![0.0; group / head_dim * tokens]; // [queries, tokens]
    for (head, (q, mixed)) in q.chunks_exact(group).zip(mixed.chunks_exact_mut(group)).enumerate() {
        for (j, key) in keys.rows(head).enumerate() {
            for (i, q) in q.chunks_exact(head_dim).enumerate() {
                weights[i * tokens + j] = dot(q, key);
            }
        }
        for weights in weights.chunks_exact_mut(tokens) {
            softmax(weights);
        }
        for (j, value) in values.rows(head).enumerate() {
            for (i, mixed) in mixed.chunks_exact_mut(head_dim).enumerate() {
                let weight = weights[i * tokens + j];
                for (m, v) in mixed.iter_mut().zip(value) {
                    *m += weight * v;
                }
            }
        }
    }
}

/// Σ a b, in sixteen partial sums: a single one would have to be added up in order, which no vector instruction does.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in &mut *scores {
        *score = (*score - max).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Head widths of 24 and 64 are a multiple of the lanes and not.
    #[test]
    fn the_two_ways_agree() {
        for (heads, kv_heads, head_dim) in [(9, 3, 64), (4, 2, 24), (4, 4, 8), (6, 1, 34)] {
            let random = |shape: (usize, usize, usize)| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
            let q = random((1, heads, head_dim));
            // A cache has room beyond what it holds.
            let (keys, values) = (random((kv_heads, 80, head_dim)), random((kv_heads, 80, head_dim)));
            for tokens in [1, 5, 77] {
                let (keys, values) = (keys.narrow(1, 0, tokens).unwrap(), values.narrow(1, 0, tokens).unwrap());
                let one = attend(&q, &keys, &values, None).unwrap();
                let products = attend_by_products(&q, &keys, &values, None).unwrap();
                let difference = (one - products).unwrap().abs().unwrap().max_all().unwrap();
                let difference = difference.to_scalar::<f32>().unwrap();
                assert!(difference < 1e-5, "{heads} heads of {head_dim}, {tokens} tokens: {difference}");
            }
        }
    }
}
