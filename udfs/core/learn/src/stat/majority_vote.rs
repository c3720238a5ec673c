//! The answer that most samples give.

use std::cmp::Ordering;

/// The answer with the most votes; of several the smallest: numbers by value before other texts by code points. `None` of none.
pub fn majority_vote<'a>(votes: impl IntoIterator<Item = (&'a str, u64)>) -> Option<&'a str> {
    votes
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .max_by(|(a, of_a), (b, of_b)| of_a.cmp(of_b).then_with(|| smaller(b, a)))
        .map(|(answer, _)| answer)
}

fn smaller(a: &str, b: &str) -> Ordering {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::majority_vote;

    #[test]
    fn most_votes_win_and_ties_go_to_the_smallest() {
        assert_eq!(majority_vote([("18", 2), ("3", 1)]), Some("18"));
        assert_eq!(majority_vote([("10", 1), ("9", 1), ("x", 1)]), Some("9"));
        assert_eq!(majority_vote([("ख", 1), ("क", 1)]), Some("क"));
        assert_eq!(majority_vote([]), None);
    }
}
