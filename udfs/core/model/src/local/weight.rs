//! A matrix packed for products, in the smallest form that holds its numbers as they are.

use super::{
    kernel::{
        BLOCK, LANES, PANEL, Panel,
        product::{Bytes, Halves, Nibbles, Stored},
    },
    matrix::{BlockKind, Matrix, Numbers},
};

/// W of y = x Wᵀ: outputs in panels of sixty-four, inputs filled up with zeros to a multiple of sixty-four.
pub(super) struct Weight {
    outputs: usize,
    inputs: usize,
    form: Form,
}

enum Form {
    Whole(Vec<Panel>),
    Bfloats(Vec<Halves>),
    Halves(Vec<Halves>),
    Bytes(Vec<Bytes>, Vec<Halves>),
    Nibbles(Vec<Nibbles>, Vec<[Halves; 2]>),
}

impl Weight {
    /// Packs `matrix`. Where `in_bytes`, numbers that are not in blocks are put into blocks of signed bytes, which
    /// changes them; else all numbers stay what they are.
    pub(super) fn new(matrix: &Matrix, in_bytes: bool) -> Self {
        let &Matrix { outputs, inputs, .. } = matrix;
        let form = match &matrix.numbers {
            Numbers::Whole(data) if in_bytes => {
                bytes(outputs, inputs, |row, block, to| quantize(data, inputs, row, block, to))
            }
            Numbers::Whole(data) => whole(outputs, inputs, data),
            Numbers::Blocks(BlockKind::Q8_0, data) => bytes(outputs, inputs, |row, block, to| {
                let block = &data[(row * (inputs / BLOCK) + block) * 34..][..34];
                for (to, &q) in to.iter_mut().zip(&block[2..]) {
                    *to = q.cast_signed();
                }
                u16::from_le_bytes([block[0], block[1]])
            }),
            Numbers::Blocks(kind, data) => nibbles(outputs, inputs, *kind, data),
        };
        Self { outputs, inputs, form }
    }

    /// Panels of outputs.
    pub(super) fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Whether it is in blocks of whole numbers.
    pub(super) fn in_blocks(&self) -> bool {
        matches!(self.form, Form::Bytes(..) | Form::Nibbles(..))
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        match &self.form {
            Form::Whole(w) => size_of_val(&w[..]),
            Form::Bfloats(w) | Form::Halves(w) => size_of_val(&w[..]),
            Form::Bytes(q, d) => size_of_val(&q[..]) + size_of_val(&d[..]),
            Form::Nibbles(q, d) => size_of_val(&q[..]) + size_of_val(&d[..]),
        }
    }

    /// The weights of panel `p` of outputs.
    pub(super) fn panel(&self, p: usize) -> Stored<'_> {
        let inputs = self.inputs.next_multiple_of(PANEL);
        let blocks = inputs / BLOCK;
        match &self.form {
            Form::Whole(w) => Stored::Whole(&w[p * inputs..][..inputs]),
            Form::Bfloats(w) => Stored::Bfloats(&w[p * inputs..][..inputs]),
            Form::Halves(w) => Stored::Halves(&w[p * inputs..][..inputs]),
            Form::Bytes(q, d) => Stored::Bytes(&q[p * blocks..][..blocks], &d[p * blocks..][..blocks]),
            Form::Nibbles(q, d) => Stored::Nibbles(&q[p * blocks..][..blocks], &d[p * blocks..][..blocks]),
        }
    }

    /// Row `row` of the matrix, `[inputs]`.
    pub(super) fn row(&self, row: usize, to: &mut [f32]) {
        let (g, lane) = (row % PANEL / LANES, row % LANES);
        match self.panel(row / PANEL) {
            Stored::Whole(w) => to.iter_mut().zip(w).for_each(|(to, w)| *to = w.0[g][lane]),
            Stored::Bfloats(w) => {
                to.iter_mut().zip(w).for_each(|(to, w)| *to = f32::from_bits(u32::from(w.0[g][lane]) << 16));
            }
            Stored::Halves(w) => to.iter_mut().zip(w).for_each(|(to, w)| *to = half(w.0[g][lane])),
            Stored::Bytes(q, d) => {
                for (to, (q, d)) in to.chunks_mut(BLOCK).zip(q.iter().zip(d)) {
                    let d = half(d.0[g][lane]);
                    for (i, to) in to.iter_mut().enumerate() {
                        let q = q.0[g][i / 4][lane].to_le_bytes()[i % 4];
                        *to = (f32::from(q) - 128.0) * d;
                    }
                }
            }
            Stored::Nibbles(q, d) => {
                for (to, (q, [d, m])) in to.chunks_mut(BLOCK).zip(q.iter().zip(d)) {
                    let (d, m) = (half(d.0[g][lane]), half(m.0[g][lane]));
                    for (i, to) in to.iter_mut().enumerate() {
                        let q = q.0[g][i / 8][lane].to_le_bytes()[i % 4] >> (i / 4 % 2 * 4) & 15;
                        // The product is exact, so that one rounding follows, as in a multiply-add.
                        *to = f32::from(q) * d + m;
                    }
                }
            }
        }
    }
}

fn half(bits: u16) -> f32 {
    half::f16::from_bits(bits).to_f32()
}

