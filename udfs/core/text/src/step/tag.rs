//! What a step does: the eight function tags of Thought Anchors (Bogdan et al., arXiv 2506.19143), and `unknown`.

/// What a step does in the reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Tag {
    /// Reading or rephrasing the problem.
    ProblemSetup,
    /// Deciding what to do.
    PlanGeneration,
    /// Recalling facts, formulas or details of the problem.
    FactRetrieval,
    /// Calculating.
    ActiveComputation,
    /// Putting intermediate results together.
    ResultConsolidation,
    /// Doubt, backtracking, another plan.
    UncertaintyManagement,
    /// Stating the final answer.
    FinalAnswerEmission,
    /// Checking what was done before.
    SelfChecking,
    /// None of these, or a word that is no tag.
    Unknown,
    /// A mark of [`super::parse_ki2026`], no tag: the entry is of no step.
    NoStep,
    /// A mark of [`super::parse_ki2026`], no tag: the published code does not take this entry for the final step.
    NotFinal,
    /// A mark of [`super::parse_ki2026`], no tag: the published code fails on this entry.
    Unreadable,
}

impl Tag {
    /// The eight tags in the order of the published feature columns.
    pub const FUNCTIONS: [Self; 8] = [
        Self::ProblemSetup,
        Self::PlanGeneration,
        Self::FactRetrieval,
        Self::ActiveComputation,
        Self::ResultConsolidation,
        Self::UncertaintyManagement,
        Self::FinalAnswerEmission,
        Self::SelfChecking,
    ];

    /// All that a tag can be, the marks included.
    const ALL: [Self; 12] = {
        let [a, b, c, d, e, f, g, h] = Self::FUNCTIONS;
        [a, b, c, d, e, f, g, h, Self::Unknown, Self::NoStep, Self::NotFinal, Self::Unreadable]
    };

    /// As annotations write it: `problem_setup`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProblemSetup => "problem_setup",
            Self::PlanGeneration => "plan_generation",
            Self::FactRetrieval => "fact_retrieval",
            Self::ActiveComputation => "active_computation",
            Self::ResultConsolidation => "result_consolidation",
            Self::UncertaintyManagement => "uncertainty_management",
            Self::FinalAnswerEmission => "final_answer_emission",
            Self::SelfChecking => "self_checking",
            Self::Unknown => "unknown",
            Self::NoStep => "no_step",
            Self::NotFinal => "not_final",
            Self::Unreadable => "unreadable",
        }
    }

    /// The tag of exactly this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.name() == name)
    }

    /// The tag that `text` means: case, blanks around it, and blanks or hyphens for underscores do not matter. What is no
    /// tag is [`Tag::Unknown`].
    pub fn read(text: &str) -> Self {
        // Nearly every tag is written as it should be.
        Self::named(text).unwrap_or_else(|| Self::named(&normal(text)).unwrap_or(Self::Unknown))
    }

    /// Its place among [`Tag::FUNCTIONS`]; `None` for `unknown` and for marks.
    pub const fn function(self) -> Option<usize> {
        let place = self as usize;
        if place < Self::FUNCTIONS.len() { Some(place) } else { None }
    }
}

/// Trimmed, in lower case, each run of blanks and hyphens an underscore.
pub(super) fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.trim().chars() {
        if c == '-' || c.is_whitespace() {
            gap = true;
            continue;
        }
        if gap {
            normal.push('_');
            gap = false;
        }
        normal.extend(c.to_lowercase());
    }
    if gap {
        normal.push('_');
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::{Tag, normal};

    #[test]
    fn a_tag_is_read_however_it_is_spelled() {
        for text in ["plan_generation", "Plan Generation", " plan-generation ", "PLAN  -  GENERATION"] {
            assert_eq!(Tag::read(text), Tag::PlanGeneration, "{text}");
        }
        for text in ["", "plan", "plan__generation", "การวางแผน", "unknown"] {
            assert_eq!(Tag::read(text), Tag::Unknown, "{text}");
        }
    }

    #[test]
    fn the_place_of_a_tag_is_its_column() {
        for (place, tag) in Tag::FUNCTIONS.into_iter().enumerate() {
            assert_eq!(tag.function(), Some(place));
            assert_eq!(Tag::named(tag.name()), Some(tag));
        }
        for tag in [Tag::Unknown, Tag::NoStep, Tag::NotFinal, Tag::Unreadable] {
            assert_eq!(tag.function(), None);
        }
    }

    #[test]
    fn runs_of_blanks_and_hyphens_are_one_underscore() {
        assert_eq!(normal(" Self - Checking\u{a0}x"), "self_checking_x");
    }
}
