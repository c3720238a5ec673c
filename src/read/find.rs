//! From what the user wrote to the files that it names, in sorted order.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::error::{Error, Result};
use crate::suggest::closest;

use super::options::ReadOptions;
use super::query::{FileQuery, Packing, ReadFormat, format_of_path};
use super::web::{Web, WebFile};

/// One file, not yet opened.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// As the user wrote it, globs and folders expanded.
    pub shown: String,
    pub format: ReadFormat,
    pub packing: Packing,
    pub at: At,
}

#[derive(Debug, Clone)]
pub(super) enum At {
    Local(PathBuf),
    Web(WebFile),
}

/// `*` stays within a folder; files whose names begin with a dot must be named.
pub(super) const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

pub(super) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// All files of `query`, at least one.
///
/// # Errors
/// A file, folder or glob that names nothing, an extension that says no format, several formats at once.
pub(super) async fn find(query: &FileQuery, options: &ReadOptions, web: &Web) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    for url in query.url.split('\n').filter(|url| !url.is_empty()) {
        match url.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest)) {
            None => local(url, options, &mut found)?,
            Some((scheme, rest)) => match scheme.as_str() {
                "file" => local(rest, options, &mut found)?,
                "http" | "https" => {
                    let path = url.split(['?', '#']).next().unwrap_or(url);
                    if path.contains('*') {
                        return Err(Error::query(format!(
                            "`{url}`: a web server has no list of its files, so a glob cannot be matched"
                        ))
                        .with_hint("name each file, or use hf:// where the files are a data set of the hub"));
                    }
                    let (format, packing) = format_for(url, path, options)?;
                    found.push(Found { shown: url.to_owned(), format, packing, at: At::Web(WebFile::of_url(url)?) });
                }
                "hf" => {
                    for (shown, file) in web.hub_files(rest, url, options.format.is_some()).await? {
                        let (format, packing) = format_for(&shown, &shown, options)?;
                        found.push(Found { shown, format, packing, at: At::Web(file) });
                    }
                }
                _ => {
                    return Err(Error::query(format!("`{url}`: nothing is known about `{scheme}://`"))
                        .with_hint("known are paths, file://, https://, http:// and hf://datasets/ORG/NAME/path"));
                }
            },
        }
    }
    let Some(first) = found.first() else {
        return Err(Error::query("no file is named"));
    };
    if let Some(other) = found.iter().find(|other| !other.format.mixes_with(first.format)) {
        return Err(Error::query(format!(
            "`{}` holds several formats: `{}` is {}, `{}` is {}",
            query.url, first.shown, first.format, other.shown, other.format
        ))
        .with_hint(format!("say which are meant, as in '{}*.{}'", folder_of(&query.url), first.format)));
    }
    Ok(found)
}

fn folder_of(url: &str) -> &str {
    match url.find(['*', '?', '[']) {
        Some(glob) => url[..glob].rsplit_once('/').map_or("", |(folder, _)| &url[..=folder.len()]),
        None if url.ends_with('/') => url,
        None => "",
    }
}

/// What the options say, or else the extension.
fn format_for(shown: &str, path: &str, options: &ReadOptions) -> Result<(ReadFormat, Packing)> {
    let (by_name, packing) = format_of_path(path);
    // read_json reads lines where the name says so.
    let format = match (options.format, by_name) {
        (Some(asked), Some(named)) if asked.mixes_with(named) && asked == ReadFormat::Json => named,
        (Some(asked), _) => asked,
        (None, Some(named)) => named,
        (None, None) => {
            return Err(Error::query(format!("`{shown}`: the extension does not say what format the file has")).with_hint(
                "known are .parquet, .csv, .tsv, .json, .jsonl and .ndjson, the text formats also with .gz, .zst, .bz2 or .xz; \
                 or say it: read_csv('…'), read_json('…'), read_parquet('…')",
            ));
        }
    };
    let packing = options.packing.unwrap_or(packing);
    if format == ReadFormat::Parquet && packing != Packing::None {
        return Err(Error::query(format!("`{shown}`: a Parquet file that is packed as a whole cannot be read"))
            .with_hint("Parquet is packed inside: unpack the file first"));
    }
    Ok((format, packing))
}

fn expand_home(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => etcetera::home_dir().map_or_else(|_| PathBuf::from(path), |home| home.join(rest)),
        None => PathBuf::from(path),
    }
}

