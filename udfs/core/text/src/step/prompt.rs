//! What a language model is asked: to annotate a trace, and to judge whether one step follows from another.

use std::fmt::Write;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::{AnnotatedStep, Tag, Verdict, parse};

/// The steps of one call: those to annotate, and others that are shown because these may build on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first steps of the trace, where problem and plan are; empty in the first window.
    pub opening: Range<usize>,
    /// The steps right before; empty in the first window.
    pub context: Range<usize>,
    /// The steps to annotate.
    pub annotated: Range<usize>,
}

/// The most that one call annotates: a reply is about 35 tokens a step, and models lose count in longer ones.
const STEPS: usize = 64;
/// The most text that one call shows of what it annotates, in bytes (about 6,000 tokens of English); a longer step is shown in part.
const BYTES: usize = 24_000;
/// Of the steps right before a window, and of the first ones, this many are shown again.
const CONTEXT: usize = 12;
const OPENING: usize = 4;
/// How much is shown of a single step, in bytes.
const STEP_BYTES: usize = 4_000;

/// How a trace is divided into calls: one where it is short, else windows that follow each other.
pub fn windows<S: AsRef<str>>(steps: &[S]) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut start = 0;
    while start < steps.len() {
        let mut bytes = 0;
        let fits = |step: &&S| {
            bytes += step.as_ref().len().min(STEP_BYTES);
            bytes <= BYTES
        };
        let count = steps[start..].iter().take(STEPS).take_while(fits).count().max(1);
        let context = start.saturating_sub(CONTEXT)..start;
        windows.push(Window { opening: 0..OPENING.min(context.start), context, annotated: start..start + count });
        start += count;
    }
    windows
}

/// Asks for the annotation of the steps in `window` of a trace about `question`.
///
/// `language` is the English name of the language of the question; `en_question` the same question in English, for a model
/// that reads the other language less well.
pub fn annotate<S: AsRef<str>>(
    question: &str,
    steps: &[S],
    window: &Window,
    language: Option<&str>,
    en_question: Option<&str>,
) -> String {
    let mut prompt = String::from(INSTRUCTIONS);
    for tag in Tag::FUNCTIONS.into_iter().chain([Tag::Unknown]) {
        let _ = write!(prompt, "\n- {}: {}", tag.name(), meaning(tag));
    }
    prompt.push_str(DEPENDENCIES);
    if let Some(english) = en_question.filter(|english| *english != question) {
        let _ = write!(prompt, "\n\nThe problem in English:\n{english}");
    }
    match language {
        Some(language) => {
            let _ = write!(prompt, "\n\nThe problem as it was given, in {language}:\n{question}");
        }
        None => {
            let _ = write!(prompt, "\n\nThe problem:\n{question}");
        }
    }
    let shown = |heading: &str, range: &Range<usize>, prompt: &mut String| {
        if !range.is_empty() {
            let _ = write!(prompt, "\n\n{heading}");
        }
        for id in range.clone() {
            let step = steps.get(id).map(AsRef::as_ref).unwrap_or_default();
            let _ = write!(prompt, "\n[{id}] {}", part(step));
        }
    };
    shown("The first steps, only to be referred to:", &window.opening, &mut prompt);
    shown("The steps before, only to be referred to:", &window.context, &mut prompt);
    shown("The steps to annotate:", &window.annotated, &mut prompt);
    let (first, last) = (window.annotated.start, window.annotated.end.saturating_sub(1));
    let _ = write!(prompt, "\n\nAnnotate the steps {first} to {last}, each of them, and no other.");
    prompt
}

const INSTRUCTIONS: &str =
    "A language model has solved a problem step by step. Say of each step what it does and which earlier \
steps it builds on.

What a step does is one or more of these tags, the most important first:";

const DEPENDENCIES: &str = r#"

A step builds on an earlier one where it uses its result, its fact or its idea, however far back that is. List the numbers of all
steps that it uses directly, and only those; a step that uses none has an empty list. A step never builds on itself or on a
later one. Whoever follows the lists back from the final answer should pass every step that it rests on.

Reply with one JSON object and nothing else. Its keys are the numbers of the steps as text, its values have this form:
{"7": {"function_tags": ["active_computation"], "depends_on": ["2", "5"]}}"#;

const fn meaning(tag: Tag) -> &'static str {
    match tag {
        Tag::ProblemSetup => "reads, restates or formalises the problem",
        Tag::PlanGeneration => "decides what to do, or says what comes next",
        Tag::FactRetrieval => "recalls a fact, a formula or a detail of the problem without calculating",
        Tag::ActiveComputation => "calculates, transforms or derives something",
        Tag::ResultConsolidation => "gathers or sums up intermediate results, or prepares the answer",
        Tag::UncertaintyManagement => "doubts, is confused, goes back, or weighs another way",
        Tag::FinalAnswerEmission => "states the final answer, boxed or not",
        Tag::SelfChecking => "checks an earlier step or the result",
        _ => "none of these, or nothing to do with the problem",
    }
}

