//! `soliplex completions` and `soliplex man`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Which shell.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Where to.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The folder to write the pages into; it is made if it is not there
    pub dir: PathBuf,
}
