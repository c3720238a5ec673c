//! The arguments of `step_validity`, read and checked.

use super::step_annotate_row::whole;
use crate::kit::{Kind, Param};
use crate::llm::ModelFunction;
use datafusion_common::Result;
use datafusion_common::arrow::array::ArrayRef;
use glotrace_text::step::{self, AnnotatedStep, Validity, Verdict};
use std::collections::HashMap;

/// What one row asks: a verdict for each of its pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepValidityRow {
    /// Name or URI; [`Self::ARITHMETIC`] needs no model.
    pub verifier: String,
    /// The steps that were annotated.
    pub steps: Vec<String>,
    /// (step, dependency) by id, each pair once: the dependency is the premise, the step the hypothesis.
    pub pairs: Vec<(usize, usize)>,
    /// As the published code computes it.
    pub ki2026: bool,
    annotation: Vec<Option<AnnotatedStep>>,
}

pub(super) const STEP_VALIDITY: &[Param] = &[
    Param::required("verifier", Kind::Text),
    Param::required("steps", Kind::Texts),
    Param::required("annotation", Kind::Annotation),
    Param::optional("compat", Kind::Choice(&["ki2026"])),
];

const STEPS: usize = 1;

impl StepValidityRow {
    /// The bundled verifier.
    pub const ARITHMETIC: &'static str = "builtin:arithmetic";

    /// The rows of a batch; `None` where a required argument is NULL, and no call is to be made.
    ///
    /// # Errors
    /// An execution error for a NULL among the steps, for an annotation of another number of steps, and for an unknown `compat`.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (verifier, steps, annotations) = (args.text(0)?, args.texts(STEPS)?, args.annotations(2)?);
        let compat = args.text(3)?;
        args.each(|row| {
            let (steps, annotation) = (whole(&args, STEPS, &steps, row)?, annotations.at(row));
            let ki2026 = compat.get(row).is_some();
            // Of a reply of which the published code uses nothing, the annotation has no steps.
            let annotated = if ki2026 { step::n_steps_ki2026(&annotation) } else { annotation.len() };
            if annotated != steps.len() && !(ki2026 && annotated == 0) {
                let what =
                    format!("{} has {} elements and {} has {annotated}", args.place(STEPS), steps.len(), args.place(2));
                let hint = "give the steps that were annotated, as in step_parse(raw, cardinality(steps))";
                return Err(args.error(what, hint));
            }
            let pairs =
                if ki2026 { step::dependency_pairs_ki2026(&annotation) } else { step::dependency_pairs(&annotation) };
            let owned = |step: step::Step<'_>| AnnotatedStep {
                tags: step.tags.to_vec(),
                depends_on: step.depends_on.map(<[i64]>::to_vec),
            };
            Ok(Some(Self {
                verifier: verifier.at(row).to_owned(),
                steps,
                pairs,
                ki2026,
                annotation: annotation.into_iter().map(|step| step.map(owned)).collect(),
            }))
        })
    }

    /// Premise and hypothesis of a pair.
    pub fn texts(&self, (step, dependency): (usize, usize)) -> (&str, &str) {
        let text = |id: usize| self.steps.get(id).map(String::as_str).unwrap_or_default();
        (text(dependency), text(step))
    }

    /// The validity, given a verdict for each of [`Self::pairs`], in their order.
    pub fn validity(&self, verdicts: &[Verdict]) -> Validity {
        let table: HashMap<_, _> = self.pairs.iter().copied().zip(verdicts.iter().copied()).collect();
        let verdict = |step, dependency| table.get(&(step, dependency)).copied();
        let annotation = step::lend(&self.annotation);
        if self.ki2026 { step::validity_ki2026(&annotation, verdict) } else { step::validity(&annotation, verdict) }
    }

    /// The validity by [`Self::ARITHMETIC`].
    pub fn arithmetic(&self) -> Validity {
        let mut known: HashMap<usize, Verdict> = HashMap::new();
        let verdicts: Vec<_> = self
            .pairs
            .iter()
            .map(|&pair| *known.entry(pair.0).or_insert_with(|| step::arithmetic(self.texts(pair).1)))
            .collect();
        self.validity(&verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Output;
    use crate::kit::tester::message;
    use crate::step::step_validity;

    fn read(steps: Vec<Option<&'static str>>, raw: &str, n_steps: usize) -> Result<StepValidityRow, String> {
        let text = |text: &'static str| Output::collect(vec![Some(text)]).unwrap();
        let annotation = Output::collect(vec![step::parse(raw, n_steps).ok()]).unwrap();
        let args = [text(StepValidityRow::ARITHMETIC), Output::collect(vec![Some(steps)]).unwrap(), annotation];
        StepValidityRow::read(&step_validity(), &args, 1)
            .map(|mut rows| rows.remove(0).unwrap())
            .map_err(|error| message(&error.strip_backtrace()))
    }

    const RAW: &str = r#"[{}, {"depends_on": [0]}, {"depends_on": [1, 0]}]"#;

    #[test]
    fn each_pair_is_premise_and_hypothesis() {
        let row = read(vec![Some("ก"), Some("3 + 4 = 7"), Some("7 * 2 = 15")], RAW, 3).unwrap();
        assert_eq!(row.pairs, [(1, 0), (2, 1), (2, 0)]);
        assert_eq!(row.texts(row.pairs[1]), ("3 + 4 = 7", "7 * 2 = 15"));
        assert_eq!(row.arithmetic().score, Some(2.0 / 3.0));
        let verdicts = [Verdict::Entailment, Verdict::Entailment, Verdict::Neutral];
        assert_eq!(row.validity(&verdicts).score, Some(2.5 / 3.0));
    }

    #[test]
    fn steps_of_another_number_are_an_error() {
        assert_eq!(
            read(vec![Some("a")], RAW, 3).unwrap_err(),
            "step_validity: argument 2 `steps` has 1 elements and argument 3 `annotation` has 3\n\nhint: give the steps that were \
             annotated, as in step_parse(raw, cardinality(steps))"
        );
        assert!(read(vec![Some("a"), None, None], RAW, 3).unwrap_err().contains("argument 2 `steps` holds a NULL"));
    }
}
