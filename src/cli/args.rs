//! The whole command line, once: what is parsed here is also the help, the man page text and the shell completions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::out::refuse_picture;
use crate::write::Format;

const EXAMPLES: &str = "\
Examples:
  glotrace                                   type SQL; everything is gone at the end
  glotrace study.db                          the same, kept in the folder study.db
  glotrace -c \"SELECT * FROM 'traces.jsonl' LIMIT 5\"
  glotrace study.db -f queries/30_summary.sql -o summary.tex
  glotrace run study.db queries/             all .sql files of a folder, in name order

Exit codes: 0 done, 1 a statement failed, 2 wrong usage, 3 done but some model calls failed (their values are NULL),
4 stopped at the budget, 130 interrupted (finished calls are kept).";

/// Studies how language models reason in many languages, in SQL.
#[derive(Debug, Parser)]
#[command(name = "glotrace", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct CommandLine {
    #[command(subcommand)]
    pub verb: Option<Verb>,

    /// Folder that keeps tables, models and finished calls; made where it does not exist, in memory where none is named
    pub database: Option<PathBuf>,

    /// Run these statements and exit; repeatable, in the order given together with -f
    #[arg(short = 'c', long = "command", value_name = "SQL", allow_hyphen_values = true)]
    pub command: Vec<String>,

    /// Run this script and exit (`-` is standard input); repeatable
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: Vec<PathBuf>,

    #[command(flatten)]
    pub options: Options,

    /// What `-c` and `-f` name, in the order given.
    #[arg(skip)]
    pub sources: Vec<Source>,
}

/// Options that every form of the command takes, before or after the subcommand.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// table, box, csv, tsv, json, ndjson, markdown, latex or line; table on a terminal, csv elsewhere
    #[arg(long, global = true, value_name = "F", value_parser = format)]
    pub format: Option<Format>,

    /// Write results to FILE; .parquet, .csv, .json, .ndjson, .md and .tex choose the format
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Value of $NAME in statements; typed as a literal where it is one, else text; repeatable
    #[arg(short, long = "param", global = true, value_name = "NAME=VALUE", value_parser = parameter)]
    pub param: Vec<(String, String)>,

    /// A setting, as SET would; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,

    /// Refuse every statement that writes
    #[arg(long, global = true)]
    pub readonly: bool,

    /// Go on after a failed statement; the exit code remembers
    #[arg(long, global = true)]
    pub keep_going: bool,

    /// Rows shown of a result, `none` for all [default: 40 in table and box form, else all]
    #[arg(long, global = true, value_name = "N", value_parser = max_rows)]
    pub maxrows: Option<MaxRows>,

    /// Show no progress line
    #[arg(long, global = true, conflicts_with = "progress")]
    pub no_progress: bool,

    /// Report progress also where stderr is no terminal: one line every ten seconds
    #[arg(long, global = true)]
    pub progress: bool,

    /// Colour of messages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// No messages but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Print how long each statement took
    #[arg(long, global = true)]
    pub timer: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Verb {
    /// Run a study: all .sql files of a folder in name order; what is up to date is skipped
    Run {
        /// [DATABASE] DIR|FILE…: the first of several is the database unless it is a .sql file or a folder that holds some
        #[arg(required = true, value_name = "DATABASE|DIR|FILE")]
        paths: Vec<PathBuf>,
        /// Run all, also what is up to date
        #[arg(long)]
        force: bool,
    },
    /// The models it knows, and their weights
    Models {
        #[command(subcommand)]
        action: ModelsAction,
    },
    /// The finished model calls that are kept
    Calls {
        #[command(subcommand)]
        action: CallsAction,
    },
    /// The function reference, or the page of one function
    Functions {
        /// A function's name, or a pattern with %
        name: Option<String>,
    },
    /// A completion script for the shell
    Completions { shell: Shell },
}

#[derive(Debug, Clone, Subcommand)]
pub enum ModelsAction {
    /// All models with their state
    List,
    /// Fetch the weights of a model and verify their SHA-256
    Pull { name: String },
    /// All that is known about one model
    Show { name: String },
    /// Verify the weights that are here, of one model or of all
    Check { name: Option<String> },
}

