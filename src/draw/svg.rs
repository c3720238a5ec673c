//! A scene as SVG.

use std::fmt::Write;

use super::palette::WHITE;
use super::scene::{Anchor, Item, Rect, Scene, Shape, Sign, Text, corners};

/// Noto where it is; then fonts that most systems have; the last one leaves the choice to the reader's system, which knows
/// fonts for its scripts.
const FAMILIES: &str = "'Noto Sans', 'DejaVu Sans', 'Liberation Sans', Helvetica, Arial, 'Noto Sans Bengali', \
    'Noto Sans Telugu', 'Noto Sans Thai', 'Noto Sans CJK JP', 'Noto Sans JP', sans-serif";

/// `title` and `about` are for readers who hear the figure.
pub(super) fn svg(scene: &Scene, title: &str, about: &str) -> String {
    let (w, h) = (number(scene.width), number(scene.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         font-family=\"{FAMILIES}\">\n<title>{}</title>\n<desc>{}</desc>\n",
        escaped(title),
        escaped(about)
    );
    let mut clips: Vec<Rect> = Vec::new();
    for clip in scene.items.iter().filter_map(|item| item.clip) {
        if !clips.contains(&clip) {
            clips.push(clip);
        }
    }
    for (at, clip) in clips.iter().enumerate() {
        let _ = writeln!(out, "<clipPath id=\"panel{at}\"><rect {}/></clipPath>", placed(clip));
    }
    let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>", WHITE.hex());
    let mut open = None;
    for item in &scene.items {
        let clip = item.clip.and_then(|clip| clips.iter().position(|known| *known == clip));
        if clip != open {
            if open.is_some() {
                out.push_str("</g>\n");
            }
            if let Some(at) = clip {
                let _ = writeln!(out, "<g clip-path=\"url(#panel{at})\">");
            }
            open = clip;
        }
        element(item, &mut out);
    }
    if open.is_some() {
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn element(item: &Item, out: &mut String) {
    let class = item.class;
    let (name, attributes, content) = match &item.shape {
        Shape::Rect { at, fill, stroke } => {
            let fill = fill.map_or_else(|| "none".to_owned(), |fill| fill.hex());
            let stroke = stroke.map_or_else(String::new, |stroke| format!(" stroke=\"{}\"", stroke.hex()));
            ("rect", format!("{} fill=\"{fill}\"{stroke}", placed(at)), String::new())
        }
        Shape::Line { points, color, width, dash } => {
            let dash = dash.map_or_else(String::new, |dash| format!(" stroke-dasharray=\"{dash}\""));
            let style = format!("stroke=\"{}\" stroke-width=\"{}\"{dash}", color.hex(), number(*width));
            match points.as_slice() {
                [(x1, y1), (x2, y2)] => (
                    "line",
                    format!(
                        "x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {style}",
                        number(*x1),
                        number(*y1),
                        number(*x2),
                        number(*y2)
                    ),
                    String::new(),
                ),
                _ => (
                    "polyline",
                    format!("points=\"{}\" fill=\"none\" stroke-linejoin=\"round\" {style}", listed(points)),
                    String::new(),
                ),
            }
        }
        Shape::Area { points, fill, opacity } => {
            let style = format!("fill=\"{}\" fill-opacity=\"{}\"", fill.hex(), number(*opacity));
            ("polygon", format!("points=\"{}\" {style}", listed(points)), String::new())
        }
        Shape::Point { x, y, radius, sign, fill, hollow, opacity } => {
            let inside = if *hollow { WHITE } else { *fill };
            let faint = if *opacity < 1.0 { format!(" opacity=\"{}\"", number(*opacity)) } else { String::new() };
            let stroke =
                if *hollow { format!(" stroke=\"{}\" stroke-width=\"1.5\"", fill.hex()) } else { String::new() };
            let style = format!("fill=\"{}\"{stroke}{faint}", inside.hex());
            if *sign == Sign::Circle {
                let place = format!("cx=\"{}\" cy=\"{}\" r=\"{}\"", number(*x), number(*y), number(*radius));
                ("circle", format!("{place} {style}"), String::new())
            } else {
                let points = listed(&corners(*sign, *x, *y, *radius));
                ("polygon", format!("points=\"{points}\" {style}"), String::new())
            }
        }
        Shape::Text(text) => ("text", of_text(text), escaped(&text.text)),
    };
    let tip = item.tip.as_ref().map_or_else(String::new, |tip| format!("<title>{}</title>", escaped(tip)));
    let _ = if content.is_empty() && tip.is_empty() {
        writeln!(out, "<{name} class=\"{class}\" {attributes}/>")
    } else {
        writeln!(out, "<{name} class=\"{class}\" {attributes}>{tip}{content}</{name}>")
    };
}

fn of_text(text: &Text) -> String {
    // Not every reader knows dominant-baseline: capitals are about 0.72 of the size high.
    let middle = text.size * 0.36;
    let turned = if text.turn == 0.0 {
        String::new()
    } else {
        format!(" transform=\"rotate({} {} {})\"", number(text.turn), number(text.x), number(text.y))
    };
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let bold = if text.bold { " font-weight=\"bold\"" } else { "" };
    format!(
        "x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{anchor}{bold}{turned}",
        number(text.x),
        number(text.y + middle),
        number(text.size),
        text.color.hex()
    )
}

fn placed(at: &Rect) -> String {
    format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", number(at.x), number(at.y), number(at.w), number(at.h))
}

fn listed(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect::<Vec<_>>().join(" ")
}

/// Hundredths of a pixel are enough.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that stands in XML, without what XML forbids.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in super::text::clean(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
