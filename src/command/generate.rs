//! Completions and manual pages, made from the types of the command line.

use std::fs;
use std::io::Write;

use anyhow::Context as _;
use clap::CommandFactory;

use super::Context;
use crate::cli::Cli;
use crate::cli::generate::{CompletionsArgs, ManArgs};
use crate::error::Exit;

pub(super) fn completions(args: &CompletionsArgs, context: &mut Context) -> anyhow::Result<Exit> {
    // The generator panics when its writer fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "soliplex", &mut script);
    context.printer.out().write_all(&script)?;
    Ok(Exit::Done)
}

pub(super) fn man(args: &ManArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let dir = args.dir.display();
    fs::create_dir_all(&args.dir).with_context(|| format!("cannot make the folder {dir}"))?;
    clap_mangen::generate_to(Cli::command(), &args.dir)
        .with_context(|| format!("cannot write manual pages into {dir}"))?;
    context
        .printer
        .note(format_args!("manual pages written into {dir}"));
    Ok(Exit::Done)
}
