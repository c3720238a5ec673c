//! softmax(q kᵀ) v over pages of keys and values.
//!
//! A page holds sixteen tokens: keys turned over, so that sixteen scores come out side by side, values as they are. A
//! query's result is made from its own scores alone, page after page in their order; what lies outside its
//! view takes part with weight zero, which changes no bit.

use std::ops::Range;

use super::{Kernel, LANES, Lanes};

/// Tokens of a page.
pub(crate) const PAGE: usize = LANES;

/// Sixteen f32 that are a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [f32; LANES]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    /// All numbers of `lines`.
    pub(crate) fn floats_mut(lines: &mut [Self]) -> &mut [f32] {
        // SAFETY: a line is its sixteen numbers and nothing else, so lines are so many numbers in a row.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LANES) }
    }

    /// All numbers of `lines`.
    pub(crate) fn floats(lines: &[Self]) -> &[f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LANES) }
    }
}

/// Attention of queries that share a head of keys and values.
pub(crate) struct Attend<'a> {
    /// `[queries, lines]`, scaled; a line is sixteen dimensions, the last one filled up with zeros.
    pub queries: &'a [Line],
    /// Lines of a head.
    pub lines: usize,
    /// Positions that each query looks at, none of them empty.
    pub views: &'a [Range<usize>],
    /// Keys `[16 × lines dimensions]` of sixteen tokens and values `[16 tokens, lines]`, of each page of the sequence.
    pub pages: &'a [&'a [Line]],
    /// What is added to the scores, `[queries, pages]`, where anything is.
    pub bias: Option<&'a [Line]>,
    /// Room for scores; grows.
    pub scores: &'a mut Vec<Line>,
    /// `[queries, lines]`
    pub out: &'a mut [Line],
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let mut at = 0;
        while at < self.views.len() {
            // Queries that go over the pages together, each page's lines loaded once for all of them.
            let n = (self.views.len() - at).min(4);
            let views = &self.views[at..at + n];
            let queries = &self.queries[at * self.lines..][..n * self.lines];
            let out = &mut self.out[at * self.lines..][..n * self.lines];
            let bias = self.bias.map(|bias| &bias[at * self.pages.len()..][..n * self.pages.len()]);
            match n {
                1 => together::<L, 1>(queries, self.lines, views, self.pages, bias, self.scores, out),
                2 => together::<L, 2>(queries, self.lines, views, self.pages, bias, self.scores, out),
                3 => together::<L, 3>(queries, self.lines, views, self.pages, bias, self.scores, out),
                _ => together::<L, 4>(queries, self.lines, views, self.pages, bias, self.scores, out),
            }
            at += n;
        }
    }
}

#[inline(always)]
fn together<L: Lanes, const Q: usize>(
    queries: &[Line],
    lines: usize,
    views: &[Range<usize>],
    pages: &[&[Line]],
    bias: Option<&[Line]>,
    scores: &mut Vec<Line>,
    out: &mut [Line],
) {
    let (mut first, mut last) = (usize::MAX, 0);
    for view in views {
        first = first.min(view.start / PAGE);
        last = last.max(view.end.div_ceil(PAGE));
    }
    let all = pages.len();
    let pages = &pages[first..last];
    let n = pages.len();
    scores.clear();
    scores.resize(Q * n, Line::ZERO); // [queries, pages]
    for (p, page) in pages.iter().enumerate() {
        let mut sums = [L::splat(0.0); Q];
        // Pages lie anywhere, which no cache foresees.
        let next = pages.get(p + 1).unwrap_or(page);
        for (line, keys) in page[..lines * LANES].chunks_exact(LANES).enumerate() {
            let next = &next[line * LANES..][..LANES];
            for (d, key) in keys.iter().enumerate() {
                L::fetch(&next[d]);
                let key = L::load(&key.0);
                for q in 0..Q {
                    sums[q] = key.mul_add(L::splat(queries[q * lines + line].0[d]), sums[q]);
                }
            }
        }
        for q in 0..Q {
            if let Some(bias) = bias {
                sums[q] = sums[q].add(L::load(&bias[q * all + first + p].0));
            }
            sums[q].store(&mut scores[q * n + p].0);
        }
    }
    let mut shares = [L::splat(0.0); Q];
    for q in 0..Q {
        shares[q] = softmax::<L>(&mut scores[q * n..][..n], first * PAGE, &views[q]);
    }
    // Four lines of every query at a time stay in registers.
    let mut line = 0;
    while line < lines {
        match lines - line {
            1 => mix::<L, Q, 1>(line, lines, pages, scores, &shares, out),
            2 => mix::<L, Q, 2>(line, lines, pages, scores, &shares, out),
            3 => mix::<L, Q, 3>(line, lines, pages, scores, &shares, out),
            _ => mix::<L, Q, 4>(line, lines, pages, scores, &shares, out),
        }
        line += 4;
    }
}

/// Turns scores into weights, whose sum is still to be divided by, and gives one over that sum.
#[inline(always)]
fn softmax<L: Lanes>(scores: &mut [Line], start: usize, view: &Range<usize>) -> L {
    let mut largest = L::splat(f32::NEG_INFINITY);
    for (p, scores) in scores.iter_mut().enumerate() {
        let from = start + p * PAGE;
        if from < view.start || from + PAGE > view.end {
            for (i, score) in scores.0.iter_mut().enumerate() {
                if !view.contains(&(from + i)) {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        largest = largest.max(L::load(&scores.0));
    }
    let largest = L::splat(largest.largest());
    let mut sum = L::splat(0.0);
    for scores in scores {
        let weights = L::load(&scores.0).sub(largest).exp();
        sum = sum.add(weights);
        weights.store(&mut scores.0);
    }
    L::splat(sum.sum()).reciprocal()
}

/// Lines `at .. at + N` of each query's result.
#[inline(always)]
fn mix<L: Lanes, const Q: usize, const N: usize>(
    at: usize,
    lines: usize,
    pages: &[&[Line]],
    weights: &[Line],
    shares: &[L; Q],
    out: &mut [Line],
) {
    let mut sums = [[L::splat(0.0); N]; Q];
    for (p, page) in pages.iter().enumerate() {
        let values = &page[lines * LANES..];
        let next = &pages.get(p + 1).unwrap_or(page)[lines * LANES..];
        for t in 0..PAGE {
            for soon in &next[t * lines + at..][..N] {
                L::fetch(soon);
            }
            let Some(value) = values[t * lines + at..].first_chunk::<N>() else {
                return;
            };
            for q in 0..Q {
                let weight = L::splat(weights[q * pages.len() + p].0[t]);
                for i in 0..N {
                    sums[q][i] = L::load(&value[i].0).mul_add(weight, sums[q][i]);
                }
            }
        }
    }
    for q in 0..Q {
        for i in 0..N {
            sums[q][i].mul(shares[q]).store(&mut out[q * lines + at + i].0);
        }
    }
}
