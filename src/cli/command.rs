//! The dot commands and their backslash twins: one table, from which parsing, `.help` and completion all come.

use std::path::{Path, PathBuf};

use super::args::max_rows;
use super::out::{Target, refuse_picture};
use super::session::Session;
use super::{calls, functions, plot};
use crate::error::{Error, Result};
use crate::suggest::closest;
use crate::write::Format;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Bail,
    Calls,
    Edit,
    Explain,
    Functions,
    Help,
    History,
    Last,
    MaxRows,
    Mode,
    Models,
    Null,
    Once,
    Open,
    Output,
    Param,
    Plot,
    Quit,
    Read,
    Schema,
    Tables,
    Timer,
}

/// What a command's argument is, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Text,
    Command,
    File,
    Format,
    Function,
    OnOff,
    Plot,
    Table,
}

pub struct Command {
    pub name: &'static str,
    pub twins: &'static [&'static str],
    pub arguments: &'static str,
    pub about: &'static str,
    pub takes: Takes,
    pub verb: Verb,
}

macro_rules! commands {
    ($($name:literal $twins:expr, $arguments:literal, $takes:ident, $verb:ident, $about:literal;)*) => {
        &[$(Command { name: $name, twins: &$twins, arguments: $arguments, about: $about, takes: Takes::$takes, verb: Verb::$verb }),*]
    };
}

/// All commands, in the order of `.help`.
pub const COMMANDS: &[Command] = commands! {
    ".help" ["\\?", "\\h"], "[COMMAND|FUNCTION]", Command, Help, "this list, one command, or the page of a function";
    ".quit" ["\\q", ".exit"], "", Nothing, Quit, "leave; so does Ctrl-D";
    ".tables" ["\\dt"], "[PATTERN]", Table, Tables, "tables and views, those like PATTERN (% and _)";
    ".schema" ["\\d"], "[TABLE]", Table, Schema, "columns of a table, or of all";
    ".functions" ["\\df"], "[PATTERN]", Function, Functions, "functions, those that begin with or are like PATTERN";
    ".models" [], "", Nothing, Models, "language models and where they come from";
    ".calls" [], "", Nothing, Calls, "what the last statement called, cost and failures";
    ".explain" [], "cost STATEMENT", Text, Explain, "what the model calls of STATEMENT would take; none is made";
    ".mode" [], "[FORMAT]", Format, Mode, "table, box, csv, tsv, json, ndjson, markdown, latex or line";
    ".output" ["\\o"], "[FILE]", File, Output, "results go to FILE; without one, to the screen again";
    ".once" [], "FILE", File, Once, "the next result goes to FILE";
    ".read" ["\\i"], "FILE", File, Read, "run a script";
    ".timer" ["\\timing"], "[on|off]", OnOff, Timer, "print how long each statement took";
    ".maxrows" [], "[N|none]", Text, MaxRows, "rows that a result shows";
    ".null" [], "[TEXT]", Text, Null, "what NULL looks like; without TEXT, as the format has it";
    ".param" ["\\set"], "[NAME VALUE]", Text, Param, "value of $NAME in statements";
    ".last" [], "", Nothing, Last, "the last result again, all rows; SELECT … FROM _ asks it more";
    ".plot" [], "[KIND] [OPTION VALUE …] [FILE]", Plot, Plot, "the last result as a figure: forest, heatmap, bar, stacked_bar, line or scatter";
    ".history" ["\\s"], "[N]", Text, History, "the last N lines typed [20]";
    ".edit" ["\\e"], "", Nothing, Edit, "the last statement in $VISUAL or $EDITOR";
    ".open" ["\\c"], "[DATABASE]", File, Open, "another database; without one, in memory";
    ".bail" [], "[on|off]", OnOff, Bail, "whether a script stops at the first failure";
};

/// What the caller is to do after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    GoOn,
    Quit,
    /// Let the user edit the last statement.
    Edit,
    /// Show so many lines of the history.
    History(usize),
}

/// The command of this name or twin. A beginning that only one command has will do.
///
/// # Errors
/// Unknown or ambiguous names, with the nearest.
pub fn find(name: &str) -> Result<&'static Command> {
    let names = || COMMANDS.iter().flat_map(|c| c.twins.iter().copied().chain([c.name]).map(move |n| (n, c)));
    if let Some((_, command)) = names().find(|(known, _)| *known == name) {
        return Ok(command);
    }
    // As in the shells that have dot commands, `.tab` is `.tables`; backslash names are too short for that.
    let begun: Vec<&Command> = COMMANDS.iter().filter(|c| name.len() > 1 && c.name.starts_with(name)).collect();
    match begun.as_slice() {
        [command] => Ok(command),
        [] => {
            let error = Error::query(format!("no command named `{name}`"));
            Err(match closest(name, names().map(|(known, _)| known)) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint(".help lists all"),
            })
        }
        several => {
            let several: Vec<String> = several.iter().map(|c| format!("`{}`", c.name)).collect();
            Err(Error::query(format!("`{name}` could be {}", several.join(" or "))))
        }
    }
}

