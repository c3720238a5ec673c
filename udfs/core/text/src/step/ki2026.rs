//! What of an annotation of [`super::parse_ki2026`] is a step.

use super::{Step, Tag};

/// The number of steps: the elements before the entries that are of none.
pub fn n_steps_ki2026(annotation: &[Option<Step<'_>>]) -> usize {
    let is_none = |step: &Option<Step<'_>>| step.is_some_and(|step| step.first_tag() == Tag::NoStep);
    annotation.iter().position(is_none).unwrap_or(annotation.len())
}

/// The first tag of each step; `None` where the published code raises.
pub fn first_tags_ki2026(annotation: &[Option<Step<'_>>]) -> Option<Vec<Tag>> {
    let steps = &annotation[..n_steps_ki2026(annotation)];
    let tag = |step: &Option<Step<'_>>| match step.map_or(Tag::Unknown, |step| step.first_tag()) {
        Tag::Unreadable => None,
        tag => Some(tag),
    };
    steps.iter().map(tag).collect()
}
