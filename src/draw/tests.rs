//! What holds for every figure.

use resvg::usvg::roxmltree::{Document, Node};

use super::tester::{FEATURES, LANGUAGES, figure, forest_table, gallery, heat_table, noise, numbers, some, texts};
use super::text::width;
use super::{MOST_ROWS, Picture, Plot};

/// The corners of a text's box, as wide as its widest font makes it.
fn corners(node: Node<'_, '_>) -> [(f64, f64); 4] {
    let number = |name: &str| node.attribute(name).unwrap_or("0").parse::<f64>().unwrap();
    let (x, base, size) = (number("x"), number("y"), number("font-size"));
    let wide = width(node.text().unwrap_or_default(), size, node.has_attribute("font-weight"));
    let left = match node.attribute("text-anchor") {
        Some("middle") => x - wide / 2.0,
        Some("end") => x - wide,
        _ => x,
    };
    // From the capitals' height to the middle of what hangs below the line.
    let (top, bottom) = (base - size * 0.75, base + size * 0.12);
    let mut turn = (0.0f64, x, base);
    if let Some(rotate) = node.attribute("transform") {
        let inner = rotate.trim_start_matches("rotate(").trim_end_matches(')');
        let parts: Vec<f64> = inner.split(' ').map(|part| part.parse().unwrap()).collect();
        turn = (parts[0].to_radians(), parts[1], parts[2]);
    }
    [(left, top), (left + wide, top), (left + wide, bottom), (left, bottom)].map(|(px, py)| {
        let (dx, dy) = (px - turn.1, py - turn.2);
        (turn.1 + dx * turn.0.cos() - dy * turn.0.sin(), turn.2 + dx * turn.0.sin() + dy * turn.0.cos())
    })
}

/// Two convex shapes are apart where a side of one divides them.
fn apart(a: &[(f64, f64); 4], b: &[(f64, f64); 4]) -> bool {
    [a, b].into_iter().any(|shape| {
        (0..4).any(|at| {
            let (p, q) = (shape[at], shape[(at + 1) % 4]);
            let normal = (q.1 - p.1, p.0 - q.0);
            let reach = |s: &[(f64, f64); 4]| {
                s.iter().fold((f64::MAX, f64::MIN), |(l, h), c| {
                    let d = c.0 * normal.0 + c.1 * normal.1;
                    (l.min(d), h.max(d))
                })
            };
            let ((al, ah), (bl, bh)) = (reach(a), reach(b));
            ah <= bl + 1e-9 || bh <= al + 1e-9
        })
    })
}

/// What is wrong with a figure's texts: outside of the page, or over one another.
fn faults(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let root = document.root_element();
    let (w, h): (f64, f64) =
        (root.attribute("width").unwrap().parse().unwrap(), root.attribute("height").unwrap().parse().unwrap());
    let boxes: Vec<(String, [(f64, f64); 4])> = root
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .map(|node| (node.text().unwrap_or_default().to_owned(), corners(node)))
        .collect();
    let mut faults = Vec::new();
    for (at, (text, shape)) in boxes.iter().enumerate() {
        if shape.iter().any(|(x, y)| *x < 0.0 || *y < 0.0 || *x > w || *y > h) {
            faults.push(format!("`{text}` is cut off at {shape:?} of {w} × {h}"));
        }
        for (other, second) in &boxes[..at] {
            if !apart(shape, second) {
                faults.push(format!("`{text}` lies over `{other}`"));
            }
        }
    }
    faults
}

fn count(svg: &str, class: &str) -> usize {
    let document = Document::parse(svg).unwrap();
    document.descendants().filter(|node| node.attribute("class") == Some(class)).count()
}

