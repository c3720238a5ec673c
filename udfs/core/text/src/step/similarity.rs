//! How alike two traces are in what their steps do, whatever language they are in.

use super::{Scoring, Step, Tag, align, first_tags, first_tags_ki2026};

/// The ratio of the alignment of the first tags; `None` where one annotation has no step. A step of unknown kind is like no
/// other. Feature `r_enalign` of Ki et al. (2026), with this difference.
pub fn similarity(a: &[Option<Step<'_>>], b: &[Option<Step<'_>>]) -> Option<f64> {
    let known = |annotation: &[Option<Step<'_>>]| -> Vec<Option<usize>> {
        first_tags(annotation).into_iter().map(Tag::function).collect()
    };
    align(&known(a), &known(b), Scoring::default()).ratio
}

/// The same as published: steps of unknown kind are like one another.
pub fn similarity_ki2026(a: &[Option<Step<'_>>], b: &[Option<Step<'_>>]) -> Option<f64> {
    let known = |annotation: &[Option<Step<'_>>]| -> Option<Vec<Option<Option<usize>>>> {
        Some(first_tags_ki2026(annotation)?.into_iter().map(|tag| Some(tag.function())).collect())
    };
    align(&known(a)?, &known(b)?, Scoring::default()).ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_steps_are_alike_only_as_published() {
        let step = |tags| Some(Step { tags, depends_on: None });
        let a = [step(&[Tag::ProblemSetup]), step(&[Tag::Unknown])];
        let b = [step(&[Tag::ProblemSetup, Tag::PlanGeneration]), None];
        assert_eq!(similarity(&a, &b), Some(0.5));
        assert_eq!(similarity_ki2026(&a, &b), Some(1.0));
        assert_eq!((similarity(&a, &[]), similarity_ki2026(&[], &b)), (None, None));
    }
}
