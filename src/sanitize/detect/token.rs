//! Tokens that say who issued them: a prefix, an alphabet and a length for each vendor, and JSON
//! Web Tokens.

use std::ops::Range;

use crate::sanitize::builtin::{JWT, PRIVATE_KEY, VENDOR_TOKEN};
use crate::sanitize::chars::run_end;
use crate::sanitize::finding::RuleId;

/// The longest token that is read to its end.
const MAX_TOKEN: usize = 16 * 1024;

/// A token found in a text.
pub(crate) struct Found {
    pub(crate) rule: RuleId,
    pub(crate) range: Range<usize>,
}

/// Which bytes a vendor's tokens are made of.
#[derive(Clone, Copy)]
enum Alphabet {
    /// `A-Z 0-9`.
    Upper,
    /// `a-z 0-9` in hex.
    Hex,
    /// Letters and digits.
    Alnum,
    /// Letters, digits and `_`.
    Word,
    /// Letters, digits, `_` and `-`.
    Url,
    /// Letters, digits, `_`, `-`, `.`, `=`, `+`, `/`.
    Wide,
}

impl Alphabet {
    fn has(self, b: u8) -> bool {
        match self {
            Alphabet::Upper => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Alphabet::Hex => b.is_ascii_hexdigit(),
            Alphabet::Alnum => b.is_ascii_alphanumeric(),
            Alphabet::Word => b.is_ascii_alphanumeric() || b == b'_',
            Alphabet::Url => b.is_ascii_alphanumeric() || b == b'_' || b == b'-',
            Alphabet::Wide => {
                b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=' | b'+' | b'/')
            }
        }
    }
}

use Alphabet::{Alnum, Hex, Upper, Url, Wide, Word};

