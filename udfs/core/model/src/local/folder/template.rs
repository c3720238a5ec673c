//! Where a folder keeps its chat template.

use std::{io::ErrorKind, path::Path};

use serde_json::Value;

use super::json::Json;
use crate::{Error, Result};

/// The source of the chat template of `folder`: `chat_template.jinja`, which newer files have and which counts first
/// as in `transformers`, or `chat_template` in `tokenizer_config.json`, a text or several under names.
pub(super) fn source(folder: &Path, settings: Option<&Json>) -> Result<Option<String>> {
    let path = folder.join("chat_template.jinja");
    match std::fs::read_to_string(&path) {
        Ok(source) => return Ok(Some(source)),
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io(&path, &e)),
    }
    let Some((settings, template)) = settings.and_then(|s| Some((s, s.get("chat_template")?))) else {
        return Ok(None);
    };
    if let Some(source) = template.as_str() {
        return Ok(Some(source.to_owned()));
    }
    let named = named(template).ok_or_else(|| {
        settings.invalid("chat_template must be text, or a list of templates with name and template".to_owned())
    })?;
    match named.iter().find(|(name, _)| *name == "default") {
        Some((_, source)) => Ok(Some((*source).to_owned())),
        None => {
            let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
            Err(settings
                .invalid(format!("its chat templates are {}, and none of them is default", names.join(", ")))
                .with_hint("put the one to use into the folder as chat_template.jinja"))
        }
    }
}

/// Name and source of each template.
fn named(template: &Value) -> Option<Vec<(&str, &str)>> {
    match template {
        Value::Array(templates) => {
            templates.iter().map(|t| Some((t.get("name")?.as_str()?, t.get("template")?.as_str()?))).collect()
        }
        Value::Object(templates) => templates.iter().map(|(name, t)| Some((name.as_str(), t.as_str()?))).collect(),
        _ => None,
    }
}