fn local(url: &str, options: &ReadOptions, found: &mut Vec<Found>) -> Result<()> {
    let path = expand_home(url);
    match std::fs::metadata(&path) {
        Ok(about) if about.is_dir() => folder(url, &path, options, found),
        Ok(_) => {
            let (format, packing) = format_for(url, url, options)?;
            found.push(Found { shown: url.to_owned(), format, packing, at: At::Local(path) });
            Ok(())
        }
        // A file whose name has a bracket was found above; only now the name can be a pattern.
        Err(_) if is_glob(url) => pattern(url, &path, options, found),
        Err(source) => {
            let error = Error::io("read", url, &source);
            Err(match near(&path) {
                Some(hint) => error.with_hint(hint),
                None => error,
            })
        }
    }
}

fn folder(url: &str, path: &Path, options: &ReadOptions, found: &mut Vec<Found>) -> Result<()> {
    let mut files = Vec::new();
    walk(path, &mut files)?;
    files.sort();
    let before = found.len();
    let mut others = Vec::new();
    for file in files {
        let inner = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
        let shown = format!("{}/{inner}", url.trim_end_matches('/'));
        if options.format.is_none() && format_of_path(&shown).0.is_none() {
            others.push(inner);
            continue;
        }
        let (format, packing) = format_for(&shown, &shown, options)?;
        found.push(Found { shown, format, packing, at: At::Local(file) });
    }
    if found.len() == before {
        let error = Error::world(format!("the folder `{url}` holds no file that can be read"));
        return Err(match others.first() {
            None => error,
            Some(first) => error.with_hint(format!(
                "it holds {} other files, as `{first}`; read_csv, read_json and read_parquet take any name",
                others.len()
            )),
        });
    }
    Ok(())
}

/// Names that begin with `.` or `_` are bookkeeping.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("read", folder, &e))?;
        let name = entry.file_name();
        if name == "_delta_log" {
            return Err(Error::query(format!(
                "`{}` is a Delta table: its files one by one would show deleted rows and old versions",
                folder.display()
            ))
            .with_hint("open the database that it belongs to"));
        }
        if name.to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn pattern(url: &str, path: &Path, options: &ReadOptions, found: &mut Vec<Found>) -> Result<()> {
    let text = path.to_string_lossy();
    let wrong = |reason: &str| {
        Error::query(format!("`{url}` is no pattern for files: {reason}"))
            .with_hint("known are *, ?, [abc] and ** for folders")
    };
    Pattern::new(&text).map_err(|e| wrong(e.msg))?;
    let matches = glob::glob_with(&text, MATCHING).map_err(|e| wrong(e.msg))?;
    let mut files = Vec::new();
    for file in matches {
        let file = file.map_err(|e| {
            let path = e.path().to_path_buf();
            Error::io("read", path, e.error())
        })?;
        if !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let error = Error::world(format!("no file matches `{url}`"));
        let folder = folder_of(&text);
        let folder = if folder.is_empty() { "." } else { folder };
        return Err(match std::fs::read_dir(folder) {
            Err(_) => error.with_hint(format!("there is no folder `{folder}`")),
            Ok(entries) => {
                let mut names: Vec<String> =
                    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
                names.sort();
                let more = if names.len() > 3 { ", …" } else { "" };
                names.truncate(3);
                error.with_hint(if names.is_empty() {
                    format!("the folder `{folder}` is empty")
                } else {
                    format!("the folder `{folder}` holds {}{more}", names.join(", "))
                })
            }
        });
    }
    for file in files {
        // What the user wrote, with the pattern filled in: `~/` stays as it was.
        let shown = file.to_string_lossy().into_owned();
        let shown = match (url.strip_prefix("~/"), etcetera::home_dir()) {
            (Some(_), Ok(home)) => file.strip_prefix(home).map_or(shown, |rest| format!("~/{}", rest.display())),
            _ if url.starts_with("./") && !shown.starts_with("./") => format!("./{shown}"),
            _ => shown,
        };
        let (format, packing) = format_for(&shown, &shown, options)?;
        found.push(Found { shown, format, packing, at: At::Local(file) });
    }
    Ok(())
}

/// What may have been meant by a path that leads nowhere.
fn near(path: &Path) -> Option<String> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return None,
    };
    if !folder.is_dir() {
        return Some(format!("there is no folder `{}`", folder.display()));
    }
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let wanted = path.file_name()?.to_string_lossy();
    let nearest = closest(&wanted, names.iter().map(String::as_str))?;
    let nearest = path.with_file_name(nearest);
    Some(format!("did you mean `{}`?", nearest.display()))
}
