//! What a key says about its value, in camel, snake, kebab, dotted, spaced and upper spelling.

use super::chars::is_one_of;
use super::qualifiers::{
    has_phone_number, is_card, is_count, is_password_of, is_phone, is_secret_code, is_secret_key,
};
use super::words::Words;

/// What a key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum KeyKind {
    /// Nothing: the value is searched like any text.
    Plain,
    /// An id that is never touched.
    Id,
    /// A password or a key: the value goes, whatever it looks like.
    Secret,
    /// A single token. In text its value must look like one.
    Token,
    /// `jwt` alone: a token, or a section of settings about tokens.
    Jwt,
    /// A plural or a count of tokens: numbers stay.
    Tokens,
    /// `auth`: in text the value must look like a secret.
    Auth,
    /// A header that names a scheme before its credentials.
    Authorization,
    /// A cookie header.
    Cookie,
    /// A short code, such as a PIN or a one-time password: digits go.
    Code,
    /// `pass`, which also counts passed tests: numbers stay.
    Pass,
    /// A signature: only long values go.
    Signature,
    /// A phrase of several words.
    Phrase,
    /// A stack trace: absolute paths are trimmed.
    Stack,
    /// A version: dotted numbers stay.
    Version,
    /// A phone number: bare digits go.
    Phone,
    /// A card number, for numbers without quotes.
    Card,
    /// A social security number: bare digits go.
    Ssn,
    /// A MAC address, for one without separators.
    Mac,
    /// The name of a key whose value stands beside it (`{"name": …, "value": …}`).
    Name,
    /// The value beside a name.
    Value,
}

impl KeyKind {
    /// True when the value under such a key is secret because of the key.
    pub(crate) fn is_secret(self) -> bool {
        matches!(
            self,
            KeyKind::Secret
                | KeyKind::Token
                | KeyKind::Jwt
                | KeyKind::Tokens
                | KeyKind::Auth
                | KeyKind::Authorization
                | KeyKind::Cookie
                | KeyKind::Code
                | KeyKind::Pass
                | KeyKind::Signature
                | KeyKind::Phrase
                | KeyKind::Ssn
        )
    }
}

/// What the built-in table says about a key.
pub(crate) fn classify(key: &[u8]) -> KeyKind {
    if key.len() < 2 {
        return KeyKind::Plain;
    }
    let words = Words::of(key);
    // A neutral ending does not change what the value is: `passwordHash`, `token_value`.
    let mut last = 0;
    while last + 1 < words.count && is_neutral(words.back(last)) {
        last += 1;
    }
    let kind = noun(&words, last);
    if kind != KeyKind::Plain {
        return kind;
    }
    if last > 0 {
        return noun(&words, 0);
    }
    known(&Words::in_any_case(key), 0).unwrap_or(KeyKind::Plain)
}

fn is_neutral(word: &[u8]) -> bool {
    matches!(
        word,
        b"value"
            | b"val"
            | b"string"
            | b"str"
            | b"text"
            | b"txt"
            | b"raw"
            | b"plain"
            | b"plaintext"
            | b"hash"
            | b"hashed"
            | b"digest"
            | b"enc"
            | b"encrypted"
            | b"base"
            | b"b"
            | b"hex"
            | b"header"
            | b"confirm"
            | b"confirmation"
            | b"confirmed"
            | b"again"
            | b"repeat"
            | b"new"
            | b"old"
            | b"current"
            | b"previous"
            | b"prev"
            | b"temp"
            | b"data"
            | b"env"
            | b"live"
            | b"prod"
            | b"dev"
            | b"staging"
            | b"last"
            | b"primary"
            | b"secondary"
            | b"default"
            | b"input"
            | b"param"
            | b"bytes"
            | b"blob"
            | b"payload"
            | b"material"
            | b"json"
    )
}

/// What the word `at` places before the last one, as the key's noun, says.
fn noun(words: &Words, at: usize) -> KeyKind {
    known(words, at).unwrap_or_else(|| glued(words.back(at)))
}