#[test]
fn no_label_is_cut_off_or_lies_over_another() {
    for (name, figure) in gallery() {
        let faults = faults(&figure.svg());
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

#[test]
fn the_overlap_check_sees_overlaps() {
    let svg = |x: f64| {
        format!(
            "<svg width='100' height='50'><text x='10' y='20' font-size='11'>abc</text><text x='{x}' y='20' font-size='11'>abc</text></svg>"
        )
    };
    assert_eq!(faults(&svg(20.0)).len(), 1);
    assert!(faults(&svg(60.0)).is_empty());
    assert_eq!(faults(&svg(90.0)).len(), 1);
}

#[test]
fn every_value_is_one_mark_and_a_missing_one_is_none() {
    for (name, figure) in gallery() {
        let chart = &figure.chart;
        let value = chart.roles.cell.as_ref().unwrap_or(&chart.roles.y);
        let drawn = (0..chart.rows).filter(|row| value.finite(*row).is_some()).count();
        assert_eq!(count(&figure.svg(), "mark"), drawn, "{name}");
    }
}

#[test]
fn what_is_missing_is_marked_and_never_zero() {
    let y = [Some(0.5), None, Some(f64::NAN), Some(f64::INFINITY), Some(0.0)];
    let table = || vec![("lang", texts(&LANGUAGES[..5])), ("accuracy", numbers(&y))];
    for plot in ["bar", "forest", "stacked_bar", "line"] {
        let figure = figure(&table(), &[("plot", plot)]).unwrap();
        let svg = figure.svg();
        assert_eq!(count(&svg, "mark"), 2, "{plot}");
        assert!(svg.contains("3 rows have no finite value"), "{plot}");
        assert!(figure.text(80, false).contains("3 rows have no finite value"), "{plot}");
        if plot != "line" {
            // Bars: two strokes of a cross.
            assert_eq!(count(&svg, "missing"), if plot == "forest" { 3 } else { 6 }, "{plot}");
        }
        let spec: serde_json::Value = serde_json::from_str(&figure.vega_lite()).unwrap();
        let values: Vec<&serde_json::Value> =
            spec["data"]["values"].as_array().unwrap().iter().map(|v| &v["y"]).collect();
        assert!(values[1].is_null() && values[2].is_null() && values[3].is_null() && values[4] == 0.0, "{values:?}");
    }
}

#[test]
fn a_heat_map_crosses_cells_without_a_row_too() {
    let table = [("x", texts(&["a", "b"])), ("y", texts(&["c", "d"])), ("v", some(&[0.1, -0.2]))];
    let svg = figure(&table, &[("plot", "heatmap")]).unwrap().svg();
    assert_eq!((count(&svg, "mark"), count(&svg, "missing")), (2, 2 * 3), "a ground and two strokes each");
}

#[test]
fn a_line_breaks_where_a_value_lacks() {
    let table = |y: &[Option<f64>]| vec![("t", some(&[0.0, 1.0, 2.0, 3.0, 4.0])), ("y", numbers(y))];
    let lines = |y: &[Option<f64>]| count(&figure(&table(y), &[("plot", "line")]).unwrap().svg(), "line");
    assert_eq!(lines(&[Some(1.0), Some(2.0), Some(3.0), Some(2.0), Some(1.0)]), 1);
    assert_eq!(lines(&[Some(1.0), Some(2.0), None, Some(2.0), Some(1.0)]), 2);
}

#[test]
fn bars_are_as_high_as_their_values() {
    let table = [("k", texts(&["a", "b", "c"])), ("v", some(&[0.25, 0.5, -0.5]))];
    let svg = figure(&table, &[("plot", "bar")]).unwrap().svg();
    let document = Document::parse(&svg).unwrap();
    let rects: Vec<(f64, f64)> = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("mark"))
        .map(|node| (node.attribute("y").unwrap().parse().unwrap(), node.attribute("height").unwrap().parse().unwrap()))
        .collect();
    assert!((rects[1].1 - 2.0 * rects[0].1).abs() < 0.05, "{rects:?}");
    assert!(
        (rects[2].1 - rects[1].1).abs() < 0.05 && (rects[2].0 - (rects[1].0 + rects[1].1)).abs() < 0.05,
        "{rects:?}"
    );
}

#[test]
fn intervals_without_end_have_arrows() {
    let gallery = gallery();
    let (_, figure) = gallery.iter().find(|(name, _)| *name == "forest_infinite").unwrap();
    let svg = figure.svg();
    assert_eq!(count(&svg, "arrow"), 4);
    assert!(svg.contains("an arrow: the interval goes on") && figure.text(80, false).contains('◄'));
}

#[test]
fn stars_stand_for_p_values() {
    let p = [0.0004, 0.004, 0.04, 0.4];
    let table = [("f", texts(&["a", "b", "c", "d"])), ("delta", some(&p)), ("p_value", some(&p))];
    let svg = figure(&table, &[("plot", "forest")]).unwrap().svg();
    for shown in [">&lt;0.001 ***<", ">0.004 **<", ">0.040 *<", ">0.400<"] {
        assert!(svg.contains(shown), "{shown}");
    }
}

#[test]
fn a_bare_table_finds_its_figure() {
    let plot = |columns: &[(&str, datafusion::arrow::array::ArrayRef)]| figure(columns, &[]).unwrap().plot();
    let lang = || ("lang", texts(&LANGUAGES[..3]));
    let accuracy = || ("accuracy", some(&[0.1, 0.5, 0.3]));
    assert_eq!(plot(&[lang(), accuracy()]), Plot::Bar);
    assert_eq!(plot(&[lang(), ("feature", texts(&["a", "a", "b"])), accuracy()]), Plot::Heatmap);
    assert_eq!(plot(&[lang(), accuracy(), ("low", some(&[0.0; 3])), ("high", some(&[1.0; 3]))]), Plot::Forest);
    assert_eq!(plot(&[("step", some(&[1.0, 2.0, 3.0])), ("loss", some(&[3.0, 2.0, 1.0]))]), Plot::Line);
    assert_eq!(plot(&[("a", some(&[1.0, 3.0, 2.0])), ("b", some(&[3.0, 2.0, 1.0]))]), Plot::Scatter);
    assert_eq!(plot(&[accuracy()]), Plot::Bar);
    let models = ("model", texts(&["a", "a", "b", "b"]));
    let temperature = ("temperature", some(&[0.0, 1.0, 0.0, 1.0]));
    assert_eq!(plot(&[models, temperature, ("accuracy", some(&[0.1, 0.2, 0.3, 0.4]))]), Plot::Line);
    assert_eq!(plot(&[lang(), ("a", some(&[0.1; 3])), ("b", some(&[0.2; 3]))]), Plot::Bar);
}

#[test]
fn defaults_take_columns_by_type_and_usual_names() {
    let mut table = forest_table(1);
    table.push(("n", some(&vec![250.0; table[0].1.len()])));
    let figure = figure(&table, &[("plot", "forest")]).unwrap();
    let roles = &figure.chart.roles;
    let name = |column: &Option<super::frame::Column>| column.as_ref().map(|c| c.name.clone()).unwrap_or_default();
    assert_eq!((roles.x.name.as_str(), roles.y.name.as_str()), ("feature", "delta"));
    assert_eq!(
        [name(&roles.low), name(&roles.high), name(&roles.p), name(&roles.group), name(&roles.color)],
        ["low", "high", "p_value", "group", "languages"]
    );
}

#[test]
fn a_forest_takes_its_columns_either_way_round() {
    let svg = |x: &str, y: &str| figure(&forest_table(1), &[("plot", "forest"), ("x", x), ("y", y)]).unwrap().svg();
    assert_eq!(svg("delta", "feature"), svg("feature", "delta"));
}

#[test]
fn errors_name_the_option_and_what_there_is() {
    let table = || vec![("lang", texts(&["en", "de"])), ("accuracy", some(&[0.5, 0.6])), ("model", texts(&["a", "b"]))];
    let error = |options: &[(&str, &str)]| figure(&table(), options).unwrap_err();
    assert_eq!(error(&[("y", "acuracy")]).hint.unwrap(), "did you mean `accuracy`?");
    assert!(error(&[("facet", "zzz")]).hint.unwrap().contains("`lang`, `accuracy`, `model`"));
    assert!(error(&[("plot", "bar"), ("x", "lang"), ("y", "model")]).message.contains("y: numbers are needed"));
    assert!(error(&[("plot", "bar"), ("low", "accuracy")]).message.contains("`high`"));
    let none = figure(&[("lang", texts(&["en"]))], &[]).unwrap_err();
    assert!(none.message.contains("no column of numbers") && none.hint.unwrap().contains("`lang`"));
}

#[test]
fn two_rows_for_one_mark_are_an_error_that_knows_the_way() {
    let table = [
        ("lang", texts(&["en", "en"])),
        ("accuracy", some(&[0.5, 0.6])),
        ("n", some(&[1.0, 1.0])),
        ("temperature", some(&[0.0, 1.0])),
    ];
    let error = figure(&table, &[("plot", "bar"), ("x", "lang"), ("y", "accuracy")]).unwrap_err();
    assert!(error.message.contains("rows 1 and 2 both stand for lang = en"), "{error}");
    assert!(error.hint.unwrap().contains("color 'temperature'"));
}

#[test]
fn too_much_for_a_page_is_an_error() {
    let rows: Vec<f64> = (0..=MOST_ROWS).map(|n| n as f64).collect();
    let error = figure(&[("x", some(&rows)), ("y", some(&rows))], &[("plot", "scatter")]).unwrap_err();
    assert!(error.message.contains("50000 rows, and the query gives more") && error.hint.is_some());
    let names: Vec<String> = (0..600).map(|n| format!("q{n}")).collect();
    let error = figure(&[("id", texts(&names)), ("y", some(&rows[..600]))], &[("plot", "bar")]).unwrap_err();
    assert!(error.message.contains("`id` has 600 different values"), "{error}");
}

#[test]
fn sizes_that_break_axes_are_drawn_all_the_same() {
    let sets: [&[f64]; 8] = [
        &[1e300, -1e300, 0.0],
        &[1e-300, 2e-300, 0.0],
        &[5e-324, 0.0, 5e-324],
        &[1e15, 1e15 + 2.0, 1e15 + 1.0],
        &[f64::MAX, f64::MIN, 1.0],
        &[0.0, 0.0, 0.0],
        &[-3.0, -3.0, -3.0],
        &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY],
    ];
    for values in sets {
        let table = || {
            vec![
                ("k", texts(&["a", "b", "c"])),
                ("l", texts(&["d", "e", "f"])),
                ("v", some(values)),
                ("w", some(values)),
            ]
        };
        for plot in Plot::names() {
            let figure =
                figure(&table(), &[("plot", plot), ("color", if plot == "heatmap" { "v" } else { "l" })]).unwrap();
            let svg = figure.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{plot} {values:?}");
            let faults = faults(&svg);
            assert!(faults.is_empty(), "{plot} {values:?}: {faults:?}");
            assert!(!figure.text(60, false).is_empty());
        }
    }
}

