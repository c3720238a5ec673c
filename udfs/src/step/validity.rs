//! Verdicts and the validity that follows from them, as Arrow has them.

use crate::kit::{Record, Structs, structs};
use glotrace_text::step;
use std::mem::take;

/// What a verifier says of a step and one that it builds on; the element of `step_validity_of`'s second argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepVerdict {
    step: i64,
    depends_on: i64,
    label: String,
}

impl Record for StepVerdict {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("step", |verdict: &mut Self| Some(verdict.step))
            .field("depends_on", |verdict| Some(verdict.depends_on))
            .field("label", |verdict| Some(take(&mut verdict.label)))
    }
}

impl Record for step::StepValidity {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("entailment", |step: &mut Self| Some(step.entailment))
            .field("neutral", |step| Some(step.neutral))
            .field("contradiction", |step| Some(step.contradiction))
            .field("validity", |step| Some(step.validity))
    }
}

impl Record for step::Validity {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("score", |validity: &mut Self| validity.score)
            .field("steps", |validity| Some(take(&mut validity.steps)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Output, sql_type};

    #[test]
    fn the_types_are_the_contract() {
        assert_eq!(
            sql_type(&step::Validity::data_type()),
            "STRUCT<score DOUBLE, steps LIST<STRUCT<entailment DOUBLE, neutral DOUBLE, contradiction DOUBLE, validity DOUBLE>>>"
        );
        assert_eq!(
            sql_type(&<Vec<StepVerdict> as Output>::data_type()),
            "LIST<STRUCT<step BIGINT, depends_on BIGINT, label TEXT>>"
        );
    }
}
