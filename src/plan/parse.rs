//! One statement's text → what it asks for: SQL as DataFusion plans it, or one of glotrace's own statements.

use datafusion::sql::sqlparser::ast::{self, Expr, Ident, Query, Spanned};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span as SqlSpan, Token, TokenWithSpan, Tokenizer};

use crate::error::{Error, Result};
use crate::plan::split::Statement;

/// Deeper nesting than any person writes; the parser's recursion is bounded so that a bad text cannot end the process.
const RECURSION_LIMIT: usize = 128;

#[derive(Debug, Clone)]
pub enum Parsed {
    /// Anything that DataFusion's planner or `plan::change` takes.
    Sql(Box<ast::Statement>),
    Copy(Copy),
    CreateModel {
        name: String,
        or_replace: bool,
        if_not_exists: bool,
        uri: Expr,
        options: Vec<(String, Expr)>,
    },
    DropModel {
        name: String,
        if_exists: bool,
    },
    DropMacro {
        name: String,
        if_exists: bool,
    },
    Summarize(Box<Query>),
    Describe(Box<Query>),
    Pivot(Box<Pivot>),
    /// `PARAMETER name [DEFAULT value]`: the statement after it may use `$name`.
    Parameter {
        name: String,
        default: Option<Expr>,
    },
    Set {
        name: String,
        value: Expr,
    },
    /// `None` = all of them.
    Reset {
        name: Option<String>,
    },
    Show {
        name: String,
    },
    /// `EXPLAIN COST statement`
    ExplainCost(Box<Parsed>),
}

/// `COPY (query) TO 'file' [OPTIONS (…)]`, in DuckDB's and DataFusion's spelling.
#[derive(Debug, Clone)]
pub struct Copy {
    pub query: Box<Query>,
    pub target: Expr,
    pub options: Vec<(String, Expr)>,
}

/// DuckDB's `PIVOT table ON column [IN (…)] USING aggregate [GROUP BY …] [ORDER BY …] [LIMIT …]`.
#[derive(Debug, Clone)]
pub struct Pivot {
    pub source: ast::TableFactor,
    pub on: Vec<Expr>,
    pub values: Option<Vec<Expr>>,
    pub using: Vec<(Expr, Option<Ident>)>,
    pub group_by: Option<Vec<Expr>>,
    pub order_by: Option<ast::OrderBy>,
    pub limit: Option<Expr>,
}

/// # Errors
/// Syntax errors, with the place of the token that does not fit.
pub fn parse(statement: &Statement) -> Result<Parsed> {
    let tokens = Tokenizer::new(&DuckDbDialect {}, &statement.text)
        .tokenize_with_location()
        .map_err(|e| at(Error::query(e.message.clone()), statement, e.location))?;
    let mut parser = parser(select_all_first(tokens));
    let parsed = parse_any(&mut parser).map_err(|e| syntax_error(statement, &parser, &e))?;
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let error = Error::query(format!("the statement goes on where its end was expected: `{next}`"))
            .with_hint("a statement ends with `;`");
        return Err(at(error, statement, next.span.start));
    }
    Ok(parsed)
}

/// A text that must be one expression: a parameter's value, a macro's body.
pub fn parse_expr(text: &str) -> Result<Expr> {
    let whole = Statement::new(text);
    let tokens = Tokenizer::new(&DuckDbDialect {}, text)
        .tokenize_with_location()
        .map_err(|e| at(Error::query(e.message.clone()), &whole, e.location))?;
    let mut parser = parser(tokens);
    let expr = parser.parse_expr().map_err(|e| syntax_error(&whole, &parser, &e))?;
    match parser.peek_token().token {
        Token::EOF => Ok(expr),
        other => Err(Error::query(format!("the expression goes on where its end was expected: `{other}`"))),
    }
}

/// A text that must be one query: a view, a table macro.
pub fn parse_query(text: &str) -> Result<Box<Query>> {
    match parse(&Statement::new(text))? {
        Parsed::Sql(statement) => match *statement {
            ast::Statement::Query(query) => Ok(query),
            other => Err(Error::query(format!("expected a query, got `{other}`"))),
        },
        _ => Err(Error::query("expected a query")),
    }
}

