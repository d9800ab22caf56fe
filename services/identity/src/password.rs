//! Passwords: which are allowed (length over composition, NIST SP 800-63B §5.1.1.2), and argon2id (RFC 9106).
//! A password is never logged, never part of an event and never returned.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use unicode_normalization::UnicodeNormalization;

use crate::config::Hashing;
use crate::error::{IdentityError, Result};
use crate::keys::random;

/// Fewest characters of a password.
pub const MIN_CHARACTERS: usize = 12;
const MAX_BYTES: usize = 1024;

/// Beginnings of guessable passwords; a password that is one of these, alone or with digits and signs around it, is refused.
const COMMON: [&str; 28] = [
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "administrator",
    "admin",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "zxcvbnm",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "letmein",
    "welcome",
    "changeme",
    "iloveyou",
    "sekisho",
    "lgwan",
    "mynumber",
    "shiyakusho",
    "yakusho",
    "kencho",
    "secret",
    "himitsu",
    "abcdefghijkl",
    "passphrase",
    "correcthorsebatterystaple",
    "パスワード",
];

/// Hashes and checks passwords; at most `Hashing::parallel` at a time.
pub(crate) struct Passwords {
    hashing: Hashing,
    /// A real hash of an unknown password, so that an unknown account costs the same time as a known one.
    dummy: String,
    running: Mutex<u32>,
    done: Condvar,
    /// The working memory of earlier hashes. An allocator would keep it once for each thread that ever hashed.
    memory: Mutex<Vec<Vec<Block>>>,
}

/// Bytes of a hash.
const OUTPUT: usize = 32;

impl Passwords {
    pub(crate) fn new(hashing: Hashing) -> Result<Self> {
        let mut passwords = Self {
            hashing,
            dummy: String::new(),
            running: Mutex::new(0),
            done: Condvar::new(),
            memory: Mutex::new(Vec::new()),
        };
        passwords.dummy = passwords.hash(&hex::encode(random::<32>()?))?;
        Ok(passwords)
    }

    /// The PHC string of a password.
    pub(crate) fn hash(&self, password: &str) -> Result<String> {
        let salt = SaltString::encode_b64(&random::<16>()?).map_err(|_| IdentityError::Crypto("salt"))?;
        let Hashing { memory_kib, passes, lanes, .. } = self.hashing;
        let params = Params::new(memory_kib, passes, lanes, None)
            .map_err(|error| IdentityError::Config(format!("argon2id costs: {error}")))?;
        let output = self.output(password, salt.as_salt(), &params)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| IdentityError::Crypto("argon2id"))?,
            salt: Some(salt.as_salt()),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Whether the password fits; without a stored hash the same work is done and the answer is no.
    pub(crate) fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let parsed = PasswordHash::new(stored.unwrap_or(&self.dummy))
            .map_err(|_| IdentityError::Damaged("a password hash".to_owned()))?;
        let damaged = || IdentityError::Damaged("a password hash".to_owned());
        // The costs are those of the stored hash, which may be older than today's.
        let params = Params::try_from(&parsed).map_err(|_| damaged())?;
        let (Some(salt), Some(expected)) = (parsed.salt, parsed.hash) else { return Err(damaged()) };
        if parsed.algorithm != Algorithm::Argon2id.ident() || parsed.version != Some(Version::V0x13.into()) {
            return Err(damaged());
        }
        // `Output` compares in constant time.
        let fits = self.output(password, salt, &params)? == expected;
        Ok(fits && stored.is_some())
    }

    /// Whether the hash was made with other costs than today's.
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        let cost = |name| PasswordHash::new(stored).ok().and_then(|hash| hash.params.get_decimal(name));
        cost("m") != Some(self.hashing.memory_kib)
            || cost("t") != Some(self.hashing.passes)
            || cost("p") != Some(self.hashing.lanes)
    }

    /// One run of argon2id in borrowed memory.
    fn output(&self, password: &str, salt: Salt<'_>, params: &Params) -> Result<Output> {
        let failed = || IdentityError::Crypto("argon2id");
        let mut buffer = [0; 64];
        let salt = salt.decode_b64(&mut buffer).map_err(|_| failed())?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let _turn = self.turn();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        memory.resize(params.block_count(), Block::default());
        let output = Output::init_with(OUTPUT, |out| {
            argon
                .hash_password_into_with_memory(canonical(password).as_bytes(), salt, out, &mut memory)
                .map_err(Into::into)
        });
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        output.map_err(|_| failed())
    }

    fn turn(&self) -> Turn<'_> {
        let most = self.hashing.parallel.max(1);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while *running >= most {
            running = self.done.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running = running.saturating_add(1);
        Turn(self)
    }
}

struct Turn<'a>(&'a Passwords);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running = running.saturating_sub(1);
        self.0.done.notify_one();
    }
}

