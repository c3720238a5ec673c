//! A server on loopback that speaks OpenAI's protocol and fails in the ways in which real ones fail.
//!
//! One file over tokio and serde_json, so that the tests of other crates can take it in with `#[path]`. What it answers is a
//! function of the request alone ([`answer_to`]), so that a test knows what each row has to say; which request fails how is a
//! function of the seed, the request's body and how often that body has come, so that a run does not depend on timing.

#![allow(dead_code, reason = "each test that takes this file in uses a part of it")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What is done to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing: it is answered.
    None,
    /// 429 with a Retry-After of 20 ms.
    RateLimitAfter,
    /// 429 that does not say when.
    RateLimit,
    ServerError,
    /// The connection is closed without a response.
    Hangup,
    /// The connection is closed in the middle of a body of announced length.
    DropMidBody,
    /// The answer, in small pieces.
    SlowDrip,
    /// 200 with something that is no JSON.
    Malformed,
    /// Another model's answer.
    WrongModel,
    /// Half of the answer; its end is that of the connection.
    Truncated,
    /// The answer twice, at once.
    Duplicate,
    /// The answer, and again when the next request has come on the connection.
    LateDuplicate,
    /// Not injected but suffered: a late duplicate came before this request's answer.
    Overtaken,
    /// No answer before the client gives up.
    Stall,
}

impl Fault {
    pub const INJECTED: [Self; 12] = [
        Self::RateLimitAfter,
        Self::RateLimit,
        Self::ServerError,
        Self::Hangup,
        Self::DropMidBody,
        Self::SlowDrip,
        Self::Malformed,
        Self::WrongModel,
        Self::Truncated,
        Self::Duplicate,
        Self::LateDuplicate,
        Self::Stall,
    ];

    /// Whether the client gets its answer all the same, so that asking again would be one request too many.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::None | Self::SlowDrip | Self::Duplicate | Self::LateDuplicate)
    }
}

/// What the server makes of `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Several {
    /// Gives n choices.
    #[default]
    Honoured,
    /// Gives one, whatever was asked.
    Ignored,
    /// Answers 400 to any n above 1.
    Refused,
    /// Gives them backwards, each twice, and one more than asked.
    Muddled,
}

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// The probability of each fault; what is left is answered.
    pub mix: Vec<(Fault, f64)>,
    /// The most faults that one body meets; after them it is answered.
    pub most_faults: usize,
    /// Responses as they go over the wire, before anything else, in the order in which requests come.
    pub script: VecDeque<String>,
    pub several: Several,
    /// How long an answer takes.
    pub delay: Duration,
    /// The model that it says it is; `None`: the one that was asked.
    pub model: Option<String>,
    /// Texts longer than this are refused with 400 `context_length_exceeded`.
    pub context: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            mix: Vec::new(),
            most_faults: 3,
            script: VecDeque::new(),
            several: Several::Honoured,
            delay: Duration::ZERO,
            model: None,
            context: usize::MAX,
        }
    }
}

/// A response of `status` as it goes over the wire.
pub fn response(status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(k, v)| format!("{k}: {v}\r\n")).collect();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// What the server says to `prompt` with `seed`: the i-th of several choices counts as seed + i.
pub fn answer_to(prompt: &str, seed: i64) -> String {
    format!("answer to {prompt} ({seed})")
}

/// The vector that the server gives for `text`.
pub fn vector_of(text: &str) -> [f32; 3] {
    [text.len() as f32, text.chars().count() as f32, 0.5]
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub head: String,
    pub body: Value,
    pub fault: Fault,
    pub at: Instant,
}

#[derive(Default)]
struct State {
    plan: Mutex<Plan>,
    received: Mutex<Vec<Received>>,
    /// Per hash of a body, what was done to it, in order.
    bodies: Mutex<HashMap<u64, Vec<Fault>>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    /// Clients that went away while they were kept waiting.
    left: AtomicUsize,
    ids: AtomicUsize,
}

/// A running server; it stops when it is dropped.
pub struct FaultServer {
    address: SocketAddr,
    state: Arc<State>,
    task: AbortHandle,
}

