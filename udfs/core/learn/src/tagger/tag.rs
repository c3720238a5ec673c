//! The functions that a step of reasoning can have.

/// What a step does in a trace: the eight functions of Thought Anchors (Bogdan et al. 2025), and unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// Reads, restates or formalises the problem, without working on it.
    ProblemSetup,
    /// Says or decides what to do next.
    PlanGeneration,
    /// Recalls a formula, a definition, or a detail of the problem.
    FactRetrieval,
    /// Calculates or transforms towards the answer.
    ActiveComputation,
    /// Gathers intermediate results, sums up.
    ResultConsolidation,
    /// Doubts, notices confusion, weighs another reading or another way.
    UncertaintyManagement,
    /// States the final answer.
    FinalAnswerEmission,
    /// Verifies what was done before.
    SelfChecking,
    /// None of these: a ruler, a stray sign.
    Unknown,
}

impl Tag {
    /// How many tags a classifier chooses among: all but [`Tag::Unknown`].
    pub const COUNT: usize = 8;

    /// The tags a classifier chooses among, each at the index that it has in the weights.
    pub const CHOICES: [Self; Self::COUNT] = [
        Self::ProblemSetup,
        Self::PlanGeneration,
        Self::FactRetrieval,
        Self::ActiveComputation,
        Self::ResultConsolidation,
        Self::UncertaintyManagement,
        Self::FinalAnswerEmission,
        Self::SelfChecking,
    ];

    /// The name of the tag in tables and prompts.
    pub const fn as_str(self) -> &'static str {
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
        }
    }

    /// The tag of a name; `None` where there is none of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::CHOICES.into_iter().chain([Self::Unknown]).find(|tag| tag.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Tag;

    #[test]
    fn a_tag_is_found_by_its_name_and_stands_at_its_index() {
        for (i, tag) in Tag::CHOICES.into_iter().enumerate() {
            assert_eq!(tag as usize, i);
            assert_eq!(Tag::of_name(tag.as_str()), Some(tag));
        }
        assert_eq!(Tag::of_name("unknown"), Some(Tag::Unknown));
        assert_eq!(Tag::of_name("Unknown"), None);
    }
}
