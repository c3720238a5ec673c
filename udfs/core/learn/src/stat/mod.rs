//! Regression, tests, intervals and selection.
