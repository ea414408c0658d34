//! Colours with a meaning, each also told in words.

use anstyle::{AnsiColor, Style};

use crate::record::Level;

/// The styles in use; all of them are plain when colours are off.
///
/// A style is written before and after what it covers:
/// `write!(out, "{style}text{style:#}")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    is_colored: bool,
}

impl Palette {
    /// The palette with colours on or off.
    pub const fn new(is_colored: bool) -> Palette {
        Palette { is_colored }
    }

    /// Whether colours are on.
    pub const fn is_colored(self) -> bool {
        self.is_colored
    }

    /// What failed, or is damaged.
    pub fn error(self) -> Style {
        self.pick(AnsiColor::Red.on_default().bold())
    }

    /// What needs a look.
    pub fn warning(self) -> Style {
        self.pick(AnsiColor::Yellow.on_default().bold())
    }

    /// What went well.
    pub fn good(self) -> Style {
        self.pick(AnsiColor::Green.on_default())
    }

    /// Headings and what a person looks for first.
    pub fn strong(self) -> Style {
        self.pick(Style::new().bold())
    }

    /// What is there for completeness.
    pub fn faint(self) -> Style {
        self.pick(Style::new().dimmed())
    }

    /// Names of things: loggers, keys, commands.
    pub fn name(self) -> Style {
        self.pick(AnsiColor::Cyan.on_default())
    }

    /// A record's level.
    pub fn level(self, level: Level) -> Style {
        self.pick(match level {
            Level::Trace => Style::new().dimmed(),
            Level::Debug => AnsiColor::Blue.on_default(),
            Level::Info => AnsiColor::Green.on_default(),
            Level::Warning => AnsiColor::Yellow.on_default(),
            Level::Error => AnsiColor::Red.on_default(),
            Level::Fatal => AnsiColor::Red.on_default().bold().invert(),
        })
    }

    fn pick(self, style: Style) -> Style {
        if self.is_colored { style } else { Style::new() }
    }
}

/// The width of the terminal in columns: `COLUMNS` if set, else as the
/// terminal says.
pub fn terminal_width() -> Option<usize> {
    if let Ok(columns) = std::env::var("COLUMNS")
        && let Ok(columns) = columns.parse()
    {
        return Some(columns);
    }
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    }
    #[cfg(not(unix))]
    None
}
