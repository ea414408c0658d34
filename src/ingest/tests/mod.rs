//! The server as its clients see it, over loopback.

mod attacks;
mod background;
mod client;
mod intake;
mod reading;

use client::{SECRET, TestServer, record, token};
