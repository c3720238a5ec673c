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

/// Repositories by name, each the files of a folder.
type Repositories = Vec<(&'static str, PathBuf)>;

/// A hub. Connections drop in the middle of weights the first time.
struct Hub {
    address: String,
    /// What was asked: the path, and the first byte where that is not the beginning.
    asked: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Hub {
    fn start(repositories: Repositories, wrong_digest: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &repositories, &seen, wrong_digest);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<(String, u64)> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, repositories: &Repositories, asked: &Mutex<Vec<(String, u64)>>, wrong_digest: bool) {
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
    let named = |rest: &str| repositories.iter().find(|(name, _)| rest.starts_with(&format!("{name}/")));
    if let Some((name, folder)) = path.strip_prefix("/api/models/").and_then(named) {
        assert_eq!(path, format!("/api/models/{name}/revision/main"));
        let mut siblings = Vec::new();
        for file in files_in(folder, folder) {
            let content = std::fs::read(folder.join(&file)).unwrap();
            let mut digest = Sha256::digest(&content).iter().fold(String::new(), |mut s, b| {
                write!(s, "{b:02x}").unwrap();
                s
            });
            if wrong_digest {
                digest = "0".repeat(64);
            }
            let lfs = is_weight(&file).then(|| json!({"sha256": digest}));
            siblings.push(json!({"rfilename": file, "size": content.len(), "blobId": digest[..40], "lfs": lfs}));
        }
        let body = json!({"sha": COMMIT, "siblings": siblings}).to_string();
        return send(&mut stream, "200 OK", "", body.as_bytes(), body.len());
    }
    let found = named(&path[1..]).and_then(|(name, folder)| {
        let file = path[1..].strip_prefix(&format!("{name}/resolve/{COMMIT}/"))?;
        Some((folder, file))
    });
    let Some((folder, file)) = found else {
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
    let sent = if from == 0 && is_weight(file) { rest.len() / 3 } else { rest.len() };
    send(&mut stream, status, &range, &rest[..sent], rest.len());
}

fn is_weight(file: &str) -> bool {
    [".safetensors", ".ckpt"].iter().any(|end| file.ends_with(end))
}

/// The paths of all files in `folder`, from `root`.
fn files_in(folder: &Path, root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let relative = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    entries.flat_map(|path| if path.is_dir() { files_in(&path, root) } else { vec![relative(&path)] }).collect()
}

fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8], length: usize) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
    let _ = stream.write_all(body);
}

fn fixture(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: ../shared/fixtures/{name} is not there");
    None
}

fn llama() -> Option<Repositories> {
    Some(vec![("tiny/llama", fixture("causal/llama_smol")?)])
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
    let Some(repositories) = llama() else { return };
    let hub = Hub::start(repositories, false);
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
    let Some(repositories) = llama() else { return };
    let hub = Hub::start(repositories, true);
    let home = tempfile::tempdir().unwrap();
    let done = run(home.path(), &hub.address, TOKEN, SQL);
    assert_eq!(done.status.code(), Some(1));
    assert!(err(&done).contains("did not arrive as the hub has it"), "{}", err(&done));
    assert!(!home.path().join("hf/hub/models--tiny--llama/refs/main").exists());
}

#[test]
fn a_hub_that_asks_for_consent_says_what_to_do_and_no_message_holds_the_token() {
    let Some(repositories) = llama() else { return };
    let hub = Hub::start(repositories, false);
    let home = tempfile::tempdir().unwrap();
    let done = run(home.path(), &hub.address, "hf_another", SQL);
    assert_eq!(done.status.code(), Some(1));
    assert!(err(&done).contains("HF_TOKEN") && !err(&done).contains("hf_another"), "{}", err(&done));
}

#[test]
fn comets_encoder_is_fetched_without_its_weights() {
    let Some(kiwi) = fixture("comet/kiwi") else { return };
    let home = tempfile::tempdir().unwrap();
    // As it is published: no encoder beside it, and the name of one that the hub has.
    let published = home.path().join("published");
    std::fs::create_dir_all(published.join("checkpoints")).unwrap();
    std::fs::copy(kiwi.join("checkpoints/model.ckpt"), published.join("checkpoints/model.ckpt")).unwrap();
    let hparams = std::fs::read_to_string(kiwi.join("hparams.yaml")).unwrap();
    let renamed = hparams.replace("pretrained_model: encoder", "pretrained_model: old-encoder");
    assert_ne!(renamed, hparams);
    std::fs::write(published.join("hparams.yaml"), renamed).unwrap();
    let encoder = home.path().join("encoder");
    std::fs::create_dir_all(&encoder).unwrap();
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(kiwi.join("encoder").join(file), encoder.join(file)).unwrap();
    }
    std::fs::write(encoder.join("model.safetensors"), "never fetched").unwrap();
    let hub = Hub::start(vec![("tiny/kiwi", published), ("old-encoder", encoder)], false);

    let score = |model: &str| {
        let sql = format!("SELECT comet_qe('{model}', 'Two apples.', 'দুটি আপেল।') AS score");
        let done = run(home.path(), &hub.address, TOKEN, &sql);
        assert!(done.status.success(), "{}", err(&done));
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let here = score(&format!("file:{}/", kiwi.display()));
    assert_eq!(score("hf://tiny/kiwi"), here);
    let asked = hub.asked();
    assert!(asked.iter().any(|(path, _)| *path == format!("/old-encoder/resolve/{COMMIT}/config.json")));
    assert!(asked.iter().all(|(path, _)| !path.ends_with("model.safetensors")), "{asked:?}");

    let offline = Command::new(env!("CARGO_BIN_EXE_glotrace"))
        .env("HOME", home.path())
        .env("HF_HOME", home.path().join("empty"))
        .env("HF_HUB_OFFLINE", "1")
        .args(["-c", &format!("SELECT comet_qe('file:{}/', 'a', 'b')", home.path().join("published").display())])
        .output()
        .unwrap();
    assert_eq!(offline.status.code(), Some(1));
    assert!(err(&offline).contains("old-encoder") && err(&offline).contains("OPTIONS (encoder"), "{}", err(&offline));
}
