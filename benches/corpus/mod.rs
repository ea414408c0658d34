//! A corpus of realistic records, made from a seed: the same seed gives the same bytes.

use std::io::{self, Write};

/// Messages with nothing to redact; `#` becomes a number.
const SAFE: &[&str] = &[
    "User opened room #",
    "GET /api/v1/rooms/# 200 in 35ms",
    "Frame dropped: 18.4ms > 16.6ms",
    "cache hit for key rooms:#:members",
    "Navigated to /home/rooms/#",
    "Retry 2/5 in 00:00:04",
    "SSE reconnect after 1500 ms",
    "Parsed # items in 4.2 ms",
    "thread pool size=4 queue=#",
    "upload finished: 100 records, 36210 bytes",
    "websocket state: connecting",
    "sync done, tokens used: #",
];

/// Messages with something to redact.
const UNSAFE: &[&str] = &[
    "login failed for bob#@example.com",
    "connect to 10.0.#.7:5432 refused",
    "Authorization: Bearer abc#DEF.ghi-jkl",
    "GET /cb?access_token=9f8e7d6c#&state=x 302",
    "password=hunter-# rejected",
    "call +1 415-555-0123 failed after # s",
];

const LOGGERS: &[&str] = &["Http", "Auth", "Rooms", "Ui.Frame", "Sync", "Chat.Stream"];

const LEVELS: &[&str] = &["debug", "info", "info", "info", "warning", "error"];

/// Writes `records` records; one in `every` holds something that must be redacted.
pub(crate) fn write(out: &mut impl Write, seed: u64, records: u32, every: u32) -> io::Result<()> {
    let mut random = Random(seed);
    for n in 0..records {
        let dirty = n % every == 0;
        let message = *random.pick(if dirty { UNSAFE } else { SAFE });
        let message = message.replace('#', &random.below(100).to_string());
        let (level, logger) = (random.pick(LEVELS), random.pick(LOGGERS));
        let (room, status) = (random.below(1000), random.pick(&[200, 204, 404, 500]));
        let ms = random.below(900);
        let (day, hour, minute) = (1 + n / 40_000 % 28, n / 3600 % 24, n / 60 % 60);
        let (second, milli) = (n % 60, n % 1000);
        write!(
            out,
            r#"{{"timestamp":"2026-02-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z","level":"{level}","logger":"{logger}","message":"{message}","attributes":{{"path":"/api/v1/rooms/{room}","status":{status},"ms":{ms}.5"#,
        )?;
        if random.below(3) == 0 {
            out.write_all(br#","user_agent":"okhttp/4.9.3""#)?;
        }
        if dirty && random.below(5) == 0 {
            write!(out, r#","token":"tk_{}""#, random.next())?;
        }
        let (trace, rest) = (random.next(), random.next());
        let (install, session) = (random.below(50), random.below(200));
        writeln!(
            out,
            r#"}},"spanId":"{:016x}","traceId":"{trace:016x}{rest:016x}","installId":"0b5f0c6e-1d2f-4a53-8d1c-{install:012}","sessionId":"7c1d4b8a-52e0-4f0b-9a77-{session:012}","userId":"user-{}"}}"#,
            random.next(),
            random.below(1000),
        )?;
    }
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to mix messages.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len() as u64) as usize]
    }
}
