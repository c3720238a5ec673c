//! Utility as the published code of Ki et al. (2026) computes it.

use std::collections::BTreeSet;

use super::parse_ki2026::{NO_ENTRY, NUMBER};
use super::{Script, Step, Tag, Utility};

/// The utility that the published code gives for an annotation of [`super::parse_ki2026`] with the same `script`.
///
/// Direct is the share of the entries that are the final one or lead to it; indirect is the share of the entries on which
/// one of these depends, so that it is direct less 1 / entries unless ids were written as numbers. Both are 0 where there is no
/// final step and where the code raises.
pub fn utility_ki2026(annotation: &[Option<Step<'_>>], script: Script) -> Utility {
    let chosen = annotation
        .iter()
        .position(|step| step.is_some_and(|step| step.is_final() && !step.tags.contains(&Tag::NotFinal)));
    let counted = chosen.and_then(|last| match script {
        Script::Feature => feature(annotation, last),
        Script::Steer => steer(annotation, last),
    });
    let (direct, indirect) = counted.unwrap_or((0, 0));
    let entries = annotation.iter().flatten().count().max(1) as f64;
    Utility {
        final_step: chosen.filter(|&last| annotation[last].is_some_and(|step| step.first_tag() != Tag::NoStep)),
        direct: Some(direct as f64 / entries),
        indirect: Some(indirect as f64 / entries),
    }
}

/// Place of the entry that an id names, whether it is written as a number or as text.
fn place(id: i64) -> Option<usize> {
    usize::try_from(if id <= NUMBER { NUMBER - id } else { id }).ok()
}

/// Direct and indirect steps; `None` where `feature/4_validity_utility.py` raises.
fn feature(annotation: &[Option<Step<'_>>], last: usize) -> Option<(usize, usize)> {
    let entry = |place: usize| annotation.get(place).copied().flatten();
    // 3 and "3" are two ids to the published code. It follows both and counts the one that is a key.
    let mut ancestors: BTreeSet<i64> = BTreeSet::new();
    let mut open = vec![last];
    while let Some(current) = open.pop() {
        for &parent in entry(current)?.depends_on? {
            if parent == NO_ENTRY {
                return None;
            }
            if ancestors.insert(parent) {
                open.push(place(parent)?);
            }
        }
    }
    let direct: BTreeSet<usize> = ancestors.iter().filter_map(|&id| usize::try_from(id).ok()).chain([last]).collect();
    let indirect: BTreeSet<usize> = direct
        .iter()
        .flat_map(|&id| entry(id).and_then(|step| step.depends_on).unwrap_or_default())
        .filter_map(|&id| place(id))
        .collect();
    Some((direct.len(), indirect.len()))
}

/// Direct and indirect steps; `None` where `steer/2_selection.py` raises. It counts ids of no entry as indirect steps.
fn steer(annotation: &[Option<Step<'_>>], last: usize) -> Option<(usize, usize)> {
    let entry = |id: i64| usize::try_from(id).ok().and_then(|place| annotation.get(place).copied().flatten());
    let start = i64::try_from(last).ok()?;
    let mut ancestors: BTreeSet<i64> = BTreeSet::new();
    let mut open = vec![start];
    while let Some(current) = open.pop() {
        let parents = match entry(current) {
            Some(step) => step.depends_on?,
            None => &[],
        };
        open.extend(parents.iter().filter(|&&parent| ancestors.insert(parent)));
    }
    ancestors.insert(start);
    let direct: Vec<i64> = ancestors.into_iter().filter(|&id| entry(id).is_some()).collect();
    let indirect: BTreeSet<i64> =
        direct.iter().flat_map(|&id| entry(id).and_then(|step| step.depends_on).unwrap_or_default()).copied().collect();
    Some((direct.len(), indirect.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::{lend, parse_ki2026};

    fn utilities(raw: &str) -> [(f64, f64); 2] {
        [Script::Feature, Script::Steer].map(|script| {
            let utility = utility_ki2026(&lend(&parse_ki2026(raw, 3, script)), script);
            (utility.direct.unwrap(), utility.indirect.unwrap())
        })
    }

    fn reply(depends_on: &str) -> String {
        format!(
            r#"{{"0": {{"function_tags": [], "depends_on": []}}, "1": {{"function_tags": [], "depends_on": ["0"]}},
                 "2": {{"function_tags": ["final_answer_emission"]{depends_on}}}, "3": {{"depends_on": []}}}}"#
        )
    }

    #[test]
    fn indirect_is_direct_less_the_final_step() {
        assert_eq!(utilities(&reply(r#", "depends_on": ["1"]"#)), [(0.75, 0.5); 2]);
    }

    #[test]
    fn the_two_scripts_differ_on_what_is_no_key() {
        assert_eq!(utilities(&reply(r#", "depends_on": ["1", ""]"#)), [(0.0, 0.0), (0.75, 0.75)]);
        assert_eq!(utilities(&reply(r#", "depends_on": [1]"#)), [(0.5, 0.25), (0.75, 0.5)]);
        assert_eq!(utilities(&reply("")), [(0.0, 0.0), (0.25, 0.0)]);
        assert_eq!(utilities(&reply(r#", "depends_on": null"#)), [(0.0, 0.0); 2]);
    }

    #[test]
    fn without_a_final_step_both_are_0() {
        let utility = utility_ki2026(&[], Script::Feature);
        assert_eq!(utility, Utility { final_step: None, direct: Some(0.0), indirect: Some(0.0) });
    }
}
