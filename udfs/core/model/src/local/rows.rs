//! Activations: rows of numbers, kept in panels.

use super::kernel::{LANES, PANEL, Panel};

/// Rows of activations, `[panels, rows]` of sixty-four numbers: what a product reads and writes at a time lies together.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    panels: Vec<Panel>,
    rows: usize,
}

impl Rows {
    /// Makes room for `rows` rows of `panels` panels. What they hold is not defined.
    pub(super) fn reshape(&mut self, rows: usize, panels: usize) {
        self.rows = rows;
        self.panels.resize(rows * panels, Panel::ZERO);
    }

    /// Zeros in all rows from column `from` to the end of its panel.
    pub(super) fn clear_from(&mut self, from: usize) {
        if !from.is_multiple_of(PANEL) {
            for panel in &mut self.panels[from / PANEL * self.rows..][..self.rows] {
                panel.floats_mut()[from % PANEL..].fill(0.0);
            }
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All panels, those of the first sixty-four columns first.
    pub(super) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    pub(super) fn panels_mut(&mut self) -> &mut [Panel] {
        &mut self.panels
    }

    /// Columns `from ..` of `row`.
    pub(super) fn read(&self, row: usize, from: usize, to: &mut [f32]) {
        let mut at = from;
        let mut to = to;
        while !to.is_empty() {
            let within = at % PANEL;
            let n = to.len().min(PANEL - within);
            let (now, rest) = to.split_at_mut(n);
            now.copy_from_slice(&self.panels[at / PANEL * self.rows + row].floats()[within..within + n]);
            at += n;
            to = rest;
        }
    }

    /// Writes columns `from ..` of `row`.
    pub(super) fn write(&mut self, row: usize, from: usize, mut values: &[f32]) {
        let mut at = from;
        while !values.is_empty() {
            let within = at % PANEL;
            let n = values.len().min(PANEL - within);
            let panel = &mut self.panels[at / PANEL * self.rows + row];
            panel.floats_mut()[within..within + n].copy_from_slice(&values[..n]);
            at += n;
            values = &values[n..];
        }
    }

    /// Those of `from`'s rows that `rows` names, in its order.
    pub(super) fn select(&mut self, from: &Self, rows: &[usize]) {
        let panels = from.panels.len() / from.rows.max(1);
        self.reshape(rows.len(), panels);
        for (to, from) in
            self.panels.chunks_exact_mut(rows.len().max(1)).zip(from.panels.chunks_exact(from.rows.max(1)))
        {
            for (to, &row) in to.iter_mut().zip(rows) {
                *to = from[row];
            }
        }
    }
}

/// `values` in panels, the last one filled up with zeros.
pub(super) fn in_panels(values: &[f32]) -> Vec<Panel> {
    let mut panels = vec![Panel::ZERO; values.len().div_ceil(PANEL)];
    for (panel, values) in panels.iter_mut().zip(values.chunks(PANEL)) {
        panel.floats_mut()[..values.len()].copy_from_slice(values);
    }
    panels
}

/// How many lines of sixteen `n` numbers take.
pub(super) fn lines(n: usize) -> usize {
    n.div_ceil(LANES)
}
