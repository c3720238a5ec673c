//! What a verifier has to be asked.

use super::{Step, n_steps_ki2026};

/// Each step with each step that it builds on: (step, dependency), in the order of steps. The dependency is the premise and the
/// step the hypothesis.
pub fn dependency_pairs(annotation: &[Option<Step<'_>>]) -> Vec<(usize, usize)> {
    let of_step = |(id, step): (usize, &Option<Step<'_>>)| {
        step.map(|step| step.dependencies(id)).unwrap_or_default().into_iter().map(move |dependency| (id, dependency))
    };
    annotation.iter().enumerate().flat_map(of_step).collect()
}

/// The same for an annotation of [`super::parse_ki2026`]: also with itself and with later steps, each pair once.
pub fn dependency_pairs_ki2026(annotation: &[Option<Step<'_>>]) -> Vec<(usize, usize)> {
    let n_steps = n_steps_ki2026(annotation);
    let mut pairs = Vec::new();
    for (id, step) in annotation[..n_steps].iter().enumerate() {
        let dependencies = step.and_then(|step| step.depends_on).unwrap_or_default();
        let places: Option<Vec<usize>> =
            dependencies.iter().map(|&id| usize::try_from(id).ok().filter(|&id| id < n_steps)).collect();
        // One that cannot be looked up fails the whole step.
        let mut places = places.unwrap_or_default();
        places.sort_unstable();
        places.dedup();
        pairs.extend(places.into_iter().map(|dependency| (id, dependency)));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_paired_with_what_it_builds_on() {
        let step = |ids| Some(Step { tags: &[], depends_on: Some(ids) });
        let annotation = [step(&[]), None, step(&[1, 0, 1, 2]), step(&[0, -1])];
        assert_eq!(dependency_pairs(&annotation), [(2, 1), (2, 0), (3, 0)]);
        assert_eq!(dependency_pairs_ki2026(&annotation), [(2, 0), (2, 1), (2, 2)]);
    }
}
