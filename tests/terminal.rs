//! The prompt as a user meets it: in a real terminal, key by key.

#![expect(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pty, open};

const ROWS: u16 = 50;
const COLUMNS: u16 = 110;
const PROMPT: &str = "glotrace>";
const PATIENCE: Duration = Duration::from_secs(40);

const ENTER: &str = "\r";
const TAB: &str = "\t";
const UP: &str = "\u{1b}[A";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const CTRL_L: &str = "\u{c}";
const CTRL_R: &str = "\u{12}";

/// Wants no less than hours: something to interrupt.
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b WHERE a.value + b.value = -1;";

struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// A prompt in `home`, which holds its history and its rc file too.
    fn open(home: &Path, arguments: &[&str]) -> Self {
        Self::with(home, arguments, &[])
    }

    fn with(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(ROWS, COLUMNS)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_glotrace"))
            .args(arguments)
            .current_dir(home)
            .env_remove("NO_COLOR")
            .env_remove("XDG_CACHE_HOME")
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("TERM", "xterm-256color")
            .env("PAGER", "cat")
            .envs(variables.iter().copied())
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let size = |n| NonZeroU16::new(n).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(ROWS), size(COLUMNS), 0)));
        let (from, to) = (Arc::clone(&pty), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = (&*from).read(&mut bytes) {
                to.lock().unwrap().process(&bytes[..n]);
            }
        });
        let terminal = Self { pty, child, screen };
        terminal.wait("the prompt", |lines| lines.last().is_some_and(|line| line.trim_end() == PROMPT));
        terminal
    }

    fn keys(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Lines of the screen without the empty ones at its end.
    fn lines(&self) -> Vec<String> {
        let text = self.screen.lock().unwrap().screen().contents();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        lines
    }

    fn wait(&self, what: &str, ready: impl Fn(&[String]) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let lines = self.lines();
            if ready(&lines) {
                return lines.join("\n");
            }
            assert!(Instant::now() < until, "{what} did not appear:\n{}", lines.join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_for(&self, text: &str) -> String {
        self.wait(text, |lines| lines.iter().any(|line| line.contains(text)))
    }

    /// Clears the screen, sends a line and returns what stands between it and the next prompt.
    fn run(&self, line: &str) -> String {
        self.clear();
        self.keys(line);
        self.keys(ENTER);
        let shown = self.wait(&format!("the prompt after {line}"), |lines| {
            lines.len() > 1 && lines.last().is_some_and(|line| line.trim_end() == PROMPT)
        });
        let lines: Vec<&str> = shown.lines().collect();
        lines[1..lines.len() - 1].join("\n")
    }

    fn clear(&self) {
        self.keys(CTRL_L);
        self.wait("an empty screen", |lines| lines.len() == 1 && lines[0].trim_end() == PROMPT);
    }

    /// Drops what is typed, and waits for a fresh prompt: keys that come before it would be lost with the line.
    fn cancel(&self) {
        let prompts = |lines: &[String]| lines.iter().filter(|line| line.starts_with(PROMPT)).count();
        let before = prompts(&self.lines());
        self.keys(CTRL_C);
        self.wait("a fresh prompt", |lines| {
            prompts(lines) > before && lines.last().is_some_and(|line| line.trim_end() == PROMPT)
        });
    }

    /// Names are gathered beside the prompt: waits until this one is known.
    fn until_completed(&self, typed: &str, completed: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.clear();
            self.keys(typed);
            self.keys(TAB);
            std::thread::sleep(Duration::from_millis(300));
            let known = self.lines().iter().any(|line| line.contains(completed));
            self.cancel();
            if known {
                return;
            }
            assert!(Instant::now() < until, "`{typed}` was never completed");
        }
    }

    /// Waits for the end of the process and returns its exit code.
    fn ended(&mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < until, "still running:\n{}", self.lines().join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_statement_may_take_several_lines_and_ends_at_the_semicolon() {
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.clear();
    terminal.keys("SELECT 41 + 1 AS answer,\r");
    terminal.keys("  'a;b' AS text\r");
    terminal.keys("-- not yet;\r");
    terminal.keys(";\r");
    let shown = terminal.wait_for("(1 row)");
    assert!(shown.contains("|     42 | a;b  |"), "{shown}");
    assert!(terminal.run("SELECT 1 AS a, NULL AS b;").contains("| 1 | NULL |"));
}

#[test]
fn what_is_pasted_runs_as_a_script() {
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.clear();
    terminal.keys("\u{1b}[200~.mode csv\nSELECT 1 AS a;\nSELECT 2\n  AS b;\u{1b}[201~");
    terminal.wait_for("AS b;");
    terminal.keys(ENTER);
    terminal.wait("both results", |lines| lines.ends_with(&["a", "1", "b", "2", "glotrace> "].map(str::to_owned)));
}

#[test]
fn ctrl_c_drops_a_half_typed_statement() {
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.clear();
    terminal.keys("SELECT 'half\rtyped");
    terminal.wait_for("typed");
    terminal.cancel();
    assert!(terminal.run("SELECT 7 AS seven;").contains("|     7 |"));
}

#[test]
fn ctrl_c_stops_the_running_statement_and_the_session_goes_on() {
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.run("CREATE TABLE kept AS SELECT 5 AS five;");
    terminal.clear();
    terminal.keys(ENDLESS);
    terminal.keys(ENTER);
    terminal.wait_for(" rows · "); // the progress line
    terminal.keys(CTRL_C);
    let shown = terminal.wait("a fresh prompt", |lines| lines.last().is_some_and(|line| line.trim_end() == PROMPT));
    assert!(shown.contains("interrupted; finished calls are kept") && !shown.contains(" rows · "), "{shown}");
    // What comes after an interrupt is whole again: several statements of one line, and errors.
    let shown = terminal.run("SELECT five FROM kept; SELECT nothing;");
    assert!(shown.contains("|    5 |") && shown.contains("error: "), "{shown}");
}

#[test]
fn ctrl_d_leaves_with_zero() {
    let home = home();
    let mut terminal = Terminal::open(home.path(), &[]);
    terminal.run("SELECT nothing;");
    terminal.keys(CTRL_D);
    assert_eq!(terminal.ended(), 0);
    let mut terminal = Terminal::open(home.path(), &[]);
    terminal.keys("\\q\r");
    assert_eq!(terminal.ended(), 0);
    let mut terminal = Terminal::open(home.path(), &[]);
    terminal.keys("exit\r");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn history_survives_lies_in_the_state_folder_and_is_searched() {
    let home = home();
    let mut terminal = Terminal::open(home.path(), &[]);
    terminal.run("SELECT 'needle'\rAS hay;");
    terminal.run(" SELECT 'a leading blank keeps it out';");
    terminal.run("SELECT 2;");
    terminal.child.kill().unwrap();
    terminal.ended();
    let file = home.path().join("state/glotrace/history");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("needle") && !text.contains("leading blank"), "{text}");
    assert!(
        !std::fs::read_dir(home.path()).unwrap().any(|e| e.unwrap().file_name().to_string_lossy().contains("history"))
    );

    let terminal = Terminal::open(home.path(), &[]);
    terminal.keys(UP);
    terminal.wait_for("SELECT 2;");
    terminal.cancel();
    terminal.clear();
    terminal.keys(CTRL_R);
    terminal.keys("needle");
    terminal.wait_for("SELECT 'needle'");
    terminal.keys(ENTER);
    let shown = terminal.wait_for("(1 row)");
    assert!(shown.contains("| needle |"), "{shown}");
    let shown = terminal.run(".history 2");
    assert!(shown.contains("AS hay;") && shown.contains(".history 2"), "{shown}");
}

#[test]
fn tab_completes_keywords_tables_columns_functions_files_and_commands() {
    let home = home();
    std::fs::write(home.path().join("answers.csv"), "a\n1\n").unwrap();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.run("CREATE TABLE measurements AS SELECT 1 AS temperature, 2 AS humidity;");
    terminal.until_completed("SELECT * FROM measu", "measurements");
    for (typed, completed) in [
        ("sele", "select"),
        ("SELECT * FROM measu", "SELECT * FROM measurements"),
        ("SELECT math_box", "SELECT math_boxed("),
        ("SELECT m.tempe", "SELECT m.tempe"),
        ("SELECT * FROM measurements m WHERE m.tempe", "SELECT * FROM measurements m WHERE m.temperature"),
        ("SET glotrace.on_e", "SET glotrace.on_error"),
        ("SELECT * FROM 'answ", "SELECT * FROM 'answers.csv"),
        (".maxr", ".maxrows"),
        (".mode mark", ".mode markdown"),
        ("\\tim", "\\timing"),
        (".schema meas", ".schema measurements"),
    ] {
        terminal.clear();
        terminal.keys(typed);
        terminal.wait_for(typed);
        terminal.keys(TAB);
        let expected = format!("{PROMPT} {completed}");
        terminal.wait(&expected, |lines| {
            lines.first().is_some_and(|line| line.trim_end() == expected || line.starts_with(&format!("{expected} ")))
        });
        terminal.cancel();
    }
    terminal.clear();
    terminal.keys("SELECT math_");
    terminal.keys(TAB);
    terminal.keys(TAB);
    let shown = terminal.wait_for("math_equal(");
    assert!(shown.contains("math_answer("), "{shown}");
}

#[test]
fn the_signature_of_the_function_at_the_cursor_is_shown_and_not_run() {
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.until_completed("SELECT math_box", "math_boxed(");
    terminal.clear();
    terminal.keys("SELECT math_boxed('x', ");
    terminal.wait_for("math_boxed(text [, compat])");
    terminal.keys("compat => NULL);");
    terminal.wait("the hint to go", |lines| !lines.iter().any(|line| line.contains("[, compat]")));
}

#[test]
fn the_last_result_is_a_table_and_can_be_shown_whole() {
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    let shown = terminal.run("SELECT value AS n FROM generate_series(1, 45);");
    assert!(shown.contains("45 rows") && shown.contains(".last"), "{shown}");
    let shown = terminal.run("SELECT count(*) AS rows, sum(n) AS total FROM _;");
    assert!(shown.contains("|   45 |  1035 |"), "{shown}");
    terminal.run("SELECT * FROM generate_series(1, 45);");
    assert!(terminal.run(".last").contains("|    45 |"));
    assert!(terminal.run("SELECT max(value) AS m FROM _;").contains("| 45 |"));
    // A failure leaves the last result as it was.
    terminal.run("SELECT nothing;");
    assert!(terminal.run("SELECT m + 1 AS next FROM _;").contains("|   46 |"));
}

#[test]
fn dot_commands_and_their_twins_do_what_they_say() {
    let home = home();
    std::fs::write(home.path().join("script.sql"), "SELECT 'from a script' AS said;\n").unwrap();
    let terminal = Terminal::open(home.path(), &[]);
    let file = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();

    assert!(terminal.run(".read script.sql").contains("from a script"));
    assert!(terminal.run("\\i script.sql").contains("from a script"));
    terminal.run("CREATE TABLE things AS SELECT 1 AS id, 'x' AS label;");
    assert!(terminal.run(".tables").contains("things"));
    assert!(terminal.run("\\dt").contains("things"));
    assert!(terminal.run(".schema things").contains("label"));
    assert!(terminal.run("\\d things").contains("label"));
    assert!(terminal.run("\\df math_b").contains("math_boxed("));
    assert!(terminal.run(".models").contains("smollm2"));

    terminal.run(".mode csv");
    assert_eq!(terminal.run("SELECT 1 AS a, NULL AS b;"), "a,b\n1,");
    terminal.run(".null -");
    assert_eq!(terminal.run("SELECT 1 AS a, NULL AS b;"), "a,b\n1,-");
    terminal.run(".null");
    assert!(terminal.run(".mode nothing").contains("error: "));

    terminal.run(".once once.csv");
    assert_eq!(terminal.run("SELECT 1 AS once;"), "");
    assert_eq!(terminal.run("SELECT 2 AS twice;"), "twice\n2");
    assert_eq!(file("once.csv"), "once\n1\n");
    terminal.run("\\o out.ndjson");
    terminal.run("SELECT 1 AS a;");
    terminal.run("SELECT 2 AS a;");
    terminal.run("\\o");
    assert_eq!(terminal.run("SELECT 3 AS a;"), "a\n3");
    assert_eq!(file("out.ndjson"), "{\"a\":1}\n{\"a\":2}\n");

    terminal.run("\\set n 41");
    assert_eq!(terminal.run("SELECT $n + 1 AS n;"), "n\n42");
    assert!(terminal.run(".param").contains("$n = 41"));
    terminal.run("\\timing");
    assert!(terminal.run("SELECT 1 AS a;").contains("1 row in "));
    terminal.run(".timer off");
    assert_eq!(terminal.run("SELECT 1 AS a;"), "a\n1");
    terminal.run(".maxrows 2");
    assert_eq!(
        terminal
            .run("SELECT * FROM generate_series(1, 5);")
            .lines()
            .next_back()
            .unwrap()
            .split(" rows")
            .next()
            .unwrap(),
        "2 of 5"
    );
    assert!(terminal.run(".help").contains("\\timing"));
    assert!(terminal.run(".help .once").contains(".once FILE"));
    assert!(terminal.run(".help math_boxed").contains("math_boxed("));
    assert!(terminal.run(".tabels").contains("did you mean `.tables`?"));

    terminal.run(".open other.db");
    assert!(!terminal.run(".tables").contains("things"));
    assert!(home.path().join("other.db").is_dir());
}

#[test]
fn the_editor_brings_the_last_statement_back_to_the_prompt() {
    let home = home();
    let terminal = Terminal::with(home.path(), &[], &[("VISUAL", "sed -i s/before/after/")]);
    terminal.run("SELECT 'before' AS moment;");
    terminal.clear();
    terminal.keys("\\e\r");
    terminal.wait_for("SELECT 'after' AS moment;");
    terminal.keys(ENTER);
    assert!(terminal.wait_for("(1 row)").contains("| after  |"));
}

#[test]
fn a_result_taller_than_the_screen_goes_to_the_pager() {
    let home = home();
    let terminal = Terminal::with(home.path(), &[], &[("PAGER", "sed -n '1s/^/paged: /p'")]);
    terminal.run(".mode csv");
    assert_eq!(terminal.run("SELECT * FROM generate_series(1, 3);"), "value\n1\n2\n3");
    assert_eq!(terminal.run("SELECT * FROM generate_series(1, 1000);"), "paged: value");
    assert_eq!(terminal.run("SELECT count(*) AS n FROM _;"), "n\n1000");
}

#[test]
fn the_rc_file_runs_at_the_start() {
    let home = home();
    let folder = home.path().join("config/glotrace");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("rc.sql"), ".mode csv\nSELECT nothing;\n").unwrap();
    let terminal = Terminal::open(home.path(), &[]);
    assert!(terminal.lines().iter().any(|line| line.contains("rc.sql:2:8")), "{:?}", terminal.lines());
    assert_eq!(terminal.run("SELECT 1 AS a;"), "a\n1");
}

#[test]
fn keywords_and_text_are_coloured_and_no_color_is_heard() {
    let colours = |terminal: &Terminal| {
        terminal.clear();
        terminal.keys("SELECT 'x' ");
        terminal.wait_for("SELECT 'x'");
        std::thread::sleep(Duration::from_millis(200));
        let screen = terminal.screen.lock().unwrap();
        let column = u16::try_from(PROMPT.len() + 1).unwrap();
        let at = |column| screen.screen().cell(0, column).unwrap().fgcolor();
        (at(column), at(column + 7))
    };
    let home = home();
    let terminal = Terminal::open(home.path(), &[]);
    terminal.until_completed("SELECT math_box", "math_boxed(");
    let (keyword, text) = colours(&terminal);
    assert!(keyword != vt100::Color::Default && text != vt100::Color::Default && keyword != text);
    let plain = Terminal::with(home.path(), &[], &[("NO_COLOR", "1")]);
    assert_eq!(colours(&plain), (vt100::Color::Default, vt100::Color::Default));
}

#[test]
fn a_request_to_terminate_restores_the_terminal() {
    let home = home();
    let mut terminal = Terminal::open(home.path(), &[]);
    terminal.keys("half typed");
    terminal.wait_for("half typed");
    std::process::Command::new("kill").args(["-TERM", &terminal.child.id().to_string()]).status().unwrap();
    assert_eq!(terminal.ended(), 143);
    let mode = rustix::termios::tcgetattr(&*terminal.pty);
    if let Ok(mode) = mode {
        assert!(mode.local_modes.contains(rustix::termios::LocalModes::ICANON));
    } else {
        panic!("the terminal does not tell its mode");
    }
}