/// What a noun says that the table holds.
fn known(words: &Words, at: usize) -> Option<KeyKind> {
    let word = words.back(at);
    let before = words.back(at + 1);
    let kind = match word {
        // The name of one that a cluster keeps.
        b"secret" if before == b"existing" => KeyKind::Plain,
        b"password" | b"passwords" | b"passwd" | b"passwds" | b"pwd" | b"pwds" | b"passcode"
        | b"passcodes" | b"secret" | b"secrets" | b"credential" | b"credentials" | b"creds"
        | b"cred" | b"apikey" | b"apikeys" | b"accesskey" | b"secretkey" | b"privatekey"
        | b"authkey" | b"signingkey" | b"encryptionkey" | b"accountkey" | b"masterkey"
        | b"sharedkey" | b"sshkey" | b"psk" | b"requirepass" | b"masterauth" | b"cvv" | b"cvc"
        | b"jsessionid" | b"phpsessid" | b"sessid" | b"aspsessionid" | b"apisecret" => {
            KeyKind::Secret
        }
        b"ssn" | b"ssns" => KeyKind::Ssn,
        b"verifier" if before == b"code" => KeyKind::Secret,
        b"word" if before == b"pass" => KeyKind::Secret,
        b"passe" if before == b"de" && words.back(at + 2) == b"mot" => KeyKind::Secret,
        b"passphrase" | b"passphrases" | b"mnemonic" => KeyKind::Phrase,
        b"phrase"
            if matches!(
                before,
                b"pass" | b"seed" | b"recovery" | b"secret" | b"backup"
            ) =>
        {
            KeyKind::Phrase
        }
        b"token" if is_count(words) => KeyKind::Tokens,
        b"token" if matches!(before, b"key") && words.back(at + 2) == b"public" => KeyKind::Plain,
        b"jwt" if before.is_empty() => KeyKind::Jwt,
        b"token" | b"jwt" | b"bearer" => KeyKind::Token,
        b"tokens" | b"jwts" => KeyKind::Tokens,
        // `make --jobserver-auth=3,4` names descriptors.
        b"auth" if before == b"jobserver" => KeyKind::Plain,
        b"auth" | b"auths" => KeyKind::Auth,
        b"authorization" | b"authorisation" => KeyKind::Authorization,
        b"authenticate" if matches!(before, b"www" | b"proxy") => KeyKind::Plain,
        b"cookie" | b"cookies" => KeyKind::Cookie,
        b"key" | b"keys" if is_secret_key(before, words.back(at + 2)) => KeyKind::Secret,
        b"key" | b"keys"
            if matches!(
                before,
                b"authorization"
                    | b"authorisation"
                    | b"credential"
                    | b"credentials"
                    | b"password"
                    | b"passwd"
            ) =>
        {
            KeyKind::Secret
        }
        b"key" | b"keys" if before == b"token" => KeyKind::Token,
        b"sha" | b"md" | b"bcrypt" | b"argon" if matches!(before, b"password" | b"passwd") => {
            KeyKind::Secret
        }
        b"id" | b"ids"
            if matches!(before, b"key")
                && is_secret_key(words.back(at + 2), words.back(at + 3)) =>
        {
            KeyKind::Secret
        }
        // The session cookie of ASP.NET.
        b"id" if before == b"session" && words.back(at + 2) == b"net" => KeyKind::Secret,
        b"id" => match before {
            b"install" | b"session" | b"record" | b"trace" | b"span" => KeyKind::Id,
            b"secret" => KeyKind::Secret,
            _ => KeyKind::Plain,
        },
        b"installid" | b"sessionid" | b"recordid" | b"traceid" | b"spanid" => KeyKind::Id,
        b"pin" | b"pincode" | b"otp" | b"totp" | b"passkey" => KeyKind::Code,
        b"code" | b"codes" if is_secret_code(before) => KeyKind::Code,
        b"pass" if is_password_of(before) => KeyKind::Pass,
        b"pw" | b"pswd" => KeyKind::Pass,
        b"signature" | b"sig" | b"hmac" => KeyKind::Signature,
        b"number" if before == b"security" && words.back(at + 2) == b"social" => KeyKind::Ssn,
        b"number" | b"no" | b"num" | b"digits" if before == b"ssn" => KeyKind::Ssn,
        b"number" | b"no" | b"num" if is_phone(before) || has_phone_number(before) => {
            KeyKind::Phone
        }
        b"number" | b"no" | b"num" if is_card(before) => KeyKind::Card,
        b"mac" | b"macs" | b"macaddress" | b"macaddr" | b"hwaddr" | b"hwaddress" | b"bssid" => {
            KeyKind::Mac
        }
        b"address" | b"addr"
            if matches!(
                before,
                b"mac" | b"hw" | b"hardware" | b"physical" | b"ethernet"
            ) =>
        {
            KeyKind::Mac
        }
        b"stack" | b"stacktrace" | b"backtrace" | b"traceback" => KeyKind::Stack,
        b"trace" if matches!(before, b"stack" | b"back") => KeyKind::Stack,
        b"version" | b"versions" | b"ver" | b"build" | b"release" | b"firmware" | b"sdk"
        | b"revision" | b"semver" => KeyKind::Version,
        b"name" | b"key" | b"header" | b"field" | b"param" | b"attribute" | b"property" | b"k"
        | b"n"
            if at == 0 && before.is_empty() =>
        {
            KeyKind::Name
        }
        b"value" | b"val" | b"v" if at == 0 && before.is_empty() => KeyKind::Value,
        _ if is_phone(word) => KeyKind::Phone,
        _ if is_card(word) => KeyKind::Card,
        _ if is_foreign(word) => KeyKind::Secret,
        _ => return None,
    };
    Some(kind)
}

