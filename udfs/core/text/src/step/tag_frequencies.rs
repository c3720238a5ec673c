//! How much of a trace each kind of step is.

use super::{Script, Step, Tag};

/// Shares of the steps of a trace, by first tag; they sum to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TagFrequencies {
    /// In the order of [`Tag::FUNCTIONS`], each 0 to 1.
    pub functions: [f64; Tag::FUNCTIONS.len()],
    /// Of steps that were left out, that have no tag, or whose first tag is none of the eight.
    pub unknown: f64,
}

/// The shares of an annotation; `None` where it has no step.
pub fn tag_frequencies(annotation: &[Option<Step<'_>>]) -> Option<TagFrequencies> {
    let counts = counts(annotation.iter().map(|step| step.map_or(Tag::Unknown, |step| step.first_tag())));
    let total = annotation.len();
    let share = |count: usize| count as f64 / total as f64;
    let known: usize = counts.iter().sum();
    (total > 0).then(|| TagFrequencies { functions: counts.map(share), unknown: share(total - known) })
}

/// The shares that the published code gives for an annotation of [`super::parse_ki2026`]: all unknown where nothing could be
/// used, `None` where it raises, and where there are no steps `None` ([`Script::Feature`]) or all 0 ([`Script::Steer`]).
pub fn tag_frequencies_ki2026(annotation: &[Option<Step<'_>>], script: Script) -> Option<TagFrequencies> {
    if annotation.is_empty() {
        return Some(TagFrequencies { unknown: 1.0, ..TagFrequencies::default() });
    }
    let tags = super::first_tags_ki2026(annotation)?;
    let total = tags.len();
    if total == 0 {
        return (script == Script::Steer).then(TagFrequencies::default);
    }
    let functions = counts(tags.into_iter()).map(|count| count as f64 / total as f64);
    // A difference of rounded numbers, as published: 1.1e-16 and the like where it should be 0.
    let unknown = (1.0 - functions.iter().sum::<f64>()).max(0.0);
    Some(TagFrequencies { functions, unknown })
}

fn counts(tags: impl Iterator<Item = Tag>) -> [usize; Tag::FUNCTIONS.len()] {
    let mut counts = [0; Tag::FUNCTIONS.len()];
    tags.filter_map(Tag::function).for_each(|place| counts[place] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::{lend, parse_ki2026};

    #[test]
    fn only_the_first_tag_counts_and_the_rest_is_unknown() {
        let step = |tags| Some(Step { tags, depends_on: None });
        let annotation =
            [step(&[Tag::SelfChecking, Tag::ProblemSetup]), None, step(&[]), step(&[Tag::Unknown, Tag::SelfChecking])];
        let frequencies = tag_frequencies(&annotation).unwrap();
        assert_eq!(frequencies.functions, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25]);
        assert_eq!(frequencies.unknown, 0.75);
    }

    #[test]
    fn no_steps_have_no_shares() {
        assert_eq!(tag_frequencies(&[]), None);
        let published =
            |raw, n_steps, script| tag_frequencies_ki2026(&lend(&parse_ki2026(raw, n_steps, script)), script);
        assert_eq!(published("", 0, Script::Feature), None);
        assert_eq!(published("", 0, Script::Steer), Some(TagFrequencies::default()));
        assert_eq!(published("no", 3, Script::Feature).unwrap().unknown, 1.0);
    }
}