/// f32, or sixteen bits where that loses nothing.
fn whole(outputs: usize, inputs: usize, data: &[f32]) -> Form {
    if data.iter().all(|x| x.to_bits() & 0xffff == 0) {
        return Form::Bfloats(halves(outputs, inputs, data, |x| (x.to_bits() >> 16) as u16));
    }
    if data.iter().all(|&x| half::f16::from_f32(x).to_f32().to_bits() == x.to_bits()) {
        return Form::Halves(halves(outputs, inputs, data, |x| half::f16::from_f32(x).to_bits()));
    }
    let depth = inputs.next_multiple_of(PANEL);
    let mut panels = vec![Panel::ZERO; outputs.div_ceil(PANEL) * depth];
    for (row, data) in data.chunks_exact(inputs).enumerate() {
        let panel = &mut panels[row / PANEL * depth..];
        for (panel, &x) in panel.iter_mut().zip(data) {
            panel.0[row % PANEL / LANES][row % LANES] = x;
        }
    }
    Form::Whole(panels)
}

fn halves(outputs: usize, inputs: usize, data: &[f32], narrow: impl Fn(f32) -> u16) -> Vec<Halves> {
    let depth = inputs.next_multiple_of(PANEL);
    let mut panels = vec![Halves::ZERO; outputs.div_ceil(PANEL) * depth];
    for (row, data) in data.chunks_exact(inputs).enumerate() {
        let panel = &mut panels[row / PANEL * depth..];
        for (panel, &x) in panel.iter_mut().zip(data) {
            panel.0[row % PANEL / LANES][row % LANES] = narrow(x);
        }
    }
    panels
}

/// `read` gives the bytes of a block of a row, and its scale.
fn bytes(outputs: usize, inputs: usize, read: impl Fn(usize, usize, &mut [i8; BLOCK]) -> u16) -> Form {
    let depth = inputs.next_multiple_of(PANEL) / BLOCK;
    let panels = outputs.div_ceil(PANEL);
    let mut q = vec![Bytes::ZERO; panels * depth];
    let mut d = vec![Halves::ZERO; panels * depth];
    let mut block = [0; BLOCK];
    for row in 0..outputs {
        let (g, lane) = (row % PANEL / LANES, row % LANES);
        for b in 0..inputs.div_ceil(BLOCK) {
            let at = row / PANEL * depth + b;
            d[at].0[g][lane] = read(row, b, &mut block);
            for (word, four) in q[at].0[g].iter_mut().zip(block.as_chunks::<4>().0) {
                // Counted from -128.
                word[lane] = u32::from_le_bytes(four.map(i8::cast_unsigned)) ^ 0x8080_8080;
            }
        }
    }
    Form::Bytes(q, d)
}

/// Rounds a block of a row to bytes; as many scales as a byte has steps above zero are its largest number.
fn quantize(data: &[f32], inputs: usize, row: usize, block: usize, to: &mut [i8; BLOCK]) -> u16 {
    let row = &data[row * inputs..][..inputs];
    let from = &row[block * BLOCK..inputs.min((block + 1) * BLOCK)];
    let largest = from.iter().fold(0.0f32, |max, x| max.max(x.abs()));
    let scale = half::f16::from_f32(largest / 127.0);
    let inverse = if scale.to_f32() > 0.0 { 1.0 / scale.to_f32() } else { 0.0 };
    *to = [0; BLOCK];
    for (to, x) in to.iter_mut().zip(from) {
        *to = (x * inverse).round_ties_even() as i8;
    }
    scale.to_bits()
}

fn nibbles(outputs: usize, inputs: usize, kind: BlockKind, data: &[u8]) -> Form {
    let depth = inputs.next_multiple_of(PANEL) / BLOCK;
    let panels = outputs.div_ceil(PANEL);
    let mut q = vec![Nibbles::ZERO; panels * depth];
    let mut scales = vec![[Halves::ZERO; 2]; panels * depth];
    let size = kind.bytes();
    for row in 0..outputs {
        let (g, lane) = (row % PANEL / LANES, row % LANES);
        for b in 0..inputs / BLOCK {
            let block = &data[(row * (inputs / BLOCK) + b) * size..][..size];
            let at = row / PANEL * depth + b;
            let d = u16::from_le_bytes([block[0], block[1]]);
            let m = match kind {
                BlockKind::Q4_1 => u16::from_le_bytes([block[2], block[3]]),
                // d (q - 8) = d q + m; eight times a half is one, short of overflow.
                _ => half::f16::from_f32(-8.0 * half(d)).to_bits(),
            };
            scales[at][0].0[g][lane] = d;
            scales[at][1].0[g][lane] = m;
            // The file has the first sixteen below and the others above.
            let packed = &block[size - BLOCK / 2..];
            let number = |i: usize| u32::from(packed[i % 16] >> (i / 16 * 4) & 15);
            for (w, words) in q[at].0[g].iter_mut().enumerate() {
                words[lane] = (0..4)
                    .fold(0, |word, i| word | number(8 * w + i) << (8 * i) | number(8 * w + 4 + i) << (8 * i + 4));
            }
        }
    }
    Form::Nibbles(q, scales)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every form gives back the numbers that it was made of, and rows that are no multiple of anything are filled up.
    #[test]
    fn a_form_that_loses_nothing_gives_its_numbers_back() {
        let (outputs, inputs) = (70, 100);
        let numbers =
            |f: fn(f32) -> f32| -> Vec<f32> { (0..outputs * inputs).map(|i| f((i as f32 * 0.37).sin())).collect() };
        let bf16 = numbers(|x| half::bf16::from_f32(x).to_f32());
        let f16 = numbers(|x| half::f16::from_f32(x).to_f32());
        for (data, size) in [(numbers(|x| x), 4), (bf16, 2), (f16, 2)] {
            let weight = Weight::new(&Matrix { outputs, inputs, numbers: Numbers::Whole(data.clone()) }, false);
            assert_eq!(weight.size(), 128 * 128 * size);
            let mut row = vec![0.0; inputs];
            for (i, data) in data.chunks_exact(inputs).enumerate() {
                weight.row(i, &mut row);
                assert_eq!(row, data);
            }
        }
    }
}
