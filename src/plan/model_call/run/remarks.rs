//! What users should know of the models that a statement asked, and of the texts that it gave them.

use std::collections::BTreeMap;

use crate::models::Model;

/// By model, in the order of their names.
#[derive(Debug, Default)]
pub struct Remarks(BTreeMap<String, OfModel>);

#[derive(Debug, Default)]
struct OfModel {
    notes: Vec<String>,
    reads: Option<usize>,
    texts: u64,
    tokens: u64,
}

impl Remarks {
    /// What the model's files did not say.
    pub fn loaded(&mut self, model: &str, notes: &[String]) {
        self.0.entry(model.to_owned()).or_default().notes.extend_from_slice(notes);
    }

    /// `tokens` at the ends of what one call gave the model were not read.
    pub fn cut(&mut self, model: &Model, tokens: u64) {
        let of_model = self.0.entry(model.name().to_owned()).or_default();
        of_model.reads = model.reads();
        of_model.texts += 1;
        of_model.tokens += tokens;
    }

    /// A sentence each.
    pub fn lines(&self) -> Vec<String> {
        let of_model = |(name, of): (&String, &OfModel)| {
            let notes = of.notes.iter().map(|note| format!("model `{name}`: {note}")).collect::<Vec<_>>();
            let cut = (of.texts > 0).then(|| {
                let reads = of.reads.map_or(String::new(), |n| format!("reads {n} tokens at once: "));
                let (inputs, whose) = if of.texts == 1 {
                    ("1 input was".to_owned(), "its end")
                } else {
                    (format!("{} inputs were", of.texts), "their ends")
                };
                format!("model `{name}` {reads}{inputs} longer, and {} tokens at {whose} were not read", of.tokens)
            });
            notes.into_iter().chain(cut)
        };
        self.0.iter().flat_map(of_model).collect()
    }
}
