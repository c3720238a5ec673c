//! x Wᵀ for the rows of a batch and a large W, on the CPU.
//!
//! Computed as it is written, the product goes through W in an order that costs several times as much as the
//! arithmetic. W xᵀ does not, as long as x has 16 or 32 rows, and comes out turned over; turning it back is
//! cheap where it is done in blocks. So x goes through in pieces of 32 rows, the last one filled up with
//! zeros to 16 or 32. (gemm 0.19, one thread with AVX-512, 1536 by 576 weights, GFLOP/s of x Wᵀ and of this:
//! 22 and 110 for 16 rows, 32 and 131 for 32, 55 and 95 for 128. A single row takes as long as 16.)
//!
//! It follows that a row's numbers do not depend on how many other rows there are, nor on its place among
//! them, to the last bit. (gemm promises no such thing; a test holds it.)

use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, Tensor, WithDType};

/// Rows of a piece.
const PIECE: usize = 32;
/// Pieces have a multiple of this many rows.
const FILL: usize = 16;

/// `x` is `[rows, inputs]` and `weight` `[outputs, inputs]`; the result is `[rows, outputs]`.
pub(super) fn times_transposed(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return x.matmul(&weight.t()?);
    }
    let (rows, inputs) = x.dims2()?;
    let mut pieces = Vec::with_capacity(rows.div_ceil(PIECE));
    for start in (0..rows).step_by(PIECE) {
        let n = PIECE.min(rows - start);
        let piece = x.narrow(0, start, n)?.pad_with_zeros(0, 0, n.next_multiple_of(FILL) - n)?;
        let product = weight.matmul(&piece.apply_op1_no_bwd(&Transpose { columns: inputs })?)?;
        pieces.push(product.apply_op1_no_bwd(&Transpose { columns: n })?);
    }
    Tensor::cat(&pieces, 0)
}

/// The first `columns` columns of a matrix as rows.
struct Transpose {
    columns: usize,
}

impl CustomOp1 for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, width) = layout.shape().dims2()?;
        let data = f32::cpu_storage_as_slice(storage)?;
        let data = match layout.contiguous_offsets() {
            Some((from, to)) => &data[from..to],
            None => return Err(Error::RequiresContiguous { op: self.name() }),
        };
        let mut turned = vec![0.0; rows * self.columns];
        turn(data, width, &mut turned, rows);
        let shape = (self.columns, rows).into();
        Ok((CpuStorage::F32(turned), shape))
    }
}

/// Writes column j of `data`, whose rows are `width` long, to row j of `turned`, whose rows are `rows` long,
/// for each row there.
///
/// A block of rows stays in the cache while its columns are taken one after the other.
fn turn(data: &[f32], width: usize, turned: &mut [f32], rows: usize) {
    const BLOCK: usize = 64;
    for (block, data) in data.chunks(BLOCK * width).enumerate() {
        for (j, turned) in turned.chunks_exact_mut(rows).enumerate() {
            let column = data.iter().skip(j).step_by(width);
            for (t, d) in turned[block * BLOCK..].iter_mut().zip(column) {
                *t = *d;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn a_row_is_the_same_to_the_bit_alone_and_among_others() {
        for (outputs, inputs) in [(130, 48), (576, 1536), (3072, 576)] {
            let weight = Tensor::randn(0f32, 1.0, (outputs, inputs), &Device::Cpu).unwrap();
            let x = Tensor::randn(0f32, 1.0, (77, inputs), &Device::Cpu).unwrap();
            let numbers = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let together = numbers(&times_transposed(&x, &weight).unwrap());
            for (row, together) in together.chunks_exact(outputs).enumerate() {
                let alone = times_transposed(&x.narrow(0, row, 1).unwrap(), &weight).unwrap();
                assert_eq!(numbers(&alone), together, "row {row} of {outputs} by {inputs}");
            }
        }
    }

    #[test]
    fn agrees_with_the_product_as_it_is_written() {
        let weight = Tensor::randn(0f32, 1.0, (130, 48), &Device::Cpu).unwrap();
        for rows in [1, 3, 4, 5, 70] {
            let x = Tensor::randn(0f32, 1.0, (rows, 48), &Device::Cpu).unwrap();
            let fast = times_transposed(&x, &weight).unwrap();
            let plain = x.matmul(&weight.t().unwrap()).unwrap();
            assert_eq!(fast.dims(), plain.dims());
            let difference = (fast - plain).unwrap().abs().unwrap().max_all().unwrap();
            let difference = difference.to_scalar::<f32>().unwrap();
            // Sums of 48 products of numbers around 1, in another order.
            assert!(difference < 2e-5, "{rows} rows: {difference}");
        }
    }
}
