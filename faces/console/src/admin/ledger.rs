//! The ledger for administrators and auditors: its signed end, its latest entries, a receipt of each, and the full
//! check at the press of a button.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_identity::{Identity, IdentityError, PersonId};
use sekisho_policy::{Lang, Permission};
use sekisho_store::{Store, StoreError, Value, VerifyReport};

use super::{LOOK, Token, may, require};
use crate::format::{machine_moment, moment};
use crate::guard::{Signed, percent};
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/admin/ledger", get(page))
        .route("/admin/ledger/verify", get(back).post(verify))
        .route("/admin/ledger/{seq}/receipt", get(receipt))
}

const PER_PAGE: u32 = 50;

/// What people call the kinds of events.
const KINDS: &[(&str, &str, &str)] = &[
    ("access.denied", "許可されない操作を拒否", "Access denied"),
    ("factor.added", "認証手段の追加", "Factor added"),
    ("factor.changed", "認証手段の変更", "Factor changed"),
    ("factor.removed", "認証手段の削除", "Factor removed"),
    ("file.disarmed", "無害化の完了", "File disarmed"),
    ("file.disarming", "無害化の開始", "Disarming started"),
    ("file.downloaded", "受取", "File received"),
    ("file.examined", "決裁者による内容確認", "File examined"),
    ("file.refused", "無害化できず拒否", "File refused"),
    ("file.verified", "検証の完了", "File verified"),
    ("ledger.genesis", "台帳の開始", "Ledger begun"),
    ("ledger.payload-disposed", "記録内容の廃棄", "Payload disposed of"),
    ("login.failed", "サインイン失敗", "Sign-in failed"),
    ("login.locked", "サインインのロック", "Sign-in locked"),
    ("login.succeeded", "サインイン", "Signed in"),
    ("login.unlocked", "ロックの解除", "Lock ended"),
    ("original.disposed", "原本の廃棄", "Original disposed of"),
    ("person.created", "利用者の登録", "Person registered"),
    ("person.deactivated", "利用者の停止", "Person deactivated"),
    ("person.enrolled", "認証手段の登録完了", "Person enrolled"),
    ("person.link-issued", "登録用リンクの発行", "Enrolment link issued"),
    ("person.reactivated", "利用者の再開", "Person reactivated"),
    ("person.updated", "利用者の変更", "Person changed"),
    ("result.disposed", "無害化後ファイルの廃棄", "Result disposed of"),
    ("session.ended", "サインアウト", "Session ended"),
    ("session.stepped-up", "本人確認", "Identity confirmed again"),
    ("token.created", "アクセストークンの発行", "Token created"),
    ("token.revoked", "アクセストークンの失効", "Token revoked"),
    ("transfer.approved", "承認", "Transfer approved"),
    ("transfer.awaiting", "承認待ち", "Awaiting approval"),
    ("transfer.denied", "経路のない受渡しを拒否", "Transfer denied"),
    ("transfer.disposed", "保存期間の終了", "Transfer disposed of"),
    ("transfer.refused", "拒否", "Transfer refused"),
    ("transfer.rejected", "却下", "Transfer rejected"),
    ("transfer.released", "受取可", "Transfer released"),
    ("transfer.submitted", "受付", "Transfer submitted"),
    ("transfer.withdrawn", "取下げ", "Transfer withdrawn"),
];

/// Groups of kinds to filter by: the prefix and its name.
const GROUPS: &[(&str, &str, &str)] = &[
    ("transfer.", "申請・決裁", "Requests and decisions"),
    ("file.", "ファイルの処理・受取", "Files"),
    ("access.", "権限外の閲覧", "Denied access"),
    ("login.", "サインイン", "Sign-in"),
    ("session.", "セッション・本人確認", "Sessions"),
    ("person.", "利用者の管理", "People"),
    ("factor.", "認証手段", "Factors"),
    ("token.", "アクセストークン", "Tokens"),
    ("original.", "原本の廃棄", "Originals"),
    ("result.", "無害化後ファイルの廃棄", "Results"),
    ("ledger.", "台帳", "Ledger"),
];

