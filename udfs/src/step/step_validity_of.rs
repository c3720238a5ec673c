//! `step_validity_of`: validity from verdicts that are there already, of whatever made them.

use crate::kit::{Args, Function, Kind, Param, Verdicts};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step::{self, Validity, Verdict};
use std::collections::HashMap;

#[user_doc(
    doc_section(label = "Annotations"),
    description = "Whether the steps follow from what they build on, given a verdict for each step and each step that it depends on. A step
without dependencies has validity 1; one that a dependency contradicts has 0; else it is the share of the dependencies that entail it. `score`
is the mean over the annotated steps. A step that was left out is NULL in `steps`, and so is one of which a verdict is missing, which leaves
`score` NULL.",
    syntax_example = "step_validity_of(annotation, verdicts [, compat])",
    sql_example = r#"```sql
SELECT step_validity_of(step_parse('[{}, {"depends_on": [0]}, {"depends_on": [0, 1]}]', 3), [{'step': 1, 'depends_on': 0, 'label': 'entailment'}, {'step': 2, 'depends_on': 0, 'label': 'entailment'}, {'step': 2, 'depends_on': 1, 'label': 'neutral'}]).score AS score;
+----------+
|    score |
+----------+
| 0.833333 |
+----------+
```"#,
    argument(name = "annotation", description = "An annotation."),
    argument(
        name = "verdicts",
        description = "For a step and one that it depends on, by id, what the latter as premise says of the former as hypothesis: 'entailment',
'neutral' or 'contradiction', in any case. Of two on the same pair the last counts; others than those of dependencies do not matter."
    ),
    argument(
        name = "compat",
        description = "'ki2026' computes what the published code does, over an annotation that `step_parse` read with the same `compat`: a step on
which it raises is left out of the mean, and the mean of none is 0. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepValidityOf;

impl Function for StepValidityOf {
    const NAME: &'static str = "step_validity_of";
    const PARAMS: &'static [Param] = &[
        Param::required("annotation", Kind::Annotation),
        Param::required("verdicts", Kind::Verdicts),
        Param::optional("compat", Kind::Choice(&["ki2026"])),
    ];
    type Returns = Validity;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (annotations, verdicts, compat) = (args.annotations(0)?, args.verdicts(1)?, args.text(2)?);
        args.map(|row| {
            let annotation = annotations.at(row);
            let table = table(args, &verdicts, row)?;
            let verdict = |step: usize, dependency: usize| table.get(&(step as i64, dependency as i64)).copied();
            Ok(Some(match compat.get(row) {
                None => step::validity(&annotation, verdict),
                Some(_) => step::validity_ki2026(&annotation, verdict),
            }))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// Step and dependency → verdict.
fn table(args: &Args, verdicts: &Verdicts, row: usize) -> Result<HashMap<(i64, i64), Verdict>> {
    verdicts
        .at(row)
        .map(|(step, dependency, label)| {
            let verdict = Verdict::read(label).ok_or_else(|| {
                let what = format!("{} has a label that is no verdict, '{label}'", args.place(1));
                args.error(what, "a verdict is 'entailment', 'neutral' or 'contradiction'; nli(…).label is one")
            })?;
            Ok(((step, dependency), verdict))
        })
        .collect()
}
