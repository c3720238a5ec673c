//! Exponential and logarithm as straight lines of arithmetic, which compilers turn into vectors. Good to a unit or two in the last
//! place over the ranges that are stated, and the same to the bit on every processor.

/// e^−x for x ≥ 0. Below e^−708, which is 3e-308, it stays there.
#[inline(always)]
pub fn exp_of_minus(x: f64) -> f64 {
    /// Added and taken off again, it leaves a whole number, whose bits are the lowest of the sum.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < 708.0 { -x } else { -708.0 };
    let shifted = x * std::f64::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // Taylor's series; |r| ≤ ln 2 / 2, so that the first term left out is below 4e-18.
    let mut sum = 1.0 / 6_227_020_800.0;
    for factor in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        sum = sum * r + factor;
    }
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// ln(1 + x) for 0 ≤ x ≤ 1, by the series that fdlibm uses for the logarithm.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    // 1 + x, halved where it is above the root of 2, less 1: exact but for x tiny, which is not halved.
    let halved = x > std::f64::consts::SQRT_2 - 1.0;
    let (f, k) = if halved { ((x - 1.0) / 2.0, 1.0) } else { (x, 0.0) };
    let s = f / (2.0 + f);
    let z = s * s;
    let mut series = 1.479_819_860_511_658_6e-1;
    for factor in [
        1.531_383_769_920_937_3e-1,
        1.818_357_216_161_805e-1,
        2.222_219_843_214_978_4e-1,
        2.857_142_874_366_239e-1,
        3.999_999_999_940_942e-1,
        6.666_666_666_666_735e-1,
    ] {
        series = series * z + factor;
    }
    let half_square = 0.5 * f * f;
    k * 6.931_471_803_691_238e-1
        - ((half_square - (s * (half_square + series * z) + k * 1.908_214_929_270_587_7e-10)) - f)
}

#[cfg(test)]
mod tests {
    use super::{exp_of_minus, ln_1p};

    #[test]
    fn they_agree_with_the_library_to_the_last_places() {
        let (mut worst_exp, mut worst_ln) = (0.0f64, 0.0f64);
        for i in 0..200_000 {
            let x = f64::from(i) * 0.0035;
            worst_exp = worst_exp.max((exp_of_minus(x) / (-x).exp() - 1.0).abs());
            let y = f64::from(i + 1) / 200_000.0;
            for y in [y, y * 1e-9] {
                worst_ln = worst_ln.max((ln_1p(y) / y.ln_1p() - 1.0).abs());
            }
        }
        assert!(worst_exp < 6e-16 && worst_ln < 5e-16, "{worst_exp} {worst_ln}");
        assert_eq!([exp_of_minus(0.0), ln_1p(0.0)], [1.0, 0.0]);
        assert!(exp_of_minus(f64::INFINITY) < 4e-308);
    }
}