/// RFC 8265 OpaqueString normalises to NFC, so that two keyboards give the same bytes.
fn canonical(password: &str) -> String {
    password.nfc().collect()
}

/// Whether a new password is good enough.
///
/// # Errors
/// [`IdentityError::Invalid`] with the sentence for the person.
pub fn check_rules(password: &str, login: &str) -> Result<()> {
    let lower = canonical(password).to_lowercase();
    let characters = lower.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(IdentityError::invalid(
            format!(
                "パスワードは{MIN_CHARACTERS}文字以上にしてください。複数の単語を並べた長い文も使えます。"
            ),
            format!(
                "A password has at least {MIN_CHARACTERS} characters. A phrase of several words is fine."
            ),
        ));
    }
    if password.len() > MAX_BYTES {
        return Err(IdentityError::invalid(
            "パスワードが長すぎます。1024バイト以内にしてください。",
            "The password is too long. Use at most 1,024 bytes.",
        ));
    }
    if lower.chars().any(char::is_control) {
        return Err(IdentityError::invalid(
            "パスワードに制御文字は使用できません。",
            "A password can't contain control characters.",
        ));
    }
    let login = login.to_lowercase();
    let own_part = login.split('@').next().unwrap_or(&login);
    if own_part.chars().count() >= 2 && lower.contains(own_part) {
        return Err(IdentityError::invalid(
            "パスワードにログイン名を含めないでください。",
            "The password must not contain the log-in name.",
        ));
    }
    if is_guessable(&lower) {
        return Err(IdentityError::invalid(
            "推測されやすいパスワードです。別のパスワードにしてください。",
            "This password is easy to guess. Choose another one.",
        ));
    }
    Ok(())
}

fn is_guessable(lower: &str) -> bool {
    let letters = lower.trim_matches(|c: char| !c.is_alphabetic());
    let joined: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    let steps = |by: i64| {
        let codes: Vec<i64> = lower.chars().map(|c| i64::from(u32::from(c))).collect();
        codes.iter().zip(codes.iter().skip(1)).filter(|(a, b)| b.saturating_sub(**a) == by).count()
    };
    let length = lower.chars().count();
    // A run such as 123456789012 or abcdefghijkl steps by one nearly everywhere.
    let is_run = |by| steps(by).saturating_mul(10) >= length.saturating_mul(7);
    distinct.len() < 5
        || letters.is_empty()
        || is_run(1)
        || is_run(-1)
        || COMMON.iter().any(|word| lower == *word || letters == *word || joined == *word)
        || COMMON.iter().any(|word| is_repetition(lower, word))
}

fn is_repetition(text: &str, word: &str) -> bool {
    text.replace(word, "").trim_matches(|c: char| !c.is_alphabetic()).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> bool {
        check_rules(password, "yamada.t").is_err()
    }

    #[test]
    fn long_and_unusual_passwords_are_allowed() {
        for password in [
            "緑の橋で待ち合わせしましょう",
            "river-lantern-42-cedar",
            "tr0ub4dor&3xkq",
            "いろはにほへとちりぬるを",
        ] {
            assert!(!refused(password), "{password}");
        }
    }

    #[test]
    fn short_common_repeated_and_own_names_are_refused() {
        for password in [
            "short",
            "password1234",
            "Password!2026",
            "123456789012",
            "aaaaaaaaaaaa",
            "abababababab",
            "abcdefghijklm",
            "passwordpassword",
            "administrator",
            "2026-11-23-0001",
            "xYAMADA.Tx99999",
            "qwertyuiop12",
            "パスワードパスワード12",
            "line\u{0}line-lantern",
        ] {
            assert!(refused(password), "{password}");
        }
        assert!(refused(&"長".repeat(400)));
    }

    #[test]
    fn a_hash_fits_its_password_only() {
        let passwords = Passwords::new(Hashing::cheap()).unwrap();
        let hash = passwords.hash("river-lantern-42").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(passwords.verify("river-lantern-42", Some(&hash)).unwrap());
        assert!(!passwords.verify("river-lantern-43", Some(&hash)).unwrap());
        assert!(!passwords.verify("river-lantern-42", None).unwrap());
        assert!(!passwords.is_outdated(&hash));
        assert!(Passwords::new(Hashing { passes: 2, ..Hashing::cheap() }).unwrap().is_outdated(&hash));
    }

    #[test]
    fn composed_and_decomposed_kana_are_the_same_password() {
        let passwords = Passwords::new(Hashing::cheap()).unwrap();
        let hash = passwords.hash("がぎぐげごの庭で会いましょう").unwrap();
        let decomposed: String = "がぎぐげごの庭で会いましょう".nfd().collect();
        assert!(passwords.verify(&decomposed, Some(&hash)).unwrap());
    }
}
