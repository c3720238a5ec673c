//! The processor that a model runs on: its instructions, and a thread for each of its cores.

use super::kernel::{
    Level, Panel,
    integers::{IntegerProduct, Integers, Quantize},
    pointwise::{AddEach, Clear, Gate},
    product::Product,
    team::Team,
};
use super::{decoder::Precision, rows::Rows, weight::Weight};
use crate::{Error, Kind, Result};

/// Threads and instructions.
pub struct Cpu {
    level: Level,
    team: Team,
}

/// Rows on their way into a product.
#[derive(Clone, Copy)]
enum Input<'a> {
    Whole(&'a [Panel]),
    One(&'a [Integers<1>]),
    Two(&'a [Integers<2>]),
}

/// Room for rounded rows, kept from product to product.
#[derive(Default)]
pub(super) struct Scratch {
    one: Vec<Integers<1>>,
    two: Vec<Integers<2>>,
}

impl Cpu {
    /// Threads for the physical cores that this process may use: two that share a core share its multipliers, too.
    pub fn new() -> Result<Self> {
        let allowed = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with(Level::best(), allowed.min(num_cpus::get_physical()).max(1))
    }

    /// `threads` threads with the instructions of `level`.
    pub fn with(level: Level, threads: usize) -> Result<Self> {
        let team =
            Team::new(threads).map_err(|e| Error::new(Kind::Model, format!("no threads to run a model with: {e}")))?;
        Ok(Self { level, team })
    }

    /// Which instructions.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Runs `work`, in which [`Self::for_each`] finds the other threads awake.
    pub(super) fn session<T>(&self, work: impl FnOnce() -> T) -> T {
        self.team.session(work)
    }

    /// Hands each of `items` to `work`, on whichever thread is free. Only within a session.
    pub(super) fn for_each<T: Send>(&self, items: Vec<T>, work: impl Fn(T) + Sync) {
        self.team.for_each(items, work);
    }

    /// `out` = x Wᵀ for several W, side by side. For those W that are in blocks, x is rounded as `precision` says.
    pub(super) fn multiply(
        &self,
        weights: &[Weight],
        x: &Rows,
        precision: Precision,
        scratch: &mut Scratch,
        out: &mut Rows,
    ) {
        let rows = x.rows();
        out.reshape(rows, weights.iter().map(Weight::panels).sum());
        let blocks = weights.iter().any(Weight::in_blocks);
        let rounded = self.round(x, if blocks { precision } else { Precision::F32 }, scratch);
        let panels = weights.iter().flat_map(|w| (0..w.panels()).map(move |p| (w, p)));
        let part = self.part(rows, out.panels().len() / rows);
        let tasks: Vec<_> = (panels.zip(out.panels_mut().chunks_exact_mut(rows)))
            .flat_map(|(panel, y)| y.chunks_mut(part).enumerate().map(move |(i, y)| (panel, i * part, y)))
            .collect();
        self.for_each(tasks, |((weight, p), first, y)| {
            self.product(weight, p, input(weight, x, rounded), rows, first, y);
        });
    }

    /// `out` = silu(x Gᵀ) · x Uᵀ.
    pub(super) fn multiply_gated(
        &self,
        [gate, up]: [(&Weight, Option<&[Panel]>); 2],
        x: &Rows,
        precision: Precision,
        scratch: &mut Scratch,
        out: &mut Rows,
    ) {
        let rows = x.rows();
        out.reshape(rows, gate.0.panels());
        let blocks = gate.0.in_blocks() || up.0.in_blocks();
        let rounded = self.round(x, if blocks { precision } else { Precision::F32 }, scratch);
        let part = self.part(rows, gate.0.panels());
        let tasks: Vec<_> = (out.panels_mut().chunks_exact_mut(rows).enumerate())
            .flat_map(|(p, y)| y.chunks_mut(part).enumerate().map(move |(i, y)| (p, i * part, y)))
            .collect();
        self.for_each(tasks, |(p, first, y)| {
            let mut other = vec![Panel::ZERO; y.len()];
            for ((weight, bias), y) in [(gate, &mut *y), (up, &mut other[..])] {
                self.product(weight, p, input(weight, x, rounded), rows, first, y);
                if let Some(bias) = bias {
                    self.level.run(AddEach { x: y, y: &bias[p] });
                }
            }
            self.level.run(Gate { gate: y, up: &other });
        });
    }

    /// Adds a row, `[panels]`, to each row.
    pub(super) fn add_each(&self, x: &mut Rows, row: &[Panel]) {
        let rows = x.rows();
        for (x, y) in x.panels_mut().chunks_exact_mut(rows).zip(row) {
            self.level.run(AddEach { x, y });
        }
    }

    fn product(&self, weight: &Weight, p: usize, x: Input<'_>, rows: usize, first: usize, y: &mut [Panel]) {
        self.level.run(Clear(y));
        let weights = weight.panel(p);
        match x {
            Input::Whole(x) => self.level.run(Product { x, rows, first, weights, y }),
            Input::One(x) => self.level.run(IntegerProduct { x, rows, first, weights, y }),
            Input::Two(x) => self.level.run(IntegerProduct { x, rows, first, weights, y }),
        }
    }

    fn round<'a>(&self, x: &'a Rows, precision: Precision, scratch: &'a mut Scratch) -> Input<'a> {
        match precision {
            Precision::F32 => Input::Whole(x.panels()),
            Precision::Int8 => Input::One(self.quantize(x, &mut scratch.one)),
            Precision::Int16 => Input::Two(self.quantize(x, &mut scratch.two)),
        }
    }

    fn quantize<'a, const N: usize>(&self, x: &Rows, to: &'a mut Vec<Integers<N>>) -> &'a [Integers<N>] {
        /// Panels that are worth another thread.
        const PIECE: usize = 128;
        to.resize(x.panels().len(), Integers::ZERO);
        let pieces = x.panels().chunks(PIECE).zip(to.chunks_mut(PIECE)).collect();
        self.for_each(pieces, |(from, to)| self.level.run(Quantize { from, to }));
        to
    }

    /// How many rows of a panel are a task: all of them, unless there are so few panels that some threads
    /// would have one more to do than the others.
    fn part(&self, rows: usize, panels: usize) -> usize {
        /// Spreading weights out pays from about this many rows on.
        const ENOUGH: usize = 24;
        let threads = self.team.threads();
        match panels.is_multiple_of(threads) || panels > 16 * threads || rows < ENOUGH {
            true => rows,
            false => rows.div_ceil(threads).next_multiple_of(6),
        }
    }
}

fn input<'a>(weight: &Weight, x: &'a Rows, rounded: Input<'a>) -> Input<'a> {
    match weight.in_blocks() {
        true => rounded,
        false => Input::Whole(x.panels()),
    }
}
