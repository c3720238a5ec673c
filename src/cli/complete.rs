//! What Tab offers at a place of a half-typed line.

use std::path::Path;

use super::command::{self, COMMANDS, Takes};
use super::lex::{Kind, Token, is_word, tokens};
use super::names::{Names, Table, quote};
use super::script::is_command;
use crate::draw::{self, Plot};
use crate::write::Format;

/// One offer: what is shown in the list and what is put into the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub shown: String,
    pub put: String,
}

impl Offer {
    fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { shown: text.clone(), put: text }
    }
}

/// Where the word at the cursor begins (in bytes), and the offers to replace it.
pub fn complete(names: &Names, line: &str, cursor: usize) -> (usize, Vec<Offer>) {
    let before = &line[..cursor];
    let (start, mut offers) = if is_command(before) || matches!(before, "." | "\\") {
        in_command(names, before)
    } else {
        in_sql(names, line, before)
    };
    offers.dedup();
    (start, offers)
}

fn in_command(names: &Names, before: &str) -> (usize, Vec<Offer>) {
    let Some((name, rest)) = before.split_once(char::is_whitespace) else {
        let all = COMMANDS.iter().flat_map(|c| c.twins.iter().copied().chain([c.name]));
        let mut offers: Vec<Offer> = all.filter(|known| known.starts_with(before)).map(Offer::same).collect();
        offers.sort_by(|a, b| a.put.cmp(&b.put));
        return (0, offers);
    };
    let Ok(known) = command::find(name) else { return (before.len(), Vec::new()) };
    let argument = rest.trim_start();
    let start = before.len() - argument.len();
    let quoted = argument.starts_with(['\'', '"']);
    let offers = match known.takes {
        Takes::File => {
            let skip = usize::from(quoted);
            return (start + skip, files(&argument[skip..]));
        }
        Takes::Command => {
            COMMANDS.iter().map(|c| c.name.to_owned()).chain(names.functions.iter().map(|f| f.name.clone())).collect()
        }
        Takes::Format => Format::names().filter(|name| *name != "parquet").map(str::to_owned).collect(),
        Takes::Function => names.functions.iter().map(|f| f.name.clone()).collect(),
        Takes::Plot => {
            let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
            let offers = Plot::names().chain(draw::Options::names().skip(1)).map(str::to_owned).collect();
            return (start, beginning_with(&before[start..], offers));
        }
        Takes::OnOff => vec!["on".to_owned(), "off".to_owned()],
        Takes::Table => names.tables.iter().map(|t| quote(&t.name)).collect(),
        Takes::Nothing | Takes::Text => Vec::new(),
    };
    (start, beginning_with(argument, offers))
}

