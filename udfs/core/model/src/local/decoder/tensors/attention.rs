//! Causal attention of one sequence's new tokens over all of its tokens: grouped-query attention (Ainslie et al., arXiv
//! 2305.13245), in which query head h reads the keys of head h / (heads / kv_heads).

use candle_core::{D, Device, Result, Tensor};

/// `q` is `[tokens, heads, head_dim]`, already scaled; `keys` and `values` are `[kv_heads, seen + tokens,
/// head_dim]`. The result is `[tokens, heads × head_dim]`. With a `window`, token i looks at token j only where i - j
/// is less than it.
pub(super) fn attend(q: &Tensor, keys: &Tensor, values: &Tensor, window: Option<usize>) -> Result<Tensor> {
    let (tokens, all) = (q.dim(0)?, keys.dim(1)?);
    // What even the first of the new tokens does not look at is left out, rather than computed and hidden.
    let first = window.map_or(0, |window| (all - tokens + 1).saturating_sub(window));
    let (keys, values) = (keys.narrow(1, first, all - first)?, values.narrow(1, first, all - first)?);
    let (_, heads, head_dim) = q.dims3()?;
    let (kv_heads, all, _) = keys.dims3()?;
    let stacked = (kv_heads, heads / kv_heads * tokens, ());
    let q = q.transpose(0, 1)?.contiguous()?.reshape(stacked)?;
    let scores = q.matmul(&keys.t()?)?.reshape((heads, tokens, all))?;
    let scores = scores.broadcast_add(&causal_mask(tokens, all, window, q.device())?)?;
    let weights = candle_nn::ops::softmax_last_dim(&scores)?.reshape(stacked)?;
    weights.matmul(&values)?.reshape((heads, tokens, head_dim))?.transpose(0, 1)?.contiguous()?.flatten_from(D::Minus2)
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
