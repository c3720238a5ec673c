//! The function reference, made from the functions themselves.

use crate::kit::{Kind, Output, Presence, sql_type, syntax};
use crate::step::StepVerdict;
use crate::{Services, all_functions};
use datafusion_common::Result;
use datafusion_common::arrow::datatypes::DataType;
use glotrace_text::step::AnnotatedStep;
use std::fmt::Write;

/// All that the reference says of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDoc {
    /// The SQL name.
    pub name: String,
    /// The folder that it lives in: `text`, `llm`.
    pub family: String,
    /// `scalar`, `aggregate`, `window`, or `model` for a function that calls a language model.
    pub kind: String,
    /// The call, optional arguments in brackets: `math_boxed(text [, compat])`.
    pub signature: String,
    /// The type of the result: `STRUCT<thinking TEXT, …>`.
    pub result_type: String,
    /// What it does, in Markdown.
    pub description: String,
    /// In order.
    pub arguments: Vec<Argument>,
    /// At least one.
    pub examples: Vec<Example>,
}

/// One argument of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// As in `name => value`.
    pub name: String,
    /// `TEXT`, `LIST<TEXT>`, `BIGINT` …
    pub sql_type: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Meaning, unit, range and default.
    pub description: String,
}

/// A statement of the reference and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// One statement, with its semicolon.
    pub sql: String,
    /// The printed table, from its first `+--` to its last; `None` where the statement needs a model that is not bundled.
    pub result: Option<String>,
}

/// The documentation of every function, in flow order.
///
/// # Errors
/// Where a function has no documentation or no result type, which a test of this crate rules out.
pub fn reference() -> Result<Vec<FunctionDoc>> {
    let mut docs = Vec::new();
    for family in all_functions(&Services::default()).families {
        for entry in family.entries {
            let name = entry.name();
            let documentation =
                entry.documentation().ok_or_else(|| crate::kit::internal_error(name, "it has no documentation"))?;
            let described = documentation.arguments.as_deref().unwrap_or_default();
            let arguments = entry
                .params
                .iter()
                .map(|param| Argument {
                    name: param.name.to_owned(),
                    sql_type: param.kind.sql_type().to_owned(),
                    optional: param.presence == Presence::Optional,
                    description: described
                        .iter()
                        .find(|(name, _)| name == param.name)
                        .map(|(_, description)| one_line(description))
                        .unwrap_or_default(),
                })
                .collect();
            let types: Vec<_> = entry.params.iter().map(|param| arrow_type(param.kind)).collect();
            docs.push(FunctionDoc {
                name: name.to_owned(),
                family: family.name.to_owned(),
                kind: entry.kind.to_owned(),
                signature: syntax(name, entry.params),
                result_type: sql_type(&entry.return_type(&types)?),
                description: one_line(&documentation.description),
                arguments,
                examples: examples(documentation.sql_example.as_deref().unwrap_or_default()),
            });
        }
    }
    Ok(docs)
}

/// The reference as Markdown, without a heading of its own.
///
/// # Errors
/// As [`reference`].
pub fn reference_markdown() -> Result<String> {
    let docs = reference()?;
    let mut page = String::new();
    for family in all_functions(&Services::default()).families {
        let _ = writeln!(page, "### {}\n", family.title);
        page.push_str("| function | result |\n|---|---|\n");
        let of_family = || docs.iter().filter(|doc| doc.family == family.name);
        for doc in of_family() {
            let _ = writeln!(page, "| [`{}`](#{}) | `{}` |", doc.signature, doc.name, doc.result_type);
        }
        for doc in of_family() {
            let _ = writeln!(
                page,
                "\n#### {}\n\n    {} -> {}\n\n{}\n",
                doc.name, doc.signature, doc.result_type, doc.description
            );
            for argument in &doc.arguments {
                let optional = if argument.optional { ", optional" } else { "" };
                let _ = writeln!(
                    page,
                    "- `{}` (`{}`{optional}): {}",
                    argument.name, argument.sql_type, argument.description
                );
            }
            for example in &doc.examples {
                let _ = writeln!(page, "\n```sql\n{}", example.sql);
                if let Some(result) = &example.result {
                    let _ = writeln!(page, "{result}");
                }
                page.push_str("```\n");
            }
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    Ok(page)
}

fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Choice(_) | Kind::TextOrTexts => DataType::Utf8,
        Kind::Texts => DataType::new_list(DataType::Utf8, true),
        Kind::Bigint => DataType::Int64,
        Kind::Double => DataType::Float64,
        Kind::Boolean | Kind::Truth => DataType::Boolean,
        Kind::Measure => DataType::Float64,
        Kind::Key => DataType::Utf8,
        Kind::Doubles | Kind::Features => DataType::new_list(DataType::Float64, true),
        Kind::Fit => crate::stat::fit_type(),
        Kind::Annotation => <Vec<AnnotatedStep> as Output>::data_type(),
        Kind::Sequence => DataType::new_list(DataType::Utf8, true),
        Kind::Verdicts => <Vec<StepVerdict> as Output>::data_type(),
    }
}

