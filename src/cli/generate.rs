//! `soliplex completions` and `soliplex man`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Which shell.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex completions bash > ~/.local/share/bash-completion/completions/soliplex
  soliplex completions zsh > ~/.zfunc/_soliplex
  soliplex completions fish > ~/.config/fish/completions/soliplex.fish

The script calls soliplex again for each completion, and so offers the sessions, users
and loggers of the local queue too.")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Where to.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  soliplex man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The folder to write the pages into; it is made if it is not there
    pub dir: PathBuf,
}
