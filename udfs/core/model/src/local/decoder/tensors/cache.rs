//! Keys and values of the tokens that a decoder has already seen, of one sequence.

use candle_core::{DType, Device, Result, Tensor};

/// Room is made for this many tokens at least.
const MIN_CAPACITY: usize = 64;

/// The key-value cache of one sequence.
pub(in crate::local) struct KvCache {
    layers: Vec<Layer>,
    kv_heads: usize,
    head_dim: usize,
    device: Device,
    len: usize,
    capacity: usize,
}

struct Layer {
    keys: Tensor,   // [kv_heads, capacity, head_dim]
    values: Tensor, // [kv_heads, capacity, head_dim]
}

impl KvCache {
    /// An empty cache for `layers` layers of `kv_heads` heads of `head_dim`, with room for `tokens` tokens
    /// before it grows.
    pub(super) fn new(layers: usize, kv_heads: usize, head_dim: usize, tokens: usize, device: &Device) -> Result<Self> {
        let capacity = tokens.max(MIN_CAPACITY);
        let room = || Tensor::zeros((kv_heads, capacity, head_dim), DType::F32, device);
        let layers = (0..layers).map(|_| Ok(Layer { keys: room()?, values: room()? })).collect::<Result<_>>()?;
        Ok(Self { layers, kv_heads, head_dim, device: device.clone(), len: 0, capacity })
    }

    /// A second cache with the same content, which grows apart from this one.
    pub(in crate::local) fn fork(&self) -> Result<Self> {
        let layers = self
            .layers
            .iter()
            .map(|layer| Ok(Layer { keys: layer.keys.copy()?, values: layer.values.copy()? }))
            .collect::<Result<_>>()?;
        Ok(Self { layers, device: self.device.clone(), ..*self })
    }

    /// Makes room for `tokens` more tokens.
    pub(super) fn reserve(&mut self, tokens: usize) -> Result<()> {
        let needed = self.len + tokens;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.max(2 * self.capacity);
        let shape = (self.kv_heads, capacity - self.capacity, self.head_dim);
        for layer in &mut self.layers {
            let room = Tensor::zeros(shape, DType::F32, &self.device)?;
            layer.keys = Tensor::cat(&[&layer.keys, &room], 1)?;
            layer.values = Tensor::cat(&[&layer.values, &room], 1)?;
        }
        self.capacity = capacity;
        Ok(())
    }

    /// Writes keys and values `[kv_heads, tokens, head_dim]` of new tokens behind those seen, in one layer,
    /// and gives that layer's keys and values of all tokens, `[kv_heads, len + tokens, head_dim]` each. The
    /// tokens count as seen after [`advance`](Self::advance), once every layer has written.
    pub(super) fn write(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<(Tensor, Tensor)> {
        let layer = &self.layers[layer];
        let all = self.len + keys.dim(1)?;
        layer.keys.slice_set(keys, 1, self.len)?;
        layer.values.slice_set(values, 1, self.len)?;
        Ok((layer.keys.narrow(1, 0, all)?, layer.values.narrow(1, 0, all)?))
    }

    /// Counts `tokens` more tokens as seen.
    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
