//! The prompt that asks for reasoning and a boxed answer.
//!
//! One user turn: an instruction in the language of the question, an empty line, and the question.
//! The language that a model reasons in follows that of its prompt, so a prompt in English around a
//! Telugu question would measure something else. `\boxed{}` stays as it is in every language;
//! answers are read out of it.

use std::{error::Error, fmt};

/// The prompt for `question` in the language with the ISO 639-1 code `lang`; case and blanks around
/// the code do not matter.
///
/// The question is put in as it is. A language without a prompt is an error that lists those that
/// have one.
pub fn reason(lang: &str, question: &str) -> Result<String, ReasonError> {
    let code = lang.trim();
    PROMPTS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(code))
        .map(|(_, instruction)| format!("{instruction}{question}"))
        .ok_or_else(|| ReasonError(lang.to_owned()))
}

/// Sorted by code.
const PROMPTS: [(&str, &str); 12] = [
    ("bn", "নিচের সমস্যাটি ধাপে ধাপে যুক্তি দিয়ে সমাধান করুন এবং চূড়ান্ত উত্তরটি \\boxed{}-এর ভেতরে লিখুন।\n\nসমস্যা: "),
    (
        "de",
        "Löse die folgende Aufgabe, indem du Schritt für Schritt überlegst, und schreibe das Endergebnis in \\boxed{}.\n\nAufgabe: ",
    ),
    (
        "en",
        "Solve the following problem by reasoning step by step, and write the final answer inside \\boxed{}.\n\nProblem: ",
    ),
    (
        "es",
        "Resuelve el siguiente problema razonando paso a paso y escribe la respuesta final dentro de \\boxed{}.\n\nProblema: ",
    ),
    (
        "fr",
        "Résous le problème suivant en raisonnant étape par étape, puis écris la réponse finale dans \\boxed{}.\n\nProblème : ",
    ),
    ("ja", "次の問題を順を追って考えながら解き、最終的な答えを \\boxed{} の中に書いてください。\n\n問題："),
    ("ko", "다음 문제를 단계별로 차근차근 생각하며 풀고, 최종 답을 \\boxed{} 안에 적어 주세요.\n\n문제: "),
    (
        "ru",
        "Решите следующую задачу, рассуждая шаг за шагом, и запишите окончательный ответ внутри \\boxed{}.\n\nЗадача: ",
    ),
    (
        "sw",
        "Tatua swali lifuatalo kwa kufikiri hatua kwa hatua, kisha andika jibu la mwisho ndani ya \\boxed{}.\n\nSwali: ",
    ),
    ("te", "కింది సమస్యను దశలవారీగా ఆలోచించి పరిష్కరించండి, తుది సమాధానాన్ని \\boxed{} లోపల రాయండి.\n\nసమస్య: "),
    ("th", "จงแก้โจทย์ต่อไปนี้โดยคิดทีละขั้นตอน แล้วเขียนคำตอบสุดท้ายไว้ใน \\boxed{}\n\nโจทย์: "),
    ("zh", "请一步一步地推理，解答下面的问题，并把最终答案写在 \\boxed{} 中。\n\n问题："),
];

/// A language, as given, for which there is no prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonError(
    /// The code as given.
    pub String,
);

impl fmt::Display for ReasonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<_> = PROMPTS.iter().map(|&(code, _)| code).collect();
        write!(f, "no prompt for the language '{}'; there is one for {}", self.0, codes.join(", "))
    }
}

impl Error for ReasonError {}

#[cfg(test)]
mod tests {
    use super::{PROMPTS, reason};
    use crate::lang::{Candidates, Detector, detect};

    #[test]
    fn each_prompt_asks_for_a_box_and_ends_with_the_question() {
        for (code, _) in PROMPTS {
            let prompt = reason(code, "2 {question} 3?").unwrap();
            assert_eq!(prompt.matches("\\boxed{}").count(), 1, "{code}");
            assert!(prompt.ends_with("2 {question} 3?"), "{code}");
        }
    }

    #[test]
    fn each_prompt_is_in_its_language() {
        let detector = Detector::default();
        for (code, instruction) in PROMPTS {
            assert_eq!(detect(instruction, &detector), Some(code));
        }
        assert_eq!(PROMPTS.map(|(code, _)| code), Candidates::default().codes());
    }

    #[test]
    fn another_language_is_an_error_that_lists_the_twelve() {
        assert_eq!(
            reason("pt", "?").unwrap_err().to_string(),
            "no prompt for the language 'pt'; there is one for bn, de, en, es, fr, ja, ko, ru, sw, te, th, zh"
        );
        assert!(reason(" EN ", "?").is_ok());
    }
}
