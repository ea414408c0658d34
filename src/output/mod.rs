//! All printing: data to stdout, everything else to stderr, nothing raw.

pub mod progress;
pub mod record;
pub mod safe;
pub mod shell;
pub mod style;
pub mod table;
pub mod wrap;

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};

use style::Palette;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` say otherwise.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Never.
    Never,
}

/// The process's stdout, buffered. That its reader has gone is told apart from
/// any other broken pipe: see [`is_closed`].
pub struct Output(BufWriter<io::Stdout>);

/// The reader of stdout has gone.
#[derive(Debug, thiserror::Error)]
#[error("the reader of stdout has gone")]
struct Closed;

/// Whether an error says that the reader of stdout has gone, which ends a
/// command early and is no failure.
pub fn is_closed(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .is_some_and(|inner| inner.is::<Closed>())
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(mark_closed)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(mark_closed)
    }
}

/// Says where the error arose: a reader who redirected stdout does not guess.
fn mark_closed(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, Closed),
        kind => io::Error::new(kind, format!("cannot write to stdout: {error}")),
    }
}

/// A number of things in words: `1 record`, `2 records`.
pub fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// The one way to print. Commands are handed one and use nothing else.
pub struct Printer {
    stdout: Output,
    is_terminal: bool,
    stderr: io::Stderr,
    out_palette: Palette,
    err_palette: Palette,
    is_quiet: bool,
    is_verbose: bool,
}

impl Printer {
    /// A printer to the process's own stdout and stderr.
    pub fn new(color: ColorChoice, is_quiet: bool, is_verbose: bool) -> Printer {
        let stdout = io::stdout();
        let stderr = io::stderr();
        Printer {
            out_palette: Palette::new(wants_color(color, stdout.is_terminal())),
            err_palette: Palette::new(wants_color(color, stderr.is_terminal())),
            is_terminal: stdout.is_terminal(),
            stdout: Output(BufWriter::with_capacity(64 * 1024, stdout)),
            stderr,
            is_quiet,
            is_verbose,
        }
    }

    /// Where data goes. It is buffered: call [`flush`](Printer::flush) when a
    /// reader should see it now.
    pub fn out(&mut self) -> &mut Output {
        &mut self.stdout
    }

    /// The colours for what goes to [`out`](Printer::out).
    pub fn palette(&self) -> Palette {
        self.out_palette
    }

    /// Whether stdout is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// The terminal's width in columns, or 100 where there is none.
    pub fn width(&self) -> usize {
        style::terminal_width().unwrap_or(100)
    }

    /// The terminal's width in columns; `None` where there is none, and
    /// nothing need be cut.
    pub fn known_width(&self) -> Option<usize> {
        style::terminal_width()
    }

    /// Whether progress may be drawn: stderr is a terminal and not quiet.
    pub fn shows_progress(&self) -> bool {
        !self.is_quiet && self.stderr.is_terminal()
    }

    /// Whether a person is there who sees a question and can answer it.
    pub fn can_ask(&self) -> bool {
        self.is_terminal && self.stderr.is_terminal() && io::stdin().is_terminal()
    }

    /// Asks on stderr and waits for a line on stdin.
    ///
    /// # Errors
    ///
    /// What reading stdin meets.
    pub fn ask(&mut self, question: impl fmt::Display) -> io::Result<String> {
        let _ = self.stdout.flush();
        let _ = write!(self.stderr, "{question}");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(answer)
    }

    /// Hands on what was buffered for stdout.
    ///
    /// # Errors
    ///
    /// What writing to stdout meets, a closed pipe included.
    pub fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Prints one line to stdout.
    ///
    /// # Errors
    ///
    /// What writing to stdout meets, a closed pipe included.
    pub fn line(&mut self, text: impl fmt::Display) -> io::Result<()> {
        writeln!(self.stdout, "{text}")
    }

    /// Prints a table to stdout, and says on stderr what it leaves out.
    ///
    /// # Errors
    ///
    /// What writing to stdout meets, a closed pipe included.
    pub fn fitted(&mut self, table: &table::Fitted) -> io::Result<()> {
        self.line(&table.text)?;
        if !table.left_out.is_empty() {
            let columns = table.left_out.join(", ");
            let text = format!("left out, as the terminal is too narrow: {columns}");
            let text = wrap::wrap(&text, self.known_width(), "");
            self.note(text);
        }
        Ok(())
    }

    /// Prints a value as one line of JSON to stdout.
    ///
    /// # Errors
    ///
    /// What writing to stdout meets, a closed pipe included.
    pub fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        let json = serde_json::to_string(value)?;
        writeln!(self.stdout, "{}", safe::escape_json(&json))
    }

    /// Says on stderr what was done, unless `--quiet`.
    pub fn note(&mut self, text: impl fmt::Display) {
        if !self.is_quiet {
            self.say(text);
        }
    }

    /// Says a detail on stderr, if `--verbose`.
    pub fn detail(&mut self, text: impl fmt::Display) {
        if self.is_verbose {
            self.say(text);
        }
    }

    /// Warns on stderr, also with `--quiet`.
    pub fn warn(&mut self, text: impl fmt::Display) {
        let style = self.err_palette.warning();
        let text = text.to_string();
        self.say(format_args!(
            "{style}warning{style:#}: {}",
            safe::escape(&text)
        ));
    }

    /// Reports on stderr what ended the command.
    pub fn error(&mut self, text: impl fmt::Display) {
        let style = self.err_palette.error();
        let text = text.to_string();
        self.say(format_args!(
            "{style}error{style:#}: {}",
            safe::escape(&text)
        ));
    }

    /// Writes a line to stderr after what stdout was to show before it. There
    /// is nowhere left to report that stderr is gone, and a closed stdout is
    /// met again by the next write of data.
    fn say(&mut self, text: impl fmt::Display) {
        let _ = self.stdout.flush();
        let _ = writeln!(self.stderr, "{text}");
    }
}

fn wants_color(choice: ColorChoice, is_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            is_terminal && !is_set("NO_COLOR") && !is_dumb
        }
    }
}
