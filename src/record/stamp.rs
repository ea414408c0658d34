//! The server's clock in a record.

use chrono::DateTime;

use super::{format_timestamp, keys};

/// Adds a record's line to a text, with the server's clock (in milliseconds
/// since 1970) as its last member. The line is an object that is not empty.
pub fn push_stamped(text: &mut String, line: &str, received_at: i64) {
    let instant = DateTime::from_timestamp_millis(received_at);
    text.push_str(line.strip_suffix('}').unwrap_or(line));
    text.push_str(",\"");
    text.push_str(keys::SERVER_RECEIVED_AT);
    text.push_str("\":\"");
    text.push_str(&instant.map_or_else(String::new, format_timestamp));
    text.push_str("\"}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_is_the_last_member() {
        let mut text = String::from("data: ");
        push_stamped(&mut text, r#"{"a":{}}"#, 0);
        assert_eq!(
            text,
            r#"data: {"a":{},"server_received_at":"1970-01-01T00:00:00.000Z"}"#
        );
    }
}
