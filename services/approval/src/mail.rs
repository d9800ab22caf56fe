//! Notices by mail (通知): queued in the unit of work that causes them, sent by a relay of the city's own, one mail for each
//! person and run. A mail holds document number, title and link, never what is decided on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::SmtpTransport;
use lettre::{Address, Transport};
use sekisho_identity::{Person, PersonId};
use sekisho_store::{Job, StoreError, Value, WriteTx};
use serde_json::json;

use crate::{Approval, ApprovalError, CaseId, CaseState};

const QUEUE: &str = "approval-mail";
const LEASE_MS: i64 = 120_000;
/// About a day: 1 s, 2 s, 4 s …, then every five minutes.
const MAX_TRIES: u32 = 300;
/// One run takes so many notices at most.
const MAX_RUN: usize = 2000;

/// The city's mail relay (SMTP without log-in, inside the city's network).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailConfig {
    /// The relay's host name or address.
    pub host: String,
    /// The relay's port, usually 25.
    pub port: u16,
    /// The sender's address.
    pub from: String,
    /// What comes after `@` when an address is made of a log-in name; without it only log-in names that are addresses
    /// themselves get mail (see [`Approval::with_addresses`]).
    pub domain: Option<String>,
    /// Where the console is, for instance `https://sekisho.city.example:8443`; links are paths without it.
    pub site: Option<String>,
}

/// Where a person's mail goes.
pub trait Addresses: Send + Sync {
    /// The address, or `None` when this person gets no mail.
    fn address(&self, person: &Person) -> Option<String>;
}

/// Addresses made of log-in names.
pub(crate) struct Logins {
    pub(crate) mail: Option<Arc<MailConfig>>,
}

impl Addresses for Logins {
    fn address(&self, person: &Person) -> Option<String> {
        if person.login.contains('@') {
            return Some(person.login.clone());
        }
        let domain = self.mail.as_ref()?.domain.as_ref()?;
        Some(format!("{}@{domain}", person.login))
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailReport {
    /// Mails that the relay took.
    pub sent: u32,
    /// Notices in these mails.
    pub notices: u32,
    /// Notices without an address, or about cases that are gone.
    pub dropped: u32,
    /// Mails that the relay did not take, with its reason; they are tried again.
    pub failed: Vec<String>,
}

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Notice {
    Decide,
    Raised,
    Reminder,
    Reread,
    Returned,
    Rejected,
    Approved,
    Stuck,
}

impl Notice {
    const ALL: [Self; 8] = [
        Self::Decide,
        Self::Raised,
        Self::Reminder,
        Self::Reread,
        Self::Returned,
        Self::Rejected,
        Self::Approved,
        Self::Stuck,
    ];

    pub(crate) fn of_end(state: CaseState) -> Self {
        if state == CaseState::Rejected { Self::Rejected } else { Self::Returned }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Raised => "raised",
            Self::Reminder => "reminder",
            Self::Reread => "reread",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::Approved => "approved",
            Self::Stuck => "stuck",
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Decide => "決裁又は合議をお願いします",
            Self::Raised => "期限を過ぎた又は決裁できる職員がいないため、上位の組織に回った案件です",
            Self::Reminder => "期限が近いか過ぎています",
            Self::Reread => "代決されました。後閲をお願いします",
            Self::Returned => "差し戻されました。内容を確認してください",
            Self::Rejected => "否決されました",
            Self::Approved => "決裁されました",
            Self::Stuck => "決裁できる職員がいません。画面で対応を確認してください",
        }
    }
}

/// A notice that was leased.
struct Leased {
    job: Job,
    person: String,
    case: String,
    what: Notice,
}

impl Approval {
    /// Puts a notice into the queue, in the unit of work that causes it.
    pub(crate) fn notify(
        &self,
        tx: &mut WriteTx,
        person: &str,
        case: &CaseId,
        what: Notice,
    ) -> Result<(), StoreError> {
        if self.mail.is_none() {
            return Ok(());
        }
        let now = tx.now_ms();
        tx.enqueue(QUEUE, json!({ "person": person, "case": case, "what": what.id() }), now)?;
        Ok(())
    }

    pub(crate) fn notify_all(
        &self,
        tx: &mut WriteTx,
        people: &[String],
        case: &CaseId,
        what: Notice,
    ) -> Result<(), StoreError> {
        people.iter().try_for_each(|person| self.notify(tx, person, case, what))
    }

