//! Models of a hub: listed, fetched with a dropped connection, checked, and from then on taken from the cache.
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use sha2::{Digest, Sha256};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "hf_only_for_the_hub";

/// A hub with one repository, the files of a folder. Connections drop in the middle of weights the first time.
struct Hub {
    address: String,
    /// What was asked: the path, and the first byte where that is not the beginning.
    asked: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Hub {
    fn start(folder: PathBuf, wrong_digest: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &folder, &seen, wrong_digest);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<(String, u64)> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, folder: &Path, asked: &Mutex<Vec<(String, u64)>>, wrong_digest: bool) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let path = first.split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
    let range = headers.iter().find_map(|line| line.strip_prefix("range: bytes="));
    let from: u64 = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
    asked.lock().unwrap().push((path.clone(), from));
    if !headers.iter().any(|line| *line == format!("authorization: bearer {TOKEN}")) {
        return send(&mut stream, "401 Unauthorized", "", b"", 0);
    }
    if path == "/api/models/tiny/llama/revision/main" {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).filter(|e| e.path().is_file());
        let siblings: Vec<_> = files
            .map(|entry| {
                let (name, content) = (entry.file_name(), std::fs::read(entry.path()).unwrap());
                let name = name.to_string_lossy();
                let mut digest = Sha256::digest(&content).iter().fold(String::new(), |mut s, b| {
                    write!(s, "{b:02x}").unwrap();
                    s
                });
                if wrong_digest {
                    digest = "0".repeat(64);
                }
                let lfs = name.ends_with(".safetensors").then(|| json!({"sha256": digest}));
                json!({"rfilename": name, "size": content.len(), "blobId": digest[..40], "lfs": lfs})
            })
            .collect();
        let body = json!({"sha": COMMIT, "siblings": siblings}).to_string();
        return send(&mut stream, "200 OK", "", body.as_bytes(), body.len());
    }
    let Some(file) = path.strip_prefix(&format!("/tiny/llama/resolve/{COMMIT}/")) else {
        return send(&mut stream, "404 Not Found", "", b"", 0);
    };
    let content = std::fs::read(folder.join(file)).unwrap();
    let rest = &content[usize::try_from(from).unwrap()..];
    let (status, range) = match from {
        0 => ("200 OK", String::new()),
        _ => {
            ("206 Partial Content", format!("Content-Range: bytes {from}-{}/{}\r\n", content.len() - 1, content.len()))
        }
    };
    let sent = if from == 0 && file.ends_with(".safetensors") { rest.len() / 3 } else { rest.len() };
    send(&mut stream, status, &range, &rest[..sent], rest.len());
}

fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8], length: usize) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
    let _ = stream.write_all(body);
}

fn checkpoint() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/causal/llama_smol");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: ../shared/fixtures/causal/llama_smol is not there");
    None
}

fn run(home: &Path, hub: &str, token: &str, sql: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glotrace"));
    for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE"] {
        command.env_remove(name);
    }
    command.env("HOME", home).env("HF_HOME", home.join("hf")).env("HF_ENDPOINT", hub).env("HF_TOKEN", token);
    command.args(["--format", "csv", "-c", sql]).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SQL: &str = "SELECT length(llm_complete('hf://tiny/llama', 'What is 2 + 3?', max_tokens => 4)) > 0 AS said";

#[test]
fn a_model_is_fetched_once_over_a_connection_that_drops() {
    let Some(folder) = checkpoint() else { return };
    let hub = Hub::start(folder, false);
    let home = tempfile::tempdir().unwrap();
    let first = run(home.path(), &hub.address, TOKEN, SQL);
    assert!(first.status.success(), "{}", err(&first));
    assert_eq!(String::from_utf8_lossy(&first.stdout), "said\ntrue\n");
    let asked = hub.asked();
    assert!(asked.iter().any(|(path, from)| path.ends_with("model.safetensors") && *from > 0), "{asked:?}");
    // The hub's own layout, which its other tools read.
    let cache = home.path().join("hf/hub/models--tiny--llama");
    assert_eq!(std::fs::read_to_string(cache.join("refs/main")).unwrap(), COMMIT);
    assert!(cache.join("snapshots").join(COMMIT).join("config.json").is_file());

    let again = run(home.path(), &hub.address, TOKEN, &SQL.replace("2 + 3", "4 + 5"));
    assert!(again.status.success(), "{}", err(&again));
    assert_eq!(hub.asked().len(), asked.len(), "what is in the cache is not asked for");
}

#[test]
fn a_file_that_is_not_what_the_hub_says_is_refused_and_does_not_stay() {
    let Some(folder) = checkpoint() else { return };
    let hub = Hub::start(folder, true);
    let home = tempfile::tempdir().unwrap();
    let done = run(home.path(), &hub.address, TOKEN, SQL);
    assert_eq!(done.status.code(), Some(1));
    assert!(err(&done).contains("did not arrive as the hub has it"), "{}", err(&done));
    assert!(!home.path().join("hf/hub/models--tiny--llama/refs/main").exists());
}

#[test]
fn a_hub_that_asks_for_consent_says_what_to_do_and_no_message_holds_the_token() {
    let Some(folder) = checkpoint() else { return };
    let hub = Hub::start(folder, false);
    let home = tempfile::tempdir().unwrap();
    let done = run(home.path(), &hub.address, "hf_another", SQL);
    assert_eq!(done.status.code(), Some(1));
    assert!(err(&done).contains("HF_TOKEN") && !err(&done).contains("hf_another"), "{}", err(&done));
}