/// A step on one line, or its head and tail where it is very long.
fn part(step: &str) -> String {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if step.len() <= STEP_BYTES {
        return line(step);
    }
    let (head, tail) = (step.floor_char_boundary(STEP_BYTES / 2), step.ceil_char_boundary(step.len() - STEP_BYTES / 2));
    format!("{} […] {}", line(&step[..head]), line(&step[tail..]))
}

/// The JSON schema of the reply for `window`: an object with an entry for each of its steps.
pub fn schema(window: &Window) -> Value {
    let tags: Vec<_> = Tag::FUNCTIONS.into_iter().chain([Tag::Unknown]).map(Tag::name).collect();
    let ids: Vec<String> = window.annotated.clone().map(|id| id.to_string()).collect();
    let entry = || json!({"$ref": "#/$defs/step"});
    let properties: Map<String, Value> = ids.iter().map(|id| (id.clone(), entry())).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": ids,
        "additionalProperties": false,
        "$defs": {"step": {
            "type": "object",
            "properties": {
                "function_tags": {"type": "array", "items": {"type": "string", "enum": tags}},
                "depends_on": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["function_tags", "depends_on"],
            "additionalProperties": false,
        }},
    })
}

/// The annotation in a reply for `window` of a trace of `n_steps` steps, as JSON that [`parse`] reads: the entries of the window.
///
/// # Errors
/// Where it is none, or where more than a tenth of the window's steps is missing in it: what is wrong, in words for
/// [`crate::prompt::again`].
pub fn read(reply: &str, n_steps: usize, window: &Window) -> Result<String, String> {
    let annotation = parse(reply, n_steps)
        .map_err(|_| "it holds no JSON object with an entry for each step, under the step's number".to_owned())?;
    let is_missing = |id: &usize| annotation.get(*id).is_none_or(Option::is_none);
    let missing: Vec<usize> = window.annotated.clone().filter(is_missing).collect();
    if missing.len() * 10 > window.annotated.len() {
        let named: Vec<_> = missing.iter().take(10).map(usize::to_string).collect();
        let rest = if missing.len() > named.len() { " and others" } else { "" };
        return Err(format!("it has no entry for the steps {}{rest}", named.join(", ")));
    }
    Ok(write(&annotation, &window.annotated))
}

fn write(annotation: &[Option<AnnotatedStep>], range: &Range<usize>) -> String {
    let entries = annotation.iter().enumerate().filter(|(id, _)| range.contains(id));
    let entries: Map<String, Value> = entries
        .filter_map(|(id, step)| {
            let step = step.as_ref()?;
            let tags: Vec<_> = step.tags.iter().map(|tag| tag.name()).collect();
            let depends_on = step.depends_on.as_deref().unwrap_or_default();
            Some((id.to_string(), json!({"function_tags": tags, "depends_on": depends_on})))
        })
        .collect();
    Value::Object(entries).to_string()
}

/// The annotation of a trace of `n_steps` steps from what [`read`] gave for each of its windows. `None` where nothing is in it.
pub fn merge<S: AsRef<str>>(replies: &[S], n_steps: usize) -> Option<Vec<Option<AnnotatedStep>>> {
    let mut merged = vec![None; n_steps];
    for annotation in replies.iter().filter_map(|reply| parse(reply.as_ref(), n_steps).ok()) {
        for (place, step) in merged.iter_mut().zip(annotation) {
            if place.is_none() {
                *place = step;
            }
        }
    }
    merged.iter().any(Option::is_some).then_some(merged)
}

/// What a judge of validity is told, for [`crate::prompt::classify`] with [`judge_text`] and [`judge_labels`].
pub const JUDGE: &str = "Two steps of one solution follow. Take the premise for true and judge the hypothesis by it: entailment where \
the hypothesis follows from the premise, or is a right calculation or conclusion from it; contradiction where the two cannot both \
be true, or where the hypothesis draws a wrong result from the premise; neutral where the premise settles neither.";

/// The pair to judge: the step that is built on as premise, the step that builds on it as hypothesis.
pub fn judge_text(premise: &str, hypothesis: &str) -> String {
    format!("Premise: {}\nHypothesis: {}", part(premise), part(hypothesis))
}

