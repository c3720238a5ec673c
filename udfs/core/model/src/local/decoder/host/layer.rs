//! One layer: attention over each sequence's own pages, then a gated feed-forward layer, each added to its normalized
//! input.

use super::{
    super::super::{
        cpu::{Cpu, Scratch},
        kernel::{
            PANEL,
            attend::{Attend, Line},
            pointwise::Add,
        },
        pages::Pages,
        rows::{Rows, lines},
    },
    super::{Precision, Span, rotary::Angles},
    linear::Linear,
    norm::{HeadNorm, RmsNorm},
};

/// What a pass writes its intermediate results to, kept from pass to pass.
#[derive(Default)]
pub(super) struct Workspace {
    /// The residual stream, `[tokens, hidden]`.
    pub(super) x: Rows,
    /// What goes into a linear map.
    pub(super) input: Rows,
    /// What comes out of one, or of attention.
    pub(super) output: Rows,
    qkv: Rows,
    pub(super) scratch: Scratch,
}

/// What the tokens of a pass have in common in all layers.
pub(super) struct Pass<'a, 'b> {
    pub(super) cpu: &'a Cpu,
    pub(super) precision: Precision,
    pub(super) angles: &'a Angles,
    pub(super) spans: &'a [Span<'b>],
}

pub(super) struct Attention {
    pub(super) qkv: Linear, // hidden → (heads, kv_heads, kv_heads) × head_dim
    pub(super) output: Linear,
    pub(super) q_norm: Option<HeadNorm>,
    pub(super) k_norm: Option<HeadNorm>,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    /// How far tokens look back; `None` is all the way.
    pub(super) window: Option<usize>,
}

/// Some new tokens of a span and one head of keys and values: what one thread attends to at a time.
struct Piece {
    span: usize,
    /// The first token's row, and its position in its sequence.
    row: usize,
    position: usize,
    tokens: usize,
    head: usize,
}

impl Attention {
    fn forward(&self, layer: usize, pass: &Pass<'_, '_>, pages: &mut Pages, work: &mut Workspace) {
        self.qkv.forward(pass, &work.input, &mut work.scratch, &mut work.qkv);
        let starts = self.qkv.starts();
        self.remember(layer, pass, pages, &work.qkv, [starts[1], starts[2]]);
        let pieces = self.pieces(pass.spans);
        let (pages, qkv) = (&*pages, &work.qkv);
        // Another thread pays from some microseconds of work on.
        let seen: usize = pieces.iter().map(|p| p.tokens * (p.position + p.tokens)).sum();
        let mut mixed = vec![Vec::new(); pieces.len()];
        let tasks: Vec<_> = pieces.iter().zip(&mut mixed).collect();
        let attend = |(piece, mixed): (&Piece, &mut Vec<Line>)| *mixed = self.attend(layer, pass, pages, qkv, piece);
        match seen * self.heads / self.kv_heads * self.head_dim < 1 << 15 {
            true => tasks.into_iter().for_each(attend),
            false => pass.cpu.for_each(tasks, attend),
        }
        let group = self.heads / self.kv_heads;
        let width = self.heads * self.head_dim;
        work.input.reshape(qkv.rows(), width.div_ceil(PANEL));
        work.input.clear_from(width);
        for (piece, mixed) in pieces.iter().zip(&mixed) {
            for (i, head) in mixed.chunks_exact(pages.lines()).enumerate() {
                let column = (piece.head * group + i % group) * self.head_dim;
                work.input.write(piece.row + i / group, column, &Line::floats(head)[..self.head_dim]);
            }
        }
        self.output.forward(pass, &work.input, &mut work.scratch, &mut work.output);
    }

    /// Writes keys and values of the new tokens into their pages.
    fn remember(&self, layer: usize, pass: &Pass<'_, '_>, pages: &mut Pages, qkv: &Rows, [k, v]: [usize; 2]) {
        let width = self.head_dim;
        let mut key = vec![Line::ZERO; lines(width)];
        let mut value = key.clone();
        let mut row = 0;
        for span in pass.spans {
            for position in (span.sequence.len()..).take(span.tokens.len()) {
                for head in 0..self.kv_heads {
                    qkv.read(row, k + head * width, &mut Line::floats_mut(&mut key)[..width]);
                    qkv.read(row, v + head * width, &mut Line::floats_mut(&mut value)[..width]);
                    if let Some(norm) = &self.k_norm {
                        norm.forward(pass.cpu, &mut key);
                    }
                    pass.angles.rotate(row, &mut key);
                    pages.write(span.sequence, layer, head, position, &key, &value);
                }
                row += 1;
            }
        }
    }

