//! Regression, tests, intervals and selection.
//!
//! Values in, values out. A result depends on the values alone: rows in another order, in other pieces or on another
//! number of threads give the same bits. What is drawn at random depends on a seed.
//!
//! ```text
//! logit             zscore → fit → predict
//! interval, test    bootstrap_ci, mann_whitney, paired_bootstrap, mcnemar → adjust_p → stars
//! selection         pass_at_k, majority_vote
//! cells             bar, sparkline
//! ```

mod adjust_p;
mod bar;
mod bootstrap_ci;
mod exact;
mod keys;
pub mod logit;
mod majority_vote;
mod mann_whitney;
mod matrix;
mod mcnemar;
mod moments;
mod normal;
mod paired_bootstrap;
mod pass_at_k;
mod quantile;
mod resample;
mod sparkline;
mod stars;
mod sum;
mod vectorised;
mod zscore;

pub use adjust_p::{Correction, adjust_p};
pub use bar::bar;
pub use bootstrap_ci::{Interval, bootstrap_ci};
pub use keys::Keys;
pub use majority_vote::majority_vote;
pub use mann_whitney::{MannWhitney, mann_whitney};
pub use mcnemar::{McNemar, mcnemar};
pub use paired_bootstrap::{PairedBootstrap, paired_bootstrap};
pub use pass_at_k::pass_at_k;
pub use sparkline::sparkline;
pub use stars::stars;
pub use zscore::zscore;