/// `password` in other languages, with and without their accents.
pub(crate) fn is_foreign(word: &[u8]) -> bool {
    const PASSWORDS: &[&str] = &[
        "passwort",
        "kennwort",
        "contraseña",
        "contrasena",
        "motdepasse",
        "senha",
        "palavrapasse",
        "parola",
        "wachtwoord",
        "hasło",
        "haslo",
        "lösenord",
        "losenord",
        "adgangskode",
        "kodeord",
        "passord",
        "salasana",
        "heslo",
        "jelszó",
        "lozinka",
        "şifre",
        "sifre",
        "пароль",
        "Пароль",
        "ПАРОЛЬ",
        "密码",
        "密碼",
        "パスワード",
        "비밀번호",
    ];
    word.len() >= 5 && is_one_of(word, PASSWORDS)
}

/// Keys written in lower case without separators: `userpassword`, `authtoken`, `pgpassword`.
fn glued(word: &[u8]) -> KeyKind {
    const SECRET: [&[u8]; 8] = [
        b"password",
        b"passwd",
        b"secret",
        b"credential",
        b"credentials",
        b"apikey",
        b"privatekey",
        b"secretkey",
    ];
    const LONGEST_PREFIX: usize = 24;
    if word.len() < 6 || word.len() > 12 + LONGEST_PREFIX {
        return KeyKind::Plain;
    }
    if SECRET.iter().any(|end| word.ends_with(end)) {
        return KeyKind::Secret;
    }
    if word.ends_with(b"passphrase") {
        return KeyKind::Phrase;
    }
    if word.ends_with(b"token") && word.len() >= 7 {
        return KeyKind::Token;
    }
    if word.ends_with(b"pwd")
        && matches!(
            &word[..word.len() - 3],
            b"user" | b"admin" | b"root" | b"mysql"
        )
    {
        return KeyKind::Secret;
    }
    if matches!(
        word,
        b"dbpass"
            | b"userpass"
            | b"rootpass"
            | b"keypass"
            | b"storepass"
            | b"adminpass"
            | b"sshpass"
            | b"smtppass"
            | b"mailpass"
            | b"ftppass"
            | b"httppass"
            | b"ldappass"
            | b"authpass"
            | b"loginpass"
            | b"redispass"
            | b"mysqlpass"
            | b"wifipass"
    ) {
        return KeyKind::Pass;
    }
    if matches!(
        word,
        b"xauth" | b"httpauth" | b"basicauth" | b"proxyauth" | b"userauth"
    ) {
        return KeyKind::Auth;
    }
    with_ending(word)
}

