//! An annotation as a result: LIST<STRUCT<tags LIST<TEXT>, depends_on LIST<BIGINT>>>.

use crate::kit::{Record, Structs, structs};
use glotrace_text::step::{AnnotatedStep, Tag};
use std::mem::take;

impl Record for AnnotatedStep {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("tags", |step: &mut Self| Some(step.tags.iter().map(|tag| Tag::name(*tag)).collect::<Vec<_>>()))
            .field("depends_on", |step| take(&mut step.depends_on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Output, sql_type};

    #[test]
    fn the_type_is_the_contract() {
        assert_eq!(
            sql_type(&<Vec<Option<AnnotatedStep>> as Output>::data_type()),
            "LIST<STRUCT<tags LIST<TEXT>, depends_on LIST<BIGINT>>>"
        );
    }
}
