//! `soliplex demo`

use clap::Args;

/// Nothing: the demo needs only the binary.
#[derive(Args, Debug)]
pub struct DemoArgs {}
