//! Attention that looks both ways, text by text and head by head.

use std::ops::Range;

use candle_core::Tensor;

use super::{
    super::{
        super::{
            cpu::Cpu,
            kernel::{
                LANES, PANEL,
                attend::{Attend, Line, PAGE},
            },
            rows::{Rows, lines},
        },
        Config,
        read::LayerParts,
    },
    layer::Workspace,
    linear::Linear,
    relative::{self, Terms},
};
use crate::Result;

/// Queries, keys and values of one head of one text, kept from head to head.
#[derive(Default)]
pub(super) struct Room {
    queries: Vec<Line>,
    /// `[pages, 2 × 16 × lines]`, keys turned over, then values; see [`Attend`].
    pages: Vec<Line>,
    views: Vec<Range<usize>>,
    scores: Vec<Line>,
    mixed: Vec<Line>,
    one: Vec<f32>,
    distances: relative::Room,
}

pub(super) struct Attention {
    qkv: Linear, // hidden → 3 × hidden, each from a multiple of sixty-four columns on
    output: Linear,
    terms: Option<Terms>,
    heads: usize,
    head_dim: usize,
    /// What scores are multiplied by.
    scale: f32,
}

impl Attention {
    /// `distances` is the normalized table of distances, where the model has one.
    pub(super) fn new(parts: &LayerParts, config: &Config, distances: Option<&Tensor>) -> Result<Self> {
        let [query, key, value] = &parts.qkv;
        let heads = config.num_attention_heads;
        let terms = match (&config.relative, distances) {
            (Some(relative), Some(table)) => Some(Terms::new(relative, table, parts, heads)?),
            _ => None,
        };
        let summands = config.relative.as_ref().map_or(1, |relative| relative.terms());
        Ok(Self {
            qkv: Linear::new(&[query, key, value])?,
            output: Linear::new(&[&parts.attention_output])?,
            terms,
            heads,
            head_dim: config.head_dim(),
            scale: ((config.head_dim() * summands) as f32).sqrt().recip(),
        })
    }

    /// From `x` to `output`.
    pub(super) fn forward(&self, cpu: &Cpu, lengths: &[usize], work: &mut Workspace) {
        let Workspace { x, output, inner, qkv, room } = work;
        self.qkv.forward(cpu, x, qkv);
        let width = self.heads * self.head_dim;
        inner.reshape(x.rows(), width.div_ceil(PANEL));
        inner.clear_from(width);
        let mut first = 0;
        for &tokens in lengths {
            for head in 0..self.heads {
                self.attend(cpu, qkv, first, tokens, head, room);
                for (i, mixed) in room.mixed.chunks_exact(lines(self.head_dim)).enumerate() {
                    inner.write(first + i, head * self.head_dim, &Line::floats(mixed)[..self.head_dim]);
                }
            }
            first += tokens;
        }
        self.output.forward(cpu, inner, output);
    }

    /// `tokens` rows from `first` on are a text, whose result of one head is `room.mixed`, `[tokens, lines]`.
    fn attend(&self, cpu: &Cpu, qkv: &Rows, first: usize, tokens: usize, head: usize, room: &mut Room) {
        let (width, lines) = (self.head_dim, lines(self.head_dim));
        let stride = (self.heads * width).next_multiple_of(PANEL);
        let column = head * width;
        let scale = self.scale;
        let Room { queries, pages, views, scores, mixed, one, distances } = room;
        for lists in [&mut *queries, mixed] {
            lists.clear();
            lists.resize(tokens * lines, Line::ZERO);
        }
        let page = 2 * LANES * lines;
        pages.clear();
        pages.resize(tokens.div_ceil(PAGE) * page, Line::ZERO);
        one.resize(width, 0.0);
        for i in 0..tokens {
            let query = &mut Line::floats_mut(&mut queries[i * lines..][..lines])[..width];
            qkv.read(first + i, column, query);
            query.iter_mut().for_each(|x| *x *= scale);
            let (keys, values) = pages[i / PAGE * page..][..page].split_at_mut(LANES * lines);
            qkv.read(first + i, stride + column, one);
            keys.iter_mut().zip(&*one).for_each(|(key, &x)| key.0[i % PAGE] = x);
            let value = &mut Line::floats_mut(&mut values[i % PAGE * lines..][..lines])[..width];
            qkv.read(first + i, 2 * stride + column, value);
        }
        views.clear();
        views.resize(tokens, 0..tokens);
        let pages: Vec<&[Line]> = pages.chunks_exact(page).collect();
        let bias = self.terms.as_ref().map(|terms| {
            let columns = [column, stride + column];
            terms.meet(cpu, qkv, (first, tokens), columns, (head, width, scale), distances);
            &distances.bias[..]
        });
        cpu.level().run(Attend { queries, lines, views, pages: &pages, bias, scores, out: mixed });
    }
}
