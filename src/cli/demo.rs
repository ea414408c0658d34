//! `soliplex demo`

use clap::Args;

/// Nothing: the demo needs only the binary.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  soliplex demo")]
pub struct DemoArgs {}
