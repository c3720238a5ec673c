//! Whether steps follow from what they build on, given a verdict a dependency.

use super::{Step, Tag};

/// What a premise says of a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The hypothesis follows.
    Entailment,
    /// Neither follows nor is ruled out.
    Neutral,
    /// The hypothesis is ruled out.
    Contradiction,
}

impl Verdict {
    /// All three, in the order of the fields of [`StepValidity`].
    pub const ALL: [Self; 3] = [Self::Entailment, Self::Neutral, Self::Contradiction];

    /// As NLI models call it: `entailment`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entailment => "entailment",
            Self::Neutral => "neutral",
            Self::Contradiction => "contradiction",
        }
    }

    /// The verdict that a label means; case and blanks around it do not matter.
    pub fn read(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name().eq_ignore_ascii_case(label.trim()))
    }

    /// The verdict that the published code takes out of a model with two outputs, entailment and contradiction: it reads their
    /// places as contradiction, neutral, entailment, so that it never sees entailment.
    #[must_use]
    pub const fn misread_ki2026(self) -> Self {
        match self {
            Self::Entailment => Self::Contradiction,
            Self::Neutral | Self::Contradiction => Self::Neutral,
        }
    }
}

/// Of one step: the shares of its dependencies, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepValidity {
    /// Share of the dependencies that entail the step, 0 to 1.
    pub entailment: f64,
    /// Share of those that leave it open.
    pub neutral: f64,
    /// Share of those that contradict it.
    pub contradiction: f64,
    /// 0 where one contradicts it, else the share that entails it. 1 without dependencies, which then entail it all.
    pub validity: f64,
}

/// The validity of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validity {
    /// The mean over the annotated steps, 0 to 1. `None` where there is none, and where the verdict on one of them is missing.
    pub score: Option<f64>,
    /// Each step; `None` where it was left out, or where a verdict is missing.
    pub steps: Vec<Option<StepValidity>>,
}

/// The validity of an annotation; `verdict(step, dependency)` is what step `dependency` as premise says of step `step` as
/// hypothesis. It is asked once for each of [`super::dependency_pairs`], and `None` is a verdict that is missing.
pub fn validity(annotation: &[Option<Step<'_>>], mut verdict: impl FnMut(usize, usize) -> Option<Verdict>) -> Validity {
    let mut is_complete = true;
    let steps: Vec<_> = annotation
        .iter()
        .enumerate()
        .map(|(id, step)| {
            let verdicts: Option<Vec<_>> =
                (*step)?.dependencies(id).into_iter().map(|dependency| verdict(id, dependency)).collect();
            is_complete &= verdicts.is_some();
            verdicts.map(|verdicts| of_step(&verdicts))
        })
        .collect();
    Validity { score: mean(&steps).filter(|_| is_complete), steps }
}

/// The validity that the published code gives for an annotation of [`super::parse_ki2026`]: a step on which it raises is left
/// out of the mean, and the mean of none is 0.
pub fn validity_ki2026(
    annotation: &[Option<Step<'_>>],
    mut verdict: impl FnMut(usize, usize) -> Option<Verdict>,
) -> Validity {
    let n_steps = super::n_steps_ki2026(annotation);
    let steps: Vec<_> = annotation[..n_steps]
        .iter()
        .enumerate()
        .map(|(id, step)| {
            let step = step.filter(|step| step.first_tag() != Tag::NoStep)?;
            let verdicts: Option<Vec<_>> = step
                .depends_on
                .unwrap_or_default()
                .iter()
                .map(|&dependency| {
                    let dependency = usize::try_from(dependency).ok().filter(|&dependency| dependency < n_steps)?;
                    verdict(id, dependency)
                })
                .collect();
            verdicts.map(|verdicts| of_step(&verdicts))
        })
        .collect();
    Validity { score: Some(mean(&steps).unwrap_or(0.0)), steps }
}

fn of_step(verdicts: &[Verdict]) -> StepValidity {
    if verdicts.is_empty() {
        return StepValidity { entailment: 1.0, neutral: 0.0, contradiction: 0.0, validity: 1.0 };
    }
    let share = |of: Verdict| verdicts.iter().filter(|&&verdict| verdict == of).count() as f64 / verdicts.len() as f64;
    let [entailment, neutral, contradiction] = Verdict::ALL.map(share);
    let validity = if contradiction > 0.0 { 0.0 } else { entailment };
    StepValidity { entailment, neutral, contradiction, validity }
}

fn mean(steps: &[Option<StepValidity>]) -> Option<f64> {
    let values: Vec<f64> = steps.iter().flatten().map(|step| step.validity).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Contradiction, Entailment, Neutral};

    fn annotation<'a>(dependencies: &[&'a [i64]]) -> Vec<Option<Step<'a>>> {
        dependencies.iter().map(|ids| Some(Step { tags: &[], depends_on: Some(ids) })).collect()
    }

    #[test]
    fn one_contradiction_makes_a_step_invalid() {
        let table = [((2, 0), Entailment), ((2, 1), Neutral), ((3, 0), Entailment), ((3, 2), Contradiction)];
        let verdict = |step, dependency| table.iter().find(|row| row.0 == (step, dependency)).map(|row| row.1);
        let mut annotation = annotation(&[&[], &[], &[0, 1], &[0, 2, 9]]);
        annotation.push(None);
        let validity = validity(&annotation, verdict);
        let steps: Vec<_> = validity.steps.iter().map(|step| step.map(|step| step.validity)).collect();
        assert_eq!(steps, [Some(1.0), Some(1.0), Some(0.5), Some(0.0), None]);
        assert_eq!(validity.score, Some(0.625));
    }

    #[test]
    fn a_missing_verdict_leaves_no_score() {
        let validity = validity(&annotation(&[&[], &[0]]), |_, _| None);
        assert_eq!((validity.score, validity.steps[1]), (None, None));
        assert!(validity.steps[0].is_some());
    }

    #[test]
    fn nothing_annotated_has_no_score_and_in_the_published_code_0() {
        assert_eq!(validity(&[None], |_, _| None).score, None);
        assert_eq!(validity(&[], |_, _| None).score, None);
        assert_eq!(validity_ki2026(&[], |_, _| None).score, Some(0.0));
    }

    #[test]
    fn as_released_a_step_is_valid_where_it_builds_on_nothing() {
        for label in Verdict::ALL {
            let validity =
                validity_ki2026(&annotation(&[&[], &[0], &[], &[1, 2]]), |_, _| Some(label.misread_ki2026()));
            assert_eq!(validity.score, Some(0.5));
        }
    }

    #[test]
    fn a_label_is_read_in_any_case() {
        assert_eq!(Verdict::read(" ENTAILMENT"), Some(Entailment));
        assert_eq!(Verdict::read("entails"), None);
    }
}
