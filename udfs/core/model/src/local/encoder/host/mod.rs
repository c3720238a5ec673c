//! The encoder on the CPU: packed weights, attention over each text's own keys and values. Each thread takes some texts through
//! all layers by itself, so that threads wait for each other only at the end.

mod attention;
mod layer;
mod linear;
mod norm;
mod relative;

use std::sync::{Mutex, PoisonError};

use candle_core::Tensor;

use self::{
    layer::{Layer, Workspace},
    linear::Linear,
    norm::Norm,
};
use super::{
    super::{cpu::Cpu, kernel::PANEL, rows::Rows},
    Config, Input, MIX_EPS, Relative, Take,
    read::Reader,
};
use crate::{Cancel, Error, Result};

pub(super) struct Runner {
    words: Vec<f32>,     // [vocab, embedding]
    positions: Vec<f32>, // [positions, embedding], none where there are none
    segments: Vec<f32>,  // [segments, embedding]
    norm: Norm,
    mapping: Option<Linear>,
    layers: Vec<Layer>,
    hidden: usize,
    width: usize,
    first_position: usize,
    cpu: Cpu,
    /// Room for intermediate results, of as many threads as ever ran at once.
    rooms: Mutex<Vec<Workspace>>,
}

/// Tokens that a thread takes at a time: enough that spreading weights out is worth it, and few enough that what lies
/// between two layers stays in the second-level cache.
const TOKENS: usize = 192;

impl Runner {
    pub(super) fn read(mut reader: Reader<'_>, cpu: Cpu) -> Result<Self> {
        let parts = reader.embeddings()?;
        let &Config { hidden_size: hidden, embedding_size: width, layer_norm_eps: eps, .. } = reader.config;
        let config: &Config = reader.config;
        let distances = config.relative.as_ref().map(|relative| distances(&mut reader, relative, eps)).transpose()?;
        let numbers = |table: &Tensor| -> Result<Vec<f32>> { Ok(table.flatten_all()?.to_vec1()?) };
        let some = |table: Option<Tensor>| table.as_ref().map_or(Ok(Vec::new()), numbers);
        Ok(Self {
            words: numbers(&parts.words)?,
            positions: some(parts.positions)?,
            segments: some(parts.segments)?,
            norm: Norm::new(&parts.norm, eps)?,
            mapping: parts.mapping.map(|part| Linear::new(&[&part])).transpose()?,
            layers: (0..config.num_hidden_layers)
                .map(|i| Layer::new(&reader.layer(i)?, config, distances.as_ref()))
                .collect::<Result<_>>()?,
            hidden,
            width,
            first_position: config.first_position,
            cpu,
            rooms: Mutex::default(),
        })
    }

    /// See [`Encoder::forward`](super::Encoder::forward).
    pub(super) fn forward(&self, inputs: &[&Input], take: &Take, cancel: &Cancel) -> Result<Vec<Vec<f32>>> {
        let mut states = vec![Vec::new(); inputs.len()];
        let mut tasks = Vec::new();
        let (mut inputs, mut places) = (inputs, &mut states[..]);
        while !inputs.is_empty() {
            let mut tokens = 0;
            let more = inputs.iter().take_while(|input| {
                tokens += input.ids.len();
                tokens <= TOKENS
            });
            let n = more.count().max(1);
            let (now, rest) = inputs.split_at(n);
            let (own, others) = places.split_at_mut(n);
            tasks.push((now, own));
            (inputs, places) = (rest, others);
        }
        self.cpu.session(|| {
            self.cpu.for_each(tasks, |(inputs, places)| {
                let mut work = self.lock().pop().unwrap_or_default();
                self.pass(inputs, take, cancel, &mut work, places);
                self.lock().push(work);
            });
        });
        if cancel.is_cancelled() { Err(Error::cancelled()) } else { Ok(states) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some texts through all layers that are needed; `places` get their states unless it was cancelled meanwhile.
    fn pass(&self, inputs: &[&Input], take: &Take, cancel: &Cancel, work: &mut Workspace, places: &mut [Vec<f32>]) {
        self.embed(inputs, work);
        // A mix may give every state the weight 0.
        places.iter_mut().zip(inputs).for_each(|(place, input)| place.resize(input.ids.len() * self.hidden, 0.0));
        self.add(inputs, work, take, 0, places);
        let lengths: Vec<usize> = inputs.iter().map(|input| input.ids.len()).collect();
        for (i, layer) in self.layers.iter().take(take.depth()).enumerate() {
            if cancel.is_cancelled() {
                return;
            }
            layer.forward(&self.cpu, &lengths, work);
            self.add(inputs, work, take, i + 1, places);
        }
    }

    fn embed(&self, inputs: &[&Input], work: &mut Workspace) {
        let width = self.width;
        let tokens = inputs.iter().map(|input| input.ids.len()).sum();
        work.x.reshape(tokens, width.div_ceil(PANEL));
        // Only the last panel may reach beyond the width.
        let mut padded = vec![0.0f32; width.next_multiple_of(PANEL)];
        let mut row = 0;
        for input in inputs {
            for (i, &id) in input.ids.iter().enumerate() {
                padded[..width].copy_from_slice(&self.words[id as usize * width..][..width]);
                let mut add = |table: &[f32], at: usize| {
                    if !table.is_empty() {
                        padded.iter_mut().zip(&table[at * width..][..width]).for_each(|(x, y)| *x += y);
                    }
                };
                add(&self.segments, input.segments.get(i).map_or(0, |&segment| segment as usize));
                add(&self.positions, self.first_position + i);
                work.x.write(row, 0, &padded);
                row += 1;
            }
        }
        self.norm.forward(&self.cpu, &mut work.x, None);
        if let Some(mapping) = &self.mapping {
            mapping.forward(&self.cpu, &work.x, &mut work.output);
            std::mem::swap(&mut work.x, &mut work.output);
        }
    }

    /// Adds state `i` to each text's sum, as `take` wants it.
    fn add(&self, inputs: &[&Input], work: &Workspace, take: &Take, i: usize, places: &mut [Vec<f32>]) {
        let (weight, hidden) = (take.weight(i), self.hidden);
        if weight == 0.0 {
            return;
        }
        let mut row = 0;
        for (input, place) in inputs.iter().zip(places) {
            let n = input.ids.len();
            let mut own = flat(&work.x, row, n, hidden);
            row += n;
            if take.normalizes() {
                normalize(&mut own);
            }
            match take {
                Take::Layer(_) => *place = own,
                Take::Mix { .. } => place.iter_mut().zip(own).for_each(|(sum, x)| *sum += weight * x),
            }
        }
    }
}

/// The table of distances, `[2 span, hidden]`, normalized where the model says so.
fn distances(reader: &mut Reader<'_>, relative: &Relative, eps: f32) -> Result<Tensor> {
    let (table, norm) = reader.distances(relative)?;
    Ok(match norm {
        Some(norm) => candle_nn::ops::layer_norm(&table.contiguous()?, &norm.weight, &norm.bias, eps)?,
        None => table,
    })
}

/// `n` rows from `row` on, `[n, width]`.
fn flat(x: &Rows, row: usize, n: usize, width: usize) -> Vec<f32> {
    let mut all = vec![0.0; n * width];
    for (i, to) in all.chunks_exact_mut(width).enumerate() {
        x.read(row + i, 0, to);
    }
    all
}

/// Over all tokens and dimensions of a text.
fn normalize(x: &mut [f32]) {
    let n = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let scale = (variance + f64::from(MIX_EPS)).sqrt().recip();
    x.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) * scale) as f32);
}
