//! `nli`: whether a text follows from another.

use super::texts_row::{MODEL, text};
use crate::kit::{Output, Param, Record, Structs, structs};
use crate::llm::{ModelFunction, Task};
use datafusion_macros::user_doc;
use std::mem::take;

const PARAMS: &[Param] = &[MODEL, text("premise"), text("hypothesis")];

/// What a model of natural language inference says of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Entailment {
    /// The most probable of its labels: `entailment`, `neutral` or `contradiction`.
    pub label: String,
    /// Probability, from 0 to 1.
    pub entailment: f64,
    /// Probability; `None` for a model with two labels.
    pub neutral: Option<f64>,
    /// Probability.
    pub contradiction: f64,
}

impl Record for Entailment {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("label", |e: &mut Self| Some(take(&mut e.label)))
            .field("entailment", |e| Some(e.entailment))
            .field("neutral", |e| e.neutral)
            .field("contradiction", |e| Some(e.contradiction))
    }
}

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"Whether a hypothesis follows from a premise: the probabilities of a classifier for natural language inference, which sum to
1, and the most probable label. Labels and their order are the checkpoint's own (`id2label`); a model with two labels has no neutral. Some
cards want the hypothesis first: OPTIONS (hypothesis_first true) when the model is made.",
    syntax_example = "nli(model, premise, hypothesis)",
    sql_example = r"```sql
SELECT nli('file:weights/mdeberta-nli/', 'There are 16 eggs.', NULL) AS verdict;
+---------+
| verdict |
+---------+
| NULL    |
+---------+
SELECT nli('file:weights/mdeberta-nli/', 'There are 16 eggs.', 'There are some eggs.').label AS label;
```",
    argument(
        name = "model",
        description = "The name of a created model, or a URI: a sequence classifier with labels of inference."
    ),
    argument(name = "premise", description = "What is given. NULL gives NULL, without a call."),
    argument(name = "hypothesis", description = "What may follow. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nli;

/// The marker.
pub fn nli() -> ModelFunction {
    ModelFunction::new("nli", Task::Nli, PARAMS, Entailment::data_type(), Nli.doc().cloned())
}

#[cfg(test)]
mod tests {
    use super::Entailment;
    use crate::kit::{Output, sql_type};

    #[test]
    fn the_type_is_the_contract() {
        let expected = "STRUCT<label TEXT, entailment DOUBLE, neutral DOUBLE, contradiction DOUBLE>";
        assert_eq!(sql_type(&Entailment::data_type()), expected);
    }
}
