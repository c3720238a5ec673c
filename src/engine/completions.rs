//! What the REPL completes and hints.

use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;

use super::{Engine, system};
use crate::settings::SETTINGS;
use crate::store::{MAIN, TableName};

#[derive(Debug, Clone, Default)]
pub struct Completions {
    pub keywords: Vec<String>,
    pub tables: Vec<TableColumns>,
    pub functions: Vec<FunctionName>,
    pub settings: Vec<String>,
    pub models: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct TableColumns {
    pub schema: String,
    pub name: String,
    pub columns: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct FunctionName {
    pub name: String,
    /// `math_boxed(text [, compat])`
    pub signature: String,
    /// One line.
    pub about: String,
}

/// The words of glotrace's own statements.
const OWN_KEYWORDS: &[&str] = &["MODEL", "SUMMARIZE", "DESCRIBE", "PIVOT", "PARAMETER", "MACRO", "OPTIONS"];

impl Engine {
    /// All names that can be written now. Tables that cannot be read are left out.
    pub async fn completions(&self) -> Completions {
        let store = &self.shared.store;
        let mut tables = Vec::new();
        for schema in store.schemas().unwrap_or_default() {
            for name in store.tables(&schema).unwrap_or_default() {
                if let Ok(Some(snapshot)) = store.snapshot(&TableName::new(&schema, &name)).await {
                    let columns = snapshot.schema.fields().iter().map(|f| f.name().clone()).collect();
                    tables.push(TableColumns { schema: schema.clone(), name, columns });
                }
            }
        }
        let views: Vec<String> = store.views(MAIN).unwrap_or_default().into_iter().map(|v| v.name).collect();
        for (schema, names) in
            [(MAIN, views), (system::SCHEMA, system::TABLES.iter().map(|t| (*t).to_owned()).collect())]
        {
            for name in names {
                let reference = datafusion::common::TableReference::partial(schema, name.as_str());
                if let Ok(provider) = self.context.table_provider(reference).await {
                    let columns = provider.schema().fields().iter().map(|f| f.name().clone()).collect();
                    tables.push(TableColumns { schema: schema.to_owned(), name, columns });
                }
            }
        }
        Completions {
            keywords: ALL_KEYWORDS.iter().chain(OWN_KEYWORDS).map(|k| (*k).to_owned()).collect(),
            tables,
            functions: self.function_names(),
            settings: self.setting_names(),
            models: self
                .shared
                .models
                .created()
                .into_iter()
                .map(|(n, _)| n)
                .chain(crate::models::KNOWN.iter().map(|k| k.name.to_owned()))
                .collect(),
        }
    }

    fn function_names(&self) -> Vec<FunctionName> {
        let own = glotrace_udfs::reference().unwrap_or_default();
        let mut all: Vec<FunctionName> = own
            .into_iter()
            .map(|d| FunctionName { about: first_sentence(&d.description), name: d.name, signature: d.signature })
            .collect();
        let state = self.context.state();
        let scalar = state.scalar_functions().iter().map(|(n, f)| (n.clone(), f.documentation()));
        let aggregate = state.aggregate_functions().iter().map(|(n, f)| (n.clone(), f.documentation()));
        let window = state.window_functions().iter().map(|(n, f)| (n.clone(), f.documentation()));
        for (name, documentation) in scalar.chain(aggregate).chain(window) {
            if !all.iter().any(|f| f.name == name) {
                let signature = documentation.map_or_else(|| format!("{name}(…)"), |d| d.syntax_example.clone());
                let about = documentation.map(|d| first_sentence(&d.description)).unwrap_or_default();
                all.push(FunctionName { name, signature, about });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn setting_names(&self) -> Vec<String> {
        let state = self.context.state();
        let own = SETTINGS.iter().map(|s| s.name.to_owned());
        own.chain(state.config_options().entries().into_iter().map(|e| e.key)).collect()
    }
}

fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split_once(". ").map_or(line, |(first, _)| first).trim_end_matches('.').to_owned()
}