/// `FROM t WHERE …` → `SELECT * FROM t WHERE …`, at the start of a statement or of a query in brackets.
fn select_all_first(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let word = |t: &TokenWithSpan, w: &str| matches!(&t.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(w));
    let solid: Vec<usize> = (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
    let mut before = Vec::new();
    for (n, &i) in solid.iter().enumerate() {
        if !word(&tokens[i], "FROM") {
            continue;
        }
        let starts = match n.checked_sub(1).map(|p| &tokens[solid[p]]) {
            None => true,
            // `extract(… FROM x)` and `trim(FROM x)` are functions.
            Some(t) if t.token == Token::LParen => {
                n < 2
                    || !matches!(&tokens[solid[n - 2]].token, Token::Word(w) if w.keyword == Keyword::NoKeyword || w.keyword == Keyword::TRIM)
            }
            Some(t) => {
                ["AS", "UNION", "ALL", "INTERSECT", "EXCEPT", "ANALYZE", "COST", "EXPLAIN"].iter().any(|w| word(t, w))
            }
        };
        let mut depth = 0;
        let has_select = solid[n..].iter().any(|&j| {
            match tokens[j].token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            depth == 0 && word(&tokens[j], "SELECT")
        });
        if starts && !has_select {
            before.push(i);
        }
    }
    let mut out = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.into_iter().enumerate() {
        if before.contains(&i) {
            let span = token.span;
            for made in [Token::make_keyword("SELECT"), Token::Mul] {
                out.push(TokenWithSpan { token: made, span });
            }
        }
        out.push(token);
    }
    out
}

/// Before `=>` and `:=` stands a name, be it a keyword elsewhere: `cluster => question`.
fn names_of_arguments(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut before: Option<usize> = None;
    for i in 0..tokens.len() {
        match &tokens[i].token {
            Token::Whitespace(_) => {}
            Token::RArrow | Token::Assignment => {
                if let Some(place) = before.take()
                    && let Token::Word(word) = &mut tokens[place].token
                {
                    word.keyword = Keyword::NoKeyword;
                }
            }
            _ => before = Some(i),
        }
    }
    tokens
}

/// What `=` stands for in brackets behind these words: a name and its value. Elsewhere it compares: `sum(lang = 'en')`.
const NAMED_BY_EQUALS: [&str; 3] = ["OPTIONS", "WITH", "SET"];

/// `f(a = 1)` → `f((a) = 1)`, which the parser does not take for an argument named `a`.
fn comparisons_in_arguments(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let solid: Vec<usize> = (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
    let at = |n: usize| solid.get(n).map(|i| &tokens[*i].token);
    // Of each bracket that is open: whether it holds arguments of a function that are compared by `=`.
    let mut open = Vec::new();
    let mut compared = Vec::new();
    for (n, &place) in solid.iter().enumerate() {
        let before = n.checked_sub(1).and_then(at);
        match at(n) {
            Some(Token::LParen) => open.push(match before {
                Some(Token::Word(word)) => {
                    let name = word.value.to_ascii_uppercase();
                    !name.starts_with("READ_") && !NAMED_BY_EQUALS.contains(&name.as_str())
                }
                _ => false,
            }),
            Some(Token::RParen) => {
                open.pop();
            }
            Some(Token::Word(_)) if open.last() == Some(&true) && at(n + 1) == Some(&Token::Eq) => {
                let first = match before {
                    Some(Token::LParen | Token::Comma) => true,
                    Some(Token::Word(word)) => matches!(word.keyword, Keyword::DISTINCT | Keyword::ALL),
                    _ => false,
                };
                if first {
                    compared.push(place);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::with_capacity(tokens.len() + 2 * compared.len());
    for (i, token) in tokens.into_iter().enumerate() {
        let span = token.span;
        let is_compared = compared.binary_search(&i).is_ok();
        if is_compared {
            out.push(TokenWithSpan { token: Token::LParen, span });
        }
        out.push(token);
        if is_compared {
            out.push(TokenWithSpan { token: Token::RParen, span });
        }
    }
    out
}

fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&DuckDbDialect {})
        .with_tokens_with_locations(names_of_arguments(comparisons_in_arguments(tokens)))
        .with_recursion_limit(RECURSION_LIMIT)
}

type Parse<T> = std::result::Result<T, ParserError>;

fn parse_any(p: &mut Parser<'_>) -> Parse<Parsed> {
    let word = |p: &Parser<'_>, n: usize| match p.peek_nth_token(n).token {
        Token::Word(w) if w.quote_style.is_none() => w.value.to_ascii_uppercase(),
        _ => String::new(),
    };
    let words: Vec<String> = (0..4).map(|n| word(p, n)).collect();
    match [words[0].as_str(), &words[1], &words[2], &words[3]] {
        ["COPY", ..] => parse_copy(p),
        ["CREATE", "MODEL", ..] | ["CREATE", "OR", "REPLACE", "MODEL"] => parse_create_model(p),
        ["DROP", "MODEL", ..] => {
            skip(p, 2);
            let if_exists = p.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
            Ok(Parsed::DropModel { name: name(p)?, if_exists })
        }
        ["DROP", "MACRO", ..] => {
            skip(p, 2);
            let _ = p.parse_keyword(Keyword::TABLE);
            let if_exists = p.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
            Ok(Parsed::DropMacro { name: name(p)?, if_exists })
        }
        ["SUMMARIZE" | "SUMMARISE", ..] => {
            skip(p, 1);
            Ok(Parsed::Summarize(relation_or_query(p)?))
        }
        ["DESCRIBE" | "DESC", ..] => {
            skip(p, 1);
            let _ = p.parse_keyword(Keyword::TABLE);
            Ok(Parsed::Describe(relation_or_query(p)?))
        }
        ["PIVOT", ..] => parse_pivot(p),
        ["EXPLAIN", "COST", ..] => {
            skip(p, 2);
            Ok(Parsed::ExplainCost(Box::new(parse_any(p)?)))
        }
        ["PARAMETER", ..] => {
            skip(p, 1);
            let name = match p.next_token().token {
                Token::Placeholder(name) => name.trim_start_matches('$').to_owned(),
                Token::Word(word) => word.value,
                other => return Err(ParserError::ParserError(format!("Expected: a parameter's name, found: {other}"))),
            };
            let default = if p.parse_keyword(Keyword::DEFAULT) { Some(p.parse_expr()?) } else { None };
            Ok(Parsed::Parameter { name, default })
        }
        ["SET", "GLOTRACE", ..] => {
            skip(p, 1);
            let name = setting_name(p)?;
            if !p.consume_token(&Token::Eq) {
                p.expect_keyword(Keyword::TO)?;
            }
            Ok(Parsed::Set { name, value: p.parse_expr()? })
        }
        ["RESET", what, ..] if what == "GLOTRACE" || what == "ALL" => {
            skip(p, 1);
            if what == "ALL" {
                skip(p, 1);
                return Ok(Parsed::Reset { name: None });
            }
            Ok(Parsed::Reset { name: Some(setting_name(p)?) })
        }
        ["SHOW", "GLOTRACE", ..] => {
            skip(p, 1);
            Ok(Parsed::Show { name: setting_name(p)? })
        }
        _ => Ok(Parsed::Sql(Box::new(p.parse_statement()?))),
    }
}

fn skip(p: &mut Parser<'_>, n: usize) {
    for _ in 0..n {
        p.next_token();
    }
}

/// Unquoted names are folded to lower case, as DataFusion folds those of tables and columns.
fn fold(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

fn name(p: &mut Parser<'_>) -> Parse<String> {
    Ok(fold(&p.parse_identifier()?))
}

fn setting_name(p: &mut Parser<'_>) -> Parse<String> {
    let parts = p.parse_object_name(false)?;
    Ok(parts.to_string().to_lowercase())
}

fn select_all_from(table: &impl std::fmt::Display) -> Parse<Box<Query>> {
    Parser::new(&DuckDbDialect {}).try_with_sql(&format!("SELECT * FROM {table}"))?.parse_query()
}

fn relation_or_query(p: &mut Parser<'_>) -> Parse<Box<Query>> {
    match p.peek_token().token {
        Token::Word(w) if matches!(w.keyword, Keyword::SELECT | Keyword::WITH | Keyword::FROM | Keyword::VALUES) => {
            p.parse_query()
        }
        _ => {
            let factor = p.parse_table_factor()?;
            select_all_from(&factor)
        }
    }
}

fn parse_copy(p: &mut Parser<'_>) -> Parse<Parsed> {
    skip(p, 1);
    let query = if p.peek_token().token == Token::LParen {
        p.next_token();
        let query = p.parse_query()?;
        p.expect_token(&Token::RParen)?;
        query
    } else {
        // Not parse_table_factor: it would take TO for the table's alias.
        let name = p.parse_object_name(false)?;
        select_all_from(&name)?
    };
    p.expect_keyword(Keyword::TO)?;
    let target = p.parse_expr()?;
    let mut options = Vec::new();
    loop {
        if p.parse_keywords(&[Keyword::STORED, Keyword::AS]) {
            options.push(("format".to_owned(), text(name(p)?)));
        } else if p.parse_keyword(Keyword::OPTIONS)
            || p.parse_keyword(Keyword::WITH)
            || p.peek_token().token == Token::LParen
        {
            options.extend(parse_options(p)?);
        } else {
            return Ok(Parsed::Copy(Copy { query, target, options }));
        }
    }
}

fn text(value: String) -> Expr {
    Expr::Value(ast::Value::SingleQuotedString(value).into())
}

/// `(key value, 'key' = value, key)`; a key alone means true.
fn parse_options(p: &mut Parser<'_>) -> Parse<Vec<(String, Expr)>> {
    p.expect_token(&Token::LParen)?;
    let mut options = Vec::new();
    while p.peek_token().token != Token::RParen {
        let mut key = match p.next_token().token {
            Token::SingleQuotedString(key) => key,
            Token::Word(word) => word.value.to_lowercase(),
            other => return Err(ParserError::ParserError(format!("Expected: an option's name, found: {other}"))),
        };
        while p.consume_token(&Token::Period) {
            key = format!("{key}.{}", name(p)?);
        }
        let value = match p.peek_token().token {
            Token::Comma | Token::RParen => Expr::Value(ast::Value::Boolean(true).into()),
            Token::Word(word)
                if word.keyword != Keyword::NULL && word.keyword != Keyword::TRUE && word.keyword != Keyword::FALSE =>
            {
                p.next_token();
                text(word.value)
            }
            Token::LParen => {
                p.next_token();
                let list = p.parse_comma_separated(Parser::parse_expr)?;
                p.expect_token(&Token::RParen)?;
                Expr::Array(ast::Array { elem: list, named: false })
            }
            _ => {
                let _ = p.consume_token(&Token::Eq);
                p.parse_expr()?
            }
        };
        options.push((key, value));
        if !p.consume_token(&Token::Comma) {
            break;
        }
    }
    p.expect_token(&Token::RParen)?;
    Ok(options)
}

fn parse_create_model(p: &mut Parser<'_>) -> Parse<Parsed> {
    skip(p, 1);
    let or_replace = p.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
    skip(p, 1);
    let if_not_exists = p.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
    let name = name(p)?;
    p.expect_keyword(Keyword::FROM)?;
    let uri = p.parse_expr()?;
    let options = if p.parse_keyword(Keyword::OPTIONS) || p.peek_token().token == Token::LParen {
        parse_options(p)?
    } else {
        Vec::new()
    };
    Ok(Parsed::CreateModel { name, or_replace, if_not_exists, uri, options })
}

fn parse_pivot(p: &mut Parser<'_>) -> Parse<Parsed> {
    skip(p, 1);
    let source = p.parse_table_factor()?;
    p.expect_keyword(Keyword::ON)?;
    let mut on = Vec::new();
    let mut values = None;
    loop {
        // Not parse_expr: it would take `col IN (…)` for a condition.
        on.push(p.parse_subexpr(40)?);
        if p.parse_keyword(Keyword::IN) {
            p.expect_token(&Token::LParen)?;
            values = Some(p.parse_comma_separated(Parser::parse_expr)?);
            p.expect_token(&Token::RParen)?;
        }
        if !p.consume_token(&Token::Comma) {
            break;
        }
    }
    let mut using = Vec::new();
    if p.parse_keyword(Keyword::USING) {
        using = p.parse_comma_separated(|p| {
            let expr = p.parse_expr()?;
            let alias = if p.parse_keyword(Keyword::AS) { Some(p.parse_identifier()?) } else { None };
            Ok((expr, alias))
        })?;
    }
    let group_by = if p.parse_keywords(&[Keyword::GROUP, Keyword::BY]) {
        Some(p.parse_comma_separated(Parser::parse_expr)?)
    } else {
        None
    };
    let order_by = p.parse_optional_order_by()?;
    let limit = if p.parse_keyword(Keyword::LIMIT) { Some(p.parse_expr()?) } else { None };
    Ok(Parsed::Pivot(Box::new(Pivot { source, on, values, using, group_by, order_by, limit })))
}

fn at(error: Error, statement: &Statement, location: Location) -> Error {
    if location.line == 0 {
        return error.at(statement.place(1, 1, 1));
    }
    let (line, column) = (location.line as usize, location.column as usize);
    error.at(statement.place(line, column, token_width(&statement.text, line, column)))
}

/// How far the word at this place reaches, so that the caret underlines it.
pub fn token_width(text: &str, line: usize, column: usize) -> usize {
    let Some(line) = text.lines().nth(line.saturating_sub(1)) else { return 1 };
    line.chars().skip(column.saturating_sub(1)).take_while(|c| c.is_alphanumeric() || *c == '_').count().max(1)
}

/// sqlparser writes the place into its message; take it out and put it into the error.
fn syntax_error(statement: &Statement, parser: &Parser<'_>, error: &ParserError) -> Error {
    let message = match error {
        ParserError::ParserError(m) | ParserError::TokenizerError(m) => m.clone(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
    };
    let (message, location) = match message.rsplit_once(" at Line: ") {
        Some((head, tail)) => {
            let mut numbers = tail.split(", Column: ").map(|n| n.trim().parse::<u64>().unwrap_or(0));
            let line = numbers.next().unwrap_or(0);
            (head.to_owned(), Some(Location { line, column: numbers.next().unwrap_or(0) }))
        }
        None => (message, None),
    };
    let message = match message.strip_prefix("Expected: ").and_then(|m| m.split_once(", found: ")) {
        Some((expected, "EOF")) => format!("the statement ends where {expected} was expected"),
        Some((expected, found)) => format!("expected {expected}, found `{found}`"),
        None => message,
    };
    let location = location.unwrap_or_else(|| parser.peek_token().span.start);
    let error = Error::query(message);
    if location.line == 0 {
        let last = statement.text.lines().count();
        let column = statement.text.lines().last().map_or(1, |l| l.chars().count() + 1);
        return error.at(statement.place(last, column, 1));
    }
    at(error, statement, location)
}

/// The place of a piece of the tree in its statement; `None` where the parser kept none.
pub fn place_of(statement: &Statement, node: &impl Spanned) -> Option<crate::error::Place> {
    place_at(statement, node.span())
}

/// The place of a span in its statement; `None` for the empty span of a tree that was made and not parsed.
pub fn place_at(statement: &Statement, span: SqlSpan) -> Option<crate::error::Place> {
    if span.start.line == 0 {
        return None;
    }
    let width =
        if span.end.line == span.start.line { span.end.column.saturating_sub(span.start.column) as usize } else { 1 };
    Some(statement.place(span.start.line as usize, span.start.column as usize, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(sql: &str) -> Parsed {
        parse(&Statement::new(sql)).unwrap()
    }

    #[test]
    fn copy_takes_both_spellings_of_options() {
        for sql in [
            "COPY t TO 'x.csv' (FORMAT csv, HEADER false)",
            "COPY (SELECT 1) TO $out OPTIONS ('format' 'csv', header false)",
            "COPY t TO 'x.csv' STORED AS csv OPTIONS (header false)",
        ] {
            let Parsed::Copy(copy) = ok(sql) else { unreachable!() };
            assert_eq!(copy.options.len(), 2, "{sql}");
        }
    }

    #[test]
    fn a_model_has_a_name_a_place_and_options() {
        let Parsed::CreateModel { name, or_replace, options, .. } =
            ok("CREATE OR REPLACE MODEL Judge FROM 'openai://gpt-4o' OPTIONS (temperature 0, max_concurrency 32)")
        else {
            unreachable!()
        };
        assert_eq!((name.as_str(), or_replace, options.len()), ("judge", true, 2));
    }

    #[test]
    fn pivot_reads_its_values_before_it_reads_a_condition() {
        let Parsed::Pivot(pivot) = ok("PIVOT t ON lang IN ('de', 'en') USING avg(x) AS m GROUP BY model") else {
            unreachable!()
        };
        assert_eq!((pivot.on.len(), pivot.values.unwrap().len(), pivot.using.len()), (1, 2, 1));
    }

    #[test]
    fn a_syntax_error_names_the_token_and_its_place() {
        let error = parse(&Statement::new("SELECT 1\nFORM t")).unwrap_err();
        let place = error.place.unwrap();
        assert_eq!(place.line, 2);
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let sql = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(parse(&Statement::new(sql)).is_err());
    }
}
