//! Where a log's next record begins, whatever its format: what was open before it is no more.

/// Words with which a line of a log begins.
const LEVELS: &[&[u8]] = &[
    b"TRACE",
    b"DEBUG",
    b"INFO",
    b"NOTICE",
    b"WARN",
    b"ERROR",
    b"FATAL",
    b"CRITICAL",
];

/// Days and months, as the C library writes them.
const CALENDAR: &[&[u8]] = &[
    b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ",
    b"Nov ", b"Dec ", b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun ",
];

/// True for a JSON object, and for a line that begins with a date, a time, a level or a priority.
/// Redaction changes none of these, so that a clean line begins a record if the line did.
pub(super) fn begins_record(line: &[u8]) -> bool {
    match line {
        [b'{', b'"', .., b'}'] => serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok(),
        [b'[', rest @ ..] => begins_with_date(rest) || is_level(rest) || is_calendar(rest),
        [b'<', rest @ ..] => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            matches!(digits, 1..=3) && rest.get(digits) == Some(&b'>')
        }
        [b'0'..=b'9', ..] => begins_with_date(line),
        // `I/flutter ( 4512):`
        [b'V' | b'D' | b'I' | b'W' | b'E' | b'F', b'/', ..] => {
            line.iter().take(40).any(|b| *b == b'(')
        }
        // `I0206 12:00:00.000000`
        [b'I' | b'W' | b'E' | b'F', rest @ ..] if has_shape(rest, b"0000 00:00:00") => true,
        [b'A'..=b'Z', ..] => is_level(line) || is_calendar(line),
        _ => line.starts_with(b"time=") || line.starts_with(b"level="),
    }
}

fn is_level(line: &[u8]) -> bool {
    LEVELS.iter().any(|level| line.starts_with(level))
}

fn is_calendar(line: &[u8]) -> bool {
    CALENDAR.iter().any(|name| line.starts_with(name))
}

/// The beginnings of dates and times, with `0` for any digit.
const DATES: &[&[u8]] = &[
    b"0000-00-00",
    b"0000/00/00",
    b"0000.00.00 ",
    b"00/00/00",
    b"00-00 00:00:00",
    b"00.00 00:00:00",
    b"00:00:00 ",
    b"00:00:00.",
    b"00:00:00,",
    b"00000000-00:00",
    b"00000000T000000",
    b"0000000000.000",
];

fn begins_with_date(line: &[u8]) -> bool {
    let named = has_shape(line, b"00/") && is_calendar_at(line, 3);
    named || DATES.iter().any(|shape| has_shape(line, shape))
}

fn is_calendar_at(line: &[u8], at: usize) -> bool {
    line.get(at..at + 3)
        .is_some_and(|name| CALENDAR.iter().any(|known| known.starts_with(name)))
}

/// True when `line` begins with the shape, in which `0` stands for any digit.
fn has_shape(line: &[u8], shape: &[u8]) -> bool {
    line.len() >= shape.len()
        && line.iter().zip(shape).all(|(b, wanted)| match wanted {
            b'0' => b.is_ascii_digit(),
            other => b == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_many_formats_begin() {
        for line in [
            r#"{"message":"m"}"#,
            "2026-02-06T12:00:00Z INFO m",
            "2026/02/06 12:00:00 m",
            "03-17 16:13:38.811  1702  2395 D Display: m",
            "12:00:01.123 [main] m",
            "[2026-02-06 12:00:00] m",
            "<13>Feb  6 12:00:00 m",
            "Feb  6 12:00:00 host m",
            "I0206 12:00:00.000000 1 m",
            "D/OkHttp ( 4512): m",
            "ERROR m",
            "[INFO] m",
            "[10.30 16:49:06] m",
            "06/Feb/2026:12:00:00 m",
            "time=2026-02-06 level=info msg=m",
        ] {
            assert!(begins_record(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn values_and_stacks_go_on() {
        for line in [
            "  \"hunter2\",",
            "]",
            "",
            "    at com.example.Main(Main.java:3)",
            "- item",
            "hunter2",
            "12345678",
            "{'password':",
            "Bearer abc",
            "Iamapassword",
            "00:1b:44:11:3a:b7",
            "10.20.30.40",
            "{\"open",
            "[REDACTED]",
        ] {
            assert!(!begins_record(line.as_bytes()), "{line}");
        }
    }
}