/// What people call a kind of event.
pub(super) fn kind_label(kind: &str, lang: Lang) -> Option<&'static str> {
    KINDS.iter().find(|row| row.0 == kind).map(|row| if lang == Lang::Ja { row.1 } else { row.2 })
}

/// What the filter sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Search {
    group: String,
    subject: String,
    /// Only entries below this number.
    before: Option<u64>,
}

struct Line {
    seq: u64,
    when: String,
    when_machine: String,
    kind: String,
    kind_label: String,
    actor: String,
    subject: String,
    /// The page of the subject, if it has one.
    link: String,
}

#[derive(Template)]
#[template(path = "admin_ledger.html")]
struct LedgerTemplate {
    p: Page,
    size: String,
    signed_at: String,
    note: String,
    vkey: String,
    search: Search,
    groups: Vec<(&'static str, &'static str)>,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    receipts: bool,
    report: Option<ReportView>,
}

/// The outcome of the check.
struct ReportView {
    ok: bool,
    events: u64,
    disposed: u64,
    tiles: u64,
    blobs: u64,
    projections: u64,
    problems: Vec<(String, String)>,
    more: u64,
    seconds: String,
}

async fn page(State(site): State<Site>, signed: Signed, Query(search): Query<Search>) -> Response {
    if let Err(problem) = require(&signed, LOOK) {
        return problem.page(signed.page);
    }
    ledger_page(&site, signed, search, None).await
}

async fn ledger_page(site: &Site, signed: Signed, search: Search, report: Option<ReportView>) -> Response {
    let (store, identity, wanted, lang) =
        (site.store.clone(), site.identity.clone(), search.clone(), signed.page.lang);
    let people = may(&signed, super::PEOPLE);
    let loaded = blocking(move || -> Result<_, Problem> {
        let (rows, more) = entries(&store, &wanted)?;
        let lines = lines(&identity, rows, lang, people)?;
        Ok((store.health(), store.checkpoint()?, lines, more))
    })
    .await;
    let (health, note, lines, more) = match loaded {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(problem)) | Err(problem) => return problem.page(signed.page),
    };
    let receipts = may(&signed, &[Permission::Audit]);
    let page = signed.page;
    let filter = format!("group={}&subject={}", percent(&search.group), percent(&search.subject));
    let last = lines.last().map(|line| line.seq);
    show(&LedgerTemplate {
        size: health.events.map_or_else(|| "—".to_owned(), |size| size.to_string()),
        signed_at: health.checkpoint_ms.map_or_else(|| "—".to_owned(), |ms| moment(ms, lang)),
        note,
        vkey: site.store.verifier_key().to_string(),
        groups: GROUPS.iter().map(|row| (row.0, page.l(row.1, row.2))).collect(),
        older: last.filter(|_| more).map(|seq| format!("{filter}&before={seq}")),
        newest: search.before.map(|_| filter),
        lines,
        receipts,
        report,
        search,
        p: page,
    })
}

struct Row {
    seq: u64,
    time_ms: i64,
    kind: String,
    actor: String,
    subject: String,
}

/// The latest entries, newest first, and whether older ones follow.
fn entries(store: &Store, search: &Search) -> Result<(Vec<Row>, bool), StoreError> {
    let mut sql = "SELECT seq, time_ms, kind, actor, subject FROM events WHERE seq < ?1".to_owned();
    let before = search.before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
    let mut params = vec![Value::from(before)];
    if GROUPS.iter().any(|group| group.0 == search.group) {
        // Kinds are [a-z0-9._-], all of which sort below `{`.
        sql.push_str(" AND kind >= ?2 AND kind < ?3");
        params.push(Value::from(search.group.as_str()));
        params.push(Value::from(format!("{}{{", search.group)));
    }
    let subject = search.subject.trim();
    if !subject.is_empty() {
        params.push(Value::from(subject));
        sql.push_str(&format!(" AND subject = ?{}", params.len()));
    }
    sql.push_str(&format!(" ORDER BY seq DESC LIMIT {}", PER_PAGE.saturating_add(1)));
    let rows = store.read(|tx| tx.query(&sql, &params))?;
    let per_page = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let more = rows.len() > per_page;
    let rows = rows.iter().take(per_page).map(|row| -> Result<Row, StoreError> {
        Ok(Row {
            seq: row.get_u64("seq")?,
            time_ms: row.get_i64("time_ms")?,
            kind: row.get_string("kind")?,
            actor: row.get_string("actor")?,
            subject: row.get_string("subject")?,
        })
    });
    Ok((rows.collect::<Result<_, _>>()?, more))
}

