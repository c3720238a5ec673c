//! On which earlier steps a step builds, read off the numbers and symbols that it takes over.

use std::collections::{BTreeSet, HashMap};

use super::Tag;
use super::numbers::{Mentions, Value, mentions};

/// For each step the ids of the earlier steps that it builds on, ascending.
///
/// - A number that a step works with comes from the most recent step that arrived at it, else from the first that named it.
/// - A check also builds on whatever had the number that it arrives at.
/// - A symbol comes from the most recent step that set it, else from the first that named it.
/// - A final answer comes from the last step that has its number.
/// - A step behind a colon belongs to what was announced.
/// - Where nothing of this holds, a step that works on something works on the one before, and a plan is for the problem as it was
///   last set up.
///
/// Unknown steps neither build on others nor are built on.
pub(super) fn dependencies(steps: &[&str], tags: &[Vec<Tag>], lang: Option<&str>) -> Vec<Vec<usize>> {
    let mut past = Past::default();
    let mut all = Vec::with_capacity(steps.len());
    for (id, (step, tags)) in steps.iter().zip(tags).enumerate() {
        let tag = tags.first().copied().unwrap_or(Tag::Unknown);
        if tag == Tag::Unknown {
            all.push(Vec::new());
            continue;
        }
        let mentions = mentions(step, lang);
        all.push(past.sources(tag, &mentions).into_iter().collect());
        past.learn(id, tag, step, mentions);
    }
    all
}

/// What earlier steps brought.
#[derive(Default)]
struct Past {
    /// The most recent step that arrived at a value.
    arrived: HashMap<Value, usize>,
    /// The first step that named a value.
    named: HashMap<Value, usize>,
    /// The last step that has a value.
    last_with: HashMap<Value, usize>,
    /// The step before, unless unknown.
    last: Option<usize>,
    /// The step before ends in a colon.
    announced: bool,
    setup: Option<usize>,
}

impl Past {
    fn sources(&self, tag: Tag, mentions: &Mentions) -> BTreeSet<usize> {
        if tag == Tag::FinalAnswerEmission
            && let Some(answer) = mentions.answer
            && let Some(&source) = self.last_with.get(&answer)
        {
            return BTreeSet::from([source]);
        }
        let mut sources: BTreeSet<usize> = mentions.taken.iter().filter_map(|value| self.source(value)).collect();
        if tag == Tag::SelfChecking {
            // What a check arrives at is held against what was there before.
            sources.extend(mentions.results.iter().filter_map(|value| self.source(value)));
        }
        if self.announced {
            sources.extend(self.last);
        }
        if sources.is_empty() {
            sources.extend(match tag {
                Tag::ProblemSetup | Tag::FactRetrieval | Tag::Unknown => None,
                Tag::PlanGeneration => self.setup,
                _ => self.last,
            });
        }
        sources
    }

    fn source(&self, value: &Value) -> Option<usize> {
        // Halves, doubles and percents are everywhere; that a problem names such a number explains nothing.
        let common = [0.0, 1.0, 2.0, 100.0].iter().any(|&c| *value == Value::number(c));
        let named = || if common { None } else { self.named.get(value).copied() };
        self.arrived.get(value).copied().or_else(named)
    }

    fn learn(&mut self, id: usize, tag: Tag, step: &str, mentions: Mentions) {
        for value in mentions.results {
            self.arrived.insert(value, id);
        }
        for value in mentions.all {
            self.named.entry(value).or_insert(id);
            self.last_with.insert(value, id);
        }
        self.last = Some(id);
        self.announced = step.trim_end_matches(|c: char| c == '*' || c.is_whitespace()).ends_with([':', '：']);
        if tag == Tag::ProblemSetup {
            self.setup = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, dependencies};

    use Tag::{
        ActiveComputation as C, FactRetrieval as F, FinalAnswerEmission as A, PlanGeneration as P, ProblemSetup as S,
        Unknown as N,
    };

    fn of(steps: &[(Tag, &str)], lang: &str) -> Vec<Vec<usize>> {
        let texts: Vec<&str> = steps.iter().map(|s| s.1).collect();
        let tags: Vec<Vec<Tag>> = steps.iter().map(|s| vec![s.0]).collect();
        dependencies(&texts, &tags, Some(lang))
    }

    #[test]
    fn numbers_lead_to_where_they_were_made_and_else_to_where_they_were_given() {
        let steps = [
            (S, "She buys 5 pens at 12 and 3 books at 35, and pays with 200."),
            (C, "Pens: 5 × 12 = 60"),
            (C, "Books: 3 × 35 = 105"),
            (C, "60 + 105 = 165"),
            (C, "200 - 165 = 35"),
            (A, "She gets \\boxed{35} back."),
        ];
        assert_eq!(of(&steps, "en"), [vec![], vec![0], vec![0], vec![1, 2], vec![0, 3], vec![4]]);
    }

    #[test]
    fn a_number_is_the_same_in_every_form() {
        let steps = [(S, "2.400 € zu 3 %"), (C, "2400 · 0,03 = 72"), (A, "Die Antwort: 72,00 €")];
        assert_eq!(of(&steps, "de"), [vec![], vec![0], vec![1]]);
        let steps = [(S, "৫টি কলম, ১২ টাকা"), (C, "5 × 12 = 60"), (A, "উত্তর: ৬০")];
        assert_eq!(of(&steps, "bn"), [vec![], vec![0], vec![1]]);
    }

    #[test]
    fn symbols_lead_to_where_they_were_set() {
        let steps = [(S, "Let $m$ be Mia's age."), (C, "m + 4 = 13"), (C, "m = 9"), (C, "2m + 7 = 25")];
        assert_eq!(of(&steps, "en"), [vec![], vec![0], vec![0], vec![2]]);
    }

    #[test]
    fn rulers_are_skipped_and_announcements_are_followed() {
        let steps = [
            (S, "8 Äpfel"),
            (N, "---"),
            (P, "**Zuerst rechnen wir:**"),
            (N, "---"),
            (C, "$$7 + 6 = 13$$"),
            (F, "Ein Kilo hat 1000 Gramm."),
        ];
        assert_eq!(of(&steps, "de"), [vec![], vec![], vec![0], vec![], vec![2], vec![]]);
    }

    #[test]
    fn no_step_builds_on_itself_or_on_a_later_one() {
        let steps = [(A, "12"), (C, "x = 12"), (A, "12"), (C, "12 + x = 24"), (A, "24")];
        for (id, sources) in of(&steps, "en").iter().enumerate() {
            assert!(sources.iter().all(|&s| s < id) && sources.is_sorted(), "{id}: {sources:?}");
        }
    }
}