/// `credentialblob`, `authorizationkey`, `passwordhash`: a word of the list and what it is kept as.
fn with_ending(word: &[u8]) -> KeyKind {
    const ENDINGS: [&[u8]; 8] = [
        b"key",
        b"blob",
        b"value",
        b"data",
        b"string",
        b"hash",
        b"payload",
        b"material",
    ];
    let name = ENDINGS.iter().find_map(|end| word.strip_suffix(*end));
    match name.unwrap_or_default() {
        b"password" | b"passwd" | b"secret" | b"credential" | b"credentials" | b"authorization" => {
            KeyKind::Secret
        }
        b"token" => KeyKind::Token,
        b"auth" => KeyKind::Auth,
        b"ssn" => KeyKind::Ssn,
        _ => KeyKind::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_list_is_found_in_every_spelling() {
        for name in [
            "password",
            "token",
            "auth",
            "authorization",
            "secret",
            "ssn",
            "credential",
        ] {
            let mut upper_first = name.to_owned();
            upper_first[..1].make_ascii_uppercase();
            for key in [
                name.to_owned(),
                format!("user{upper_first}"),
                format!("user_{name}"),
                format!("user-{name}"),
                format!("user.{name}"),
                format!("USER_{}", name.to_uppercase()),
                format!("User {upper_first}"),
                name.to_uppercase(),
            ] {
                assert!(classify(key.as_bytes()).is_secret(), "{key}");
            }
        }
    }

    #[test]
    fn relatives_are_found() {
        for key in [
            "passwd",
            "pwd",
            "DB_PASSWORD",
            "pgpassword",
            "api_key",
            "apiKey",
            "x-api-key",
            "X-API-Key",
            "APIKey",
            "access_key",
            "aws_secret_access_key",
            "privateKey",
            "client_secret",
            "refreshToken",
            "accessToken",
            "id_token",
            "authtoken",
            "csrf_token",
            "Set-Cookie",
            "cookie",
            "passwordHash",
            "newPassword2",
            "password_confirmation",
            "credentials",
            "social_security_number",
            "cvv",
            "otp_code",
            "signature",
            "passphrase",
            "seedPhrase",
            "Proxy-Authorization",
            "PaSsWoRd",
            "aUTH_tOKEN",
            "x-aPI-kEY",
            "authorizationKey",
            "authorization-key",
            "AUTHORIZATION_KEY",
            "authorizationkey",
            "credentialBlob",
            "credential_key",
            "credentialsJson",
            "credentialblob",
            "passwordKey",
            "passwordhash",
            "password_sha256",
            "passwordBcrypt",
            "tokenKey",
            "tokenPayload",
            "token.value",
            "authBlob",
            "authPayload",
            "secretMaterial",
            "secret-data",
            "ssnNumber",
            "ssn_last4",
            "contraseña",
            "user_contrasena",
            "mot_de_passe",
            "motDePasse",
            "Senha",
            "пароль",
            "hasło",
            "lösenord",
            "jwt",
        ] {
            assert!(classify(key.as_bytes()).is_secret(), "{key}");
        }
    }

    #[test]
    fn neighbours_are_not() {
        for key in [
            "author",
            "authority",
            "secretary",
            "passwordless",
            "tokenizer",
            "tokenized",
            "token_type",
            "tokenCount",
            "token_url",
            "auth_method",
            "authenticated",
            "oauth",
            "compass",
            "bypass",
            "passport",
            "public_key",
            "PublicKeyToken",
            "TokenType",
            "primary_key",
            "cache_key",
            "keyboard",
            "keyId",
            "password_length",
            "password_reset_at",
            "spinner",
            "user_id",
            "first_pass",
            "monkey",
            "key",
            "authMethod",
            "auth_state",
            "authInfo",
            "authorizationStatus",
            "authorization_type",
            "authorized_keys",
            "passwordPolicy",
            "password_field",
            "passwordFile",
            "passwordStore",
            "secretName",
            "secret_version",
            "secretStore",
            "credentialId",
            "credentialType",
            "credential_source",
            "tokenStore",
            "tokenId",
            "tokenName",
            "tokenFormat",
            "ssnRequired",
            "keymaterial",
            "payload",
            "blobKey",
            "tokenContent",
            "auth_sha",
            "hmac_sha256",
            "jwtSettings",
            "existingSecret",
            "palabra",
            "passe",
        ] {
            assert!(!classify(key.as_bytes()).is_secret(), "{key}");
        }
        for key in [
            "installId",
            "install_id",
            "session.id",
            "SESSION-ID",
            "parentSpanId",
            "trace_id",
            "recordid",
        ] {
            assert_eq!(classify(key.as_bytes()), KeyKind::Id, "{key}");
        }
        assert_eq!(classify(b"max_tokens"), KeyKind::Tokens);
        assert_eq!(classify(b"max_token"), KeyKind::Tokens);
    }
}
