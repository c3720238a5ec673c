//! Requests as JSON.

use serde_json::{Map, Value, json};

use super::{EndpointOptions, transport::Path};
use crate::{Prompt, Request, json::is_strict};

/// The body that asks for `n` samples of `request`, and where it goes.
///
/// The seed that is sent is the request's plus its sample index, so that samples differ and each can be had again. Where `n`
/// samples are asked for together it is the first one's: vLLM and SGLang count on from there, and so give the same samples
/// however they are asked for. Parameters that do nothing are left out, since not every endpoint knows them all.
pub(super) fn generation(request: &Request, n: usize, options: &EndpointOptions, openai: bool) -> (Path, Value) {
    let sampling = &request.sampling;
    let mut body = Map::new();
    body.insert("model".into(), json!(options.model));
    let path = match &request.prompt {
        Prompt::Chat(messages) => {
            body.insert("messages".into(), json!(messages));
            Path::Chat
        }
        Prompt::Raw(text) => {
            body.insert("prompt".into(), json!(text));
            Path::Completions
        }
    };
    let chat = path == Path::Chat;
    body.insert("temperature".into(), json!(sampling.temperature));
    let max_tokens = match &options.max_tokens_field {
        Some(field) => field.as_str(),
        None if openai && chat => "max_completion_tokens",
        None => "max_tokens",
    };
    body.insert(max_tokens.into(), json!(sampling.max_tokens));
    let sample = i64::from_ne_bytes(request.sample.to_ne_bytes());
    body.insert("seed".into(), json!(sampling.seed.wrapping_add(sample)));
    if n > 1 {
        body.insert("n".into(), json!(n));
    }
    if sampling.top_p != 1.0 {
        body.insert("top_p".into(), json!(sampling.top_p));
    }
    if sampling.presence_penalty != 0.0 {
        body.insert("presence_penalty".into(), json!(sampling.presence_penalty));
    }
    if !sampling.stop.is_empty() {
        body.insert("stop".into(), json!(sampling.stop));
    }
    if let Some(top_k) = sampling.top_k {
        body.insert("top_k".into(), json!(top_k));
    }
    if sampling.min_p != 0.0 {
        body.insert("min_p".into(), json!(sampling.min_p));
    }
    if sampling.repetition_penalty != 1.0 {
        body.insert("repetition_penalty".into(), json!(sampling.repetition_penalty));
    }
    if let (Some(thinks), true) = (sampling.enable_thinking, chat) {
        body.insert("chat_template_kwargs".into(), json!({"enable_thinking": thinks}));
    }
    if let Some(schema) = &request.schema {
        let strict = is_strict(schema);
        let format =
            json!({"type": "json_schema", "json_schema": {"name": "reply", "schema": **schema, "strict": strict}});
        body.insert("response_format".into(), format);
    }
    if options.logprobs {
        // Chat says yes; completions say how many alternatives.
        body.insert("logprobs".into(), if chat { json!(true) } else { json!(0) });
    }
    (path, finish(body, options))
}

/// The body that asks for the embeddings of `texts`.
pub(super) fn embedding(texts: &[&str], options: &EndpointOptions) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), json!(options.model));
    body.insert("input".into(), json!(texts));
    body.insert("encoding_format".into(), json!("float"));
    finish(body, options)
}

fn finish(mut body: Map<String, Value>, options: &EndpointOptions) -> Value {
    body.extend(options.extra_body.iter().map(|(k, v)| (k.clone(), v.clone())));
    body.retain(|field, _| !options.omit.contains(field));
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Message, Params};

    fn request(change: impl FnOnce(&mut Params)) -> Request {
        let mut params = Params::default();
        change(&mut params);
        Request::new(Prompt::user(Some("Be brief."), "২+২?"), 3, params.check().unwrap())
    }

    fn options() -> EndpointOptions {
        EndpointOptions::new("http://h/v1", "m")
    }

    #[test]
    fn a_plain_request_holds_nothing_that_does_nothing() {
        let (path, body) = generation(&request(|p| p.seed = 40), 1, &options(), false);
        assert_eq!(path, Path::Chat);
        let messages = [Message::new("system", "Be brief."), Message::new("user", "২+২?")];
        let expected = json!({"model": "m", "messages": messages, "temperature": 0.0, "max_tokens": 512, "seed": 43});
        assert_eq!(body, expected);
    }

    #[test]
    fn what_is_set_is_sent() {
        let mut asked = request(|p| {
            p.temperature = 0.7;
            p.top_p = 0.9;
            p.top_k = 20;
            p.min_p = 0.05;
            p.presence_penalty = 1.5;
            p.repetition_penalty = 1.1;
            p.stop = vec!["END".into()];
            p.enable_thinking = Some(false);
        });
        asked.schema = Some(Arc::new(json!({"type": "object"})));
        let mut options = options();
        options.extra_body.insert("reasoning_effort".into(), json!("low"));
        options.omit.push("seed".into());
        options.logprobs = true;
        let (_, body) = generation(&asked, 4, &options, true);
        let expected = json!({"model": "m", "messages": body["messages"], "temperature": 0.7,
            "max_completion_tokens": 512, "n": 4, "top_p": 0.9, "presence_penalty": 1.5, "stop": ["END"], "top_k": 20,
            "min_p": 0.05, "repetition_penalty": 1.1, "chat_template_kwargs": {"enable_thinking": false},
            "response_format": {"type": "json_schema",
                "json_schema": {"name": "reply", "schema": {"type": "object"}, "strict": false}},
            "logprobs": true, "reasoning_effort": "low"});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_raw_prompt_is_continued() {
        let mut asked = request(|_| {});
        asked.prompt = Prompt::Raw("Once".into());
        let (path, body) = generation(&asked, 1, &options(), true);
        assert_eq!(path, Path::Completions);
        assert_eq!((body["prompt"].as_str(), body["max_tokens"].as_u64()), (Some("Once"), Some(512)));
    }

    #[test]
    fn seeds_wrap_around() {
        let (_, body) = generation(&request(|p| p.seed = i64::MAX), 1, &options(), false);
        assert_eq!(body["seed"], json!(i64::MIN + 2));
    }
}
