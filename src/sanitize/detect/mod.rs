//! The detectors: each looks at one place in a text, reads a bounded stretch around it, and says
//! what must go.

pub(crate) mod auth;
mod command;
pub(crate) mod crypt;
pub(crate) mod email;
pub(crate) mod extent;
pub(crate) mod flag;
mod form;
pub(crate) mod header;
pub(crate) mod iban;
pub(crate) mod ip;
pub(crate) mod keyvalue;
mod later;
mod ldap;
pub(crate) mod list;
mod login;
pub(crate) mod mac;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod pem;
pub(crate) mod phone;
mod protocol;
mod sql;
pub(crate) mod start;
pub(crate) mod tag;
pub(crate) mod token;
pub(crate) mod url;
mod verdict;
