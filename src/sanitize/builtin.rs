//! The built-in rules, as a table that can be read: what each finds, an example, and what keeps
//! it from crying wolf. The detectors in [`detect`](super::detect) carry them out.

use super::finding::RuleId;

/// One built-in rule.
#[derive(Debug, Clone, Copy)]
pub struct BuiltinRule {
    /// The name, as in `--disable NAME` and `[REDACTED:NAME]`.
    pub name: &'static str,
    /// What it finds.
    pub what: &'static str,
    /// An example, which is not a real secret.
    pub example: &'static str,
    /// What a candidate must satisfy.
    pub validator: &'static str,
}

macro_rules! rules {
    ($($constant:ident = $name:literal, $what:literal, $example:literal, $validator:literal;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)] // Only used to number the rules.
        enum Number { $($constant),+ }

        $(pub(crate) const $constant: RuleId = RuleId(Number::$constant as u16);)+

        /// Every built-in rule, in the order of [`RuleId`].
        pub const BUILTIN_RULES: &[BuiltinRule] = &[
            $(BuiltinRule { name: $name, what: $what, example: $example, validator: $validator }),+
        ];
    };
}

rules! {
    SECRET = "secret", "the value of a key that names a secret", "password=swordfish-1", "key list, in any spelling; values such as true, null, failed stay";
    AUTHORIZATION = "authorization", "credentials after Bearer, Basic and the like", "Bearer abc.DEF-123", "must not read as prose";
    COOKIE = "cookie", "the values in Cookie and Set-Cookie", "Cookie: sid=abc123", "attributes such as Path stay";
    URL_CREDENTIALS = "url-credentials", "user and password in a URL", "https://user:pass@host/", "the part before the last @ of the authority";
    PRIVATE_KEY = "private-key", "a PEM private key, also over several lines", "-----BEGIN PRIVATE KEY-----", "public keys and certificates stay";
    JWT = "jwt", "a JSON Web Token", "eyJhbGciOi….eyJzdWIiOi….c2ln", "header and payload are base64url of JSON";
    VENDOR_TOKEN = "vendor-token", "tokens of AWS, GitHub, GitLab, Slack, Google, Stripe, npm, PyPI and others", "ghp_ and 36 characters", "prefix, alphabet and length of each vendor";
    EMAIL = "email", "an email address", "bob@example.com", "top-level domain; file names, versions, units stay";
    IPV4 = "ipv4", "an IPv4 address, private and loopback too", "203.0.113.7", "octets 0 to 255, exactly four; versions and OIDs stay";
    IPV6 = "ipv6", "an IPv6 address", "2001:db8::7", "parses as an address; times and paths such as a::b stay";
    MAC = "mac", "a MAC address", "00:1b:44:11:3a:b7", "six pairs with one separator, or twelve digits behind a word that says so; dates stay";
    CARD = "card", "a payment card number", "4111 1111 1111 1111", "issuer prefix, length and Luhn check digit";
    IBAN = "iban", "a bank account number", "DE89 3704 0044 0532 0130 00", "country length and mod 97";
    SSN = "ssn", "a US social security number", "219-09-9999", "area, group and serial that are given out";
    PHONE = "phone", "a phone number", "+1 415-555-0123", "E.164 or separated groups; ids and times stay";
    PATH = "path", "the folders of an absolute path in a stack trace", "/home/ann/app/lib/main.dart", "only what leads up to lib/, src/ or the file";
}
