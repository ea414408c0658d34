//! Completions and manual pages, made from the types of the command line.

mod page;

use std::fs;
use std::io::Write;

use anyhow::Context as _;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::Context;
use crate::cli::Cli;
use crate::cli::complete::VARIABLE;
use crate::cli::generate::{CompletionsArgs, ManArgs};
use crate::error::Exit;

const NAME: &str = "soliplex";

/// zsh runs the script when it first completes for us, and leaves it at that
/// unless the script answers too.
const ZSH_FIRST: &str = r#"
if [[ $funcstack[1] == _soliplex ]]; then
    _clap_dynamic_completer_soliplex "$@"
fi
"#;

pub(super) fn completions(args: &CompletionsArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let shell = args.shell.to_string();
    let shells = Shells::builtins();
    let script = shells.completer(&shell).context("no such shell")?;
    script.write_registration(VARIABLE, NAME, NAME, NAME, context.printer.out())?;
    if args.shell == Shell::Zsh {
        context.printer.out().write_all(ZSH_FIRST.as_bytes())?;
    }
    Ok(Exit::Done)
}

pub(super) fn man(args: &ManArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let dir = args.dir.display();
    fs::create_dir_all(&args.dir).with_context(|| format!("cannot make the folder {dir}"))?;
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    write_pages(&program, &args.dir)
        .with_context(|| format!("cannot write manual pages into {dir}"))?;
    context
        .printer
        .note(format_args!("manual pages written into {dir}"));
    Ok(Exit::Done)
}

/// Writes the page of a command, and those of its subcommands.
fn write_pages(command: &clap::Command, dir: &std::path::Path) -> std::io::Result<()> {
    let shown = |command: &&clap::Command| !command.is_hide_set();
    for subcommand in command.get_subcommands().filter(shown) {
        write_pages(subcommand, dir)?;
    }
    let (name, text) = page::of(command)?;
    fs::File::create(dir.join(name))?.write_all(text.as_bytes())
}
