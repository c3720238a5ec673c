#![allow(clippy::unwrap_used, clippy::print_stderr)]
use candle_core::{Device, Tensor};
use std::time::Instant;
fn time(mut f: impl FnMut()) -> f64 {
    f();
    let mut best = f64::MAX;
    for _ in 0..7 {
        let t = Instant::now();
        for _ in 0..10 {
            f()
        }
        best = best.min(t.elapsed().as_secs_f64() / 10.0);
    }
    best * 1e6
}
#[test]
fn bench() {
    let d = Device::Cpu;
    for (n, k) in [
        (1536usize, 576usize),
        (3072, 576),
        (960, 576),
        (576, 1536),
        (49152, 576),
    ] {
        let w = Tensor::randn(0f32, 1.0, (n, k), &d).unwrap();
        let wt = w.t().unwrap();
        let wc = wt.contiguous().unwrap();
        for m in [1usize, 4, 8, 16, 32, 64, 96] {
            let x = Tensor::randn(0f32, 1.0, (m, k), &d).unwrap();
            let a = time(|| {
                x.matmul(&wt).unwrap();
            });
            let b = time(|| {
                x.matmul(&wc).unwrap();
            });
            let xt = x.t().unwrap().contiguous().unwrap();
            let c = time(|| {
                w.matmul(&xt).unwrap();
            });
            let e = time(|| {
                w.matmul(&x.t().unwrap()).unwrap();
            });
            let g = 2.0 * (m * n * k) as f64 / 1e3;
            eprintln!(
                "n {n} k {k} m {m}: x·Wt view {a:.0} us ({:.0} GF/s)  contiguous {b:.0} us ({:.0})  W·xT {c:.0} ({:.0}) W.x.t() {e:.0}",
                g / a,
                g / b,
                g / c
            );
        }
    }
    for len in [64usize, 128] {
        let q = Tensor::randn(0f32, 1.0, (3, 3, 64), &d).unwrap();
        let k = Tensor::randn(0f32, 1.0, (3, 256, 64), &d).unwrap();
        let t = time(|| {
            let kk = k.narrow(1, 0, len).unwrap();
            let s = q.matmul(&kk.t().unwrap()).unwrap();
            let p = candle_nn::ops::softmax_last_dim(&s).unwrap();
            p.matmul(&kk).unwrap();
        });
        let a = time(|| {
            let kk = k.narrow(1, 0, len).unwrap();
            q.matmul(&kk.t().unwrap()).unwrap();
        });
        let s = q
            .matmul(&k.narrow(1, 0, len).unwrap().t().unwrap())
            .unwrap();
        let b = time(|| {
            candle_nn::ops::softmax_last_dim(&s).unwrap();
        });
        let kn = Tensor::randn(0f32, 1.0, (3, 1, 64), &d).unwrap();
        let c = time(|| {
            k.slice_set(&kn, 1, 5).unwrap();
        });
        eprintln!("attention len {len}: {t:.1} us, qk {a:.1}, softmax {b:.1}, slice_set {c:.1}");
    }
    for m in [1usize, 32] {
        let x = Tensor::randn(0f32, 1.0, (m, 576), &d).unwrap();
        let w = Tensor::randn(0f32, 1.0, 576, &d).unwrap();
        let g = Tensor::randn(0f32, 1.0, (m, 3072), &d).unwrap();
        let a = time(|| {
            candle_nn::ops::rms_norm(&x, &w, 1e-5).unwrap();
        });
        let b = time(|| {
            candle_nn::ops::swiglu(&g).unwrap();
        });
        eprintln!("m {m}: rms {a:.1} swiglu {b:.1}");
    }
}
