//! How many rows of a partition are under way at once.

use super::node::First;

/// The most rows of one partition whose calls run at once. Models batch what arrives together; rows beyond this wait.
const MOST: usize = 128;

/// How far the operator runs ahead of what is asked of it.
#[derive(Debug)]
pub enum Pace {
    /// Every row will be needed.
    All,
    /// A LIMIT above may be content with the first rows: one row at first, and twice as many with each that is done.
    Growing(usize),
    /// Nobody reads more than the first rows.
    First {
        /// How many are still to come.
        left: usize,
        /// Rows that went in and are done.
        tried: usize,
        /// Rows that came of them.
        came: usize,
        /// One row may become several.
        is_weighed: bool,
    },
}

impl Pace {
    pub fn new(lazy: bool, first: Option<&First>) -> Self {
        match first {
            Some(first) => Self::First { left: first.rows, tried: 0, came: 0, is_weighed: first.weight.is_some() },
            None if lazy => Self::Growing(1),
            None => Self::All,
        }
    }

    /// Rows that may be under way.
    ///
    /// Where the first `left` rows are enough, a row is started only if it is needed even though all rows before it
    /// pass; so nothing is called in vain. If few rows pass, that is one row after another in the end, so an eighth of
    /// what has been tried may be tried ahead.
    pub fn window(&self) -> usize {
        match *self {
            Self::All => MOST,
            Self::Growing(rows) => rows,
            Self::First { tried: 0, is_weighed: true, .. } => 1,
            Self::First { left, tried, came, is_weighed } => {
                let needed = if is_weighed && came > tried { (left * tried).div_ceil(came) } else { left };
                needed.max(tried / 8).clamp(1, MOST)
            }
        }
    }

    /// `tried` rows have become `came` rows.
    pub fn done(&mut self, rows_in: usize, rows_out: usize) {
        match self {
            Self::All => {}
            Self::Growing(rows) => *rows = (*rows * 2).min(MOST),
            Self::First { left, tried, came, .. } => {
                *left = left.saturating_sub(rows_out);
                *tried += rows_in;
                *came += rows_out;
            }
        }
    }

    /// Rows that are still wanted; `None` where all are.
    pub fn left(&self) -> Option<usize> {
        match self {
            Self::First { left, .. } => Some(*left),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{First, Pace};

    fn first(rows: usize) -> Pace {
        Pace::new(true, Some(&First { rows, weight: None, ordered: false }))
    }

    #[test]
    fn no_row_is_started_that_may_not_be_needed() {
        let mut pace = first(3);
        assert_eq!(pace.window(), 3);
        pace.done(1, 1);
        assert_eq!(pace.window(), 2);
        pace.done(1, 0);
        assert_eq!((pace.window(), pace.left()), (2, Some(2)));
        pace.done(2, 2);
        assert_eq!(pace.left(), Some(0));
    }

    #[test]
    fn rare_hits_are_looked_for_in_parallel() {
        let mut pace = first(1);
        for _ in 0..200 {
            pace.done(1, 0);
        }
        assert_eq!(pace.window(), 25);
    }

    #[test]
    fn rows_that_become_several_count_as_several() {
        let weight = Some(datafusion::logical_expr::lit(1));
        let mut pace = Pace::new(true, Some(&First { rows: 7, weight, ordered: true }));
        assert_eq!(pace.window(), 1);
        pace.done(1, 3);
        assert_eq!((pace.left(), pace.window()), (Some(4), 2));
    }

    #[test]
    fn under_a_limit_of_unknown_need_it_doubles() {
        let mut pace = Pace::new(true, None);
        assert_eq!((pace.window(), pace.left()), (1, None));
        pace.done(1, 1);
        assert_eq!(pace.window(), 2);
        assert_eq!(Pace::new(false, None).window(), 128);
    }
}
