//! `bertscore`: how much of a text's tokens another one's match in context.

use super::texts_row::{MODEL, text};
use crate::kit::{Output, Param, Record, Structs, structs};
use crate::llm::{ModelFunction, Task};
use datafusion_macros::user_doc;

const PARAMS: &[Param] = &[MODEL, text("candidate"), text("reference")];

/// Shares of matched tokens, from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BertScore {
    /// Of the candidate's tokens, the mean best match.
    pub precision: f64,
    /// Of the reference's tokens, the mean best match.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl Record for BertScore {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("precision", |s: &mut Self| Some(s.precision))
            .field("recall", |s| Some(s.recall))
            .field("f1", |s| Some(s.f1))
    }
}

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"BERTScore (Zhang et al. 2020): each token of one text is matched with the most similar token of the other by the cosine of their
states in one layer of an encoder; without weights and without rescaling. An empty text scores 0. The layer is the published
code's choice (9 of 12, 18 of 24, else the last but one), or OPTIONS (bertscore_layer 9) when the model is made.",
    syntax_example = "bertscore(model, candidate, reference)",
    sql_example = r"```sql
SELECT bertscore('file:weights/LaBSE/', 'Es gibt 16 Eier.', NULL) AS score;
+-------+
| score |
+-------+
| NULL  |
+-------+
SELECT bertscore('file:weights/LaBSE/', 'Es gibt 16 Eier.', 'Es sind 16 Eier.').f1 AS f1;
```",
    argument(name = "model", description = "The name of a created model, or a URI: an encoder."),
    argument(name = "candidate", description = "What is judged. NULL gives NULL, without a call."),
    argument(name = "reference", description = "What it is judged by. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bertscore;

/// The marker.
pub fn bertscore() -> ModelFunction {
    ModelFunction::new("bertscore", Task::BertScore, PARAMS, BertScore::data_type(), Bertscore.doc().cloned())
}

#[cfg(test)]
mod tests {
    use super::BertScore;
    use crate::kit::{Output, sql_type};

    #[test]
    fn the_type_is_the_contract() {
        assert_eq!(sql_type(&BertScore::data_type()), "STRUCT<precision DOUBLE, recall DOUBLE, f1 DOUBLE>");
    }
}
