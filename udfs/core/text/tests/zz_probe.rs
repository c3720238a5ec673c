#![expect(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "tests")]
use glotrace_text::math;
use std::time::Instant;
#[test]
fn probe() {
    let Ok(path) = std::env::var("PROBE") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    for line in text.split('\n').filter(|l| !l.is_empty()) {
        let r: serde_json::Value = serde_json::from_str(line).unwrap();
        let (g, t, s, l) = (r["gold"].as_str().unwrap(), r["trace"].as_str().unwrap_or(""), r["response"].as_str().unwrap_or(""), r["lang"].as_str().unwrap_or("en"));
        let t0 = Instant::now();
        let c = math::correct(g, Some(t), Some(s));
        let dt = t0.elapsed().as_secs_f64();
        let t1 = Instant::now();
        let k = math::correct_ki2026(g, Some(t), Some(s));
        let dk = t1.elapsed().as_secs_f64();
        println!("@{}", serde_json::json!({"id": r["id"], "c": c, "ci": math::correct_in(g, Some(t), Some(s), l), "k": k, "a": math::answer(s), "e": math::equal(g, s), "n": math::last_number(s, None), "dt": dt, "dk": dk}));
    }
    let base = "Wir lesen die Aufgabe noch einmal: 12 Kisten mit je 49 Stiften, also 12 * 49 = 588. Das ist $x^2$ und \\(y\\). The answer may be near. ";
    for (name, body) in [("box", format!("{}\\boxed{{588}}", base.repeat(60))), ("plain", format!("{} 588", base.repeat(60))), ("答", format!("{}588", "再读一遍题目：诺拉有53个盒子，每个盒子装57支铅笔。这里的答案不是这个。".repeat(80)))] {
        for (f, run) in [
            ("correct response", Box::new(|s: &str| math::correct("588", None, Some(s))) as Box<dyn Fn(&str) -> bool>),
            ("correct trace", Box::new(|s: &str| math::correct("588", Some(s), Some("See above.")))),
            ("ki", Box::new(|s: &str| math::correct_ki2026("588", Some(s), Some("See above.")))),
            ("answer", Box::new(|s: &str| math::answer(s).is_some())),
            ("last_number", Box::new(|s: &str| math::last_number(s, None).is_some())),
            ("equal", Box::new(|s: &str| math::equal("588", s))),
        ] {
            let t = Instant::now();
            for _ in 0..200 { std::hint::black_box(run(&body)); }
            eprintln!("{name} {} bytes {f}: {:.1} us", body.len(), t.elapsed().as_secs_f64() * 5000.0);
        }
    }
}