impl FaultServer {
    pub async fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { plan: Mutex::new(plan), ..State::default() });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let _ = serve(stream, &state).await;
                });
            }
        });
        Self { address, state, task: task.abort_handle() }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// All requests in the order in which they came.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// What was done to each body, in the order in which it came.
    pub fn by_body(&self) -> Vec<Vec<Fault>> {
        self.state.bodies.lock().unwrap().values().cloned().collect()
    }

    /// How many requests met each fault.
    pub fn counts(&self) -> BTreeMap<Fault, usize> {
        let mut counts = BTreeMap::new();
        for fault in self.state.bodies.lock().unwrap().values().flatten() {
            *counts.entry(*fault).or_default() += 1;
        }
        counts
    }

    /// The most requests that were under way at once.
    pub fn most_open(&self) -> usize {
        self.state.most_open.load(Ordering::SeqCst)
    }

    /// How many clients went away while they were kept waiting.
    pub fn left(&self) -> usize {
        self.state.left.load(Ordering::SeqCst)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    // What has to be said again before the next answer.
    let mut late: Option<String> = None;
    while let Some((head, body)) = read_request(&mut stream, &mut buffer).await? {
        let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_open.fetch_max(open, Ordering::SeqCst);
        let keep = respond(&mut stream, state, &head, &body, &mut late).await;
        state.open.fetch_sub(1, Ordering::SeqCst);
        if !keep? {
            break;
        }
    }
    Ok(())
}

