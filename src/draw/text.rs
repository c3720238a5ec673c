//! How wide texts are, without a font at hand.
//!
//! A figure that is read elsewhere is set in whatever font is there, so widths are those of DejaVu Sans, the widest of the
//! common ones: what fits in it fits in Noto Sans, Arial, Helvetica and Liberation Sans too.

use unicode_width::UnicodeWidthChar;

/// Advances of U+0020 … U+007E in thousandths of the font size.
const ASCII: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
];

fn advance(letter: char) -> f64 {
    let wide = match letter {
        ' '..='~' => f64::from(ASCII[(letter as usize - 0x20).min(94)]) / 1000.0,
        '−' | '×' | '±' | '≤' | '≥' | '≈' => 0.84,
        // Greek, Cyrillic, Latin with marks: the mean of the capitals.
        '\u{a0}'..='\u{24f}' | '\u{370}'..='\u{52f}' => 0.70,
        '…' | '—' => 1.0,
        // Thai stands alone in being narrow; signs of Bengali and Telugu join to wide clusters.
        '\u{e00}'..='\u{e7f}' => 0.64,
        '\u{900}'..='\u{dff}' => 0.82,
        _ => 0.66,
    };
    match letter.width() {
        None => 0.0,
        // Vowel signs of Indic scripts that stand beside their letter have no width of their own in a terminal.
        Some(0) if matches!(letter, '\u{900}'..='\u{dff}') => 0.3,
        Some(0) => 0.0,
        Some(2) => 1.02,
        _ => wide,
    }
}

/// Pixels that `text` takes at most.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let plain: f64 = text.chars().map(advance).sum();
    plain * size * if bold { 1.13 } else { 1.0 }
}

/// On one line, without what no font shows.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// `text` where it fits into `room` pixels, else its beginning and `…`.
pub(super) fn cut(text: &str, size: f64, room: f64) -> String {
    if width(text, size, false) <= room {
        return text.to_owned();
    }
    let mut taken = width("…", size, false);
    let mut end = 0;
    for (at, letter) in text.char_indices() {
        taken += advance(letter) * size;
        if taken > room {
            break;
        }
        end = at + letter.len_utf8();
    }
    format!("{}…", text[..end].trim_end())
}

/// The middle left out: for texts that begin alike.
fn cut_middle(text: &str, size: f64, room: f64) -> String {
    let letters: Vec<char> = text.chars().collect();
    for kept in (1..letters.len()).rev() {
        let head = kept.div_ceil(2);
        let tail = kept - head;
        let short: String =
            letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).copied().collect();
        if width(&short, size, false) <= room {
            return short;
        }
    }
    "…".to_owned()
}

/// Labels that fit, and that differ where the texts do; numbered as a last resort.
pub(super) fn fitting(texts: &[String], size: f64, room: f64) -> Vec<String> {
    let texts: Vec<String> = texts.iter().map(|text| clean(text)).collect();
    let mut short: Vec<String> = texts.iter().map(|text| cut(text, size, room)).collect();
    let repeated = |short: &[String], at: usize| short.iter().filter(|other| **other == short[at]).count() > 1;
    let twice: Vec<bool> = (0..short.len()).map(|at| short[at] != texts[at] && repeated(&short, at)).collect();
    for (at, twice) in twice.iter().enumerate() {
        if *twice {
            short[at] = cut_middle(&texts[at], size, room);
        }
    }
    let twice: Vec<bool> = (0..short.len()).map(|at| short[at] != texts[at] && repeated(&short, at)).collect();
    for (at, twice) in twice.iter().enumerate() {
        if *twice {
            let number = format!(" #{}", at + 1);
            short[at] = cut(&texts[at], size, room - width(&number, size, false)) + &number;
        }
    }
    short
}

/// Lines of at most `room` pixels, broken at blanks.
pub(super) fn wrapped(text: &str, size: f64, bold: bool, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, bold) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, size * if bold { 1.13 } else { 1.0 }, room)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_fits() {
        for text in ["a long name of a feature", "বাংলা ভাষার প্রশ্ন", "日本語の質問と答え", "ภาษาไทยเป็นภาษา"]
        {
            for room in [10.0, 30.0, 60.0] {
                let short = cut(text, 11.0, room);
                assert!(short == "…" || width(&short, 11.0, false) <= room, "{short}");
            }
        }
    }

    #[test]
    fn labels_that_begin_alike_stay_apart() {
        let texts: Vec<String> =
            (0..30).map(|n| format!("the share of steps whose first tag is number {n} of the long list")).collect();
        let mut short = fitting(&texts, 11.0, 90.0);
        assert!(short.iter().all(|label| width(label, 11.0, false) <= 90.0), "{short:?}");
        short.sort();
        short.dedup();
        assert_eq!(short.len(), 30);
    }

    #[test]
    fn equal_labels_stay_equal() {
        assert_eq!(fitting(&["en".into(), "en".into()], 11.0, 90.0), ["en", "en"]);
    }

    #[test]
    fn what_xml_forbids_is_left_out() {
        assert_eq!(clean(" a\u{0}b\nc\u{1b}[0m "), "ab c[0m");
    }
}
