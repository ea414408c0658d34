//! The filters, the same in every command that reads records.

use chrono::{DateTime, Utc};
use clap::Args;
use regex::Regex;

use super::{complete, value};
use crate::filter::{AttributeTest, Filter, LoggerGlob};
use crate::record::Level;

/// Which records to read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Only records of this session (a prefix of its id)
    #[arg(long, value_name = "ID", value_parser = value::session_prefix, add = complete::sessions())]
    pub session: Option<String>,
    /// Only records of this installation (a prefix of its id, or the device's alias)
    #[arg(long, value_name = "ID", add = complete::installs())]
    pub install: Option<String>,
    /// Only records of this user (a prefix of the id)
    #[arg(long, value_name = "ID", add = complete::users())]
    pub user: Option<String>,
    /// Only records at least this serious
    #[arg(long, value_name = "LEVEL", value_parser = value::level)]
    pub level: Option<Level>,
    /// Only records of these loggers (`*` and `?` as in file names; case is ignored)
    #[arg(long, value_name = "GLOB", value_parser = value::logger_glob, add = complete::loggers())]
    pub logger: Option<LoggerGlob>,
    /// Only records whose message, error or stack trace matches
    #[arg(long, value_name = "REGEX", value_parser = value::regex)]
    pub grep: Option<Regex>,
    /// Only records with this attribute (may be repeated)
    #[arg(long = "attr", value_name = "KEY[=VALUE]", value_parser = value::attribute_test)]
    pub attributes: Vec<AttributeTest>,
    /// Only records from this instant on: a local date or time (2026-02-06, "2026-02-06 12:00"), one in UTC with a Z at its end (2026-02-06T12:00:00Z), or a duration ago such as 10m
    #[arg(long, value_name = "TIME", value_parser = value::instant)]
    pub since: Option<DateTime<Utc>>,
    /// Only records up to this instant; a date alone is its first moment
    #[arg(long, value_name = "TIME", value_parser = value::instant)]
    pub until: Option<DateTime<Utc>>,
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Filter {
        Filter {
            session: args.session,
            install: args.install,
            user: args.user,
            level: args.level,
            logger: args.logger,
            grep: args.grep,
            attributes: args.attributes,
            since: args.since,
            until: args.until,
        }
    }
}