    /// Sends the notices that are due, one mail for each person. Without a relay there is nothing to send.
    ///
    /// # Errors
    /// `Invalid` when the sender's address is none; when the store fails. A relay that fails is in the report.
    pub fn run_mail(&self, worker: &str) -> Result<MailReport, ApprovalError> {
        let Some(config) = self.mail.clone() else { return Ok(MailReport::default()) };
        let from: Mailbox = config.from.parse().map_err(|_| {
            ApprovalError::invalid(
                format!(
                    "送信元「{}」はメールアドレスとして読めません。設定を確認してください。",
                    config.from
                ),
                format!("the sender `{}` is not a mail address; check the setting", config.from),
            )
        })?;
        let mut report = MailReport::default();
        let mut people: BTreeMap<String, Vec<Leased>> = BTreeMap::new();
        for leased in self.lease_notices(worker)? {
            people.entry(leased.person.clone()).or_default().push(leased);
        }
        if people.is_empty() {
            return Ok(report);
        }
        let relay = SmtpTransport::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(Duration::from_secs(20)))
            .build();
        for (person, notices) in people {
            let count = u32::try_from(notices.len()).unwrap_or(u32::MAX);
            match self.letter(&config, &from, &person, &notices)? {
                None => {
                    report.dropped = report.dropped.saturating_add(count);
                    self.settle_notices(notices, None)?;
                }
                Some(message) => match relay.send(&message) {
                    Ok(_) => {
                        report.sent = report.sent.saturating_add(1);
                        report.notices = report.notices.saturating_add(count);
                        self.settle_notices(notices, None)?;
                    }
                    Err(error) => {
                        let reason = reason(&error);
                        self.settle_notices(notices, Some(reason.clone()))?;
                        report.failed.push(reason);
                    }
                },
            }
        }
        Ok(report)
    }

    fn lease_notices(&self, worker: &str) -> Result<Vec<Leased>, ApprovalError> {
        let worker = worker.to_owned();
        let jobs = self.store.write(move |tx| -> Result<Vec<Job>, StoreError> {
            let mut jobs = Vec::new();
            while jobs.len() < MAX_RUN
                && let Some(job) = tx.lease(QUEUE, &worker, LEASE_MS)?
            {
                jobs.push(job);
            }
            Ok(jobs)
        })?;
        let leased = jobs.into_iter().map(|job| {
            let text =
                |key: &str| job.payload.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            let (person, case, what) = (text("person"), text("case"), text("what"));
            let what = Notice::ALL.into_iter().find(|notice| notice.id() == what).unwrap_or(Notice::Decide);
            Leased { job, person, case, what }
        });
        Ok(leased.collect())
    }

    /// One person's mail; `None` when there is nobody to send it to or nothing to say any more.
    fn letter(
        &self,
        config: &MailConfig,
        from: &Mailbox,
        person: &str,
        notices: &[Leased],
    ) -> Result<Option<Message>, ApprovalError> {
        let Ok(id) = person.parse::<PersonId>() else { return Ok(None) };
        let found =
            self.identity.person(&id).map_err(|error| ApprovalError::Mail { reason: error.to_string() })?;
        let Some(person) = found.filter(|person| person.active) else { return Ok(None) };
        let Some(to) = self.addresses.address(&person).and_then(|address| address.parse::<Address>().ok())
        else {
            return Ok(None);
        };
        let text = self.text(config, &person, notices)?;
        let Some((count, text)) = text else { return Ok(None) };
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(format!("［関所］確認していただきたい案件が{count}件あります"))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| ApprovalError::Mail { reason: error.to_string() })?;
        Ok(Some(message))
    }

    fn text(
        &self,
        config: &MailConfig,
        person: &Person,
        notices: &[Leased],
    ) -> Result<Option<(usize, String)>, ApprovalError> {
        let wanted: BTreeSet<(Notice, &str)> =
            notices.iter().map(|leased| (leased.what, leased.case.as_str())).collect();
        let mut sections: BTreeMap<Notice, Vec<String>> = BTreeMap::new();
        let mut cases: BTreeSet<&str> = BTreeSet::new();
        for (what, case) in wanted {
            let rows = self.store.read(|tx| {
                tx.query("SELECT number, title, link FROM approval_cases WHERE id = ?1", &[Value::from(case)])
            })?;
            let Some(row) = rows.first() else { continue };
            let site = config.site.as_deref().unwrap_or_default().trim_end_matches('/');
            let line = format!(
                "・{} {}\n  {site}{}",
                row.get_text("number")?,
                row.get_text("title")?,
                row.get_text("link")?
            );
            sections.entry(what).or_default().push(line);
            cases.insert(case);
        }
        if sections.is_empty() {
            return Ok(None);
        }
        let mut text = format!("{} 様\n", person.name);
        for (what, lines) in sections {
            text.push_str(&format!("\n■ {}\n{}\n", what.heading(), lines.join("\n")));
        }
        text.push_str("\nこのメールには件名と文書番号だけを載せています。内容は画面で確認してください。\n");
        Ok(Some((cases.len(), text)))
    }

    fn settle_notices(&self, notices: Vec<Leased>, error: Option<String>) -> Result<(), ApprovalError> {
        self.store.write(move |tx| -> Result<(), StoreError> {
            for leased in notices {
                let done = match &error {
                    None => tx.complete(leased.job.id, &leased.job.token),
                    Some(error) => tx.retry(leased.job.id, &leased.job.token, error, MAX_TRIES).map(|_| ()),
                };
                match done {
                    // Somebody else took it after our lease ran out; a notice may then come twice, never not at all.
                    Err(StoreError::LeaseLost { .. }) => {}
                    other => other?,
                }
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// The relay's words with their causes, on one line.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text.replace(['\r', '\n'], " ")
}