/// Words of a command line; quotes hold words together, a doubled quote inside stands for itself.
///
/// # Errors
/// A quote that is never closed.
pub fn words(line: &str) -> Result<Vec<String>> {
    let line = line.trim().trim_end_matches(';');
    let mut words = Vec::new();
    let mut characters = line.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let Some(first) = characters.peek().copied() else { return Ok(words) };
        let mut word = String::new();
        if first == '\'' || first == '"' {
            characters.next();
            loop {
                match characters.next() {
                    None => return Err(Error::query(format!("a {first} is never closed"))),
                    Some(c) if c == first => {
                        if characters.next_if_eq(&first).is_none() {
                            break;
                        }
                        word.push(first);
                    }
                    Some(c) => word.push(c),
                }
            }
        } else {
            while let Some(c) = characters.next_if(|c| !c.is_whitespace()) {
                word.push(c);
            }
        }
        words.push(word);
    }
}

/// Runs one command line.
///
/// # Errors
/// Unknown commands, wrong arguments, and what the command's own work reports.
pub async fn execute(session: &mut Session, line: &str) -> Result<After> {
    let words = words(line)?;
    let Some((name, arguments)) = words.split_first() else { return Ok(After::GoOn) };
    let command = find(name)?;
    let most = match command.verb {
        Verb::Param => 2,
        // The statement is taken as it stands, quotes and all.
        Verb::Explain | Verb::Plot => usize::MAX,
        _ if command.takes == Takes::Nothing => 0,
        _ => 1,
    };
    if arguments.len() > most {
        return Err(usage(
            command,
            &format!(
                "`{}` takes {most} argument{}, got {}",
                command.name,
                if most == 1 { "" } else { "s" },
                arguments.len()
            ),
        ));
    }
    let argument = arguments.first().map(String::as_str);
    let needed = || argument.ok_or_else(|| usage(command, &format!("`{}` needs an argument", command.name)));
    match command.verb {
        Verb::Quit => return Ok(After::Quit),
        Verb::Edit => return Ok(After::Edit),
        Verb::History => {
            let lines =
                argument.map_or(Ok(20), str::parse).map_err(|_| usage(command, "expected a number of lines"))?;
            return Ok(After::History(lines));
        }
        Verb::Help => help(session, argument).await?,
        Verb::Tables => session.sql(tables(argument)).await?,
        Verb::Schema => session.sql(schema(argument)).await?,
        Verb::Functions => functions::list(session, argument).await?,
        Verb::Models => session.sql("SELECT * FROM system.models").await?,
        Verb::Calls => {
            let shown = calls::last(session);
            session.stdout.print(&shown)?;
        }
        Verb::Explain => match arguments {
            [what, _, ..] if what.eq_ignore_ascii_case("cost") => {
                let statement = line.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
                session.sql(&format!("EXPLAIN {statement}")).await?;
            }
            _ => return Err(usage(command, "`.explain` needs `cost` and a statement")),
        },
        Verb::Mode => match argument {
            None => {
                let shown = session
                    .format
                    .map_or_else(|| "table on a terminal, csv elsewhere".to_owned(), |format| format.to_string());
                session.stdout.print(&format!("{shown}\n"))?;
            }
            Some(name) => {
                let format: Format = name.parse()?;
                if format == Format::Parquet {
                    return Err(Error::query("parquet is no text")
                        .with_hint(".once FILE.parquet writes the next result as parquet"));
                }
                session.format = Some(format);
            }
        },
        Verb::Output => {
            session.output = match argument {
                None | Some("stdout" | "-") => None,
                Some(path) => Some(Target::new(Path::new(path), format_of(session, path)?)),
            };
        }
        Verb::Once => session.once = Some(Target::new(Path::new(needed()?), format_of(session, needed()?)?)),
        Verb::Read => {
            let path = PathBuf::from(needed()?);
            if !Box::pin(session.file(&path)).await? && !session.interactive {
                return Ok(After::Quit);
            }
        }
        Verb::Timer => session.timer = switch(command, argument, session.timer)?,
        Verb::Bail => session.keep_going = !switch(command, argument, !session.keep_going)?,
        Verb::MaxRows => match argument {
            None => session.max_rows = None,
            Some(text) => session.max_rows = Some(max_rows(text).map_err(|what| usage(command, &what))?),
        },
        Verb::Null => session.null = argument.map(str::to_owned),
        Verb::Param => match arguments {
            [] => {
                let shown: String = session.params.iter().map(|(name, value)| format!("${name} = {value}\n")).collect();
                session.stdout.print(&shown)?;
            }
            [name, value] => {
                let name = name.trim_start_matches('$');
                session.engine.set_param(name, value);
                session.params.retain(|(known, _)| known != name);
                session.params.push((name.to_owned(), value.clone()));
            }
            _ => return Err(usage(command, "a parameter needs a name and a value")),
        },
        Verb::Last => session.show_last().await?,
        Verb::Plot => plot::plot(session, arguments)?,
        Verb::Open => {
            let path = argument.map(PathBuf::from);
            session.reopen(path).await?;
            session.say(&match argument {
                Some(path) => format!("opened {path}"),
                None => "opened a database in memory".to_owned(),
            });
        }
    }
    Ok(After::GoOn)
}