    fn pieces(&self, spans: &[Span<'_>]) -> Vec<Piece> {
        /// Tokens of a prompt that one thread takes at a time.
        const TOKENS: usize = 16;
        let mut pieces = Vec::new();
        let mut row = 0;
        for (span, Span { tokens, sequence }) in spans.iter().enumerate() {
            for first in (0..tokens.len()).step_by(TOKENS) {
                let tokens = TOKENS.min(tokens.len() - first);
                let piece = |head| Piece { span, row: row + first, position: sequence.len() + first, tokens, head };
                pieces.extend((0..self.kv_heads).map(piece));
            }
            row += tokens.len();
        }
        pieces
    }

    /// `[tokens × queries of the head's group, lines]`
    fn attend(&self, layer: usize, pass: &Pass<'_, '_>, pages: &Pages, qkv: &Rows, piece: &Piece) -> Vec<Line> {
        let (group, width, lines) = (self.heads / self.kv_heads, self.head_dim, pages.lines());
        let scale = (width as f32).sqrt().recip();
        let n = piece.tokens * group;
        let mut queries = vec![Line::ZERO; n * lines];
        let mut views = Vec::with_capacity(n);
        for (i, query) in queries.chunks_exact_mut(lines).enumerate() {
            let (row, column) = (piece.row + i / group, (piece.head * group + i % group) * width);
            qkv.read(row, column, &mut Line::floats_mut(query)[..width]);
            if let Some(norm) = &self.q_norm {
                norm.forward(pass.cpu, query);
            }
            pass.angles.rotate(row, query);
            Line::floats_mut(query).iter_mut().for_each(|x| *x *= scale);
            let end = piece.position + i / group + 1;
            views.push(self.window.map_or(0, |window| end.saturating_sub(window))..end);
        }
        let mut out = vec![Line::ZERO; n * lines];
        let pages = pages.read(pass.spans[piece.span].sequence, layer, piece.head);
        pass.cpu.level().run(Attend {
            queries: &queries,
            lines,
            views: &views,
            pages: &pages,
            bias: None,
            scores: &mut Vec::new(),
            out: &mut out,
        });
        out
    }
}

/// Gated feed-forward layer (Shazeer, arXiv 2002.05202): down(silu(gate(x)) · up(x)).
pub(super) struct Mlp {
    pub(super) gate_up: Linear, // hidden → (intermediate, intermediate)
    pub(super) down: Linear,
}

pub(super) struct Layer {
    pub(super) attention_norm: RmsNorm,
    pub(super) attention: Attention,
    pub(super) mlp_norm: RmsNorm,
    pub(super) mlp: Mlp,
}

impl Layer {
    pub(super) fn forward(&self, layer: usize, pass: &Pass<'_, '_>, pages: &mut Pages, work: &mut Workspace) {
        let cpu = pass.cpu;
        self.attention_norm.forward(cpu, &work.x, &mut work.input);
        self.attention.forward(layer, pass, pages, work);
        cpu.level().run(Add { x: work.x.panels_mut(), y: work.output.panels() });
        self.mlp_norm.forward(cpu, &work.x, &mut work.input);
        self.mlp.gate_up.forward_gated(pass, &work.input, &mut work.scratch, &mut work.output);
        std::mem::swap(&mut work.input, &mut work.output);
        self.mlp.down.forward(pass, &work.input, &mut work.scratch, &mut work.output);
        cpu.level().run(Add { x: work.x.panels_mut(), y: work.output.panels() });
    }

    /// Bytes of its matrices.
    pub(super) fn size(&self) -> usize {
        [&self.attention.qkv, &self.attention.output, &self.mlp.gate_up, &self.mlp.down].map(Linear::size).iter().sum()
    }
}
