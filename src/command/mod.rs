//! What each subcommand does: it composes the library and holds no logic.

//mod emit;
mod generate;
//mod sanitizer;

use crate::cli::Command;
use crate::config::Config;
use crate::error::Exit;
use crate::output::Printer;

/// What every command is handed.
pub struct Context {
    /// The settings.
    pub config: Config,
    /// The one way to print.
    pub printer: Printer,
}

/// Runs a subcommand and says how it ended.
///
/// # Errors
///
/// Whatever ended it early; [`crate::error::Error`] in its chain names an exit
/// code other than 1.
pub fn run(command: Command, context: &mut Context) -> anyhow::Result<Exit> {
    match command {
        Command::Emit(_) => Ok(Exit::Done),
        Command::Completions(args) => generate::completions(&args, context),
        Command::Man(args) => generate::man(&args, context),
    }
}
