//! `CREATE MACRO f(a, b := 2) AS a + b`: calls of `f` → its body with the arguments put in.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, TableFactor, VisitMut, VisitorMut,
};

use super::arguments::ordered;
use super::{Context, finish, lambdas};
use crate::error::{Error, Result};

/// Macros may call macros; a circle ends here instead of in a full stack.
const DEPTH: usize = 32;

/// Macros that double at each level fill any memory long before they are deep.
const EXPANSIONS: usize = 10_000;

#[derive(Debug, Clone)]
pub struct Macro {
    pub parameters: Vec<(String, Option<Expr>)>,
    pub body: MacroBody,
}

#[derive(Debug, Clone)]
pub enum MacroBody {
    Scalar(Box<Expr>),
    Table(Box<Query>),
}

pub fn expand<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    if context.macros.is_empty() {
        return Ok(());
    }
    finish(tree.visit(&mut Expand { context, depth: 0, made: &Cell::new(0) }))
}

struct Expand<'a> {
    context: &'a Context<'a>,
    depth: usize,
    /// Expansions so far, in the whole statement.
    made: &'a Cell<usize>,
}

impl Expand<'_> {
    fn arguments(&self, name: &str, called: &Macro, args: Vec<FunctionArg>) -> Result<HashMap<String, Expr>> {
        let names: Vec<String> = called.parameters.iter().map(|(n, _)| n.clone()).collect();
        if args.len() > names.len() {
            return Err(Error::query(format!(
                "{name} takes {} arguments ({}), got {}",
                names.len(),
                names.join(", "),
                args.len()
            )));
        }
        let (given, _) = ordered(name, args, &names, self.context)?;
        let mut values = HashMap::new();
        for ((parameter, default), given) in called.parameters.iter().zip(given) {
            let value = match (given, default) {
                (Some(FunctionArgExpr::Expr(given)), _) => given,
                (Some(other), _) => {
                    return Err(Error::query(format!("{name}: `{other}` cannot be an argument of a macro")));
                }
                (None, Some(default)) => default.clone(),
                (None, None) => return Err(Error::query(format!("{name}: argument `{parameter}` is missing"))),
            };
            values.insert(parameter.clone(), value);
        }
        Ok(values)
    }

    fn deeper(&self, name: &str) -> Result<Self> {
        if self.depth >= DEPTH {
            return Err(Error::query(format!("macro `{name}` calls itself, directly or through others")));
        }
        self.made.set(self.made.get() + 1);
        if self.made.get() > EXPANSIONS {
            return Err(Error::query(format!("macro `{name}` grows too large: more than {EXPANSIONS} expansions")));
        }
        Ok(Self { context: self.context, depth: self.depth + 1, made: self.made })
    }

    fn scalar(&self, expr: &mut Expr) -> Result<()> {
        let Expr::Function(function) = expr else { return Ok(()) };
        let name = function.name.to_string().to_lowercase();
        let Some(called) = self.context.macros.get(&name) else { return Ok(()) };
        let MacroBody::Scalar(body) = &called.body else {
            return Err(
                Error::query(format!("`{name}` is a table macro")).with_hint(format!("use it as `FROM {name}(…)`"))
            );
        };
        let args = match &mut function.args {
            FunctionArguments::List(list) => std::mem::take(&mut list.args),
            _ => Vec::new(),
        };
        let values = self.arguments(&name, called, args)?;
        let mut body = body.as_ref().clone();
        put_in(&mut body, &values)?;
        finish(VisitMut::visit(&mut body, &mut self.deeper(&name)?))?;
        *expr = Expr::Nested(Box::new(body));
        Ok(())
    }

    fn table(&self, factor: &mut TableFactor) -> Result<()> {
        let TableFactor::Table { name, args: Some(args), alias, .. } = factor else { return Ok(()) };
        let name = name.to_string().to_lowercase();
        let Some(called) = self.context.macros.get(&name) else { return Ok(()) };
        let MacroBody::Table(query) = &called.body else { return Ok(()) };
        let values = self.arguments(&name, called, std::mem::take(&mut args.args))?;
        let mut query = query.clone();
        put_in(&mut query, &values)?;
        finish(query.visit(&mut self.deeper(&name)?))?;
        *factor = TableFactor::Derived { lateral: false, subquery: query, alias: alias.take(), sample: None };
        Ok(())
    }
}

impl VisitorMut for Expand<'_> {
    type Break = Error;
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        self.scalar(expr).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }
    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        self.table(factor).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }
}

/// Puts the arguments where the parameters stand. A lambda's own parameter of the same name stays.
fn put_in<T: VisitMut>(body: &mut T, values: &HashMap<String, Expr>) -> Result<()> {
    struct PutIn<'a> {
        values: &'a HashMap<String, Expr>,
        bound: Vec<String>,
    }
    impl PutIn<'_> {
        fn value(&self, ident: &Ident) -> Option<Box<Expr>> {
            let name = if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() };
            let value = self.values.get(&name).filter(|_| !self.bound.contains(&name))?;
            Some(Box::new(Expr::Nested(Box::new(value.clone()))))
        }
    }
    impl VisitorMut for PutIn<'_> {
        type Break = Error;
        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
            if let Expr::Lambda(lambda) = expr {
                self.bound.extend(lambdas::parameters(lambda));
            }
            ControlFlow::Continue(())
        }
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
            match expr {
                Expr::Lambda(lambda) => self.bound.truncate(self.bound.len() - lambdas::parameters(lambda).len()),
                Expr::Identifier(ident) => {
                    if let Some(value) = self.value(ident) {
                        *expr = *value;
                    }
                }
                // `x.field` of a parameter x is a field of the argument.
                Expr::CompoundIdentifier(parts) => {
                    if let Some(root) = parts.first().and_then(|first| self.value(first)) {
                        let fields = parts.iter().skip(1).map(|f| AccessExpr::Dot(Expr::Identifier(f.clone())));
                        *expr = Expr::CompoundFieldAccess { root, access_chain: fields.collect() };
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    finish(body.visit(&mut PutIn { values, bound: Vec::new() }))
}
