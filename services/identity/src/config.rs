//! What an installation decides about identity: where the key lives, how expensive a password hash is, at which
//! address each zone is reached. The length of sessions and the account lock come from the policy, not from here.

use std::path::{Path, PathBuf};

use sekisho_policy::ZoneId;

/// Settings of [`crate::Identity`].
#[derive(Debug, Clone)]
pub struct Config {
    /// The key file, `keys/identity.key` in the data directory; created with mode 0600 when absent.
    pub key_path: PathBuf,
    /// The name shown in the authenticator app and by passkey dialogues.
    pub issuer: String,
    /// Where each zone is reached. A zone that is missing here has no passkeys, only password and code.
    pub zones: Vec<ZoneSite>,
    /// Cost of a password hash.
    pub hashing: Hashing,
    /// Milliseconds between the password and the second factor, and for a passkey dialogue.
    pub pending_ms: i64,
    /// Milliseconds for which the first administrator's link is valid.
    pub first_link_ms: i64,
    /// Milliseconds for which any other enrolment link is valid.
    pub link_ms: i64,
    /// Back-off for one remote address.
    pub remote_lock: LockRule,
    /// The longest lock of an account, in milliseconds; the first one and the number of attempts are the policy's.
    pub account_lock_max_ms: i64,
    /// Whether a fresh log-in already counts as a step-up (never for a recovery code).
    pub login_counts_as_step_up: bool,
}

impl Config {
    /// Sound settings for a data directory.
    #[must_use]
    pub fn new(data: &Path, issuer: impl Into<String>, zones: Vec<ZoneSite>) -> Self {
        const HOUR: i64 = 3_600_000;
        Self {
            key_path: data.join("keys").join("identity.key"),
            issuer: issuer.into(),
            zones,
            hashing: Hashing::default(),
            pending_ms: 5 * 60_000,
            first_link_ms: 24 * HOUR,
            link_ms: 72 * HOUR,
            remote_lock: LockRule { free: 30, first_ms: 30_000, max_ms: 5 * 60_000, forget_ms: HOUR },
            account_lock_max_ms: 24 * HOUR,
            login_counts_as_step_up: false,
        }
    }
}

/// Where a zone is reached by a browser (WebAuthn relying party).
#[derive(Debug, Clone)]
pub struct ZoneSite {
    /// The zone.
    pub zone: ZoneId,
    /// The relying-party id: a host name without scheme and port, for instance `localhost`. Passkeys can't use an IP address.
    pub rp_id: String,
    /// The exact origins, for instance `http://localhost:8442`; at least one.
    pub origins: Vec<String>,
}

/// Cost of argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// How many hashes may run at the same time; further ones wait, so that log-ins can't exhaust memory.
    pub parallel: u32,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1, parallel: 4 }
    }
}

impl Hashing {
    /// As cheap as the algorithm allows. For tests and throw-away demonstrations only.
    #[must_use]
    pub const fn cheap() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1, parallel: 4 }
    }
}

/// An exponential back-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockRule {
    /// Failures up to and including this many only lock when the number is reached.
    pub free: u32,
    /// Milliseconds of the first lock; each further failure doubles it.
    pub first_ms: i64,
    /// Milliseconds of the longest lock.
    pub max_ms: i64,
    /// Milliseconds without a failure after which the count starts anew.
    pub forget_ms: i64,
}
