//! `.plot`: the last result as a figure, on the screen or in a file.

use std::io::IsTerminal;
use std::path::Path;

use super::session::Session;
use crate::draw::{Figure, Options, Picture, Plot};
use crate::error::{Error, Result};
use crate::suggest::closest;
use crate::write::write_bytes;

/// # Errors
/// No result yet; words that are no kind, option or file; what the figure cannot hold; a file that cannot be written.
pub fn plot(session: &mut Session, words: &[String]) -> Result<()> {
    let last = session.last.clone().ok_or_else(|| {
        Error::query("there is no result yet")
            .with_hint(".plot draws what the last SELECT gave; in a script: COPY (…) TO 'x.svg'")
    })?;
    let (options, file) = parse(words)?;
    let figure = Figure::new(&last.schema, &last.batches, &options)?;
    let Some((path, picture)) = file else {
        let width = terminal_size::terminal_size_of(std::io::stdout()).map_or(80, |(width, _)| usize::from(width.0));
        let color = session.color && std::io::stdout().is_terminal();
        return session.stdout.print(&figure.text(width, color));
    };
    let drawn = figure.draw(picture)?;
    write_bytes(&drawn.bytes, Path::new(path))?;
    session.say(&format!("drew {path}"));
    if let Some(warning) = drawn.warning {
        session.say(&format!("warning: {warning}"));
    }
    Ok(())
}

/// `[KIND] [OPTION VALUE | OPTION=VALUE …] [FILE]`.
fn parse(words: &[String]) -> Result<(Options, Option<(&str, Picture)>)> {
    let mut options = Options::default();
    let mut file = None;
    let mut words = words.iter().map(String::as_str).peekable();
    // A first word that is no option's name is the kind, right or wrong.
    if let Some(first) = words.peek().copied()
        && picture(first).is_none()
        && !first.contains('=')
        && !Options::names().any(|name| name == first)
    {
        options.plot = Some(first.parse::<Plot>()?);
        words.next();
    }
    while let Some(word) = words.next() {
        if let Some((name, value)) = word.split_once('=') {
            options.set(name, value)?;
        } else if let Some(picture) = picture(word) {
            file = Some((word, picture));
        } else if let Some(value) = words.next() {
            options.set(word, value)?;
        } else {
            let error = Error::query(format!("`{word}` needs a value"));
            return Err(match closest(word, Options::names()) {
                Some(near) => error.with_hint(format!("as in `.plot bar {near} …`")),
                None => error.with_hint("files end with .svg, .png, .html or .vl.json"),
            });
        }
    }
    Ok((options, file))
}

fn picture(word: &str) -> Option<Picture> {
    Picture::from_path(Path::new(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Options, Option<Picture>)> {
        let words = super::super::command::words(line)?;
        parse(&words).map(|(options, file)| (options, file.map(|(_, picture)| picture)))
    }

    #[test]
    fn kind_options_and_file_come_in_this_order() {
        let (options, file) = parsed("bar x lang y=accuracy title 'a b' out/x.svg").unwrap();
        assert_eq!((options.plot, file), (Some(Plot::Bar), Some(Picture::Svg)));
        assert_eq!((options.x.as_deref(), options.y.as_deref()), (Some("lang"), Some("accuracy")));
        assert_eq!(options.title.as_deref(), Some("a b"));
        assert!(parsed("").unwrap().0.plot.is_none());
        assert_eq!(parsed("x lang").unwrap().0.x.as_deref(), Some("lang"));
        assert_eq!(parsed("x.png").unwrap().1, Some(Picture::Png));
    }

    #[test]
    fn wrong_words_are_named() {
        assert_eq!(parsed("forst").unwrap_err().hint.unwrap(), "did you mean 'forest'?");
        assert!(parsed("bar colr lang").unwrap_err().hint.unwrap().contains("`color`"));
        assert!(parsed("bar color").unwrap_err().message.contains("needs a value"));
    }
}
