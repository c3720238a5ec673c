//! Why an annotation, or a feature of it, is missing.

use super::{Step, Unparsable, parse};

/// What there is of an annotation; the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is no annotation, and no reply to read it from: the call failed, or none was made.
    NoAnnotation,
    /// There is no annotation since the reply is none.
    Reply(Unparsable),
    /// The trace has no steps: no feature.
    NoSteps,
    /// No step states the final answer: no utility.
    NoFinalStep,
    /// The annotator left steps out: their tags count as unknown, and they are not in the validity.
    Incomplete,
    /// Nothing is missing.
    Complete,
}

impl Status {
    /// As one word, as tables keep it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAnnotation => "no_annotation",
            Self::Reply(reason) => reason.name(),
            Self::NoSteps => "no_steps",
            Self::NoFinalStep => "no_final_step",
            Self::Incomplete => "incomplete",
            Self::Complete => "complete",
        }
    }
}

/// The status of an annotation.
pub fn status(annotation: &[Option<Step<'_>>]) -> Status {
    if annotation.is_empty() {
        Status::NoSteps
    } else if !annotation.iter().flatten().any(Step::is_final) {
        Status::NoFinalStep
    } else if annotation.iter().any(Option::is_none) {
        Status::Incomplete
    } else {
        Status::Complete
    }
}

/// Why `raw` is no annotation of `n_steps` steps; `None` where it is one.
pub fn status_of_reply(raw: &str, n_steps: usize) -> Option<Status> {
    parse(raw, n_steps).err().map(Status::Reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Tag;

    #[test]
    fn the_gravest_reason_is_the_status() {
        let end = Some(Step { tags: &[Tag::FinalAnswerEmission], depends_on: None });
        let other = Some(Step::default());
        assert_eq!(status(&[]).name(), "no_steps");
        assert_eq!(status(&[other, None]).name(), "no_final_step");
        assert_eq!(status(&[end, None]).name(), "incomplete");
        assert_eq!(status(&[other, end]).name(), "complete");
        assert_eq!(status_of_reply("sorry", 2).map(Status::name), Some("no_json"));
        assert_eq!(status_of_reply("{\"0\": {}}", 2), None);
    }
}