/// Prefix, alphabet and length (shortest and longest) of what follows it, grouped by vendor.
/// The shortest lengths are a little below what vendors issue, so that a token that was cut
/// short is still found.
#[rustfmt::skip]
const VENDORS: &[(&str, Alphabet, usize, usize)] = &[
    // AWS access key ids.
    ("AKIA", Upper, 16, 16), ("ASIA", Upper, 16, 16), ("ABIA", Upper, 16, 16), ("ACCA", Upper, 16, 16), ("AROA", Upper, 16, 17),
    ("AIDA", Upper, 16, 17), ("AGPA", Upper, 16, 17), ("ANPA", Upper, 16, 17), ("AIPA", Upper, 16, 17), ("A3T", Upper, 17, 17),
    // GitHub.
    ("ghp_", Alnum, 20, 255), ("gho_", Alnum, 20, 255), ("ghu_", Alnum, 20, 255), ("ghs_", Wide, 20, 1024), ("ghr_", Alnum, 20, 255),
    ("github_pat_", Word, 20, 255),
    // GitLab.
    ("glpat-", Wide, 16, 300), ("gldt-", Url, 16, 300), ("glrt-", Url, 16, 300), ("glcbt-", Url, 16, 300), ("glptt-", Url, 16, 300),
    ("glft-", Url, 16, 300), ("glsoat-", Url, 16, 300), ("glagent-", Url, 16, 300), ("gloas-", Url, 16, 300), ("glimt-", Url, 16, 300),
    ("glffct-", Url, 16, 300), ("GR1348941", Url, 16, 64), ("_gitlab_session=", Alnum, 16, 64),
    // Slack.
    ("xoxb-", Url, 10, 300), ("xoxp-", Url, 10, 300), ("xoxa-", Url, 10, 300), ("xoxr-", Url, 10, 300), ("xoxs-", Url, 10, 300),
    ("xoxo-", Url, 10, 300), ("xoxd-", Wide, 10, 500), ("xoxc-", Url, 10, 300), ("xoxe-", Url, 10, 300), ("xoxe.xox", Url, 10, 300), ("xapp-", Url, 16, 300), ("xwfp-", Url, 16, 300),
    // Google.
    ("AIza", Url, 30, 40), ("ya29.", Url, 16, 2048), ("GOCSPX-", Url, 20, 64), ("1//0", Url, 30, 256),
    // Stripe.
    ("sk_live_", Alnum, 10, 255), ("sk_test_", Alnum, 10, 255), ("rk_live_", Alnum, 10, 255), ("rk_test_", Alnum, 10, 255),
    ("pk_live_", Alnum, 10, 255), ("pk_test_", Alnum, 10, 255), ("whsec_", Wide, 16, 255), ("ek_live_", Alnum, 10, 255), ("ek_test_", Alnum, 10, 255),
    // Package registries.
    ("npm_", Alnum, 30, 64), ("pypi-", Url, 32, 512), ("rubygems_", Hex, 32, 64), ("oy2", Alnum, 43, 43), ("cio", Alnum, 32, 32),
    ("dckr_pat_", Url, 20, 64), ("dckr_oat_", Url, 20, 64), ("CLOJARS_", Alnum, 40, 80), ("AKCp", Alnum, 60, 80),
    // AI services.
    ("sk-ant-", Url, 20, 256), ("sk-proj-", Url, 20, 256), ("sk-svcacct-", Url, 20, 256), ("sk-admin-", Url, 20, 256), ("sk-or-v1-", Hex, 32, 80), ("sk-", Alnum, 20, 64),
    ("hf_", Alnum, 30, 40), ("gsk_", Alnum, 40, 64), ("xai-", Alnum, 40, 100), ("r8_", Alnum, 30, 48), ("pplx-", Alnum, 40, 64),
    ("nvapi-", Url, 40, 100), ("tvly-", Url, 28, 60), ("jina_", Word, 40, 80), ("rpa_", Alnum, 40, 64), ("csk-", Alnum, 40, 64), ("ABSK", Wide, 100, 200), ("pcsk_", Word, 40, 100), ("lsv2_pt_", Word, 32, 64), ("lsv2_sk_", Word, 32, 64), ("api_org_", Alnum, 30, 40),
    // Clouds, hosts and delivery.
    ("dop_v1_", Hex, 32, 64), ("doo_v1_", Hex, 32, 64), ("dor_v1_", Hex, 32, 64), ("dapi", Hex, 32, 34), ("HRKU-", Url, 30, 70), ("cfut_", Alnum, 40, 64), ("cfat_", Alnum, 40, 64), ("cfk_", Alnum, 40, 64), ("hvs.", Url, 20, 200), ("hvb.", Url, 20, 300),
    ("hvr.", Url, 20, 300), ("dp.pt.", Alnum, 32, 64), ("dp.st.", Wide, 32, 80), ("dp.ct.", Alnum, 32, 64), ("nfp_", Alnum, 30, 48), ("sbp_", Hex, 40, 64), ("sb_secret_", Url, 20, 64), ("pscale_tkn_", Wide, 30, 64),
    ("pscale_pw_", Wide, 30, 64), ("pscale_oauth_", Wide, 30, 64), ("fo1_", Url, 30, 64), ("FlyV1 fm", Wide, 40, 2048), ("tskey-", Url, 16, 100), ("LTAI", Alnum, 12, 24),
    ("AKID", Alnum, 32, 36), ("AQVN", Url, 32, 40), ("t1.9eu", Wide, 60, 300), ("y0_", Url, 40, 80), ("CCIPAT_", Word, 40, 80), ("CCIPRJ_", Word, 40, 80), ("bkua_", Hex, 32, 48), ("pul-", Hex, 32, 44), ("pnu_", Alnum, 30, 40),
    ("v1.0-", Url, 100, 200), ("PMAK-", Url, 40, 80), ("vercel_blob_rw_", Word, 20, 80), ("rnd_", Alnum, 28, 40), ("scw-", Hex, 32, 64), ("ops_eyJ", Wide, 60, 4096),
    // Mail, messages and payments.
    ("SG.", Wide, 40, 90), ("key-", Hex, 32, 32), ("SK", Hex, 32, 32), ("AC", Hex, 32, 32), ("xkeysib-", Url, 40, 100), ("xsmtpsib-", Url, 40, 100), ("sq0atp-", Url, 20, 32), ("sq0csp-", Url, 30, 48),
    ("EAAA", Url, 56, 70), ("EAAC", Alnum, 40, 300), ("A21AA", Url, 60, 200), ("rzp_live_", Alnum, 12, 24), ("rzp_test_", Alnum, 12, 24), ("access-sandbox-", Url, 32, 48),
    ("access-production-", Url, 32, 48), ("access-development-", Url, 32, 48), ("EZAK", Alnum, 50, 64), ("EZTK", Alnum, 50, 64), ("duffel_live_", Url, 30, 64), ("duffel_test_", Url, 30, 64),
    // Work tools and monitoring.
    ("shpat_", Hex, 32, 32), ("shpss_", Hex, 32, 32), ("shpca_", Hex, 32, 32), ("shppa_", Hex, 32, 32), ("lin_api_", Alnum, 30, 48), ("lin_oauth_", Hex, 30, 64), ("secret_", Alnum, 40, 50), ("ntn_", Alnum, 40, 60),
    ("figd_", Url, 30, 64), ("ATATT3", Wide, 50, 300), ("ATCTT3", Wide, 50, 300), ("ATBB", Alnum, 28, 40), ("sl.", Url, 60, 2048), ("NRAK-", Alnum, 24, 32), ("NRII-", Url, 28, 40), ("NRJS-", Hex, 16, 24),
    ("sntrys_", Wide, 40, 512), ("sntryu_", Hex, 40, 80), ("glsa_", Word, 32, 64), ("glc_", Wide, 32, 512), ("pylf_", Word, 20, 100), ("squ_", Hex, 40, 40), ("sqp_", Hex, 40, 40), ("sqa_", Hex, 40, 40), ("sgp_", Word, 40, 64), ("dp.scim.", Alnum, 40, 48), ("dp.audit.", Alnum, 40, 48), ("dt0c01.", Wide, 60, 120), ("dt0s16.", Wide, 60, 120),
    ("pat-na1-", Url, 32, 40), ("pat-eu1-", Url, 32, 40), ("CFPAT-", Url, 40, 48), ("rdme_", Alnum, 60, 80), ("tfp_", Wide, 40, 64), ("aio_", Alnum, 24, 32), ("fio-u-", Url, 40, 80),
    ("ico-", Alnum, 32, 32), ("phc_", Alnum, 30, 48), ("phx_", Alnum, 30, 48), ("patA", Wide, 70, 90), ("pk.eyJ", Wide, 40, 300), ("sk.eyJ", Wide, 40, 300), ("AGE-SECRET-KEY-1", Upper, 50, 64),
    ("PRIVATE-KEY-", Upper, 40, 64), ("DefaultEndpointsProtocol", Wide, 10_000, 10_000),
    // Web hooks, whose URL is the secret.
    ("hooks.slack.com/services/", Wide, 20, 100), ("hooks.slack.com/workflows/", Wide, 20, 120), ("discord.com/api/webhooks/", Wide, 30, 160), ("discordapp.com/api/webhooks/", Wide, 30, 160),
];

