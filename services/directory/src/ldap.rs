//! One question to the city's directory (Active Directory or an LDAP server, RFC 4511): is this the person's password?
//!
//! The entry is found with a service account, or named by a template; then the password is proved by a bind. Never is
//! a bind attempted without a password: servers answer that with success (RFC 4513 §5.1.2). What is typed reaches a
//! filter or a name only escaped. This room writes nothing to the directory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ldap3::{LdapConn, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry, dn_escape, ldap_escape};
use sekisho_policy::DirectorySettings;
use zeroize::Zeroizing;

use crate::error::{DirectoryError, Result};
use crate::trust;

/// After a failure no further connection is tried for so long, so that waiting requests do not pile up.
const PAUSE_MS: i64 = 5_000;

/// `ADS_UF_ACCOUNTDISABLE` of `userAccountControl`.
const ACCOUNT_DISABLED: i64 = 0x2;

/// A person's entry, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The distinguished name.
    pub dn: String,
    /// The department (所属) as the directory knows it; the personnel list stays authoritative.
    pub department: Option<String>,
    /// Whether the directory has closed the account.
    pub disabled: bool,
}

/// What the directory says about a log-in name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The password is the person's.
    Right,
    /// Not accepted, with a word for the ledger.
    Wrong(&'static str),
}

/// Why there is no verdict: what the operator reads in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreachable(pub(crate) String);

/// The directory of the declaration.
pub(crate) struct Ldap {
    settings: DirectorySettings,
    secret: Option<Zeroizing<String>>,
    tls: Option<Arc<rustls::ClientConfig>>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    down: bool,
    quiet_until_ms: i64,
}

/// What changed about the directory with the last question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    None,
    Down,
    Up,
}

impl Ldap {
    pub(crate) fn open(settings: &DirectorySettings) -> Result<Self> {
        let secret = settings
            .password_file
            .as_deref()
            .map(|path| trust::secret("sign-in.directory.password_file", path))
            .transpose()?;
        let encrypted =
            settings.start_tls || settings.servers.iter().any(|server| server.starts_with("ldaps://"));
        let tls = if encrypted {
            const KEY: &str = "sign-in.directory.ca_file";
            Some(trust::tls_client(KEY, trust::authorities(KEY, settings.ca_file.as_deref())?)?)
        } else {
            None
        };
        if settings.user_dn.is_none() && (settings.bind_dn.is_none() || secret.is_none()) {
            return Err(DirectoryError::Setting {
                setting: "sign-in.directory.bind_dn",
                what: "give `bind_dn` with `password_file`, or `user_dn`".to_owned(),
            });
        }
        Ok(Self { settings: settings.clone(), secret, tls, state: Mutex::default() })
    }

    /// Asks; `now_ms` is the store's time. Whether the directory went down or came back is told beside the answer.
    pub(crate) fn ask<T>(
        &self,
        now_ms: i64,
        question: impl FnOnce(&Self) -> std::result::Result<T, Unreachable>,
    ) -> (std::result::Result<T, Unreachable>, Turn) {
        let before = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if before.down && now_ms < before.quiet_until_ms {
            return (Err(Unreachable("not tried again so soon after a failure".to_owned())), Turn::None);
        }
        let answer = question(self);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = match (&answer, state.down) {
            (Ok(_), true) => Turn::Up,
            (Err(_), false) => Turn::Down,
            _ => Turn::None,
        };
        *state = State { down: answer.is_err(), quiet_until_ms: now_ms.saturating_add(PAUSE_MS) };
        (answer, turn)
    }

    /// Whether this is the password of the person with this log-in name.
    pub(crate) fn check(&self, login: &str, password: &str) -> std::result::Result<Verdict, Unreachable> {
        // RFC 4513 §5.1.2: a bind with a name and without a password succeeds and proves nothing.
        if password.is_empty() {
            return Ok(Verdict::Wrong("empty"));
        }
        let mut line = self.connect()?;
        let outcome = match &self.settings.user_dn {
            Some(template) => self.check_directly(&mut line, template, login, password),
            None => self.check_found(&mut line, login, password),
        };
        // The server closes the connection anyway; a farewell that fails changes nothing.
        let _ = line.unbind();
        outcome
    }

