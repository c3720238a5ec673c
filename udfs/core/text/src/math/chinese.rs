//! Numbers in Chinese characters, as Chinese and Japanese text writes them: 三百二十一, 一万四千零五十二, 二〇二四, 三点五.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

fn digit(c: char) -> Option<u32> {
    Some(match c {
        '〇' | '零' | '○' => 0,
        '一' | '壹' | '壱' => 1,
        '二' | '贰' | '貳' | '弐' | '两' | '兩' => 2,
        '三' | '叁' | '參' | '参' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn small_unit(c: char) -> Option<u32> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1000,
        _ => return None,
    })
}

/// The power of ten of a unit that closes a section (万 10⁴, 亿 10⁸, 兆 10¹²), Hangul included.
pub(crate) fn section_unit(c: char) -> Option<u32> {
    Some(match c {
        '万' | '萬' | '만' => 4,
        '亿' | '億' | '억' => 8,
        '兆' => 12,
        _ => return None,
    })
}

/// Whether `c` can be part of a number in Chinese characters.
pub(crate) fn is_numeral(c: char) -> bool {
    digit(c).is_some() || small_unit(c).is_some() || matches!(c, '万' | '萬' | '亿' | '億' | '兆')
}

/// Reads the number at `start`; gives its value and the first position after it.
///
/// The whole run of numeral characters must be a number; a run longer than 60 characters is not read.
pub(crate) fn scan(text: &[char], start: usize) -> Option<(BigRational, usize)> {
    let mut end = start;
    while text.get(end).is_some_and(|&c| is_numeral(c)) {
        end += 1;
    }
    if end == start || end - start > 60 {
        return None;
    }
    let mut value = BigRational::from(whole(&text[start..end])?);
    // 三点五
    if matches!(text.get(end), Some('点' | '點')) {
        let from = end + 1;
        let places = text[from..].iter().take(30).take_while(|&&c| digit(c).is_some()).count();
        let mut scale = BigInt::one();
        for &c in &text[from..from + places] {
            scale *= 10;
            value += BigRational::new(BigInt::from(digit(c)?), scale.clone());
        }
        if places > 0 {
            end = from + places;
        }
    }
    // 三分之一: the denominator comes first. 百分之五十 is a percentage, and those count as their number.
    if text.get(end) == Some(&'分') && text.get(end + 1) == Some(&'之') {
        let of = end + 2;
        if let Some((numerator, after)) = scan_plain(text, of) {
            let percent = value == BigRational::from(BigInt::from(100));
            let value = if percent || value.is_zero() { numerator } else { numerator / value };
            return Some((value, after));
        }
    }
    Some((value, end))
}

/// A number without 点 and 分之, so that a chain of fractions does not recurse.
fn scan_plain(text: &[char], start: usize) -> Option<(BigRational, usize)> {
    let length = text[start.min(text.len())..].iter().take(61).take_while(|&&c| is_numeral(c)).count();
    if length == 0 || length > 60 {
        return None;
    }
    Some((BigRational::from(whole(&text[start..start + length])?), start + length))
}

fn whole(run: &[char]) -> Option<BigInt> {
    if run.iter().all(|&c| digit(c).is_some()) {
        // Read digit by digit, like a year: 二〇二四.
        return run.iter().try_fold(BigInt::zero(), |value, &c| Some(value * 10 + digit(c)?));
    }
    let mut total = BigInt::zero();
    let mut section = 0u32;
    let mut current: Option<u32> = None;
    let mut last_section = u32::MAX;
    let mut last_small = u32::MAX;
    for &c in run {
        if let Some(value) = digit(c) {
            // Two digits in a row make sense only around a zero: 一千零五.
            if current.is_some_and(|previous| previous != 0) {
                return None;
            }
            current = Some(value);
        } else if let Some(unit) = small_unit(c) {
            if unit >= last_small {
                return None;
            }
            section += current.filter(|&value| value != 0).unwrap_or(1) * unit;
            current = None;
            last_small = unit;
        } else {
            let power = section_unit(c)?;
            let value = section + current.unwrap_or(0);
            if power >= last_section || value == 0 {
                return None;
            }
            total += BigInt::from(value) * BigInt::from(10).pow(power);
            (section, current, last_section, last_small) = (0, None, power, u32::MAX);
        }
    }
    Some(total + section + current.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        scan(&chars, 0).map(|(value, _)| value.to_string())
    }

    #[test]
    fn reads_units_sections_and_zeros() {
        for (text, expected) in [
            ("三百二十一", "321"),
            ("一百四十", "140"),
            ("十五", "15"),
            ("一万四千零五十二", "14052"),
            ("三億二千万", "320000000"),
            ("二〇二四", "2024"),
            ("两千零五", "2005"),
            ("三点一四", "157/50"),
            ("三分之二", "2/3"),
            ("百分之五十", "50"),
        ] {
            assert_eq!(value(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for text in ["万", "十百", "一二百", "元", ""] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
