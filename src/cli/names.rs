//! What completion and hints know: gathered from the engine after each statement, in the background.

use crate::engine::Engine;

#[derive(Debug, Clone, Default)]
pub struct Names {
    pub keywords: Vec<String>,
    pub tables: Vec<Table>,
    pub functions: Vec<Function>,
    pub settings: Vec<String>,
    pub models: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub schema: String,
    pub name: String,
    pub columns: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    /// As the reference has it: `math_equal(gold, answer)`.
    pub signature: String,
    /// One line.
    pub about: String,
}

impl Names {
    pub async fn gather(engine: &Engine) -> Self {
        let known = engine.completions().await;
        Self {
            keywords: known.keywords,
            tables: known
                .tables
                .into_iter()
                .map(|t| Table { schema: t.schema, name: t.name, columns: t.columns })
                .collect(),
            functions: known
                .functions
                .into_iter()
                .map(|f| Function { name: f.name, signature: f.signature, about: f.about })
                .collect(),
            settings: known.settings,
            models: known.models,
        }
    }

    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    pub fn is_keyword(&self, word: &str) -> bool {
        self.keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
    }

    /// Tables of this name, in any schema, without regard to case or quotes.
    pub fn table(&self, name: &str) -> Option<&Table> {
        let name = name.trim_matches('"');
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }
}

/// A name as it must be written: quoted where it is more than lower-case letters, digits and `_`.
pub fn quote(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_lowercase() || c == '_')
        && name.chars().all(|c| c == '_' || c.is_ascii_digit() || (c.is_alphabetic() && !c.is_uppercase()));
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_names_that_need_it_are_quoted() {
        assert_eq!(super::quote("traces_2"), "traces_2");
        assert_eq!(super::quote("My table"), "\"My table\"");
        assert_eq!(super::quote("2nd"), "\"2nd\"");
    }
}
