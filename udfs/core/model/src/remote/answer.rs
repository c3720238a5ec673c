//! What an endpoint answered: choices out of JSON.
//!
//! Where thinking comes in a field of its own (`reasoning_content`, `reasoning`, or parts of type `thinking`), a completion's
//! text is put together as a model without such a field would have written it, `<think>…</think>` before the response, so that
//! the text is the whole output everywhere. Thinking that used up the tokens is left open, as it would have been.

use serde_json::Value;

use super::failure::Failure;
use crate::{Completion, Error, FinishReason, Kind, TokenLogProb, thinking};

/// One choice.
pub(super) struct Choice {
    /// A completion without its token counts and time, which are the answer's.
    pub outcome: Result<Completion, Error>,
    pub logprobs: Option<Vec<TokenLogProb>>,
}

/// The choices of `answer` to a request for `n`, each at its index, which is not their order. A choice that comes twice counts
/// once; one that nobody asked for does not count. `opened`: the prompt ended inside of thinking.
///
/// # Errors
/// Where there is no usable choice at all.
pub(super) fn choices(answer: &Value, n: usize, opened: bool) -> Result<Vec<Option<Choice>>, Failure> {
    let given = answer["choices"].as_array().ok_or_else(|| Failure::malformed("it has no choices"))?;
    let mut choices: Vec<Option<Choice>> = (0..n).map(|_| None).collect();
    for (position, choice) in given.iter().enumerate() {
        let index = match &choice["index"] {
            Value::Null => position,
            index => match index.as_u64().and_then(|i| usize::try_from(i).ok()) {
                Some(index) => index,
                None => return Err(Failure::malformed("a choice has an index that is no number")),
            },
        };
        if let Some(place @ None) = choices.get_mut(index) {
            *place = Some(read(choice, opened)?);
        }
    }
    if choices.iter().all(Option::is_none) {
        return Err(Failure::malformed("it has no choices"));
    }
    Ok(choices)
}

fn read(choice: &Value, opened: bool) -> Result<Choice, Failure> {
    // OpenRouter reports a provider that failed midway here.
    if choice["error"].is_object() {
        let message = choice["error"]["message"].as_str().unwrap_or("the provider failed");
        return Err(Failure::later(Error::new(Kind::Http, message)));
    }
    let finish_reason = match choice["finish_reason"].as_str().unwrap_or("stop") {
        "length" | "max_tokens" => FinishReason::Length,
        "content_filter" => {
            let error = Error::new(Kind::Refused, "the provider's content filter withheld the answer");
            return Ok(Choice { outcome: Err(error), logprobs: None });
        }
        failed @ ("error" | "abort") => return Err(Failure::malformed(format!("it ended with {failed}"))),
        _ => FinishReason::Stop,
    };
    let said = match (&choice["message"], choice["text"].as_str()) {
        (Value::Object(_), _) => of_message(&choice["message"], finish_reason),
        (_, Some(text)) => Ok(of_text(text, opened)),
        _ => return Err(Failure::malformed("a choice has neither a message nor a text")),
    };
    let outcome = said.map(|(text, parts)| Completion {
        text,
        thinking: parts.thinking,
        response: parts.response,
        finish_reason,
        prompt_tokens: None,
        completion_tokens: None,
        seconds: 0.0,
    });
    Ok(Choice { outcome, logprobs: logprobs(&choice["logprobs"]) })
}

fn of_text(text: &str, opened: bool) -> (String, thinking::Thinking) {
    (text.to_owned(), thinking::split(text, opened))
}