    /// Does for an unknown name what [`Ldap::check`] does before the password is looked at.
    pub(crate) fn look_up(&self, login: &str) -> std::result::Result<Option<Entry>, Unreachable> {
        let mut line = self.connect()?;
        if self.settings.user_dn.is_some() {
            return Ok(None);
        }
        let found = self.find(&mut line, login);
        let _ = line.unbind();
        found
    }

    fn check_found(
        &self,
        line: &mut LdapConn,
        login: &str,
        password: &str,
    ) -> std::result::Result<Verdict, Unreachable> {
        let Some(entry) = self.find(line, login)? else { return Ok(Verdict::Wrong("absent")) };
        if entry.disabled {
            return Ok(Verdict::Wrong("disabled"));
        }
        let result = line
            .with_timeout(self.timeout())
            .simple_bind(&entry.dn, password)
            .map_err(|error| Unreachable(described(&error)))?;
        bound(&result)
    }

    fn check_directly(
        &self,
        line: &mut LdapConn,
        template: &str,
        login: &str,
        password: &str,
    ) -> std::result::Result<Verdict, Unreachable> {
        let name = named(template, login);
        let result = line
            .with_timeout(self.timeout())
            .simple_bind(&name, password)
            .map_err(|error| Unreachable(described(&error)))?;
        let verdict = bound(&result)?;
        if verdict != Verdict::Right || !template.contains('=') {
            return Ok(verdict);
        }
        // The person may read their own entry; whether it is closed is written there.
        let (found, _) = line
            .with_timeout(self.timeout())
            .search(&name, Scope::Base, "(objectClass=*)", ATTRIBUTES)
            .and_then(|result| result.success())
            .map_err(|error| Unreachable(described(&error)))?;
        let closed = found.into_iter().map(SearchEntry::construct).any(|entry| disabled(&entry, today()));
        Ok(if closed { Verdict::Wrong("disabled") } else { Verdict::Right })
    }

    /// The one entry with this log-in name. Two of them are as good as none: it is not guessed which is meant.
    fn find(&self, line: &mut LdapConn, login: &str) -> std::result::Result<Option<Entry>, Unreachable> {
        let attribute = self.settings.login_attribute.as_str();
        let bind_dn = self.settings.bind_dn.as_deref().unwrap_or_default();
        let secret = self.secret.as_ref().map_or("", |secret| secret.as_str());
        if bind_dn.is_empty() || secret.is_empty() {
            return Err(Unreachable("the service account has no name or no password".to_owned()));
        }
        line.with_timeout(self.timeout())
            .simple_bind(bind_dn, secret)
            .and_then(LdapResult::success)
            .map_err(|error| Unreachable(format!("service account: {}", described(&error))))?;
        let attributes: Vec<&str> = ATTRIBUTES.iter().copied().chain([attribute]).collect();
        let base = self.settings.base.as_deref().unwrap_or_default();
        let filter = filter(attribute, login, self.settings.filter.as_deref());
        let (found, _) = line
            .with_timeout(self.timeout())
            .search(base, Scope::Subtree, &filter, attributes)
            .and_then(|result| result.success())
            .map_err(|error| Unreachable(format!("search: {}", described(&error))))?;
        let mut entries = found
            .into_iter()
            // A referral to another server (Active Directory sends some) is no entry.
            .filter(|entry| !entry.is_ref() && !entry.is_intermediate())
            .map(SearchEntry::construct)
            .filter(|entry| {
                // Matching rules may fold accents and widths; the name must be the very one.
                value(entry, attribute).is_some_and(|value| value.eq_ignore_ascii_case(login))
            });
        match (entries.next(), entries.next()) {
            (Some(entry), None) if !entry.dn.is_empty() => Ok(Some(Entry {
                department: value(&entry, "department")
                    .or_else(|| value(&entry, "departmentNumber"))
                    .map(str::to_owned),
                disabled: disabled(&entry, today()),
                dn: entry.dn,
            })),
            _ => Ok(None),
        }
    }

