//! A fit as a record.

use crate::kit::{Output, Record, Structs, structs};
use datafusion_common::arrow::datatypes::DataType;
use glotrace_learn::stat::logit::{Fit, Term};

/// The type of what `logit_fit` returns.
pub(crate) fn fit_type() -> DataType {
    <Fit as Output>::data_type()
}

impl Record for Fit {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("terms", |fit: &mut Self| Some(std::mem::take(&mut fit.terms)))
            .field("n", |fit| Some(whole(fit.n)))
            .field("n_dropped", |fit| Some(whole(fit.n_dropped)))
            .field("n_events", |fit| Some(whole(fit.n_events)))
            .field("log_likelihood", |fit| fit.log_likelihood)
            .field("ll_null", |fit| fit.ll_null)
            .field("llr_p_value", |fit| fit.llr_p_value)
            .field("pseudo_r2", |fit| fit.pseudo_r2)
            .field("aic", |fit| fit.aic)
            .field("bic", |fit| fit.bic)
            .field("df", |fit| fit.df.map(whole))
            .field("iterations", |fit| Some(whole(fit.iterations)))
            .field("converged", |fit| Some(fit.converged))
            .field("separation", |fit| Some(fit.separation))
    }
}

impl Record for Term {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("term", |term: &mut Self| Some(std::mem::take(&mut term.term)))
            .field("estimate", |term| term.estimate)
            .field("std_error", |term| term.std_error)
            .field("z", |term| term.z)
            .field("p_value", |term| term.p_value)
            .field("conf_low", |term| term.conf_low)
            .field("conf_high", |term| term.conf_high)
            .field("odds_ratio", |term| term.odds_ratio)
            .field("delta", |term| term.delta)
            .field("delta_avg", |term| term.delta_avg)
            .field("note", |term| term.note.take())
    }
}

/// Counts of rows fit into a BIGINT.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
