//! What led up to an error, in short.

use serde_json::{Map, Value};

use super::{LogRecord, keys};

/// How many breadcrumbs an error carries at the most.
pub const MAX_BREADCRUMBS: usize = 20;

/// The attribute that says a record's category outright.
const CATEGORY_ATTRIBUTE: &str = "breadcrumb_category";

/// What a breadcrumb is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Navigation, taps, screens.
    Ui,
    /// Requests and connectivity.
    Network,
    /// Lifecycle, permissions and everything else.
    System,
    /// Sign-in, sign-out and what the user did on purpose.
    User,
}

impl Category {
    /// The name written into breadcrumbs: `ui network system user`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Category::Ui => "ui",
            Category::Network => "network",
            Category::System => "system",
            Category::User => "user",
        }
    }

    /// The category of a record: its `breadcrumb_category` attribute if that
    /// names one, else by the first part of its logger's name, in any case and
    /// without a leading `soliplex.`.
    pub fn of(record: &LogRecord) -> Category {
        record
            .attribute(CATEGORY_ATTRIBUTE)
            .and_then(Value::as_str)
            .and_then(Category::from_name)
            .unwrap_or_else(|| Category::of_logger(record.logger()))
    }

    fn from_name(name: &str) -> Option<Category> {
        [
            Category::Ui,
            Category::Network,
            Category::System,
            Category::User,
        ]
        .into_iter()
        .find(|category| name.eq_ignore_ascii_case(category.as_str()))
    }

    fn of_logger(logger: &str) -> Category {
        let name = logger.to_ascii_lowercase();
        let name = name.strip_prefix("soliplex.").unwrap_or(&name);
        match name.split(['.', '/', ':', '_', '-']).next().unwrap_or("") {
            "ui" | "router" | "route" | "navigation" | "navigator" | "screen" | "view"
            | "widget" | "gesture" => Category::Ui,
            "network" | "net" | "http" | "https" | "api" | "dio" | "connectivity" | "websocket"
            | "sse" => Category::Network,
            "user" | "auth" | "login" | "account" | "oidc" => Category::User,
            _ => Category::System,
        }
    }
}

/// A record in short: `timestamp level logger message category`.
pub fn breadcrumb(record: &LogRecord) -> Value {
    let mut crumb = Map::new();
    for key in [keys::TIMESTAMP, keys::LEVEL, keys::LOGGER, keys::MESSAGE] {
        let value = record.get(key).cloned().unwrap_or_default();
        crumb.insert(key.to_owned(), value);
    }
    crumb.insert("category".to_owned(), Category::of(record).as_str().into());
    Value::Object(crumb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    #[test]
    fn the_category_comes_from_the_logger_in_any_spelling() {
        let category = |logger: &str| Category::of(&LogRecord::new(Level::Info, logger, "m"));
        assert_eq!(category("Router.home"), Category::Ui);
        assert_eq!(category("soliplex.HTTP"), Category::Network);
        assert_eq!(category("Auth"), Category::User);
        assert_eq!(category("Lifecycle"), Category::System);
        assert_eq!(category(""), Category::System);
    }

    #[test]
    fn the_attribute_outranks_the_logger_unless_it_names_no_category() {
        let record = LogRecord::new(Level::Info, "Http", "m");
        let with =
            |name: &str| Category::of(&record.clone().with_attribute("breadcrumb_category", name));
        assert_eq!(with("USER"), Category::User);
        assert_eq!(with("nonsense"), Category::Network);
    }

    #[test]
    fn a_breadcrumb_has_the_five_keys_of_the_contract() {
        let crumb =
            breadcrumb(&LogRecord::new(Level::Info, "Http", "GET /").with(keys::ERROR, "x"));
        let keys: Vec<_> = crumb.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["timestamp", "level", "logger", "message", "category"]
        );
    }
}