/// The beginnings of private keys in base64 DER, whose header line was lost.
const BARE_KEYS: &[&str] = &[
    "MIIEvQIBADANBgkqhkiG9w0BAQEF",
    "MIIEvgIBADANBgkqhkiG9w0BAQEF",
    "MIIEvAIBADANBgkqhkiG9w0BAQEF",
    "MIIEpAIBAAKCAQEA",
    "MIIEowIBAAKCAQEA",
    "MIIEpQIBAAKCAQEA",
    "MIICXAIBAAKBgQ",
    "MIICXQIBAAKBgQ",
    "MIIJKAIBAAKCAgEA",
    "MIIJKQIBAAKCAgEA",
    "MIGHAgEAMBMGByqGSM49AgEG",
    "MHcCAQEEI",
    "b3BlbnNzaC1rZXktdjEA",
];

/// The first two bytes of everything that [`at`] finds by its beginning.
pub(super) const STARTS: [[u8; 2]; VENDORS.len() + BARE_KEYS.len() + 1] = {
    let mut starts = [*b"ey"; VENDORS.len() + BARE_KEYS.len() + 1];
    let mut i = 0;
    while i < VENDORS.len() {
        let prefix = VENDORS[i].0.as_bytes();
        starts[i] = [prefix[0], prefix[1]];
        i += 1;
    }
    let mut i = 0;
    while i < BARE_KEYS.len() {
        let begin = BARE_KEYS[i].as_bytes();
        starts[VENDORS.len() + i] = [begin[0], begin[1]];
        i += 1;
    }
    starts
};