fn of_message(message: &Value, finish: FinishReason) -> Result<(String, thinking::Thinking), Error> {
    if let Some(refusal) = message["refusal"].as_str().filter(|r| !r.is_empty()) {
        return Err(Error::new(Kind::Refused, format!("the model declined: {refusal}")));
    }
    let (content, thought_in_parts) = texts(&message["content"]);
    let thought = ["reasoning_content", "reasoning"]
        .iter()
        .find_map(|field| message[*field].as_str())
        .map(str::to_owned)
        .or(thought_in_parts)
        .filter(|t| !t.trim().is_empty());
    let Some(thought) = thought else { return Ok(of_text(&content, false)) };
    let thinking = Some(thought.trim().to_owned());
    if content.is_empty() && finish == FinishReason::Length {
        return Ok((format!("<think>\n{thought}"), thinking::Thinking { thinking, response: None }));
    }
    let response = Some(content.trim().to_owned());
    Ok((format!("<think>\n{thought}\n</think>\n\n{content}"), thinking::Thinking { thinking, response }))
}

/// Content is a text, nothing, or parts of which some may be thinking.
fn texts(content: &Value) -> (String, Option<String>) {
    let Some(parts) = content.as_array() else { return (content.as_str().unwrap_or_default().to_owned(), None) };
    let mut said = String::new();
    let mut thought = None;
    for part in parts {
        match &part["thinking"] {
            Value::Null => said.push_str(part["text"].as_str().or(part.as_str()).unwrap_or_default()),
            inner => thought.get_or_insert_with(String::new).push_str(&texts(inner).0),
        }
    }
    (said, thought)
}

/// `{"content": [{"token", "logprob"}]}` of chats, `{"tokens": [], "token_logprobs": []}` of completions.
fn logprobs(given: &Value) -> Option<Vec<TokenLogProb>> {
    let pair = |token: &Value, logprob: &Value| {
        Some(TokenLogProb { token: token.as_str()?.to_owned(), logprob: logprob.as_f64()? })
    };
    if let Some(content) = given["content"].as_array() {
        return content.iter().map(|t| pair(&t["token"], &t["logprob"])).collect();
    }
    let (tokens, values) = (given["tokens"].as_array()?, given["token_logprobs"].as_array()?);
    (tokens.len() == values.len()).then(|| tokens.iter().zip(values).map(|(t, v)| pair(t, v)).collect())?
}

/// Whether an answer that says it is by `answered` is by `asked`: the same name in whatever case; the same with a date or
/// version behind it, as aliases resolve to snapshots (`gpt-4o` → `gpt-4o-2024-08-06`); the same without the path before it
/// (`org/name` and `name`); or one of the names that the options allow.
pub(super) fn is_by(answered: &str, asked: &str, served_as: &[String]) -> bool {
    let (given, wanted) = (name(answered), name(asked));
    let dated = |rest: &str| {
        rest.strip_prefix(['-', '@', ':']).is_some_and(|date| {
            date.chars().all(|c| c.is_ascii_digit() || c == '-')
                && date.chars().filter(char::is_ascii_digit).count() >= 3
        })
    };
    given == wanted
        || given.strip_prefix(&wanted).is_some_and(dated)
        || served_as.iter().any(|s| s == "*" || s.eq_ignore_ascii_case(answered))
}

