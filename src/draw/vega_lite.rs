//! A Vega-Lite 5 specification with the data inside, for readers who want to go on drawing.

use serde_json::{Map, Value, json};

use super::Plot;
use super::chart::Chart;
use super::frame::{Column, Values};
use super::{forest, heatmap};

const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";

pub(super) fn vega_lite(chart: &Chart) -> String {
    let roles = &chart.roles;
    let mut spec = Map::new();
    spec.insert("$schema".into(), json!(SCHEMA));
    if let Some(title) = &chart.title {
        spec.insert("title".into(), json!(title));
    }
    spec.insert("data".into(), json!({ "values": (0..chart.rows).map(|row| values(chart, row)).collect::<Vec<_>>() }));
    let (layers, shared) = match roles.plot {
        Plot::Forest => forest_layers(chart),
        Plot::Heatmap => heatmap_layers(chart),
        Plot::Bar | Plot::StackedBar => bar_layers(chart),
        Plot::Line | Plot::Scatter => point_layers(chart),
    };
    let mut unit = json!({ "encoding": shared, "layer": layers });
    if roles.plot == Plot::Heatmap {
        // Room for the values.
        unit["width"] = json!({ "step": 40 });
        unit["height"] = json!({ "step": 22 });
    }
    if roles.plot == Plot::Forest && roles.p.is_some() {
        // The p-values stand between the panel and the legend.
        spec.insert("config".into(), json!({ "legend": { "offset": 80 } }));
    }
    match &roles.facet {
        Some(_) => {
            spec.insert("facet".into(), json!({ "field": "facet", "type": "nominal", "sort": chart.facets.labels, "title": roles.facet.as_ref().map(|c| c.name.as_str()) }));
            spec.insert("columns".into(), json!(if chart.facets.len() > 4 { 3 } else { 2 }));
            spec.insert("spec".into(), unit);
        }
        None => {
            if let Value::Object(unit) = unit {
                spec.extend(unit);
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(spec)).unwrap_or_default();
    text.push('\n');
    text
}

/// A row with short names, so that columns named with dots or brackets need no quoting.
fn values(chart: &Chart, row: usize) -> Value {
    let roles = &chart.roles;
    let mut object = Map::new();
    let named = [
        ("x", Some(&roles.x)),
        ("y", Some(&roles.y)),
        ("value", roles.cell.as_ref()),
        ("low", roles.low.as_ref()),
        ("high", roles.high.as_ref()),
        ("color", roles.color.as_ref()),
        ("facet", roles.facet.as_ref()),
        ("group", roles.group.as_ref()),
        ("p", roles.p.as_ref()),
    ];
    for (name, column) in named {
        let Some(column) = column else { continue };
        let category = match name {
            "x" => !chart.x.labels.is_empty(),
            "y" => !chart.y.labels.is_empty(),
            "facet" | "group" => true,
            "color" => chart.series.len() > 1 || column.is_text(),
            _ => false,
        };
        object.insert(name.into(), if category { json!(column.label(row)) } else { value(column, row) });
    }
    if roles.plot == Plot::Forest {
        // What is drawn of an interval: JSON has no infinity, and a page has an end.
        let (left, right) = forest::domain(chart);
        let ends = chart.interval(row).map(|(low, high)| (low.clamp(left, right), high.clamp(left, right)));
        object.insert("from".into(), json!(ends.map(|(from, _)| from)));
        object.insert("to".into(), json!(ends.map(|(_, to)| to)));
        object.insert("p_text".into(), json!(chart.p_text(row).unwrap_or_default()));
    }
    if roles.plot == Plot::Heatmap {
        object.insert("text".into(), json!(heatmap::cell_text(chart, row, heatmap::form(chart))));
    }
    Value::Object(object)
}

/// JSON has no infinity: such a value is null.
fn value(column: &Column, row: usize) -> Value {
    match &column.values {
        Values::Numbers(_) => column.finite(row).map_or(Value::Null, Value::from),
        Values::Texts(texts) => texts.get(row).cloned().flatten().map_or(Value::Null, Value::from),
        Values::Other(_) => Value::Null,
    }
}

fn color_of(chart: &Chart) -> Value {
    let Some(color) = &chart.roles.color else { return Value::Null };
    let range: Vec<String> = (0..chart.series_count()).map(|at| chart.color(at).hex()).collect();
    json!({ "field": "color", "type": "nominal", "title": color.name, "sort": chart.series.labels,
            "scale": { "domain": chart.series.labels, "range": range } })
}

fn categories(chart: &Chart) -> Value {
    json!({ "field": "x", "type": "nominal", "title": chart.roles.x.name, "sort": chart.x.labels })
}

fn numbers(chart: &Chart, zero: bool) -> Value {
    let mut scale = json!({ "zero": zero });
    for (name, end) in [("domainMin", chart.min), ("domainMax", chart.max)] {
        if let Some(end) = end {
            scale[name] = json!(end);
        }
    }
    json!({ "field": "y", "type": "quantitative", "title": chart.roles.y.name, "scale": scale })
}

/// What all layers share, without what is not there.
fn object(entries: &[(&str, Value)]) -> Value {
    Value::Object(entries.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

fn forest_layers(chart: &Chart) -> (Value, Value) {
    let mut row = categories(chart);
    if chart.roles.group.is_some() {
        // Headings have no like in Vega-Lite: rows keep their order, and the group is told by the tooltip.
        let order: Vec<&String> = forest::lines(chart)
            .iter()
            .filter_map(|line| match line {
                forest::Line::Row { category, .. } => chart.x.labels.get(*category),
                forest::Line::Heading(_) => None,
            })
            .collect();
        row["sort"] = json!(order);
    }
    let (low, high) = forest::domain(chart);
    let mut value = numbers(chart, true);
    value["scale"] = json!({ "domain": [low, high] });
    let color = color_of(chart);
    let offset = if color.is_null() { Value::Null } else { json!({ "field": "color", "sort": chart.series.labels }) };
    let shared = object(&[("y", row), ("color", color), ("yOffset", offset)]);
    let zero = json!({ "x": { "datum": 0 }, "y": null, "yOffset": null, "color": { "value": "#1f1f1f" } });
    let mut layers = vec![json!({ "mark": "rule", "encoding": zero })];
    if chart.roles.low.is_some() {
        let mut from = value.clone();
        from["field"] = json!("from");
        layers.push(json!({ "mark": "rule", "encoding": { "x": from, "x2": { "field": "to" } } }));
    }
    let point = json!({ "type": "point", "filled": true, "opacity": 1, "size": 60, "clip": true, "tooltip": { "content": "data" } });
    layers.push(json!({ "mark": point, "encoding": { "x": value } }));
    if chart.roles.p.is_some() {
        let text = json!({ "type": "text", "align": "left", "dx": 6, "fontSize": 10 });
        layers.push(json!({ "mark": text, "encoding": { "x": { "value": "width" }, "text": { "field": "p_text" } } }));
    }
    (Value::Array(layers), shared)
}

fn heatmap_layers(chart: &Chart) -> (Value, Value) {
    let roles = &chart.roles;
    let ramp = heatmap::ramp(chart);
    let colors: Vec<String> =
        (0..=10).map(|step| ramp.color(ramp.low + f64::from(step) / 10.0 * (ramp.high - ramp.low)).hex()).collect();
    let name = roles.cell.as_ref().map(|cell| cell.name.as_str());
    let scale = json!({ "type": "linear", "domain": [ramp.low, ramp.high], "range": colors, "interpolate": "rgb", "clamp": true });
    let middle = (ramp.low + ramp.high) / 2.0;
    let near = (ramp.high - ramp.low) * 0.3;
    let dark = if ramp.diverging { format!("abs(datum.value) > {near}") } else { format!("datum.value < {middle}") };
    let fill = json!({ "condition": { "test": "isValid(datum.value)", "field": "value", "type": "quantitative", "title": name, "scale": scale }, "value": "#eeeeee" });
    let layers = json!([
        { "mark": { "type": "rect", "stroke": "white", "invalid": null, "tooltip": { "content": "data" } }, "encoding": { "color": fill } },
        { "transform": [{ "filter": "isValid(datum.value)" }], "mark": { "type": "text", "fontSize": 10 }, "encoding": { "text": { "field": "text" }, "color": { "condition": { "test": dark, "value": "white" }, "value": "black" } } },
        { "transform": [{ "filter": "!isValid(datum.value)" }], "mark": { "type": "text", "fontSize": 10, "text": "×" }, "encoding": { "color": { "value": "#8a8a8a" } } }
    ]);
    let x = json!({ "field": "x", "type": "nominal", "title": roles.x.name, "sort": chart.x.labels });
    let y = json!({ "field": "y", "type": "nominal", "title": roles.y.name, "sort": chart.y.labels });
    (layers, object(&[("x", x), ("y", y)]))
}

fn bar_layers(chart: &Chart) -> (Value, Value) {
    let lies = chart.roles.horizontal;
    let stacked = chart.roles.plot == Plot::StackedBar;
    let (band, along, offset_name, second) =
        if lies { ("y", "x", "yOffset", "x2") } else { ("x", "y", "xOffset", "y2") };
    let color = color_of(chart);
    let offset =
        if stacked || color.is_null() { Value::Null } else { json!({ "field": "color", "sort": chart.series.labels }) };
    let mut value = numbers(chart, true);
    value["stack"] = if stacked { json!("zero") } else { Value::Null };
    let shared = object(&[(band, categories(chart)), (offset_name, offset)]);
    let mut encoding = object(&[(along, value), ("color", color)]);
    if stacked {
        let order: Vec<String> = chart.series.labels.clone();
        encoding["order"] = json!({ "field": "order", "type": "quantitative" });
        let layer = json!({ "transform": [{ "calculate": format!("indexof({}, datum.color)", json!(order)), "as": "order" }],
                            "mark": { "type": "bar", "clip": true, "stroke": "white", "tooltip": { "content": "data" } }, "encoding": encoding });
        return (json!([layer]), shared);
    }
    let mut layers = vec![
        json!({ "mark": { "type": "bar", "clip": true, "tooltip": { "content": "data" } }, "encoding": encoding }),
    ];
    if chart.roles.low.is_some() {
        let ends = json!({ along: { "field": "low", "type": "quantitative", "title": chart.roles.y.name }, second: { "field": "high" } });
        layers.push(json!({ "mark": { "type": "rule", "clip": true }, "encoding": ends }));
    }
    (Value::Array(layers), shared)
}

fn point_layers(chart: &Chart) -> (Value, Value) {
    let roles = &chart.roles;
    let x = if chart.x.labels.is_empty() {
        json!({ "field": "x", "type": "quantitative", "title": roles.x.name, "scale": { "zero": false } })
    } else {
        json!({ "field": "x", "type": "ordinal", "title": roles.x.name, "sort": chart.x.labels })
    };
    let scale = roles.plot == Plot::Scatter && roles.color.as_ref().is_some_and(Column::is_number);
    let color = if scale {
        json!({ "field": "color", "type": "quantitative", "title": roles.color.as_ref().map(|c| c.name.as_str()), "scale": { "scheme": "viridis" } })
    } else {
        color_of(chart)
    };
    let shared = object(&[("x", x), ("color", color)]);
    let y = numbers(chart, false);
    let mut layers = Vec::new();
    if roles.low.is_some() {
        let mark = if roles.plot == Plot::Line {
            json!({ "type": "area", "opacity": 0.18, "clip": true })
        } else {
            json!({ "type": "rule", "clip": true })
        };
        let low = json!({ "field": "low", "type": "quantitative", "title": roles.y.name, "scale": y["scale"] });
        layers.push(json!({ "mark": mark, "encoding": { "y": low, "y2": { "field": "high" } } }));
    }
    let mark = if roles.plot == Plot::Line {
        // A gap where a value lacks, as in our own lines.
        json!({ "type": "line", "point": true, "clip": true, "invalid": "break-paths-show-domains", "tooltip": { "content": "data" } })
    } else {
        json!({ "type": "point", "filled": true, "clip": true, "tooltip": { "content": "data" } })
    };
    layers.push(json!({ "mark": mark, "encoding": { "y": y } }));
    (Value::Array(layers), shared)
}