/// For each hash of a token's first two bytes, the first vendor that has it, counted from 1; the
/// next one stands in [`NEXT`]. A walk over the whole table at every word would take half the
/// time of a line.
static HEAD: [u8; 256] = chains().0;
static NEXT: [u8; VENDORS.len()] = chains().1;

const _: () = assert!(VENDORS.len() < 255, "vendors are counted in a byte");

const fn chains() -> ([u8; 256], [u8; VENDORS.len()]) {
    let mut head = [0u8; 256];
    let mut next = [0u8; VENDORS.len()];
    // From the last to the first, so that each chain is in the order of the table.
    let mut i = VENDORS.len();
    while i > 0 {
        i -= 1;
        let prefix = VENDORS[i].0.as_bytes();
        let place = place(prefix[0], prefix[1]);
        next[i] = head[place];
        head[place] = i as u8 + 1;
    }
    (head, next)
}

const fn place(first: u8, second: u8) -> usize {
    (first.wrapping_mul(37) ^ second.wrapping_mul(101)) as usize
}

/// The token that starts with the word from `start` to `end`.
pub(crate) fn at(text: &[u8], start: usize, end: usize) -> Option<Found> {
    if let Some(range) = bot_token(text, start, end) {
        return Some(Found {
            rule: VENDOR_TOKEN,
            range,
        });
    }
    let rest = &text[start..];
    if rest.starts_with(b"eyJ") {
        return jwt_end(text, start).map(|end| Found {
            rule: JWT,
            range: start..end,
        });
    }
    let mut vendor = HEAD[place(text[start], *text.get(start + 1)?)];
    while vendor > 0 {
        let (prefix, alphabet, shortest, longest) = &VENDORS[usize::from(vendor) - 1];
        vendor = NEXT[usize::from(vendor) - 1];
        if rest[1] != prefix.as_bytes()[1] {
            continue;
        }
        let Some(tail) = rest.strip_prefix(prefix.as_bytes()) else {
            continue;
        };
        let mut length = run_end(tail, 0, MAX_TOKEN, |b| alphabet.has(b));
        while length > 0 && matches!(tail[length - 1], b'.' | b'-') {
            length -= 1;
        }
        // A token in a longer word of the same alphabet is something else.
        let whole = !tail.get(length).is_some_and(|b| b.is_ascii_alphanumeric());
        if (*shortest..=*longest).contains(&length) && whole && varies(&tail[..length], prefix) {
            return Some(Found {
                rule: VENDOR_TOKEN,
                range: start + shown(prefix)..start + prefix.len() + length,
            });
        }
    }
    if matches!(text[start], b'M' | b'b')
        && BARE_KEYS
            .iter()
            .any(|begin| rest.starts_with(begin.as_bytes()))
    {
        let length = run_end(rest, 0, MAX_TOKEN, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
        });
        if length >= 32 {
            return Some(Found {
                rule: PRIVATE_KEY,
                range: start..start + length,
            });
        }
    }
    None
}

/// How much of a prefix stays: the address of a web hook, which says where the token belongs.
fn shown(prefix: &str) -> usize {
    prefix
        .rfind('/')
        .filter(|_| prefix.contains(".com/"))
        .map_or(0, |slash| slash + 1)
}

/// A token is no sequence of words: it has a digit or changes case, or its prefix says enough.
fn varies(tail: &[u8], prefix: &str) -> bool {
    let digit = tail.iter().any(u8::is_ascii_digit);
    let turns = tail
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        .count();
    digit || turns >= 2 || (prefix.len() >= 4 && !tail.contains(&b'-') && !tail.contains(&b'_'))
}