#[test]
fn labels_of_any_kind_stay_apart() {
    let hostile =
        ["<script>&\"'", "a\nb\u{1b}[31m", "", "   ", "ภาษาไทยที่ยาวมากๆ", "🙂🙂🙂", "x".repeat(300).leak(), "مرحبا"];
    for plot in ["bar", "forest", "heatmap", "stacked_bar", "line"] {
        let table =
            [("k", texts(&hostile)), ("l", texts(&hostile)), ("v", some(&(0..8).map(noise).collect::<Vec<_>>()))];
        let figure = figure(&table, &[("plot", plot)]).unwrap();
        let faults = faults(&figure.svg());
        assert!(faults.is_empty(), "{plot}: {faults:#?}");
        assert!(!figure.text(60, false).contains('\u{1b}'), "{plot}");
        assert!(!figure.html().contains("<script>"), "{plot}");
    }
}

#[test]
fn every_size_of_table_keeps_labels_apart() {
    for (columns, rows) in [(1, 1), (1, 40), (40, 1), (60, 60), (200, 3), (90, 90)] {
        let (mut x, mut y, mut v) = (vec![], vec![], vec![]);
        for row in 0..rows {
            for column in 0..columns {
                x.push(format!("column {column}"));
                y.push(format!("row {row}"));
                v.push(noise(row * columns + column));
            }
        }
        let table = [("x", texts(&x)), ("y", texts(&y)), ("v", some(&v))];
        let faults = faults(&figure(&table, &[("plot", "heatmap")]).unwrap().svg());
        assert!(faults.is_empty(), "{columns} × {rows}: {faults:#?}");
    }
    for rows in [1, 2, 30, 130, 400] {
        let names: Vec<String> = (0..rows).map(|n| format!("question {n}")).collect();
        let values: Vec<f64> = (0..rows).map(noise).collect();
        for plot in ["bar", "line", "forest"] {
            let figure = figure(&[("id", texts(&names)), ("v", some(&values))], &[("plot", plot)]).unwrap();
            let faults = faults(&figure.svg());
            assert!(faults.is_empty(), "{plot} {rows}: {faults:#?}");
        }
    }
}

