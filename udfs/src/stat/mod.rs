//! Statistics: regressions, intervals, tests, selection, and cells that show numbers.
//!
//! A page a function; what they compute is `glotrace_learn`'s. Fits and tests are aggregates, so that GROUP BY makes one a group;
//! what needs all rows to say something of each is a window function.

mod bar;
mod fit_record;
mod logit_fit;
mod logit_predict;
mod majority_vote;
mod pass_at_k;
mod resampling;
mod sparkline;
mod stat_adjust_p;
mod stat_bootstrap_ci;
mod stat_mann_whitney;
mod stat_mcnemar;
mod stat_paired_bootstrap;
mod stat_stars;
mod zscore;

pub use bar::Bar;
pub use logit_fit::LogitFit;
pub use logit_predict::LogitPredict;
pub use majority_vote::MajorityVote;
pub use pass_at_k::PassAtK;
pub use sparkline::Sparkline;
pub use stat_adjust_p::StatAdjustP;
pub use stat_bootstrap_ci::StatBootstrapCi;
pub use stat_mann_whitney::StatMannWhitney;
pub use stat_mcnemar::StatMcnemar;
pub use stat_paired_bootstrap::StatPairedBootstrap;
pub use stat_stars::StatStars;
pub use zscore::Zscore;

pub(crate) use fit_record::fit_type;

use crate::functions::{Entry, Family};

pub(crate) fn family() -> Family {
    Family {
        name: "stat",
        title: "Statistics",
        entries: vec![
            Entry::window(Zscore),
            Entry::aggregate(LogitFit),
            Entry::scalar(LogitPredict),
            Entry::aggregate(StatBootstrapCi),
            Entry::aggregate(StatMannWhitney),
            Entry::aggregate(StatPairedBootstrap),
            Entry::aggregate(StatMcnemar),
            Entry::window(StatAdjustP),
            Entry::scalar(StatStars),
            Entry::scalar(PassAtK),
            Entry::aggregate(MajorityVote),
            Entry::scalar(Bar),
            Entry::scalar(Sparkline),
        ],
    }
}
