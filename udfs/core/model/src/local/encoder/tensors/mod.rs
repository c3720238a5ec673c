//! The encoder on a device of candle's, in f32, over texts padded to the longest. It serves GPUs; on the CPU it is slower than
//! its twin, and a second witness of what is right.

mod attention;
mod layer;
mod linear;
mod relative;

use candle_core::{D, Device, Tensor};

use self::{
    layer::Layer,
    linear::{Linear, Norm},
    relative::Distances,
};
use super::{Config, Input, MIX_EPS, Take, read::Reader};
use crate::{Cancel, Error, Result};

pub(super) struct Runner {
    words: Tensor,             // [vocab, embedding]
    positions: Option<Tensor>, // [positions, embedding]
    segments: Option<Tensor>,  // [segments, embedding]
    norm: Norm,
    mapping: Option<Linear>,
    layers: Vec<Layer>,
    distances: Option<Distances>,
    first_position: usize,
    device: Device,
}

/// Texts padded to the longest.
struct Batch {
    lengths: Vec<usize>,
    longest: usize,
    /// 1 for a token, 0 for padding, `[texts, longest, 1]`. `None` where there is no padding.
    tokens: Option<Tensor>,
    /// 0 for a token, negative infinity for padding, `[texts, 1, 1, longest]`.
    mask: Option<Tensor>,
}

impl Runner {
    pub(super) fn read(mut reader: Reader<'_>, device: &Device) -> Result<Self> {
        let parts = reader.embeddings()?;
        let config: &Config = reader.config;
        let eps = config.layer_norm_eps;
        let distances = match &config.relative {
            Some(relative) => {
                let (table, norm) = reader.distances(relative)?;
                let norm = norm.map(|norm| Norm::new(norm, eps, device)).transpose()?;
                let table = table.to_device(device)?;
                let table = norm.map_or(Ok(table.clone()), |norm| norm.forward(&table))?;
                Some(Distances { table, relative: relative.clone() })
            }
            None => None,
        };
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::new(reader.layer(i)?, config, distances.as_ref(), device))
            .collect::<Result<_>>()?;
        Ok(Self {
            words: parts.words.to_device(device)?,
            positions: parts.positions.map(|table| table.to_device(device)).transpose()?,
            segments: parts.segments.map(|table| table.to_device(device)).transpose()?,
            norm: Norm::new(parts.norm, eps, device)?,
            mapping: parts.mapping.map(|part| Linear::new(part, device)).transpose()?,
            layers,
            distances,
            first_position: config.first_position,
            device: device.clone(),
        })
    }

    /// See [`Encoder::forward`](super::Encoder::forward).
    pub(super) fn forward(&self, inputs: &[&Input], take: &Take, cancel: &Cancel) -> Result<Vec<Vec<f32>>> {
        let batch = self.batch(inputs)?;
        let rows = self.distances.as_ref().map(|distances| distances.rows(batch.longest, &self.device)).transpose()?;
        let mut x = self.embed(inputs, &batch)?;
        let mut sum = self.add(None, &x, take, 0, &batch)?;
        for (i, layer) in self.layers.iter().take(take.depth()).enumerate() {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            x = layer.forward(&x, batch.mask.as_ref(), rows.as_ref())?;
            sum = self.add(sum, &x, take, i + 1, &batch)?;
        }
        let sum = sum.map_or_else(|| x.zeros_like(), Ok)?;
        let width = sum.dim(D::Minus1)?;
        let all: Vec<f32> = sum.flatten_all()?.to_vec1()?;
        let texts = all.chunks_exact(batch.longest * width).zip(&batch.lengths);
        Ok(texts.map(|(states, &n)| states[..n * width].to_vec()).collect())
    }

    fn batch(&self, inputs: &[&Input]) -> Result<Batch> {
        let lengths: Vec<usize> = inputs.iter().map(|input| input.ids.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        if lengths.iter().all(|&n| n == longest) {
            return Ok(Batch { lengths, longest, tokens: None, mask: None });
        }
        let each = |token: f32, padding: f32| -> Vec<f32> {
            lengths.iter().flat_map(|&n| (0..longest).map(move |i| if i < n { token } else { padding })).collect()
        };
        let n = lengths.len();
        let tokens = Tensor::from_vec(each(1.0, 0.0), (n, longest, 1), &self.device)?;
        let mask = Tensor::from_vec(each(0.0, f32::NEG_INFINITY), (n, 1, 1, longest), &self.device)?;
        Ok(Batch { lengths, longest, tokens: Some(tokens), mask: Some(mask) })
    }

    /// `[texts, longest, hidden]`
    fn embed(&self, inputs: &[&Input], batch: &Batch) -> Result<Tensor> {
        let (n, longest) = (inputs.len(), batch.longest);
        let padded = |pick: fn(&Input) -> &[u32]| -> Result<Tensor> {
            let numbers = inputs.iter().flat_map(|input| {
                let own = pick(input);
                own.iter().copied().chain(std::iter::repeat_n(0, longest - own.len()))
            });
            Ok(Tensor::from_vec(numbers.collect(), n * longest, &self.device)?)
        };
        let rows = |table: &Tensor, numbers: &Tensor| -> Result<Tensor> {
            Ok(table.index_select(numbers, 0)?.reshape((n, longest, ()))?)
        };
        let mut x = rows(&self.words, &padded(|input| &input.ids)?)?;
        if let Some(segments) = &self.segments {
            x = (x + rows(segments, &padded(|input| &input.segments)?)?)?;
        }
        if let Some(positions) = &self.positions {
            x = x.broadcast_add(&positions.narrow(0, self.first_position, longest)?)?;
        }
        let x = self.norm.forward(&x)?;
        self.mapping.as_ref().map_or(Ok(x.clone()), |mapping| mapping.forward(&x))
    }

    /// `sum` and state `i`, as `take` wants it.
    fn add(&self, sum: Option<Tensor>, x: &Tensor, take: &Take, i: usize, batch: &Batch) -> Result<Option<Tensor>> {
        let weight = take.weight(i);
        if weight == 0.0 {
            return Ok(sum);
        }
        let x = if take.normalizes() { normalize(x, batch)? } else { x.clone() };
        let x = if weight == 1.0 { x } else { (x * f64::from(weight))? };
        Ok(Some(match sum {
            Some(sum) => (sum + x)?,
            None => x,
        }))
    }
}

/// Over all tokens and dimensions of a text.
fn normalize(x: &Tensor, batch: &Batch) -> Result<Tensor> {
    let width = x.dim(D::Minus1)?;
    let counts: Vec<f32> = batch.lengths.iter().map(|&n| (n * width) as f32).collect();
    let counts = Tensor::from_vec(counts, (batch.lengths.len(), 1, 1), x.device())?;
    let only = |x: &Tensor| batch.tokens.as_ref().map_or(Ok(x.clone()), |tokens| x.broadcast_mul(tokens));
    let mean = only(x)?.sum_keepdim((1, 2))?.div(&counts)?;
    let centered = x.broadcast_sub(&mean)?;
    let variance = only(&centered.sqr()?)?.sum_keepdim((1, 2))?.div(&counts)?;
    Ok(centered.broadcast_div(&(variance + f64::from(MIX_EPS))?.sqrt()?)?)
}