    /// The first server that answers; with StartTLS or `ldaps`, nothing is sent before its certificate is checked.
    fn connect(&self) -> std::result::Result<LdapConn, Unreachable> {
        let mut reasons = Vec::new();
        for server in &self.settings.servers {
            let mut settings = LdapConnSettings::new()
                .set_conn_timeout(self.timeout())
                .set_starttls(self.settings.start_tls);
            if let Some(tls) = &self.tls {
                settings = settings.set_config(Arc::clone(tls));
            }
            match LdapConn::with_settings(settings, server) {
                Ok(line) => return Ok(line),
                Err(error) => reasons.push(format!("{server}: {}", described(&error))),
            }
        }
        Err(Unreachable(reasons.join("; ")))
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.timeout_seconds.max(1)))
    }
}

/// What is read of an entry, beside the log-in name.
const ATTRIBUTES: [&str; 4] = ["userAccountControl", "shadowExpire", "department", "departmentNumber"];

/// The name that is bound without a search: `{login}` of the template is replaced, escaped for a DN (RFC 4514).
pub(crate) fn named(template: &str, login: &str) -> String {
    let login = if template.contains('=') { dn_escape(login) } else { login.into() };
    template.replace("{login}", &login)
}

/// The filter for a log-in name (RFC 4515), narrowed by the declaration's own one.
pub(crate) fn filter(attribute: &str, login: &str, extra: Option<&str>) -> String {
    let by_name = format!("({attribute}={})", ldap_escape(login));
    match extra {
        Some(extra) => format!("(&{by_name}{extra})"),
        None => by_name,
    }
}

fn value<'a>(entry: &'a SearchEntry, attribute: &str) -> Option<&'a str> {
    entry
        .attrs
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(attribute))
        .and_then(|(_, values)| values.first())
        .map(String::as_str)
}

/// Whether the directory closed the account: `userAccountControl` of Active Directory, `shadowExpire` of RFC 2307.
pub(crate) fn disabled(entry: &SearchEntry, today: i64) -> bool {
    let number = |attribute| value(entry, attribute).map(str::trim);
    let control = match number("userAccountControl") {
        None => false,
        // Something that is no number says nothing good.
        Some(text) => text.parse::<i64>().map_or(true, |flags| flags & ACCOUNT_DISABLED != 0),
    };
    let expired = match number("shadowExpire") {
        None => false,
        Some(text) => text.parse::<i64>().map_or(true, |day| day >= 0 && day <= today),
    };
    control || expired
}

/// Days since 1970 UTC, by the clock of this machine: the directory's own calendar has no other reference.
fn today() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs() / 86_400).unwrap_or(i64::MAX))
}

/// What the result of a bind says (RFC 4511 §4.1.9). Only what concerns the person is a verdict.
pub(crate) fn bound(result: &LdapResult) -> std::result::Result<Verdict, Unreachable> {
    match result.rc {
        0 => Ok(Verdict::Right),
        // invalidCredentials; Active Directory says in the text what is behind it.
        49 => Ok(Verdict::Wrong(active_directory_reason(&result.text))),
        // constraintViolation (ppolicy), noSuchObject, inappropriateAuthentication, insufficientAccessRights,
        // unwillingToPerform.
        19 | 32 | 48 | 50 | 53 => Ok(Verdict::Wrong("refused")),
        rc => Err(Unreachable(format!("the bind was answered with result {rc}"))),
    }
}

fn active_directory_reason(text: &str) -> &'static str {
    let data = text.split("data ").nth(1).and_then(|rest| rest.split([',', ' ', '\0']).next());
    match data {
        Some("533" | "701") => "disabled",
        Some("532" | "773") => "password-expired",
        Some("775") => "locked",
        Some("530" | "531") => "not-allowed-now",
        _ => "password",
    }
}

/// An error in few words. No error of the library carries what was sent.
fn described(error: &LdapError) -> String {
    match error {
        LdapError::LdapResult { result } => format!("result {} {}", result.rc, result.text),
        LdapError::Timeout { .. } => "no answer in time".to_owned(),
        other => other.to_string(),
    }
}