/// The last part of a model's path, in lower case and without `latest`.
fn name(path: &str) -> String {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_lowercase();
    match name.strip_suffix("latest").and_then(|n| n.strip_suffix(['-', ':'])) {
        Some(stem) => stem.to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(choice: Value) -> Completion {
        let mut all = choices(&json!({"choices": [choice]}), 1, false).unwrap();
        all.remove(0).unwrap().outcome.unwrap()
    }

    fn parts(completion: &Completion) -> (&str, Option<&str>, Option<&str>) {
        (&completion.text, completion.thinking.as_deref(), completion.response.as_deref())
    }

    #[test]
    fn thinking_is_told_from_the_response_in_whatever_form_it_comes() {
        let whole = "<think>\nzwei und zwei\n</think>\n\n4";
        let expected = (whole, Some("zwei und zwei"), Some("4"));
        for message in [
            json!({"content": "4", "reasoning_content": "zwei und zwei"}),
            json!({"content": "4", "reasoning": "zwei und zwei"}),
            json!({"content": whole}),
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "zwei und zwei"}]},
                {"type": "text", "text": "4"}]}),
        ] {
            let completion = one(json!({"index": 0, "message": message, "finish_reason": "stop"}));
            assert_eq!(parts(&completion), expected, "{message}");
            let again = thinking::split(&completion.text, false);
            assert_eq!((again.thinking, again.response), (completion.thinking, completion.response), "{message}");
        }
    }

    #[test]
    fn thinking_that_used_up_the_tokens_leaves_no_response() {
        let message = json!({"content": null, "reasoning_content": "zwei und"});
        let completion = one(json!({"message": message, "finish_reason": "length"}));
        assert_eq!(parts(&completion), ("<think>\nzwei und", Some("zwei und"), None));
        assert_eq!(completion.finish_reason, FinishReason::Length);
    }

    #[test]
    fn choices_stand_at_their_index_once_however_they_come() {
        let choice = |i: u64, text: &str| json!({"index": i, "message": {"content": text}});
        let answer = json!({"choices": [choice(2, "c"), choice(0, "a"), choice(2, "copy"), choice(7, "x")]});
        let texts: Vec<_> =
            choices(&answer, 3, false).unwrap().into_iter().map(|c| c.map(|c| c.outcome.unwrap().text)).collect();
        assert_eq!(texts, [Some("a".to_owned()), None, Some("c".to_owned())]);
    }

    #[test]
    fn refusals_are_errors_of_their_choice_only() {
        let answer = json!({"choices": [
            {"index": 0, "message": {"content": "ok"}, "finish_reason": "stop"},
            {"index": 1, "message": {"content": ""}, "finish_reason": "content_filter"},
            {"index": 2, "message": {"content": null, "refusal": "I can't help with that."}}]});
        let kinds: Vec<_> = choices(&answer, 3, false)
            .unwrap()
            .into_iter()
            .map(|c| c.unwrap().outcome.map(|c| c.text).map_err(|e| e.kind()))
            .collect();
        assert_eq!(kinds, [Ok("ok".to_owned()), Err(Kind::Refused), Err(Kind::Refused)]);
    }

    #[test]
    fn what_has_no_choices_is_malformed() {
        for answer in [
            json!({}),
            json!({"choices": []}),
            json!({"choices": [{}]}),
            json!([]),
            json!("x"),
            json!(null),
            json!({"choices": [{"message": {"content": "x"}, "index": "first"}]}),
        ] {
            let failure = choices(&answer, 1, false).err().unwrap();
            assert_eq!(failure.error.kind(), Kind::Parse, "{answer}");
        }
    }

    #[test]
    fn log_probabilities_are_read_from_both_forms() {
        let expected = Some(vec![TokenLogProb { token: "4".into(), logprob: -0.5 }]);
        assert_eq!(logprobs(&json!({"content": [{"token": "4", "logprob": -0.5, "top_logprobs": []}]})), expected);
        assert_eq!(logprobs(&json!({"tokens": ["4"], "token_logprobs": [-0.5]})), expected);
        assert_eq!(logprobs(&Value::Null), None);
    }

    #[test]
    fn a_snapshot_is_the_model_and_a_sibling_is_not() {
        let same = |answered, asked| is_by(answered, asked, &[]);
        assert!(same("gpt-4o-2024-08-06", "gpt-4o"));
        assert!(same("gpt-3.5-turbo-0125", "gpt-3.5-turbo"));
        assert!(same("mistral-large-2411", "mistral-large-latest"));
        assert!(same("qwen/qwen3-8b", "Qwen/Qwen3-8B") && same("Qwen3-8B", "Qwen/Qwen3-8B"));
        assert!(same("llama3:latest", "llama3") && same("llama3", "llama3:latest"));
        assert!(!same("gpt-4o-mini", "gpt-4o") && !same("gpt-4o-mini-2024-07-18", "gpt-4o"));
        assert!(!same("gpt-4", "gpt-4o") && !same("gpt-4.5", "gpt-4") && !same("qwen3-32b", "qwen3-3"));
        assert!(!same("llama-3-8b", "llama") && !same("qwen-2.5", "qwen"));
        assert!(is_by("/weights/q.gguf", "q", &["/weights/q.gguf".into()]) && is_by("x", "y", &["*".into()]));
    }
}
