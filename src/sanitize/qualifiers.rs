//! The words of a key that stand beside its noun and decide what it says: whose key, code or pass it
//! is, and whether it counts.

use super::words::Words;

pub(super) fn is_count(words: &Words) -> bool {
    words.any(|word| {
        matches!(
            word,
            b"max"
                | b"min"
                | b"num"
                | b"n"
                | b"total"
                | b"count"
                | b"counts"
                | b"limit"
                | b"limits"
                | b"used"
                | b"usage"
                | b"per"
                | b"remaining"
                | b"avg"
                | b"cost"
                | b"length"
                | b"size"
                | b"input"
                | b"output"
                | b"prompt"
                | b"completion"
        )
    })
}

/// What a key may be for, so that it must not be seen.
pub(super) fn is_secret_key(before: &[u8], further: &[u8]) -> bool {
    matches!(
        before,
        b"api"
            | b"access"
            | b"secret"
            | b"private"
            | b"auth"
            | b"signing"
            | b"encryption"
            | b"encrypt"
            | b"decryption"
            | b"account"
            | b"master"
            | b"shared"
            | b"preshared"
            | b"ssh"
            | b"service"
            | b"storage"
            | b"app"
            | b"application"
            | b"subscription"
            | b"license"
            | b"licence"
            | b"hmac"
            | b"jwt"
            | b"deploy"
            | b"bearer"
            | b"root"
            | b"admin"
            | b"crypto"
            | b"aes"
            | b"rsa"
            | b"write"
            | b"ingest"
            | b"webhook"
            | b"wrapping"
            | b"host"
            | b"stripe"
            | b"consumer"
            | b"session"
            | b"login"
            | b"user"
            | b"functions"
    ) && !matches!(further, b"public")
        && !matches!(
            (further, before),
            (
                b"",
                b"host"
                    | b"root"
                    | b"user"
                    | b"service"
                    | b"session"
                    | b"account"
                    | b"app"
                    | b"application"
            )
        )
        || (before == b"access" && further.is_empty())
        || (before == b"account" && further.is_empty())
}

pub(super) fn is_secret_code(before: &[u8]) -> bool {
    matches!(
        before,
        b"auth"
            | b"authorization"
            | b"verification"
            | b"otp"
            | b"pin"
            | b"security"
            | b"access"
            | b"mfa"
            | b"recovery"
            | b"backup"
            | b"sms"
            | b"confirmation"
            | b"passcode"
            | b"login"
            | b"time"
            | b"fa"
    )
}

/// Who or what may have a `pass`, besides test runs and compilers.
pub(super) fn is_password_of(before: &[u8]) -> bool {
    matches!(
        before,
        b"" | b"user"
            | b"db"
            | b"database"
            | b"my"
            | b"root"
            | b"admin"
            | b"login"
            | b"smtp"
            | b"ftp"
            | b"mysql"
            | b"pg"
            | b"redis"
            | b"http"
            | b"proxy"
            | b"mail"
            | b"email"
            | b"auth"
            | b"ldap"
            | b"key"
            | b"store"
            | b"keystore"
            | b"sudo"
            | b"ssh"
            | b"wifi"
            | b"default"
            | b"rabbitmq"
            | b"mongo"
            | b"neo"
            | b"vpn"
            | b"api"
            | b"svc"
            | b"service"
            | b"account"
            | b"client"
            | b"server"
            | b"bind"
            | b"repl"
            | b"imap"
            | b"sftp"
            | b"postgres"
            | b"elastic"
            | b"grafana"
            | b"become"
            | b"ansible"
            | b"sudoer"
            | b"tunnel"
            | b"broker"
            | b"kafka"
            | b"jdbc"
            | b"ssl"
            | b"tls"
            | b"cert"
            | b"pfx"
            | b"pkcs"
            | b"gpg"
            | b"vault"
            | b"registry"
            | b"docker"
            | b"nexus"
            | b"jenkins"
            | b"replication"
            | b"system"
            | b"guest"
            | b"remote"
            | b"wpa"
            | b"basic"
            | b"truststore"
            | b"tomcat"
            | b"oracle"
            | b"mssql"
            | b"cassandra"
            | b"influx"
    )
}

pub(super) fn is_phone(word: &[u8]) -> bool {
    matches!(
        word,
        b"phone"
            | b"phones"
            | b"telephone"
            | b"tel"
            | b"mobile"
            | b"cellphone"
            | b"cell"
            | b"msisdn"
            | b"fax"
            | b"whatsapp"
            | b"phonenumber"
            | b"mobilephone"
            | b"telefon"
            | b"handy"
    )
}

/// Whose number is a phone number, in lower case.
pub(crate) fn has_phone_number(word: &[u8]) -> bool {
    matches!(
        word,
        b"from"
            | b"to"
            | b"caller"
            | b"callee"
            | b"called"
            | b"calling"
            | b"contact"
            | b"cell"
            | b"sms"
            | b"recipient"
            | b"home"
            | b"work"
    )
}

pub(super) fn is_card(word: &[u8]) -> bool {
    matches!(
        word,
        b"card" | b"cardnumber" | b"pan" | b"creditcard" | b"cc" | b"ccn" | b"ccnumber"
    )
}