/// Source lines are broken where the source is; the reference is not.
fn one_line(text: &str) -> String {
    text.split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// Reads the text of `sql_example`: statements that end in `;`, each followed by the table that it prints, if it can be run
/// anywhere. Fences are ignored.
fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut sql = String::new();
    for line in text.lines().filter(|line| !line.starts_with("```")) {
        let is_table = line.starts_with('+') || line.starts_with('|');
        if is_table && sql.is_empty() {
            if let Some(example) = examples.last_mut() {
                let result = example.result.get_or_insert_default();
                if !result.is_empty() {
                    result.push('\n');
                }
                result.push_str(line);
            }
        } else if !(sql.is_empty() && line.trim().is_empty()) {
            sql.push_str(line);
            if line.trim_end().ends_with(';') {
                examples.push(Example { sql: std::mem::take(&mut sql), result: None });
            } else {
                sql.push('\n');
            }
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    const BEGIN: &str = "<!-- reference:begin -->\n";
    const END: &str = "<!-- reference:end -->";

    #[test]
    fn every_function_is_documented_as_it_is_called() {
        let functions = all_functions(&Services::default());
        for doc in reference().unwrap() {
            let name = &doc.name;
            let mut entries = functions.families.iter().flat_map(|family| &family.entries);
            let entry = entries.find(|entry| entry.name() == name).unwrap();
            let documentation = entry.documentation().unwrap();
            assert_eq!(documentation.syntax_example, doc.signature, "{name}: syntax_example");
            let described: Vec<_> = documentation.arguments.iter().flatten().map(|(name, _)| name.clone()).collect();
            let params: Vec<_> = doc.arguments.iter().map(|argument| argument.name.clone()).collect();
            assert_eq!(described, params, "{name}: documented arguments");
            assert_eq!(entry.signature().parameter_names.as_deref(), Some(params.as_slice()), "{name}: names");
            assert!(doc.arguments.iter().all(|argument| !argument.description.is_empty()), "{name}: descriptions");
            assert!(doc.examples.iter().any(|example| example.result.is_some()), "{name}: an example with its result");
            for example in &doc.examples {
                assert!(example.sql.ends_with(';') && example.sql.contains(name), "{name}: {}", example.sql);
            }
            let family = functions.families.iter().find(|family| family.name == doc.family).unwrap();
            assert_eq!(documentation.doc_section.label, family.title, "{name}: section");
        }
    }

    #[test]
    fn optional_parameters_stand_last() {
        for entry in all_functions(&Services::default()).families.iter().flat_map(|family| &family.entries) {
            assert!(entry.params.is_sorted_by_key(crate::Param::is_optional), "{}", entry.name());
        }
    }

    #[test]
    fn readme_holds_the_current_reference() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let readme = fs::read_to_string(&path).unwrap();
        let (head, rest) = readme.split_once(BEGIN).unwrap_or_else(|| panic!("README.md has no {BEGIN}"));
        let (_, tail) = rest.split_once(END).unwrap_or_else(|| panic!("README.md has no {END}"));
        let current = format!("{head}{BEGIN}\n{}\n{END}{tail}", reference_markdown().unwrap());
        if std::env::var_os("GLOTRACE_BLESS").is_some_and(|value| value == "1") {
            fs::write(&path, current).unwrap();
        } else {
            assert!(
                readme == current,
                "udfs/README.md is not current: GLOTRACE_BLESS=1 cargo test -p glotrace-udfs writes it"
            );
        }
    }

    #[test]
    fn examples_are_statements_with_their_tables() {
        let read = examples("```sql\nSELECT 1\n  AS x;\n+---+\n| x |\n+---+\n| 1 |\n+---+\n\nSELECT f();\n```");
        assert_eq!(
            read,
            [
                Example { sql: "SELECT 1\n  AS x;".into(), result: Some("+---+\n| x |\n+---+\n| 1 |\n+---+".into()) },
                Example { sql: "SELECT f();".into(), result: None },
            ]
        );
    }
}