fn lines(identity: &Identity, rows: Vec<Row>, lang: Lang, people: bool) -> Result<Vec<Line>, IdentityError> {
    let mut names = Names { identity, lang, known: BTreeMap::new() };
    rows.into_iter()
        .map(|row| {
            let link = if row.subject.starts_with("t_") && row.kind.starts_with("transfer.") {
                format!("/transfers/{}", row.subject)
            } else if people && row.subject.parse::<PersonId>().is_ok() {
                format!("/admin/people/{}", row.subject)
            } else {
                String::new()
            };
            Ok(Line {
                seq: row.seq,
                when: moment(row.time_ms, lang),
                when_machine: machine_moment(row.time_ms),
                kind_label: kind_label(&row.kind, lang).unwrap_or(&row.kind).to_owned(),
                actor: names.of(&row.actor)?,
                subject: names.of(&row.subject)?,
                link,
                kind: row.kind,
            })
        })
        .collect()
}

/// Names of people, each looked up once.
struct Names<'a> {
    identity: &'a Identity,
    lang: Lang,
    known: BTreeMap<String, String>,
}

impl Names<'_> {
    fn of(&mut self, id: &str) -> Result<String, IdentityError> {
        if let Some(name) = self.known.get(id) {
            return Ok(name.clone());
        }
        let name = match (id, self.lang) {
            ("system", Lang::Ja) => "システム".to_owned(),
            ("system", Lang::En) => "System".to_owned(),
            ("unknown", Lang::Ja) => "不明".to_owned(),
            ("unknown", Lang::En) => "Unknown".to_owned(),
            _ => match id.parse::<PersonId>() {
                Ok(person) => self
                    .identity
                    .person(&person)?
                    .map_or_else(|| id.to_owned(), |person| format!("{}（{}）", person.name, person.login)),
                Err(_) => id.to_owned(),
            },
        };
        self.known.insert(id.to_owned(), name.clone());
        Ok(name)
    }
}

/// Reloading the report, or changing its language, leads back to the page with the button.
async fn back() -> Response {
    go("/admin/ledger")
}

async fn verify(State(site): State<Site>, signed: Signed, Form(form): Form<Token>) -> Response {
    if let Err(problem) = require(&signed, LOOK).and_then(|()| signed.check_csrf(&site, &form.csrf)) {
        return problem.page(signed.page);
    }
    let store = site.store.clone();
    let started = std::time::Instant::now();
    let report = match blocking(move || store.verify()).await {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let report = report_view(report, started.elapsed());
    ledger_page(&site, signed, Search::default(), Some(report)).await
}

fn report_view(report: VerifyReport, took: std::time::Duration) -> ReportView {
    ReportView {
        ok: report.ok(),
        events: report.events,
        disposed: report.disposed,
        tiles: report.tiles,
        blobs: report.blobs,
        projections: report.projections,
        more: report.more,
        problems: report.problems.into_iter().map(|problem| (problem.place, problem.what)).collect(),
        seconds: format!("{:.1}", took.as_secs_f64()),
    }
}

/// The receipt of any entry. It holds the entry's payload, so it is for those who audit.
async fn receipt(State(site): State<Site>, signed: Signed, Path(seq): Path<String>) -> Response {
    if let Err(problem) = require(&signed, &[Permission::Audit]) {
        return problem.page(signed.page);
    }
    let Ok(seq) = seq.parse::<u64>() else { return Problem::not_found().page(signed.page) };
    let store = site.store.clone();
    match blocking(move || store.receipt(seq)).await {
        Ok(Ok(receipt)) => {
            crate::files::receipt_response(&format!("entry-{seq}.tlog-proof"), receipt.encode())
        }
        Ok(Err(StoreError::NotFound { .. })) => Problem::new(
            404,
            "not-found",
            "この番号の記録がないか、記録の内容が廃棄されているため証明書を発行できません。",
            "there is no such entry, or its payload was disposed of",
        )
        .page(signed.page),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}
