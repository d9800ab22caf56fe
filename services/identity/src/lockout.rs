//! Back-off after failures (ログイン試行の制限), per account and per remote address. Unknown log-in names are counted
//! like known ones, under a keyed fingerprint, so that a lock does not tell whether an account exists.

use std::net::IpAddr;

use sekisho_store::WriteTx;
use serde_json::json;

use crate::config::LockRule;
use crate::error::{IdentityError, Result};
use crate::rows::Query;

/// How often it failed, and until when nothing is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LockState {
    pub(crate) failures: u32,
    pub(crate) last_failure_ms: i64,
    pub(crate) locked_until_ms: i64,
}

impl LockState {
    /// The state after one more failure.
    pub(crate) fn fail(self, rule: LockRule, now_ms: i64) -> Self {
        let forgotten =
            now_ms.saturating_sub(self.last_failure_ms.max(self.locked_until_ms)) >= rule.forget_ms;
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        Self {
            failures,
            last_failure_ms: now_ms,
            locked_until_ms: match failures.checked_sub(rule.free.max(1)) {
                None => 0,
                Some(further) => now_ms.saturating_add(lock_ms(rule, further)),
            },
        }
    }

    pub(crate) fn is_locked(self, now_ms: i64) -> bool {
        self.locked_until_ms > now_ms
    }
}

/// The length of the lock after `further` failures beyond the first lock: doubling up to the rule's bound.
fn lock_ms(rule: LockRule, further: u32) -> i64 {
    1_i64
        .checked_shl(further)
        .filter(|factor| *factor > 0)
        .and_then(|factor| rule.first_ms.checked_mul(factor))
        .map_or(rule.max_ms, |ms| ms.min(rule.max_ms))
}

/// One thing that is counted.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    pub(crate) scope: &'static str,
    pub(crate) key: String,
    pub(crate) rule: LockRule,
}

impl Counter {
    pub(crate) fn load(&self, query: &mut impl Query) -> Result<LockState> {
        let rows = query.rows(
            "SELECT failures, last_failure_ms, locked_until_ms FROM identity_locks WHERE scope = ?1 AND key = ?2",
            &[self.scope.into(), self.key.as_str().into()],
        )?;
        rows.first().map_or(Ok(LockState::default()), |row| {
            Ok(LockState {
                failures: u32::try_from(row.get_i64("failures")?).unwrap_or(u32::MAX),
                last_failure_ms: row.get_i64("last_failure_ms")?,
                locked_until_ms: row.get_i64("locked_until_ms")?,
            })
        })
    }

    /// Counts one failure and records a lock in the ledger.
    pub(crate) fn fail(&self, tx: &mut WriteTx, subject: &str, remote: &str) -> Result<LockState> {
        let now = tx.now_ms();
        let state = self.load(tx)?.fail(self.rule, now);
        self.clear(tx)?;
        tx.execute(
            "INSERT INTO identity_locks (scope, key, failures, last_failure_ms, locked_until_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                self.scope.into(),
                self.key.as_str().into(),
                i64::from(state.failures).into(),
                state.last_failure_ms.into(),
                state.locked_until_ms.into(),
            ],
        )?;
        if state.is_locked(now) {
            let body = json!({ "scope": self.scope, "remote": remote, "failures": state.failures, "until_ms": state.locked_until_ms });
            tx.emit("login.locked", subject, subject, body)?;
        }
        Ok(state)
    }

    pub(crate) fn clear(&self, tx: &mut WriteTx) -> Result<()> {
        tx.execute(
            "DELETE FROM identity_locks WHERE scope = ?1 AND key = ?2",
            &[self.scope.into(), self.key.as_str().into()],
        )?;
        Ok(())
    }
}

/// Refuses when any of the counters is locked.
pub(crate) fn refuse_if_locked(query: &mut impl Query, counters: &[&Counter], now_ms: i64) -> Result<()> {
    let mut until_ms = 0;
    for counter in counters {
        until_ms = until_ms.max(counter.load(query)?.locked_until_ms);
    }
    if until_ms > now_ms { Err(IdentityError::Locked { until_ms }) } else { Ok(()) }
}

/// What one remote party is: an IPv4 address, or the /64 of an IPv6 address, since a host chooses freely inside it.
pub(crate) fn remote_key(remote: &str) -> String {
    match remote.trim().parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: LockRule = LockRule { free: 3, first_ms: 1_000, max_ms: 10_000, forget_ms: 60_000 };

    #[test]
    fn the_lock_doubles_up_to_its_bound() {
        let mut state = LockState::default();
        let mut locks = Vec::new();
        for _ in 0..9 {
            state = state.fail(RULE, 100_000);
            locks.push((state.locked_until_ms - 100_000).max(0));
        }
        assert_eq!(locks, [0, 0, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    }

    #[test]
    fn the_count_is_forgotten_after_a_quiet_time() {
        let state = LockState { failures: 8, last_failure_ms: 100_000, locked_until_ms: 110_000 };
        assert_eq!(state.fail(RULE, 169_999).failures, 9);
        assert_eq!(state.fail(RULE, 170_000).failures, 1);
        assert_eq!(state.fail(RULE, 170_000).locked_until_ms, 0);
    }

    #[test]
    fn extreme_numbers_do_not_overflow() {
        let rule = LockRule { free: 0, first_ms: i64::MAX, max_ms: i64::MAX, forget_ms: i64::MAX };
        let state = LockState { failures: u32::MAX, last_failure_ms: i64::MAX, locked_until_ms: i64::MAX };
        assert_eq!(state.fail(rule, i64::MAX).locked_until_ms, i64::MAX);
        for further in 0..200 {
            assert!((1..=10_000).contains(&lock_ms(RULE, further)));
        }
    }

    #[test]
    fn an_ipv6_host_can_not_step_aside_inside_its_network() {
        assert_eq!(remote_key("2001:db8::1"), remote_key("2001:db8::ffff:2"));
        assert_ne!(remote_key("2001:db8::1"), remote_key("2001:db8:0:1::1"));
        assert_eq!(remote_key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(remote_key("not an address"), "unknown");
    }
}
