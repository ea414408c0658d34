//! The work on a text grows with its length and no faster, and no shape of text costs many times
//! what another costs: the steps of the detectors are counted, not timed.

use std::cell::Cell;

use super::{Sanitizer, StreamOptions, sanitize_stream};

thread_local! {
    /// Steps that the detectors took on this thread; see `chars::count_work`.
    pub(super) static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// What is repeated to make a text: beginnings whose end is looked for in vain, and brackets,
/// quotes and keys within each other.
const SHAPES: &[&str] = &[
    "password=[",
    "\"password\":[",
    "\"password\":[\"a\",",
    "(\"password\",\"",
    "[\"password\",",
    "password: |\n",
    "password for x: y ",
    "ConvertTo-SecureString ",
    "{\"tokens\":{\"tokens\":",
    "passwords:\n- a b\n",
    "- passwords:\n",
    "name: token ",
    "\"name\":\"token\",",
    "<password a=\"",
    "password=\"",
    "password=\'",
    "password -> ",
    "{\"a\",\"",
    "['[',',",
    "password: (",
    "password: [",
    "password: {",
    "password: {a=",
    "password=[{",
    "password: [ok ",
    "`",
    "[{\"a\":",
    "--password\n- ",
    "\"--password\",\n\"",
    "Authorization: Bearer\n",
    "jdbc:oracle:thin:a/",
    "&code=",
    "recovery codes: ab12 ",
    "[',['\",",
    "\"credentials\": {\n",
    "token={\"a\":\"",
    "{\\\"password\\\":{\\\"",
    "%25%34",
    "%2525",
    "\\\\",
    "(0)1 2",
    "a@",
    "a.",
    "1.",
    "1:",
    "::",
    "1-",
    "+1 ",
    "4111 ",
    "-----BEGIN PRIVATE KEY-----\n",
    "MAC=ff:",
    "PaSs",
    "user-",
    "\u{200b}",
    "http://a:",
    "Cookie: a=b; ",
    "Bearer ",
    "curl -u ",
    "/home/a/",
    "t\u{e9}l ",
    "form-data; name=\"password\"\n",
    "form-data; name=\"password\"\n\n",
    "form-data; name=\"password\"\\r\\n\\r\\n",
    "form-data; name=\"password\"\\r\\n\\r\\na",
    "<key>password</key>",
    "<key>password</key>\n",
    "<key>password</key><string>",
    "<name>password</name><value>a\n",
    "sip:a:",
    "sip:a:b",
    "-----BEGIN+PRIVATE+KEY-----",
    "-----BEGIN+PRIVATE+KEY-----a-----END",
    "-----BEGIN+PRIVATE+KEY-----a-----END+PRIVATE+KEY-----",
    "password: {SSHA}",
    "password:: aaa1",
    " pc a /data/a.so",
    "password \"Auth\" \"",
    "bot12345678:AA",
    "password='a''b",
    "password: a bcd efg ",
    "пароль=",
    "parol\u{44c}=",
    "net user a ",
    "htpasswd -b a ",
    "?state=&code=ab12cd",
    "1000:1000::/a ",
    "(password) values (",
    "(password) values ('a'), (",
    "$2b$12$",
    "$6$a$b",
    "put(auth_token, 1a2",
    "net use z: a /user:b ",
    "sqlplus a/b ",
    "radius-server key 7 ",
    "password changed from a1 to ",
    "password for user a: ",
    "482913 is your ",
    "%A_%A_",
    "smbclient -U a%",
    " /rp x /p:y",
    "\\nPASS ",
    "your a code: 1",
    "access_token 1a2b3c ",
    "echo a | sudo -S ",
    "echo a | docker login --password-stdin ",
    "password='a' -> 'b' -> ",
    "=sid=a1b2c3d4e5f6; Path=",
    "password for a ",
    "password for a: b",
    "login('a','b1c2', ",
    "IDENTIFIED WITH a BY '",
    "SAMLResponse=",
    "--secret dbPassword ",
    "New value: ",
    "password => <<\"",
    "password                 ",
    "password                 :",
    "Stripe-Signature: t=1,",
    "MIGRATE AUTH ",
    "\"a\".\"key\"=",
    "get(\"password\")=",
    "set('a', forKey: \"password\"",
    "password: !!str ",
    "mysql -p'",
    "password=a['b",
    "key aB1c2D3",
    "\"password\": {\"a\":\"b\"} ",
    "\"password\": [\"is too short\"] ",
];

/// A text closed as often as it was opened: every list has an end.
fn nested(times: usize) -> String {
    const DEPTH: usize = 50;
    let block = "password: [ok ".repeat(DEPTH) + &"]".repeat(DEPTH);
    block.repeat(times)
}

fn steps(text: &str) -> usize {
    STEPS.set(0);
    let options = StreamOptions { threads: 1 };
    let sanitized = sanitize_stream(
        &Sanitizer::default(),
        text.as_bytes(),
        std::io::sink(),
        &options,
    );
    assert!(sanitized.is_ok());
    STEPS.get()
}

#[test]
fn repeated_shapes_take_linear_work() {
    const LENGTH: usize = 6_000;
    /// Steps per byte, over all rounds of the search.
    const MOST: usize = 200;
    let repeated = SHAPES.iter().map(|shape| {
        let times = LENGTH / shape.len();
        (*shape, shape.repeat(times), shape.repeat(2 * times))
    });
    for (shape, once, twice) in repeated.chain([("nested", nested(8), nested(16))]) {
        let (first, second) = (steps(&once), steps(&twice));
        assert!(
            second <= first * 5 / 2 + once.len(),
            "{shape:?}: {first} steps, {second} for twice the text"
        );
        assert!(
            second <= MOST * twice.len(),
            "{shape:?}: {} steps per byte",
            second / twice.len()
        );
    }
}
