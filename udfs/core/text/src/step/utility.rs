//! How much of a trace the final answer builds on.

use super::Step;

/// The steps that lead to the final answer, as shares of all steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Utility {
    /// The last step that states the final answer; `None` where no step does, and then the rest is `None` too.
    pub final_step: Option<usize>,
    /// Share of the steps from which dependencies lead to the final one, itself included. Above 0, at most 1.
    pub direct: Option<f64>,
    /// Share of the steps that lead to the final one only by way of others. 0 to 1.
    pub indirect: Option<f64>,
}

/// The utility of an annotation. In a study it is one number a trace; [`ancestors`] says which steps they are.
pub fn utility(annotation: &[Option<Step<'_>>]) -> Utility {
    let is_final = |step: &Option<Step<'_>>| step.is_some_and(|step| step.is_final());
    let Some(last) = annotation.iter().rposition(is_final) else { return Utility::default() };
    let ancestors = ancestors(annotation, last);
    let parents = annotation[last].map(|step| step.dependencies(last)).unwrap_or_default();
    let share = |count: usize| Some(count as f64 / annotation.len() as f64);
    Utility {
        final_step: Some(last),
        direct: share(ancestors.len() + 1),
        indirect: share(ancestors.len() - parents.len()),
    }
}

/// The steps on which step `id` builds, directly or by way of others, in ascending order and without itself.
pub fn ancestors(annotation: &[Option<Step<'_>>], id: usize) -> Vec<usize> {
    let mut reached = vec![false; id];
    let mut open = vec![id];
    while let Some(current) = open.pop() {
        let Some(step) = annotation.get(current).copied().flatten() else { continue };
        for parent in step.dependencies(current) {
            if !reached[parent] {
                reached[parent] = true;
                open.push(parent);
            }
        }
    }
    (0..id).filter(|&step| reached[step]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Tag;

    fn step<'a>(tags: &'a [Tag], depends_on: &'a [i64]) -> Option<Step<'a>> {
        Some(Step { tags, depends_on: Some(depends_on) })
    }

    #[test]
    fn a_parent_is_direct_and_a_grandparent_indirect() {
        let end = [Tag::SelfChecking, Tag::FinalAnswerEmission];
        let annotation = [step(&[], &[]), step(&[], &[0]), step(&end, &[]), None, step(&end, &[1, 3, 1, 4, 7])];
        assert_eq!(ancestors(&annotation, 4), [0, 1, 3]);
        let utility = utility(&annotation);
        assert_eq!(utility, Utility { final_step: Some(4), direct: Some(0.8), indirect: Some(0.2) });
    }

    #[test]
    fn without_a_final_step_there_is_no_utility() {
        assert_eq!(utility(&[step(&[Tag::SelfChecking], &[])]), Utility::default());
        assert_eq!(utility(&[]), Utility::default());
    }

    #[test]
    fn a_chain_of_many_steps_is_followed_to_its_start() {
        let ids: Vec<i64> = (0..100_000).collect();
        let mut annotation: Vec<_> = (0..ids.len()).map(|i| step(&[], &ids[i.saturating_sub(1)..i])).collect();
        annotation[ids.len() - 1] = step(&[Tag::FinalAnswerEmission], &ids[ids.len() - 2..]);
        assert_eq!(utility(&annotation).direct, Some(1.0));
    }
}
