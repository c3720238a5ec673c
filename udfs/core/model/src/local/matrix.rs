//! A matrix as a file holds it, before it is packed for the products.

use candle_core::Tensor;

use crate::Result;

/// Rows of `outputs`, each of as many numbers as there are inputs.
pub struct Matrix {
    /// How many rows.
    pub outputs: usize,
    /// How many numbers a row has.
    pub inputs: usize,
    /// The numbers, row after row.
    pub numbers: Numbers,
}

/// The numbers of a matrix.
pub enum Numbers {
    /// Single precision.
    Whole(Vec<f32>),
    /// Blocks of a GGUF file.
    Blocks(BlockKind, Vec<u8>),
}

/// A kind of block, in each of which thirty-two neighbours in a row share a scale.
///
/// Format: <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Scale d, 32 signed bytes q: d q.
    Q8_0,
    /// Scale d, 32 times 4 bits q: d (q - 8).
    Q4_0,
    /// Scale d, minimum m, 32 times 4 bits q: d q + m.
    Q4_1,
}

impl BlockKind {
    /// Bytes of a block.
    pub fn bytes(self) -> usize {
        match self {
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
        }
    }
}

impl Matrix {
    /// A tensor `[outputs, inputs]`.
    pub fn from_tensor(tensor: &Tensor) -> Result<Self> {
        let (outputs, inputs) = tensor.dims2()?;
        Ok(Self { outputs, inputs, numbers: Numbers::Whole(tensor.flatten_all()?.to_vec1()?) })
    }

    /// The same rows in another order: `order` gives for each row of the result which one it is.
    #[must_use]
    pub fn reordered(self, order: impl Fn(usize) -> usize) -> Self {
        fn rows<T: Copy>(data: &[T], outputs: usize, order: impl Fn(usize) -> usize) -> Vec<T> {
            let width = data.len().checked_div(outputs).unwrap_or(0);
            (0..outputs).flat_map(|row| &data[order(row) * width..][..width]).copied().collect()
        }
        let numbers = match self.numbers {
            Numbers::Whole(data) => Numbers::Whole(rows(&data, self.outputs, order)),
            Numbers::Blocks(kind, data) => Numbers::Blocks(kind, rows(&data, self.outputs, order)),
        };
        Self { numbers, ..self }
    }
}
