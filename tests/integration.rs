//! Behaviour seen from outside: the real binary, real files, a real server on
//! loopback, real signals. One module per subcommand.

mod support;

//mod emit;
mod generated;
