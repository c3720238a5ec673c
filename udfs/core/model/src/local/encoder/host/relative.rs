//! The terms of a score that know the distance of two tokens (He et al., arXiv 2006.03654, equation 4).

use candle_core::Tensor;

use super::super::{
    super::{
        cpu::Cpu,
        kernel::{LANES, PANEL, Panel, attend::Line, pointwise::Clear, product::Product},
        matrix::{Matrix, Numbers},
        rows::{Rows, in_panels},
        weight::Weight,
    },
    Relative,
    read::{Affine, LayerParts},
};
use crate::Result;

/// What a layer has of distances.
pub(super) struct Terms {
    relative: Relative,
    /// What queries meet, of each head; none where the model has no such term. [2 span, head_dim]
    keys: Vec<Weight>,
    /// What keys meet.
    queries: Vec<Weight>,
}

/// Room for the terms of one head of one text.
#[derive(Default)]
pub(super) struct Room {
    /// `[tokens, lines of tokens]`, queries first.
    pub(super) bias: Vec<Line>,
    /// Row of the table for each distance from 1 - tokens on.
    rows: Vec<usize>,
    x: Vec<Panel>,
    met: Rows,
    row: Vec<f32>,
}

impl Terms {
    /// `table` is `[2 span, hidden]`, normalized.
    pub(super) fn new(relative: &Relative, table: &Tensor, parts: &LayerParts, heads: usize) -> Result<Self> {
        let [query, key, _] = &parts.qkv;
        let [own_query, own_key] = &parts.positions;
        let project = |on: bool, own: &Option<Affine>, contents: &Affine| -> Result<Vec<Weight>> {
            if !on {
                return Ok(Vec::new());
            }
            let map = own.as_ref().unwrap_or(contents);
            let projected = table.matmul(&map.weight.t()?)?.broadcast_add(&map.bias)?;
            let width = projected.dim(1)? / heads;
            let head = |i: usize| -> Result<Weight> {
                let own = projected.narrow(1, i * width, width)?.contiguous()?;
                let (outputs, inputs) = own.dims2()?;
                let numbers = Numbers::Whole(own.flatten_all()?.to_vec1()?);
                Ok(Weight::new(&Matrix { outputs, inputs, numbers }, false))
            };
            (0..heads).map(head).collect()
        };
        Ok(Self {
            relative: relative.clone(),
            keys: project(relative.content_to_position, own_key, key)?,
            queries: project(relative.position_to_content, own_query, query)?,
        })
    }

    /// Puts the terms of `head` into `room.bias`, from its queries and keys, which begin at these columns of rows `first ..`.
    pub(super) fn meet(
        &self,
        cpu: &Cpu,
        qkv: &Rows,
        (first, tokens): (usize, usize),
        [query, key]: [usize; 2],
        (head, width, scale): (usize, usize, f32),
        room: &mut Room,
    ) {
        let lines = tokens.div_ceil(LANES);
        room.bias.clear();
        room.bias.resize(tokens * lines, Line::ZERO);
        let n = tokens as i64;
        room.rows.clear();
        room.rows.extend((1 - n..n).map(|distance| self.relative.row(distance)));
        let terms = [(&self.keys, query, true), (&self.queries, key, false)];
        for (weight, column, of_queries) in terms.into_iter().filter_map(|(w, c, q)| Some((w.get(head)?, c, q))) {
            room.project(cpu, weight, qkv, (first, tokens), (column, width), scale);
            room.add(tokens, of_queries);
        }
    }
}

impl Room {
    /// `met` = scale × the `tokens` rows of `qkv` from `column` on × the rows of the table that these distances reach.
    fn project(
        &mut self,
        cpu: &Cpu,
        weight: &Weight,
        qkv: &Rows,
        (first, tokens): (usize, usize),
        (column, width): (usize, usize),
        scale: f32,
    ) {
        self.row.resize(width, 0.0);
        self.x.resize(width.div_ceil(PANEL) * tokens, Panel::ZERO);
        for i in 0..tokens {
            qkv.read(first + i, column, &mut self.row);
            self.row.iter_mut().for_each(|x| *x *= scale);
            for (p, panel) in in_panels(&self.row).into_iter().enumerate() {
                self.x[p * tokens + i] = panel;
            }
        }
        // Rows grow with the distance.
        let [low, high] = [self.rows.first(), self.rows.last()].map(|row| row.map_or(0, |row| row / PANEL));
        self.met.reshape(tokens, weight.panels());
        let panels = self.met.panels_mut().chunks_exact_mut(tokens).enumerate();
        for (p, y) in panels.filter(|(p, _)| (low..=high).contains(p)) {
            cpu.level().run(Clear(y));
            cpu.level().run(Product { x: &self.x, rows: tokens, first: 0, weights: weight.panel(p), y });
        }
    }

    /// Adds what `met` says of each pair of tokens: its rows are queries, or keys.
    fn add(&mut self, tokens: usize, of_queries: bool) {
        let lines = tokens.div_ceil(LANES);
        let Self { bias, rows, met, .. } = self;
        let panels = met.panels();
        let floats = Line::floats_mut(bias);
        for a in 0..tokens {
            for b in 0..tokens {
                let (query, key) = if of_queries { (a, b) } else { (b, a) };
                let row = rows[query + tokens - 1 - key];
                floats[query * lines * LANES + key] += panels[row / PANEL * tokens + a].floats()[row % PANEL];
            }
        }
    }
}
