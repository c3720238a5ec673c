//! `$name` → the value that `-p name=value`, `.param` or `PARAMETER name DEFAULT value` gave it.

use datafusion::sql::sqlparser::ast::{self, Expr, Value, VisitMut};

use super::{Context, each_expr};
use crate::error::{Error, Result};
use crate::plan::parse::{parse_expr, place_at};
use crate::suggest::closest;

pub fn substitute<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    each_expr(tree, |expr| {
        let Expr::Value(value) = expr else { return Ok(()) };
        let Value::Placeholder(placeholder) = &value.value else { return Ok(()) };
        let Some(name) =
            placeholder.strip_prefix('$').filter(|n| !n.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
        else {
            return Ok(()); // $1 belongs to PREPARE
        };
        match context.parameters.get(&name) {
            Some(given) => *expr = given.clone(),
            None => {
                let mut error = Error::query(format!("parameter `${name}` has no value"));
                if let Some(place) = place_at(context.statement, value.span) {
                    error = error.at(place);
                }
                let hint = match closest(&name, context.parameters.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `${near}`?"),
                    None => format!(
                        "give it one: `-p {name}=VALUE`, `.param {name} VALUE`, or `PARAMETER {name} DEFAULT …` in the script"
                    ),
                };
                return Err(error.with_hint(hint));
            }
        }
        Ok(())
    })
}

/// What a value given as text means: a literal where it parses as one (numbers, booleans, NULL, quoted strings, lists
/// and structs of these), else the text itself.
pub fn value_of_text(text: &str) -> Expr {
    match parse_expr(text) {
        Ok(expr) if is_literal(&expr) => expr,
        _ => Expr::Value(Value::SingleQuotedString(text.to_owned()).into()),
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(v) => !matches!(v.value, Value::Placeholder(_) | Value::DoubleQuotedString(_)),
        Expr::UnaryOp { op: ast::UnaryOperator::Minus | ast::UnaryOperator::Plus, expr } => {
            matches!(expr.as_ref(), Expr::Value(v) if matches!(v.value, Value::Number(..)))
        }
        Expr::Array(array) => array.elem.iter().all(is_literal),
        Expr::Dictionary(fields) => fields.iter().all(|f| is_literal(&f.value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::value_of_text;

    #[test]
    fn a_value_is_a_literal_where_it_reads_as_one_and_text_elsewhere() {
        for (text, sql) in [
            ("8", "8"),
            ("-0.5", "-0.5"),
            ("true", "true"),
            ("'8'", "'8'"),
            ("['en', 'bn']", "['en', 'bn']"),
            ("data/questions", "'data/questions'"),
            ("builtin:tagger", "'builtin:tagger'"),
            ("a'b", "'a''b'"),
            ("", "''"),
        ] {
            assert_eq!(value_of_text(text).to_string(), sql);
        }
    }
}