fn in_sql(names: &Names, line: &str, before: &str) -> (usize, Vec<Offer>) {
    let all = tokens(before);
    let meaningful: Vec<&Token> = all.iter().filter(|t| !matches!(t.kind, Kind::Blank | Kind::Comment)).collect();
    if let Some(last) = all.last()
        && last.open
    {
        let start = last.range.start + 1;
        return match last.kind {
            Kind::Text if before[last.range.start..].starts_with('\'') => in_text(names, before, &meaningful, start),
            Kind::Name => {
                let typed = &before[start..];
                let mut offers: Vec<Offer> = columns(names, line, before)
                    .into_iter()
                    .chain(names.tables.iter().map(|t| t.name.clone()))
                    .filter(|name| starts_with(name, typed))
                    .map(|name| Offer { put: format!("{}\"", name.replace('"', "\"\"")), shown: name })
                    .collect();
                offers.sort_by(|a, b| a.shown.cmp(&b.shown));
                (start, offers)
            }
            _ => (before.len(), Vec::new()),
        };
    }
    if all.last().is_some_and(|t| t.kind == Kind::Comment) {
        return (before.len(), Vec::new());
    }

    let word_start =
        before.rfind(|c| !is_word(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let typed = &before[word_start..];
    let earlier: Vec<&Token> = meaningful.into_iter().filter(|t| t.range.end <= word_start).collect();
    let previous = earlier.last().map(|t| t.text(before)).unwrap_or_default();

    // glotrace.budget and the like: the dots belong to the name.
    let first = statement(before, &earlier).first().map(|t| t.text(before).to_ascii_uppercase()).unwrap_or_default();
    if matches!(first.as_str(), "SET" | "RESET" | "SHOW")
        && !statement(before, &earlier).iter().any(|t| t.text(before) == "=")
    {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        return (start, beginning_with(&before[start..], names.settings.clone()));
    }
    if previous == "." && earlier.len() >= 2 {
        let owner = earlier[earlier.len() - 2].text(before);
        return (word_start, beginning_with(typed, members(names, line, before, owner)));
    }
    if matches!(
        previous.to_ascii_uppercase().as_str(),
        "FROM" | "JOIN" | "INTO" | "UPDATE" | "TABLE" | "DESCRIBE" | "SUMMARIZE" | "PIVOT" | "EXISTS"
    ) || (previous == "," && in_from(before, &earlier))
    {
        let tables = names
            .tables
            .iter()
            .map(|t| quote(&t.name))
            .chain(keyword_case(typed, ["SELECT"]).filter(|_| previous == "("));
        return (word_start, beginning_with(typed, tables.collect()));
    }
    if typed.is_empty() && earlier.is_empty() {
        return (word_start, Vec::new()); // at an empty prompt Tab would list everything there is
    }

    let mut offers = beginning_with(typed, columns(names, line, before).iter().map(|name| quote(name)).collect());
    if typed.is_empty() && !offers.is_empty() {
        return (word_start, offers); // with nothing typed, what the tables hold is worth more than all there is
    }
    if let Some(known) = call_at(before).and_then(|(function, _)| names.function(&function)) {
        let own = parameters(&known.signature).into_iter().filter(|name| starts_with(name, typed));
        offers.extend(own.map(|name| Offer { put: format!("{name} => "), shown: format!("{name} =>") }));
    }
    offers.extend(names.tables.iter().filter(|t| starts_with(&t.name, typed)).map(|t| Offer::same(quote(&t.name))));
    let follows = line[before.len()..].starts_with('(');
    offers.extend(names.functions.iter().filter(|f| starts_with(&f.name, typed)).map(|f| Offer {
        shown: format!("{}(", f.name),
        put: if follows { f.name.clone() } else { format!("{}(", f.name) },
    }));
    if !typed.is_empty() {
        let known = names.keywords.iter().map(String::as_str);
        let known = known.filter(|keyword| starts_with(keyword, typed) && names.function(keyword).is_none());
        offers.extend(keyword_case(typed, known).map(Offer::same));
    }
    (word_start, offers)
}

/// Inside `'…'`: a model where the function's argument is one, a value of a setting's kind nowhere, else a file.
fn in_text(names: &Names, before: &str, meaningful: &[&Token], start: usize) -> (usize, Vec<Offer>) {
    let typed = &before[start..];
    let outside = &before[..start - 1];
    if let Some((function, index)) = call_at(outside)
        && let Some(known) = names.function(&function)
    {
        // `name => '` and `name := '` are three tokens and the string that is open.
        let named = match meaningful {
            [.., name, _, sign, _] if [">", "="].contains(&sign.text(before)) => name.text(before),
            _ => "",
        };
        let parameter = parameters(&known.signature).get(index).cloned().unwrap_or_default();
        let is_model = |name: &str| matches!(name, "model" | "base" | "verifier");
        if is_model(&parameter) || is_model(named) {
            let close = |name: String| Offer { put: format!("{name}'"), shown: name };
            return (start, names.models.iter().filter(|m| starts_with(m, typed)).cloned().map(close).collect());
        }
        if !function.starts_with("read_") {
            return (start, Vec::new());
        }
    } else {
        let previous = meaningful
            .len()
            .checked_sub(2)
            .map(|at| meaningful[at].text(before).to_ascii_uppercase())
            .unwrap_or_default();
        if !matches!(previous.as_str(), "FROM" | "JOIN" | "TO" | "COPY" | "LOCATION" | "SUMMARIZE" | "DESCRIBE" | ",") {
            return (start, Vec::new());
        }
    }
    (start, files(typed))
}

/// The innermost call that is open at the end of `text`: the function's name and which argument (from 0) stands there.
pub fn call_at(text: &str) -> Option<(String, usize)> {
    let all: Vec<Token> = tokens(text).into_iter().filter(|t| !matches!(t.kind, Kind::Blank | Kind::Comment)).collect();
    let mut depth = 0usize;
    let mut commas = 0;
    for (index, token) in all.iter().enumerate().rev() {
        match token.text(text) {
            ")" | "]" | "}" => depth += 1,
            // Inside a list or a struct the commas are not the call's.
            "[" | "{" if depth == 0 => commas = 0,
            "[" | "{" => depth -= 1,
            "(" if depth > 0 => depth -= 1,
            "(" => {
                let name = index.checked_sub(1).map(|at| &all[at])?;
                if name.kind == Kind::Word {
                    return Some((name.text(text).to_owned(), commas));
                }
                commas = 0;
            }
            "," if depth == 0 => commas += 1,
            ";" => return None,
            _ => {}
        }
    }
    None
}

/// `math_correct(gold, trace [, compat])` → gold, trace, compat.
pub fn parameters(signature: &str) -> Vec<String> {
    let inside = signature.split_once('(').map_or("", |(_, rest)| rest);
    let inside = inside.rsplit_once(')').map_or(inside, |(inside, _)| inside);
    inside
        .split(',')
        .map(|part| part.trim_matches(|c: char| c.is_whitespace() || c == '[' || c == ']').to_owned())
        .map(|part| part.split([' ', '=']).next().unwrap_or_default().to_ascii_lowercase())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The tokens of the statement that the last of them belongs to.
fn statement<'a>(text: &str, tokens: &'a [&'a Token]) -> &'a [&'a Token] {
    let start = tokens.iter().rposition(|t| t.text(text) == ";").map_or(0, |at| at + 1);
    &tokens[start..]
}

/// Whether a comma at the end separates tables: FROM is the last clause word.
fn in_from(text: &str, tokens: &[&Token]) -> bool {
    const CLAUSES: [&str; 9] = ["SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "SET", "ON"];
    let mut depth = 0usize;
    for token in tokens.iter().rev() {
        match token.text(text).to_ascii_uppercase().as_str() {
            ")" => depth += 1,
            "(" if depth == 0 => return false,
            "(" => depth -= 1,
            word if depth == 0 && CLAUSES.contains(&word) => return word == "FROM",
            _ => {}
        }
    }
    false
}

/// Tables that the statement around the cursor names, each with its alias. The cursor stands before FROM as a rule.
fn in_scope<'n>(names: &'n Names, line: &str, before: &str) -> Vec<(Option<String>, &'n Table)> {
    let all: Vec<Token> = tokens(line).into_iter().filter(|t| !matches!(t.kind, Kind::Blank | Kind::Comment)).collect();
    let here = before.len();
    let first = all.iter().rposition(|t| t.range.end <= here && t.text(line) == ";").map_or(0, |at| at + 1);
    let last = all.iter().position(|t| t.range.start >= here && t.text(line) == ";").unwrap_or(all.len());
    let all = &all[first..last.max(first)];
    let mut found = Vec::new();
    for (index, token) in all.iter().enumerate() {
        let Some(table) = names.table(token.text(line)).filter(|_| matches!(token.kind, Kind::Word | Kind::Name))
        else {
            continue;
        };
        let before = index.checked_sub(1).map(|at| all[at].text(line).to_ascii_uppercase()).unwrap_or_default();
        if !matches!(
            before.as_str(),
            "FROM" | "JOIN" | "INTO" | "UPDATE" | "TABLE" | "," | "." | "SUMMARIZE" | "DESCRIBE"
        ) {
            continue;
        }
        let mut next = all[index + 1..].iter();
        let alias = match next.next() {
            Some(word) if word.text(line).eq_ignore_ascii_case("AS") => next.next(),
            other => other,
        };
        let alias = alias
            .filter(|t| matches!(t.kind, Kind::Word | Kind::Name) && !names.is_keyword(t.text(line)))
            .map(|t| t.text(line).trim_matches('"').to_owned());
        found.push((alias, table));
    }
    found
}

/// Columns of the tables in scope; where none is yet, of all of the user's: SELECT comes before FROM.
fn columns(names: &Names, line: &str, before: &str) -> Vec<String> {
    let scope = in_scope(names, line, before);
    let mut columns: Vec<String> = if scope.is_empty() {
        let own = names.tables.iter().filter(|table| !matches!(table.schema.as_str(), "system" | "information_schema"));
        own.flat_map(|table| table.columns.clone()).collect()
    } else {
        scope.into_iter().flat_map(|(_, table)| table.columns.clone()).collect()
    };
    columns.sort();
    columns.dedup();
    columns
}

/// What can follow `owner.`: columns of a table or alias, tables of a schema.
fn members(names: &Names, line: &str, before: &str, owner: &str) -> Vec<String> {
    let bare = owner.trim_matches('"');
    let aliased = in_scope(names, line, before)
        .into_iter()
        .find(|(alias, _)| alias.as_deref().is_some_and(|a| a.eq_ignore_ascii_case(bare)));
    if let Some((_, table)) = aliased {
        return table.columns.iter().map(|c| quote(c)).collect();
    }
    let in_schema: Vec<String> =
        names.tables.iter().filter(|t| t.schema.eq_ignore_ascii_case(bare)).map(|t| quote(&t.name)).collect();
    if !in_schema.is_empty() {
        return in_schema;
    }
    names.table(owner).map(|table| table.columns.iter().map(|c| quote(c)).collect()).unwrap_or_default()
}

fn starts_with(name: &str, typed: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|c| letters.next() == Some(c))
}

fn beginning_with(typed: &str, mut names: Vec<String>) -> Vec<Offer> {
    names.retain(|name| starts_with(name, typed) || starts_with(name.trim_matches('"'), typed));
    names.sort();
    names.dedup();
    names.into_iter().map(Offer::same).collect()
}

/// Keywords in the case that was begun: `sel` gives `select`, `SEL` and `Sel` give `SELECT`.
fn keyword_case<'a>(typed: &str, keywords: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = String> {
    let lower = typed.starts_with(char::is_lowercase);
    keywords
        .into_iter()
        .map(move |keyword| if lower { keyword.to_ascii_lowercase() } else { keyword.to_ascii_uppercase() })
}

/// Files and folders that begin as typed; folders end in `/`, `~/` is the home.
fn files(typed: &str) -> Vec<Offer> {
    let (folder, begun) =
        typed.rsplit_once('/').map_or(("", typed), |(folder, begun)| (&typed[..=folder.len()], begun));
    let place = match folder.strip_prefix("~/") {
        Some(rest) => match etcetera::home_dir() {
            Ok(home) => home.join(rest),
            Err(_) => return Vec::new(),
        },
        None if folder.is_empty() => Path::new(".").to_owned(),
        None => Path::new(folder).to_owned(),
    };
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let mut offers: Vec<Offer> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !begun.starts_with('.');
            (name.starts_with(begun) && !hidden).then(|| {
                let end = if entry.path().is_dir() { "/" } else { "" };
                Offer { put: format!("{folder}{name}{end}"), shown: format!("{name}{end}") }
            })
        })
        .collect();
    offers.sort_by(|a, b| a.put.cmp(&b.put));
    offers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::names::Function;

    fn names() -> Names {
        let function = |name: &str, signature: &str| Function {
            name: name.to_owned(),
            signature: signature.to_owned(),
            about: String::new(),
        };
        let table = |name: &str, columns: &[&str]| Table {
            schema: "main".to_owned(),
            name: name.to_owned(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        Names {
            keywords: ["SELECT", "FROM", "WHERE", "SET", "ORDER", "LANGUAGE", "AS"].map(str::to_owned).to_vec(),
            tables: vec![
                table("traces", &["id", "lang", "trace"]),
                table("questions", &["id", "question"]),
                table("My table", &["Big"]),
            ],
            functions: vec![
                function("lang_detect", "lang_detect(text [, candidates])"),
                function("llm_complete", "llm_complete(model, prompt [, temperature])"),
                function("math_boxed", "math_boxed(text [, compat])"),
                function("read_json", "read_json(url [, filename])"),
            ],
            settings: ["glotrace.budget", "glotrace.seed", "datafusion.execution.batch_size"]
                .map(str::to_owned)
                .to_vec(),
            models: ["smollm2", "builtin:tagger"].map(str::to_owned).to_vec(),
        }
    }

    /// Offers at `|`.
    fn at(line: &str) -> Vec<String> {
        let cursor = line.find('|').unwrap();
        complete(&names(), &line.replacen('|', "", 1), cursor).1.into_iter().map(|offer| offer.put).collect()
    }

    #[test]
    fn tables_after_from_and_columns_where_tables_are_in_scope() {
        assert_eq!(at("SELECT * FROM |"), ["\"My table\"", "questions", "traces"]);
        assert_eq!(at("SELECT * FROM tr|"), ["traces"]);
        assert_eq!(at("SELECT la| FROM traces"), ["lang", "lang_detect(", "language"]);
        assert_eq!(at("SELECT t.| FROM traces t"), ["id", "lang", "trace"]);
        assert_eq!(at("SELECT * FROM traces AS a JOIN questions q ON a.id = q.q|"), ["question"]);
        assert_eq!(at("SELECT * FROM traces, q|"), ["questions"]);
        assert_eq!(at("SELECT traces.l|"), ["lang"]);
    }

    #[test]
    fn with_nothing_typed_the_columns_alone() {
        assert_eq!(at("SELECT * FROM questions WHERE |"), ["id", "question"]);
    }

    #[test]
    fn another_statement_lends_no_columns() {
        assert_eq!(at("SELECT * FROM questions; SELECT quest| FROM traces"), ["questions"]);
    }

    #[test]
    fn where_no_table_is_named_yet_all_columns_are_offered() {
        assert_eq!(at("SELECT la|"), ["lang", "lang_detect(", "language"]);
        assert_eq!(at("SELECT temp|"), Vec::<String>::new());
    }

    #[test]
    fn inside_a_call_its_arguments_are_offered() {
        assert_eq!(at("SELECT llm_complete('smollm2', 'x', temp|"), ["temperature => "]);
    }

    #[test]
    fn functions_get_a_parenthesis_once_and_keywords_the_case_begun() {
        assert_eq!(at("SELECT math_b|"), ["math_boxed("]);
        assert_eq!(at("SELECT math_b|(x)"), ["math_boxed"]);
        assert_eq!(at("sel|"), ["select"]);
        assert_eq!(at("SEL|"), ["SELECT"]);
    }

    #[test]
    fn settings_with_their_dots() {
        assert_eq!(at("SET glotrace.b|"), ["glotrace.budget"]);
        assert_eq!(at("show |").len(), 3);
        assert_eq!(at("RESET data|"), ["datafusion.execution.batch_size"]);
    }

    #[test]
    fn models_where_the_argument_is_one() {
        assert_eq!(at("SELECT llm_complete('smo|"), ["smollm2'"]);
        assert_eq!(at("SELECT llm_complete(prompt => 'x', model => 'smo|"), ["smollm2'"]);
        assert_eq!(at("SELECT llm_complete('smollm2', 'smo|"), Vec::<String>::new());
    }

    #[test]
    fn commands_and_their_arguments() {
        assert_eq!(at(".tab|"), [".tables"]);
        assert_eq!(at("\\d|"), ["\\d", "\\df", "\\dt"]);
        assert_eq!(at(".mode la|"), ["latex"]);
        assert_eq!(at(".timer |"), ["off", "on"]);
        assert_eq!(at(".schema q|"), ["questions"]);
        assert_eq!(at(".help .ti|"), [".timer"]);
    }

    #[test]
    fn files_after_from_and_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("alpha.csv"), "").unwrap();
        std::fs::create_dir(folder.path().join("alps")).unwrap();
        let base = folder.path().display();
        let expected = [format!("{base}/alpha.csv"), format!("{base}/alps/")];
        assert_eq!(at(&format!("SELECT * FROM '{base}/al|")), expected);
        assert_eq!(at(&format!("SELECT * FROM read_json('{base}/al|")), expected);
        assert_eq!(at(&format!(".read {base}/al|")), expected);
        assert_eq!(at(&format!("SELECT '{base}/al|")), Vec::<String>::new());
    }

    #[test]
    fn nothing_in_comments_and_at_an_empty_prompt() {
        assert_eq!(at("SELECT 1 -- sel|"), Vec::<String>::new());
        assert_eq!(at("|"), Vec::<String>::new());
    }

    #[test]
    fn the_call_at_the_cursor_and_its_argument() {
        assert_eq!(call_at("SELECT f(a, g(b, c), [1, 2], "), Some(("f".to_owned(), 3)));
        assert_eq!(call_at("SELECT f(a, g(b, "), Some(("g".to_owned(), 1)));
        assert_eq!(call_at("SELECT f(a, [1, 2, "), Some(("f".to_owned(), 1)));
        assert_eq!(call_at("SELECT f(a)"), None);
        assert_eq!(call_at("SELECT f('(', "), Some(("f".to_owned(), 1)));
        assert_eq!(call_at("SELECT f(; SELECT "), None);
    }

    #[test]
    fn no_half_typed_text_breaks_it() {
        let text = "SELECT llm_complete('smöl', \"x.y\", $$a$$, [1, {a: 'b'}]) FROM 'тест' t, \"My table\" WHERE t.漢 = .5 -- end\n;.";
        for (cursor, _) in text.char_indices() {
            complete(&names(), text, cursor);
            complete(&names(), &text[..cursor], cursor);
            call_at(&text[..cursor]);
        }
    }
}
