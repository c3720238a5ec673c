//! SVG → PNG by resvg, which shapes text of all scripts.
//!
//! Letters come from the fonts that are bundled (data/fonts: Latin, Greek, Cyrillic, signs, Bengali, Telugu, Thai, kana and the
//! names of languages in Chinese, Japanese and Korean), so that pictures are the same everywhere and need no font
//! installed. For other letters the system's fonts are asked, which takes a moment and so happens only then.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb::Database};

use crate::error::{Error, Result};

use super::Drawn;

const FONTS: [&[u8]; 7] = [
    include_bytes!("../../data/fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../data/fonts/NotoSans-Bold.ttf"),
    include_bytes!("../../data/fonts/NotoSansMath-Signs.ttf"),
    include_bytes!("../../data/fonts/NotoSansBengali-Regular.ttf"),
    include_bytes!("../../data/fonts/NotoSansTelugu-Regular.ttf"),
    include_bytes!("../../data/fonts/NotoSansThai-Regular.ttf"),
    include_bytes!("../../data/fonts/NotoSansCJKjp-Names.otf"),
];

/// 16k × 8k: a quarter of a gigabyte in memory is enough.
const MOST_PIXELS: f64 = 64e6;

pub(super) fn png(svg: &str, scale: f64) -> Result<Drawn> {
    let lacking: Arc<Mutex<BTreeSet<char>>> = Arc::default();
    let options = options(Arc::clone(&lacking));
    let tree = Tree::from_str(svg, &options).map_err(|e| Error::internal(format!("the figure is no SVG: {e}")))?;
    let (width, height) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    if width * height * scale * scale > MOST_PIXELS {
        return Err(Error::query(format!(
            "scale: {:.0} × {:.0} pixels are too many for a PNG",
            width * scale,
            height * scale
        ))
        .with_hint("a smaller scale, fewer categories, or an .svg"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
    let (wide, high) = ((width * scale).ceil() as u32, (height * scale).ceil() as u32);
    let mut pixels = Pixmap::new(wide, high).ok_or_else(|| Error::internal("a figure without size"))?;
    pixels.fill(Color::WHITE);
    #[expect(clippy::cast_possible_truncation, reason = "a small factor")]
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
    let bytes = pixels.encode_png().map_err(|e| Error::internal(format!("a PNG could not be made: {e}")))?;
    let lacking = lacking.lock().unwrap_or_else(PoisonError::into_inner);
    let warning = (!lacking.is_empty()).then(|| {
        let some: Vec<String> = lacking.iter().take(8).map(char::to_string).collect();
        format!(
            "no font at hand has {}{}: install one (such as Noto) and draw again, or write an .svg, which is set where it is read",
            some.join(" "),
            if lacking.len() > 8 { " …" } else { "" }
        )
    });
    Ok(Drawn { bytes, warning })
}

/// Bundled fonts first, the system's when a letter lacks; letters that neither has are noted.
fn options(lacking: Arc<Mutex<BTreeSet<char>>>) -> Options<'static> {
    let mut fonts = Database::new();
    for font in FONTS {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_sans_serif_family("Noto Sans");
    let find = FontResolver::default_fallback_selector();
    let asked = AtomicBool::new(false);
    let select_fallback = move |letter: char, tried: &[_], fonts: &mut Arc<Database>| {
        if let Some(font) = find(letter, tried, fonts) {
            return Some(font);
        }
        if !asked.swap(true, Ordering::Relaxed) {
            Arc::make_mut(fonts).load_system_fonts();
            if let Some(font) = find(letter, tried, fonts) {
                return Some(font);
            }
        }
        // Joiners and other marks without ink are no loss.
        if unicode_width::UnicodeWidthChar::width(letter).is_some_and(|width| width > 0) {
            lacking.lock().unwrap_or_else(PoisonError::into_inner).insert(letter);
        }
        None
    };
    Options {
        font_family: "Noto Sans".to_owned(),
        fontdb: Arc::new(fonts),
        font_resolver: FontResolver {
            select_font: FontResolver::default_font_selector(),
            select_fallback: Box::new(select_fallback),
        },
        ..Options::default()
    }
}
