#![allow(clippy::all, clippy::unwrap_used, clippy::print_stderr)]
use glotrace_text::*;
use std::time::Instant;
#[test]
fn speed() {
    let d = lang::Detector::default();
    for f in ["en", "bn", "ja"] {
        let t = std::fs::read_to_string(format!("../../../../shared/data/traces/qwen3_1.7b_mgsm_{f}.jsonl")).unwrap();
        let rows: Vec<String> = t.split('\n').filter(|l| !l.is_empty()).map(|l| {
            let v: serde_json::Value = serde_json::from_str(l).unwrap();
            v[if f == "en" { "english_response" } else { "native_response" }].as_str().unwrap().to_owned()
        }).collect();
        let bytes: usize = rows.iter().map(|r| r.len()).sum();
        for pass in 0..2 {
            let s = Instant::now();
            let mut c = std::collections::BTreeMap::<Option<&str>, usize>::new();
            for r in &rows { *c.entry(lang::detect(r, &d)).or_default() += 1; }
            let e = s.elapsed();
            eprintln!("{f} pass {pass} full: {:?} {:.0} rows/s {:.2} MB/s {:?}", e, rows.len() as f64 / e.as_secs_f64(), bytes as f64 / 1e6 / e.as_secs_f64(), c);
        }
        // dedupe words
        let re = regex::Regex::new("\\p{Bengali}+|\\p{Devanagari}+|\\p{Gujarati}+|\\p{Gurmukhi}+|\\p{Han}|\\p{Hangul}+|\\p{Hiragana}|\\p{Katakana}|\\p{Tamil}+|\\p{Telugu}+|\\p{Thai}+|\\p{L}+").unwrap();
        let s = Instant::now();
        let ded: Vec<String> = rows.iter().map(|r| {
            let l = r.to_lowercase();
            let mut seen = std::collections::HashSet::new();
            let mut o = String::new();
            for m in re.find_iter(&l) { if seen.insert(m.as_str()) { o.push_str(m.as_str()); o.push(' '); } }
            o
        }).collect();
        eprintln!("  words {:?}", s.elapsed());
        let s = Instant::now();
        for r in &ded { lang::detect(r, &d); }
        let e = s.elapsed();
        eprintln!("  dedupe {:?} {:.0} rows/s, bytes {}", e, rows.len() as f64 / e.as_secs_f64(), ded.iter().map(|r| r.len()).sum::<usize>());
        let s = Instant::now();
        let tri: Vec<String> = rows.iter().map(|r| {
            let l = r.to_lowercase();
            let mut seen = std::collections::HashSet::new();
            let mut o = String::new();
            for m in re.find_iter(&l) { let w: Vec<char> = m.as_str().chars().collect(); for t in w.windows(3) { if seen.insert((t[0], t[1], t[2])) { o.extend(t); o.push(' '); } } }
            o
        }).collect();
        eprintln!("  tri {:?}", s.elapsed());
        let s = Instant::now();
        for r in &tri { lang::detect(r, &d); }
        let e = s.elapsed();
        eprintln!("  tri {:?} {:.0} rows/s, bytes {}", e, rows.len() as f64 / e.as_secs_f64(), tri.iter().map(|r| r.len()).sum::<usize>());
        for n in [500, 1000, 2000] {
            let s = Instant::now();
            let same = rows.iter().filter(|r| { let mut e = n.min(r.len()); while !r.is_char_boundary(e) { e -= 1; } lang::detect(&r[..e], &d) == lang::detect(r, &d) }).count();
            eprintln!("  first {n}: same {same} {:?}", s.elapsed());
        }
    }
}