#[derive(Debug, Clone, Subcommand)]
pub enum CallsAction {
    /// How many calls are kept of each model, and what they cost
    List,
    /// Delete calls: those that all given conditions hold for
    Prune {
        /// Finished longer ago than this: 90s, 30m, 12h, 30d
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Option<Duration>,
        /// Made by this model
        #[arg(long, value_name = "NAME")]
        model: Option<String>,
        /// Failed ones
        #[arg(long)]
        errors: bool,
        /// All calls
        #[arg(long, conflicts_with_all = ["older_than", "model", "errors"])]
        all: bool,
        /// Say what would be deleted, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// One `-c` or `-f`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Command(String),
    File(PathBuf),
}

/// How many rows of a result are shown; `None` is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxRows(pub Option<usize>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl CommandLine {
    /// Parses the arguments of this process; wrong usage ends it with exit code 2, `--help` and `--version` with 0.
    pub fn from_process() -> Self {
        Self::try_from_arguments(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    fn try_from_arguments<T: Into<std::ffi::OsString> + Clone>(
        arguments: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        let mut parsed = Self::from_arg_matches(&matches)?;
        let commands = matches.indices_of("command").into_iter().flatten();
        let files = matches.indices_of("file").into_iter().flatten();
        let mut sources: Vec<(usize, Source)> = commands
            .zip(parsed.command.iter().cloned().map(Source::Command))
            .chain(files.zip(parsed.file.iter().cloned().map(Source::File)))
            .collect();
        sources.sort_by_key(|(index, _)| *index);
        parsed.sources = sources.into_iter().map(|(_, source)| source).collect();
        parsed.check()?;
        Ok(parsed)
    }

    fn check(&self) -> Result<(), clap::Error> {
        let wrong = |kind, message: String| Err(Self::command().error(kind, message));
        if self.verb.is_some() && !self.sources.is_empty() {
            return wrong(ErrorKind::ArgumentConflict, "-c and -f go without a subcommand".to_owned());
        }
        if let Some(database) = &self.database
            && database.is_file()
        {
            let shown = database.display();
            return wrong(
                ErrorKind::ValueValidation,
                format!(
                    "DATABASE is a folder, but '{shown}' is a file; -f '{shown}' runs a script, -c \"FROM '{shown}'\" reads data"
                ),
            );
        }
        if let Some(output) = &self.options.output
            && self.options.format.is_none()
            && !is_device(output)
        {
            if let Err(error) = refuse_picture(output) {
                let hint = error.hint.unwrap_or_default();
                return wrong(ErrorKind::ValueValidation, format!("{}; {hint}", error.message));
            }
            if let Err(error) = Format::from_path(output) {
                return wrong(ErrorKind::ValueValidation, format!("{}; --format names it", error.message));
            }
        }
        if self.options.output.is_none() && matches!(self.options.format, Some(Format::Parquet)) {
            return wrong(ErrorKind::MissingRequiredArgument, "parquet goes to a file: add -o FILE.parquet".to_owned());
        }
        Ok(())
    }

    pub fn print_completions(shell: Shell, out: &mut dyn std::io::Write) {
        clap_complete::generate(shell, &mut Self::command(), "glotrace", out);
    }
}

/// Whether a path exists and is no regular file, such as /dev/stdout or a named pipe.
pub fn is_device(path: &Path) -> bool {
    // /dev/stdout is a plain file where output is redirected to one.
    path.starts_with("/dev") || std::fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir())
}

fn format(text: &str) -> Result<Format, String> {
    text.parse::<Format>().map_err(|error| match error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message,
    })
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = pair(text, "NAME=VALUE")?;
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && letters.all(|c| c.is_alphanumeric() || c == '_');
    if is_name { Ok((name, value)) } else { Err(format!("`{name}` is no name: letters, digits and _")) }
}

fn setting(text: &str) -> Result<(String, String), String> {
    pair(text, "KEY=VALUE")
}

fn pair(text: &str, form: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(format!("expected {form}")),
    }
}

fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number and s, m, h or d, as in 30d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// `none`, `all` and `0` show all rows.
pub fn max_rows(text: &str) -> Result<MaxRows, String> {
    match text.to_ascii_lowercase().as_str() {
        "none" | "all" | "0" => Ok(MaxRows(None)),
        digits => digits
            .parse()
            .map(|n| MaxRows(Some(n)))
            .map_err(|_| "expected a number of rows, or `none` for all".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<CommandLine, clap::Error> {
        CommandLine::try_from_arguments(["glotrace"].iter().chain(words))
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn mixed_sources_keep_their_order() {
        let parsed = parse(&["a.db", "-c", "1", "-f", "x.sql", "-c", "-- 2", "-f", "y.sql"]).unwrap();
        let shown: Vec<String> = parsed
            .sources
            .iter()
            .map(|s| match s {
                Source::Command(sql) => sql.clone(),
                Source::File(path) => path.display().to_string(),
            })
            .collect();
        assert_eq!(shown, ["1", "x.sql", "-- 2", "y.sql"]);
        assert_eq!(parsed.database.unwrap(), PathBuf::from("a.db"));
    }

    #[test]
    fn options_stand_before_or_after_the_subcommand() {
        for words in [&["--set", "a=b", "run", "q"], &["run", "q", "--set", "a=b"]] {
            let parsed = parse(words).unwrap();
            assert_eq!(parsed.options.set, [("a".to_owned(), "b".to_owned())]);
            assert!(matches!(parsed.verb, Some(Verb::Run { .. })));
        }
    }

    #[test]
    fn wrong_usage_is_told_apart() {
        for words in [
            &["--nope"][..],
            &["-p", "novalue"],
            &["-p", "1x=3"],
            &["--set", "=3"],
            &["--format", "parquet", "-c", "SELECT 1"],
            &["-o", "x.unknown", "-c", "SELECT 1"],
            &["-c", "SELECT 1", "run", "q"],
            &["--maxrows", "few"],
            &["calls", "prune", "--older-than", "30"],
            &["calls", "prune", "--all", "--errors"],
            &["run"],
        ] {
            assert_eq!(parse(words).err().map(|e| e.exit_code()), Some(2), "{words:?}");
        }
    }

    #[test]
    fn a_value_may_hold_an_equals_sign_and_be_empty() {
        let parsed = parse(&["-p", "a=b=c", "-p", "e="]).unwrap();
        assert_eq!(parsed.options.param, [("a".to_owned(), "b=c".to_owned()), ("e".to_owned(), String::new())]);
    }
}
