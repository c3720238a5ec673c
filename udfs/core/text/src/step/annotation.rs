//! An annotation: what each step of a trace does, and which earlier steps it builds on.

use super::Tag;

/// An annotated step, borrowed from wherever it is kept. An annotation is a slice of these, one a step of the trace, `None`
/// where the annotator left a step out; a step's id is its place, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step<'a> {
    /// What it does, most important first; may be empty.
    pub tags: &'a [Tag],
    /// The ids of the steps that it builds on, as they were given: only ids of earlier steps count. `None` where nothing is
    /// said, which is no different from none but for the published code.
    pub depends_on: Option<&'a [i64]>,
}

/// A [`Step`] that owns what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnotatedStep {
    /// As in [`Step`].
    pub tags: Vec<Tag>,
    /// As in [`Step`].
    pub depends_on: Option<Vec<i64>>,
}

impl AnnotatedStep {
    /// The step, lent.
    pub fn as_step(&self) -> Step<'_> {
        Step { tags: &self.tags, depends_on: self.depends_on.as_deref() }
    }
}

/// An owned annotation, lent.
pub fn lend(annotation: &[Option<AnnotatedStep>]) -> Vec<Option<Step<'_>>> {
    annotation.iter().map(|step| step.as_ref().map(AnnotatedStep::as_step)).collect()
}

impl Step<'_> {
    /// What it does first of all; [`Tag::Unknown`] where nothing is said.
    pub fn first_tag(&self) -> Tag {
        self.tags.first().copied().unwrap_or(Tag::Unknown)
    }

    /// Whether it states the final answer, among other things perhaps.
    pub fn is_final(&self) -> bool {
        self.tags.contains(&Tag::FinalAnswerEmission)
    }

    /// The ids on which it can depend where it is step `id`: earlier ones, each once, in the order given.
    pub fn dependencies(&self, id: usize) -> Vec<usize> {
        let mut earlier = Vec::new();
        for &dependency in self.depends_on.unwrap_or_default() {
            if let Ok(dependency) = usize::try_from(dependency)
                && dependency < id
                && !earlier.contains(&dependency)
            {
                earlier.push(dependency);
            }
        }
        earlier
    }
}

/// The first tag of each step; [`Tag::Unknown`] for a step that was left out.
pub fn first_tags(annotation: &[Option<Step<'_>>]) -> Vec<Tag> {
    annotation.iter().map(|step| step.map_or(Tag::Unknown, |step| step.first_tag())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_earlier_steps_are_dependencies_and_each_once() {
        let step = Step { tags: &[], depends_on: Some(&[2, 0, 2, 3, 9, -1, i64::MIN, 1]) };
        assert_eq!(step.dependencies(3), [2, 0, 1]);
        assert!(step.dependencies(0).is_empty());
        assert!(Step::default().dependencies(5).is_empty());
    }

    #[test]
    fn a_step_without_a_tag_is_unknown() {
        let tagged = Step { tags: &[Tag::SelfChecking, Tag::ProblemSetup], depends_on: None };
        assert_eq!(
            first_tags(&[Some(tagged), None, Some(Step::default())]),
            [Tag::SelfChecking, Tag::Unknown, Tag::Unknown]
        );
    }
}