async fn respond(
    stream: &mut TcpStream,
    state: &State,
    head: &str,
    body: &[u8],
    late: &mut Option<String>,
) -> std::io::Result<bool> {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (plan, canned) = {
        let mut plan = state.plan.lock().unwrap();
        let canned = plan.script.pop_front();
        (plan.clone(), canned)
    };
    let overtaken = late.take();
    let fault = {
        let mut hasher = DefaultHasher::new();
        (path.as_str(), body).hash(&mut hasher);
        let key = hasher.finish();
        let mut bodies = state.bodies.lock().unwrap();
        let past = bodies.entry(key).or_default();
        let fault = match (&overtaken, &canned) {
            (Some(_), _) => Fault::Overtaken,
            (None, Some(_)) => Fault::None,
            (None, None) => draw(&plan, key, past),
        };
        past.push(fault);
        fault
    };
    state.received.lock().unwrap().push(Received {
        path: path.clone(),
        head: head.to_owned(),
        body: value.clone(),
        fault,
        at: Instant::now(),
    });
    tokio::time::sleep(plan.delay).await;
    if let Some(canned) = canned {
        stream.write_all(canned.as_bytes()).await?;
        return Ok(true);
    }
    let answer = answer(&plan, state, &path, &value);
    if let Some(earlier) = overtaken {
        stream.write_all(earlier.as_bytes()).await?;
        stream.write_all(answer.as_bytes()).await?;
        return Ok(true);
    }
    match fault {
        Fault::None | Fault::Overtaken => stream.write_all(answer.as_bytes()).await?,
        Fault::RateLimitAfter => {
            let said = response(429, &[("retry-after", "0.02")], r#"{"error": {"message": "slow down"}}"#);
            stream.write_all(said.as_bytes()).await?;
        }
        Fault::RateLimit => stream.write_all(response(429, &[], "slow down").as_bytes()).await?,
        Fault::ServerError => stream.write_all(response(500, &[], "<html>oops</html>").as_bytes()).await?,
        Fault::Hangup => return Ok(false),
        Fault::DropMidBody => {
            stream.write_all(&answer.as_bytes()[..answer.len() - 30]).await?;
            return Ok(false);
        }
        Fault::SlowDrip => {
            for piece in answer.as_bytes().chunks(answer.len() / 10 + 1) {
                stream.write_all(piece).await?;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Fault::Malformed => {
            let said = response(200, &[], r#"{"id": "x", "choices": [{"message": {"content": "ans"#);
            stream.write_all(said.as_bytes()).await?;
        }
        Fault::WrongModel => {
            let other = Plan { model: Some("other-model".into()), ..plan };
            let said = self::answer(&other, state, &path, &value).replace("answer to", "guess about");
            // The two texts are not of the same length.
            let body = said.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
            stream.write_all(response(200, &[], &body).as_bytes()).await?;
        }
        Fault::Truncated => {
            let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
            let half: String = body.chars().take(body.chars().count() / 2).collect();
            let said = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{half}");
            stream.write_all(said.as_bytes()).await?;
            return Ok(false);
        }
        Fault::Duplicate => stream.write_all(answer.repeat(2).as_bytes()).await?,
        Fault::LateDuplicate => {
            stream.write_all(answer.as_bytes()).await?;
            *late = Some(answer);
        }
        Fault::Stall => {
            // Until the client goes away, or for longer than any test waits.
            let mut byte = [0];
            let gone = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut byte)).await;
            if matches!(gone, Ok(Ok(0) | Err(_))) {
                state.left.fetch_add(1, Ordering::SeqCst);
            }
            return Ok(false);
        }
    }
    Ok(true)
}

fn draw(plan: &Plan, key: u64, past: &[Fault]) -> Fault {
    if past.iter().filter(|f| !f.is_answered()).count() >= plan.most_faults {
        return Fault::None;
    }
    let mut hasher = DefaultHasher::new();
    (plan.seed, key, past.len()).hash(&mut hasher);
    let mut left = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
    for (fault, probability) in &plan.mix {
        left -= probability;
        if left < 0.0 {
            return *fault;
        }
    }
    Fault::None
}

fn answer(plan: &Plan, state: &State, path: &str, asked: &Value) -> String {
    let model = plan.model.as_deref().or(asked["model"].as_str()).unwrap_or_default();
    let id = format!("id-{}", state.ids.fetch_add(1, Ordering::SeqCst));
    if path.ends_with("/embeddings") {
        let texts: Vec<&str> = asked["input"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if texts.iter().any(|t| t.len() > plan.context) {
            return too_long();
        }
        // Backwards: the index tells which is which.
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .rev()
            .map(|(i, t)| json!({"object": "embedding", "index": i, "embedding": vector_of(t)}))
            .collect();
        let tokens: usize = texts.iter().map(|t| t.len()).sum();
        let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
        return response(
            200,
            &[],
            &json!({"object": "list", "data": data, "model": model, "usage": usage}).to_string(),
        );
    }
    let chat = path.ends_with("/chat/completions");
    let prompt = match asked["messages"].as_array().and_then(|m| m.last()) {
        Some(message) => message["content"].as_str(),
        None => asked["prompt"].as_str(),
    };
    let prompt = prompt.unwrap_or_default();
    if prompt.len() > plan.context {
        return too_long();
    }
    let n = asked["n"].as_i64().unwrap_or(1);
    let seed = asked["seed"].as_i64().unwrap_or(0);
    let choice = |i: i64| {
        let text = answer_to(prompt, seed + i);
        if chat {
            json!({"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"})
        } else {
            json!({"index": i, "text": text, "finish_reason": "stop"})
        }
    };
    let choices: Vec<Value> = match plan.several {
        Several::Refused if n > 1 => {
            return response(400, &[], r#"{"error": {"message": "Only one completion choice is allowed"}}"#);
        }
        Several::Honoured => (0..n).map(choice).collect(),
        Several::Ignored | Several::Refused => vec![choice(0)],
        Several::Muddled => (0..=n).rev().flat_map(|i| [choice(i), choice(i)]).collect(),
    };
    let (prompt_tokens, completion_tokens) = (prompt.len(), 10 * choices.len());
    let usage = json!({"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens});
    let answer = json!({"id": id, "object": "chat.completion", "model": model, "choices": choices, "usage": usage});
    response(200, &[], &answer.to_string())
}

fn too_long() -> String {
    let error = json!({"error": {"message": "too long", "code": "context_length_exceeded"}});
    response(400, &[], &error.to_string())
}

/// Head and body of the next request; `None` where the client has gone.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<(String, Vec<u8>)>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|l| l.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            let whole = end + 4 + length;
            if buffer.len() >= whole {
                let body = buffer[end + 4..whole].to_vec();
                buffer.drain(..whole);
                return Ok(Some((head, body)));
            }
        }
        let mut piece = [0; 16 << 10];
        let n = stream.read(&mut piece).await?;
        if n == 0 {
            return Ok(None);
        }
        buffer.extend_from_slice(&piece[..n]);
    }
}