#[test]
fn one_table_gives_one_picture() {
    for (first, second) in gallery().into_iter().zip(gallery()) {
        assert_eq!(first.1.svg(), second.1.svg(), "{}", first.0);
    }
}

#[test]
fn a_png_has_the_figures_size_and_its_letters() {
    let table = [("lang", texts(&super::tester::OWN_NAMES)), ("v", some(&(0..12).map(noise).collect::<Vec<_>>()))];
    let figure = figure(&table, &[("scale", "1.5"), ("title", "Δ точность ± σ")]).unwrap();
    let document = figure.svg();
    let document = Document::parse(&document).unwrap();
    let wide: f64 = document.root_element().attribute("width").unwrap().parse().unwrap();
    let drawn = figure.draw(Picture::Png).unwrap();
    assert_eq!(&drawn.bytes[..8], b"\x89PNG\r\n\x1a\n");
    let width = u32::from_be_bytes(drawn.bytes[16..20].try_into().unwrap());
    assert_eq!(f64::from(width), (wide * 1.5).ceil());
    assert_eq!(drawn.warning, None, "the bundled fonts hold the languages' own names");
}

#[test]
fn a_letter_that_no_font_has_is_told() {
    // A private letter: fonts that have it are no fonts for reading.
    let figure = figure(&[("k", texts(&["\u{f8ff0}"])), ("v", some(&[1.0]))], &[]).unwrap();
    assert!(figure.draw(Picture::Png).unwrap().warning.unwrap().contains("\u{f8ff0}"));
}