/// The end of a JSON Web Token (RFC 7519): a header and a payload in base64url of JSON, and a
/// signature, which may have been cut off. Encrypted ones have five parts.
fn jwt_end(text: &[u8], start: usize) -> Option<usize> {
    let part = |from: usize| {
        run_end(text, from, MAX_TOKEN, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
        })
    };
    let mut end = part(start);
    if end - start < 10 || text.get(end) != Some(&b'.') {
        return None;
    }
    let mut parts = 1;
    let second = end + 1;
    let mut filled = 0;
    while parts < 5 && text.get(end) == Some(&b'.') {
        let next = part(end + 1);
        filled += next - (end + 1);
        // The dot that ends a sentence is not the token's.
        if next == end + 1 && !(parts == 2 || text.get(next) == Some(&b'.')) {
            break;
        }
        end = next;
        parts += 1;
    }
    if end > start && text[end - 1] == b'.' && parts > 2 {
        // An unsigned token ends in a dot.
        parts = 3;
    }
    let header_says = text[start..].starts_with(b"eyJhbGciOi")
        || text[start..].starts_with(b"eyJ0eXAiOi")
        || text[start..].starts_with(b"eyJraWQiOi")
        || text[start..].starts_with(b"eyJlbmMiOi")
        || text[start..].starts_with(b"eyJjdHkiOi");
    let payload_says = text[second..].starts_with(b"ey");
    (filled >= 4 && (parts >= 3 || header_says || payload_says)).then_some(end)
}

/// True when a token without a known beginning may be made of the word and what is behind it.
pub(crate) fn may_be_bot(text: &[u8], start: usize, end: usize) -> bool {
    match text.get(end) {
        Some(b'.' | b'~') => true,
        Some(b'-') => end - start == 32,
        Some(b':') => matches!(end - start, 11..=13) && text[start..].starts_with(b"bot"),
        _ => false,
    }
}

/// Bot tokens without a prefix: Telegram's `123456789:AA…` and Discord's three parts.
fn bot_token(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let word = &text[start..end];
    if !matches!(word.len(), 5 | 11..=14 | 23..=28 | 32) {
        return None;
    }
    // `api.telegram.org/bot123456789:AA…/sendMessage`.
    if let Some(number) = word.strip_prefix(b"bot")
        && number.iter().all(u8::is_ascii_digit)
    {
        return telegram(text, start + 3, end);
    }
    if matches!(word.len(), 23..=28)
        && matches!(word[0], b'M' | b'N' | b'O')
        && text.get(end) == Some(&b'.')
        && word.iter().any(u8::is_ascii_digit)
        && word.iter().any(u8::is_ascii_lowercase)
    {
        let middle = run_end(text, end + 1, 8, |b| Url.has(b));
        if middle == end + 7 && text.get(middle) == Some(&b'.') {
            let last = run_end(text, middle + 1, 48, |b| Url.has(b));
            if last - middle > 26 {
                return Some(start..last);
            }
        }
    }
    // Mailchimp: 32 hex digits and a data centre.
    if word.len() == 32 && text[end..].starts_with(b"-us") && word.iter().all(u8::is_ascii_hexdigit)
    {
        let last = run_end(text, end + 3, 2, |b| b.is_ascii_digit());
        return (last > end + 3).then_some(start..last);
    }
    // Terraform Cloud.
    if word.len() == 14 && text[end..].starts_with(b".atlasv1.") {
        let last = run_end(text, end + 9, 80, |b| Url.has(b));
        return (last > end + 49).then_some(start..last);
    }
    // Azure: a client secret carries `8Q~` or `7Q~` after three characters.
    if end - start == 5
        && matches!(word[3], b'7' | b'8')
        && word[4] == b'Q'
        && text.get(end) == Some(&b'~')
    {
        let last = run_end(text, end + 1, 48, |b| Wide.has(b) || b == b'~');
        if last - end >= 30 {
            return Some(start..last);
        }
    }
    None
}

/// Telegram's bot token: the bot's number, a colon and 35 characters.
pub(crate) fn telegram(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    if !matches!(end - start, 8..=10) || text.get(end) != Some(&b':') {
        return None;
    }
    let last = run_end(text, end + 1, 48, |b| Url.has(b));
    let tail = &text[end + 1..last];
    (matches!(tail.len(), 33..=37) && tail.starts_with(b"AA")).then_some(start..last)
}