fn usage(command: &Command, what: &str) -> Error {
    Error::query(what)
        .with_hint(format!("{} {}", command.name, command.arguments).trim_end().to_owned() + ": " + command.about)
}

/// `on`, `off`, or the other of what it is.
fn switch(command: &Command, argument: Option<&str>, now: bool) -> Result<bool> {
    match argument.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(!now),
        Some("on" | "true" | "1" | "yes") => Ok(true),
        Some("off" | "false" | "0" | "no") => Ok(false),
        Some(other) => Err(usage(command, &format!("expected on or off, got `{other}`"))),
    }
}

fn format_of(session: &Session, path: &str) -> Result<Format> {
    let path = Path::new(path);
    refuse_picture(path)?;
    Ok(Format::from_path(path).ok().or(session.format).unwrap_or(Format::Csv))
}

/// Quotes text as a SQL string.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name that may be `schema.table`, each part quoted where it must be; what is quoted already stays.
fn quoted_name(name: &str) -> String {
    if name.contains('"') {
        return name.to_owned();
    }
    name.split('.').map(super::names::quote).collect::<Vec<_>>().join(".")
}

fn tables(pattern: Option<&str>) -> String {
    let filter = pattern
        .map_or_else(String::new, |pattern| format!(" AND table_name LIKE {}", quoted(&pattern.replace('*', "%"))));
    format!(
        "SELECT table_schema AS schema, table_name AS name, lower(table_type) AS kind FROM information_schema.tables \
         WHERE table_schema NOT IN ('information_schema', 'system') AND table_name <> '_'{filter} ORDER BY 1, 2"
    )
}

fn schema(table: Option<&str>) -> String {
    match table {
        Some(table) => format!("DESCRIBE {}", quoted_name(table)),
        None => "SELECT table_schema AS schema, table_name AS table, column_name AS column, data_type AS type \
                 FROM information_schema.columns WHERE table_schema NOT IN ('information_schema', 'system') AND table_name <> '_' \
                 ORDER BY table_schema, table_name, ordinal_position"
            .to_owned(),
    }
}

async fn help(session: &mut Session, about: Option<&str>) -> Result<()> {
    let Some(name) = about else { return session.stdout.print(&overview()) };
    let dotted = if name.starts_with(['.', '\\']) { name.to_owned() } else { format!(".{name}") };
    match find(&dotted) {
        Ok(command) => {
            let twins =
                if command.twins.is_empty() { String::new() } else { format!("  (also {})", command.twins.join(", ")) };
            let form = format!("{} {}", command.name, command.arguments);
            session.stdout.print(&format!("{}{twins}\n  {}\n", form.trim_end(), command.about))
        }
        Err(error) if name.starts_with(['.', '\\']) => Err(error),
        Err(_) => functions::page(session, name).await,
    }
}

/// `.help`.
fn overview() -> String {
    let mut out = String::new();
    for command in COMMANDS {
        let form = format!("{} {}", command.name, command.arguments);
        let twin = command.twins.iter().find(|twin| twin.starts_with('\\')).copied().unwrap_or_default();
        out += &format!("  {form:<28}{twin:<9}{}\n", command.about);
    }
    out + "\nA statement ends at `;`. Tab completes, Ctrl-R searches what was typed, Ctrl-D leaves.\n\
           Ctrl-C stops the statement and keeps what its model calls finished.\n\
           `_` is the last result: SELECT * FROM _.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words(".param name 'it''s here'").unwrap(), [".param", "name", "it's here"]);
        assert_eq!(words(".null ''").unwrap(), [".null", ""]);
        assert_eq!(words(".once \"my file.csv\" ;").unwrap(), [".once", "my file.csv"]);
        assert!(words(".once 'x").is_err());
    }

    #[test]
    fn names_twins_and_beginnings_find_a_command() {
        for (name, verb) in [
            (".tables", Verb::Tables),
            ("\\dt", Verb::Tables),
            ("\\d", Verb::Schema),
            (".tab", Verb::Tables),
            (".exit", Verb::Quit),
        ] {
            assert_eq!(find(name).unwrap().verb, verb, "{name}");
        }
        assert_eq!(find(".tabels").err().unwrap().hint.unwrap(), "did you mean `.tables`?");
        assert!(find(".m").err().unwrap().message.contains("`.mode` or"));
    }

    #[test]
    fn no_two_commands_share_a_name() {
        let mut names: Vec<&str> = COMMANDS.iter().flat_map(|c| c.twins.iter().copied().chain([c.name])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn help_names_every_command() {
        let shown = overview();
        assert!(COMMANDS.iter().all(|c| shown.contains(c.name)));
    }
}