#[test]
fn a_page_has_the_picture_inside_and_fetches_nothing() {
    let page = figure(&[("k", texts(&["a"])), ("v", some(&[1.0]))], &[("title", "a < b")]).unwrap().html();
    assert!(page.contains("<svg ") && page.contains("<title>a &lt; b</title>"));
    assert!(!page.contains("src=") && !page.contains("href=") && !page.contains("@import"));
}

#[test]
fn vega_lite_holds_all_rows_and_names_its_parts() {
    for (name, figure) in gallery() {
        let spec: serde_json::Value = serde_json::from_str(&figure.vega_lite()).unwrap();
        assert_eq!(spec["data"]["values"].as_array().unwrap().len(), figure.chart.rows, "{name}");
        let unit = if spec["spec"].is_object() { &spec["spec"] } else { &spec };
        assert!(unit["layer"].as_array().is_some_and(|layers| !layers.is_empty()), "{name}");
        assert!(spec["$schema"].as_str().unwrap().contains("vega-lite/v5"), "{name}");
    }
}

#[test]
fn vega_lite_draws_an_interval_without_end_to_the_end_of_the_axis() {
    let gallery = gallery();
    let (_, figure) = gallery.iter().find(|(name, _)| *name == "forest_infinite").unwrap();
    let spec: serde_json::Value = serde_json::from_str(&figure.vega_lite()).unwrap();
    let row = &spec["data"]["values"][1];
    assert!(row["low"].is_null() && row["high"].is_null(), "{row}");
    let domain = &spec["layer"][2]["encoding"]["x"]["scale"]["domain"];
    assert_eq!((&row["from"], &row["to"]), (&domain[0], &domain[1]));
}

#[test]
fn text_keeps_within_the_terminal() {
    for (name, figure) in gallery() {
        for wide in [32, 40, 80, 132] {
            let text = figure.text(wide, false);
            for line in text.lines() {
                assert!(crate::write::width::width(line) <= wide, "{name} {wide}: {line}");
            }
            let mut plain = String::new();
            let mut inside = false;
            for letter in figure.text(wide, true).chars() {
                match letter {
                    '\u{1b}' => inside = true,
                    'm' if inside => inside = false,
                    other if !inside => plain.push(other),
                    _ => {}
                }
            }
            let widest = plain.lines().map(crate::write::width::width).max().unwrap_or(0);
            assert!(widest <= wide, "{name} {wide}: {widest} with colour");
        }
    }
}

#[test]
fn text_tells_the_values() {
    let table = heat_table(1, 0.4, &LANGUAGES);
    let text = figure(&table, &[("plot", "heatmap")]).unwrap().text(120, false);
    assert!(FEATURES.iter().all(|(_, feature)| text.contains(&feature[..6])), "{text}");
    let text = figure(&[("k", texts(&["a", "b"])), ("v", some(&[0.25, 0.5]))], &[]).unwrap().text(40, false);
    assert!(text.contains("0.25") && text.contains("0.50") && text.contains('█'), "{text}");
}