/// The labels of a judge, in the order of [`Verdict::ALL`].
pub fn judge_labels() -> [&'static str; 3] {
    Verdict::ALL.map(Verdict::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(n: usize) -> Vec<String> {
        (0..n).map(|id| format!("step {id}")).collect()
    }

    #[test]
    fn a_short_trace_is_one_call() {
        let whole = Window { opening: 0..0, context: 0..0, annotated: 0..3 };
        assert_eq!(windows(&steps(3)), [whole]);
        assert!(windows(&steps(0)).is_empty());
    }

    #[test]
    fn windows_annotate_each_step_once_and_show_what_was_before() {
        let windows = windows(&steps(150));
        let annotated: Vec<usize> = windows.iter().flat_map(|window| window.annotated.clone()).collect();
        assert_eq!(annotated, (0..150).collect::<Vec<_>>());
        assert_eq!((windows[1].opening.clone(), windows[1].context.clone()), (0..4, 52..64));
        for window in &windows[1..] {
            assert_eq!(window.context.end, window.annotated.start);
            assert!(window.opening.end <= window.context.start);
        }
    }

    #[test]
    fn long_steps_make_short_windows() {
        let long = vec!["ยาว".repeat(10_000); 10];
        let windows = windows(&long);
        assert_eq!(windows.len(), 2);
        let prompt = annotate("q", &long, &windows[0], None, None);
        assert!(prompt.len() < 2 * BYTES, "{}", prompt.len());
        assert!(prompt.contains(" […] "));
    }

    #[test]
    fn the_prompt_shows_the_problem_in_both_languages_and_the_steps_by_number() {
        let steps = ["ไข่ 16 ฟอง", "16 - 3\n= 13"];
        let window = &windows(&steps)[0];
        let prompt = annotate("มีไข่กี่ฟอง", &steps, window, Some("Thai"), Some("How many eggs?"));
        for part in [
            "\n- self_checking: ",
            "\n- unknown: ",
            "The problem in English:\nHow many eggs?\n",
            "in Thai:\nมีไข่กี่ฟอง\n",
            "\n[0] ไข่ 16 ฟอง\n[1] 16 - 3 = 13\n",
            "the steps 0 to 1,",
        ] {
            assert!(prompt.contains(part), "{part}\n{prompt}");
        }
        let english = annotate("How many?", &steps, window, None, Some("How many?"));
        assert!(english.contains("The problem:\nHow many?\n") && !english.contains("in English"));
    }

    #[test]
    fn the_schema_asks_for_each_step_of_the_window() {
        let window = Window { opening: 0..0, context: 0..2, annotated: 2..4 };
        let schema = schema(&window);
        assert_eq!(schema["required"], json!(["2", "3"]));
        assert_eq!(schema["properties"]["3"], json!({"$ref": "#/$defs/step"}));
    }

    #[test]
    fn windows_are_read_and_merged_under_their_numbers() {
        let windows = [
            Window { opening: 0..0, context: 0..0, annotated: 0..2 },
            Window { opening: 0..0, context: 0..2, annotated: 2..3 },
        ];
        let first = r#"{"0": {"function_tags": ["problem_setup"], "depends_on": []}, "1": {"function_tags": [], "depends_on": ["0"]}}"#;
        let second = r#"Of course: {"0": {"function_tags": ["unknown"]}, "2": {"function_tags": ["self_checking"], "depends_on": ["0", 1]}}"#;
        let replies =
            [(first, &windows[0]), (second, &windows[1])].map(|(reply, window)| read(reply, 3, window).unwrap());
        let merged = merge(&replies, 3).unwrap();
        let tags: Vec<_> = merged.iter().flatten().map(|step| step.tags.clone()).collect();
        assert_eq!(tags, [vec![Tag::ProblemSetup], vec![], vec![Tag::SelfChecking]]);
        assert_eq!(merged[2].as_ref().unwrap().depends_on, Some(vec![0, 1]));
        assert_eq!(merge::<&str>(&[], 3), None);
    }

    #[test]
    fn a_reply_that_leaves_steps_out_is_complained_of() {
        let window = Window { opening: 0..0, context: 0..0, annotated: 0..3 };
        assert!(read("I cannot.", 3, &window).unwrap_err().starts_with("it holds no JSON object"));
        assert_eq!(read(r#"{"1": {}}"#, 3, &window).unwrap_err(), "it has no entry for the steps 0, 2");
    }

    #[test]
    fn a_judge_is_shown_premise_and_hypothesis() {
        assert_eq!(judge_text("3 + 4\n= 7", "ได้ 7"), "Premise: 3 + 4 = 7\nHypothesis: ได้ 7");
        assert_eq!(judge_labels(), ["entailment", "neutral", "contradiction"]);
    }
}
