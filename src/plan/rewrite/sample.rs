//! `t TABLESAMPLE (10 PERCENT)`, which DataFusion parses and then ignores → the filter or limit that it means.

use datafusion::sql::sqlparser::ast::{
    Expr, TableAlias, TableFactor, TableSample, TableSampleKind, TableSampleMethod, TableSampleUnit, VisitMut,
};

use super::each_factor;
use super::files::constant_text;
use crate::error::{Error, Result};
use crate::plan::parse::parse_query;

pub fn rewrite<T: VisitMut>(tree: &mut T) -> Result<()> {
    each_factor(tree, |factor| {
        let (sample, alias) = match factor {
            TableFactor::Table { sample, alias, name, .. } if sample.is_some() => {
                // The sample answers to the table's name, so that `t.column` still finds it.
                let own = name.0.last().and_then(|part| part.as_ident()).cloned();
                let alias = alias
                    .take()
                    .or_else(|| own.map(|name| TableAlias { explicit: true, name, columns: vec![], at: None }));
                (sample.take(), alias)
            }
            TableFactor::Derived { sample, alias, .. } if sample.is_some() => (sample.take(), alias.take()),
            _ => return Ok(()),
        };
        let Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample else {
            return Ok(());
        };
        let query = parse_query(&format!("SELECT * FROM {factor} {}", condition(&sample)?))?;
        *factor = TableFactor::Derived { lateral: false, subquery: query, alias, sample: None };
        Ok(())
    })
}

fn condition(sample: &TableSample) -> Result<String> {
    if sample.seed.is_some() {
        return Err(Error::query("TABLESAMPLE … REPEATABLE is not supported").with_hint(
            "for a sample that stays the same, filter on a hash: `WHERE md5(id::TEXT) < '1a'` keeps about one row in ten",
        ));
    }
    if sample.bucket.is_some() || sample.offset.is_some() {
        return Err(Error::query("TABLESAMPLE takes a number of PERCENT or ROWS"));
    }
    let Some(quantity) = &sample.quantity else {
        return Err(Error::query("TABLESAMPLE needs a quantity")
            .with_hint("as in `t TABLESAMPLE (10 PERCENT)` or `(100 ROWS)`"));
    };
    let value = number(&quantity.value)?;
    let rows = match quantity.unit {
        Some(TableSampleUnit::Rows) => true,
        Some(TableSampleUnit::Percent) => false,
        // A bare number is a percentage with a method and a number of rows without, as in the dialects that have it.
        None => !matches!(sample.name, Some(TableSampleMethod::Bernoulli | TableSampleMethod::System)),
    };
    if rows {
        if value < 0.0 || value.fract() != 0.0 {
            return Err(Error::query(format!("TABLESAMPLE ({value} ROWS): rows are counted in whole numbers from 0")));
        }
        return Ok(format!("ORDER BY random() LIMIT {value}"));
    }
    if !(0.0..=100.0).contains(&value) {
        return Err(Error::query(format!("TABLESAMPLE ({value} PERCENT): a percentage lies between 0 and 100")));
    }
    Ok(format!("WHERE random() * 100 < {value:?}"))
}

fn number(expr: &Expr) -> Result<f64> {
    let text = constant_text(expr)?;
    text.parse().map_err(|_| Error::query(format!("TABLESAMPLE needs a number, got `{text}`")))
}
