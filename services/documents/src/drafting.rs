//! Documents and their drafts (起案): created, imported, written, proposed, adopted.

use jiff::civil::Date;
use sekisho_approval::{CaseId, CaseState, NewCase, Revision};
use sekisho_disarm::Options;
use sekisho_identity::{PersonId, Principal};
use sekisho_policy::UnitId;
use sekisho_store::WriteTx;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

use crate::error::DocumentsError;
use crate::model::{
    Content, DateKind, Document, DocumentId, DraftId, HistoryDate, Tier, VersionKind, digest_of,
};
use crate::parse::{ParsedDocument, import_lines, inherit_ids};
use crate::rights::{Action, Caller};
use crate::rows::{self, DraftRow};
use crate::{Documents, ENACT};

/// A document to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Fixed from now on.
    pub tier: Tier,
    /// 題名
    pub title: String,
    /// 主管課
    pub owner: UnitId,
    /// Units bound by a procedure; empty for the other tiers.
    pub units: Vec<UnitId>,
}

/// A text to become a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDraft {
    /// The text.
    pub content: Content,
    /// Where the clauses' ids come from.
    pub ids: Ids,
    /// 施行日
    pub effective_from: Date,
    /// Why (改正理由).
    pub reason: String,
}

/// Where the ids of a draft's clauses come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// The clauses are matched with those of the version before; for imported texts.
    Match,
    /// They are right already; for a text that was edited in place. New clauses carry numbers above all others.
    Keep,
}

/// How an existing text is taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// 制定日・改正日, if known.
    pub decided_on: Option<Date>,
    /// 公表日, if known; for the public tier.
    pub published_on: Option<Date>,
}

/// What to do with an imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// The tier; taken from the title when absent.
    pub tier: Option<Tier>,
    /// The title; taken from the text when absent.
    pub title: Option<String>,
    /// 主管課
    pub owner: UnitId,
    /// Units bound by a procedure.
    pub units: Vec<UnitId>,
    /// 施行日; the last date of the cover when absent.
    pub effective_from: Option<Date>,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The document, new or known by tier and title.
    pub document: DocumentId,
    /// Its new draft.
    pub draft: DraftId,
    /// As read, with notes for the person.
    pub parsed: ParsedDocument,
}

/// A text of a draft may have so many bytes.
const MAX_BYTES: usize = 8 << 20;
const MAX_CLAUSES: usize = 20_000;
const MAX_TITLE: usize = 120;
const MAX_REASON: usize = 2_000;

impl Documents {
    /// Reads a file into clauses without storing anything. DOCX and text alike are read in the sandbox; without one,
    /// only UTF-8 text is read.
    ///
    /// # Errors
    /// `Refused` with the reader's reason, `NoSandbox`, `Sandbox`.
    pub fn parse_file(&self, name: &str, bytes: &[u8]) -> Result<ParsedDocument, DocumentsError> {
        let Some(sandbox) = &self.sandbox else {
            let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
            return text.map(crate::import_text).ok_or(DocumentsError::NoSandbox);
        };
        let options = Options { name: name.to_owned(), ..Options::default() };
        let job = match sandbox.extract_text(bytes, &options) {
            Err(error) if error.is_retryable() => sandbox.extract_text(bytes, &options),
            other => other,
        };
        let pieces = match job {
            Ok(job) => job.value.map_err(DocumentsError::Refused)?,
            Err(error) => {
                return Err(error.refusal().map_or(DocumentsError::Sandbox(error), DocumentsError::Refused));
            }
        };
        // Headers, footers, notes and comments of a DOCX file are no part of the text.
        let aside = ["ヘッダー", "フッター", "脚注", "文末脚注", "コメント"];
        let body = pieces.iter().filter(|piece| !aside.iter().any(|place| piece.location.starts_with(place)));
        Ok(import_lines(body.map(|piece| piece.text.as_str())))
    }

    /// Creates a document without a version.
    ///
    /// # Errors
    /// `NotPermitted`, `Invalid`.
    pub fn create(&self, caller: &Caller, new: NewDocument) -> Result<DocumentId, DocumentsError> {
        let owner = new.owner.to_string();
        let units: Vec<String> = new.units.iter().map(ToString::to_string).collect();
        self.require(caller, Action::Draft, new.tier, &owner, &units)?;
        for unit in std::iter::once(&new.owner).chain(&new.units) {
            if self.policy.unit(unit).is_none() {
                return Err(DocumentsError::invalid(
                    format!("組織 `{unit}` はポリシーに定められていません。"),
                    format!("the unit `{unit}` is not declared in the policy"),
                ));
            }
        }
        if new.tier == Tier::Procedure && new.units.is_empty() {
            return Err(DocumentsError::invalid(
                "実施手順には、従う課を一つ以上指定してください。閲覧できる人がその指定で決まります。",
                "name at least one unit that follows the procedure; it decides who may read it",
            ));
        }
        let title = title_of(&new.title, new.tier)?;
        let id = DocumentId::from_random(random()?);
        let (actor, reason, subject) = (caller.actor(), caller.reason().to_owned(), id.clone());
        let body =
            json!({ "tier": new.tier, "title": title, "owner": owner, "units": units, "reason": reason });
        self.store.write(move |tx| {
            let known = tx.query(
                "SELECT id FROM documents WHERE tier = ?1 AND title = ?2",
                &[new.tier.id().into(), title.as_str().into()],
            )?;
            if !known.is_empty() {
                return Err(DocumentsError::invalid(
                    format!("「{title}」は既に登録されています。改正として取り込んでください。"),
                    format!("`{title}` exists already; bring the text in as its revision"),
                ));
            }
            tx.emit("document.created", &actor, subject.as_str(), body)?;
            Ok(subject)
        })?;
        Ok(id)
    }

    /// Changes the responsible section and the units that follow a procedure.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`, `Invalid`.
    pub fn assign(
        &self,
        caller: &Caller,
        id: &DocumentId,
        owner: &UnitId,
        units: &[UnitId],
    ) -> Result<(), DocumentsError> {
        let document = self.permitted(caller, id, Action::Draft)?;
        let unknown = std::iter::once(owner).chain(units).find(|unit| self.policy.unit(unit).is_none());
        if let Some(unit) = unknown {
            return Err(DocumentsError::invalid(
                format!("組織 `{unit}` はポリシーに定められていません。"),
                format!("the unit `{unit}` is not declared in the policy"),
            ));
        }
        if document.tier == Tier::Procedure && units.is_empty() {
            return Err(DocumentsError::invalid(
                "実施手順には、従う課を一つ以上指定してください。",
                "name at least one unit that follows the procedure",
            ));
        }
        self.emit(
            "document.assigned",
            caller,
            id,
            json!({ "owner": owner, "units": units, "reason": caller.reason() }),
        )
    }

    /// Imports a file as a draft: of the document with the same tier and title, or of a new one.
    ///
    /// # Errors
    /// As [`Documents::parse_file`], [`Documents::create`] and [`Documents::draft_version`]; `Invalid` when the tier or
    /// the day it comes into effect is neither given nor in the text.
    pub fn import_file(
        &self,
        caller: &Caller,
        name: &str,
        bytes: &[u8],
        options: ImportOptions,
    ) -> Result<Imported, DocumentsError> {
        let mut parsed = self.parse_file(name, bytes)?;
        if let Some(title) = options.title {
            parsed.content.title = title;
        }
        let title = parsed.content.title.trim().to_owned();
        let tier = options.tier.or_else(|| Tier::from_title(&title)).ok_or_else(|| {
            DocumentsError::invalid(
                format!("「{title}」が基本方針、対策基準、実施手順のどれかを題名から判断できません。種別を指定してください。"),
                format!("`{title}` does not say which kind of document it is; give the tier"),
            )
        })?;
        let effective_from =
            options.effective_from.or_else(|| last_date(&parsed.content)).ok_or_else(|| {
                DocumentsError::invalid(
                    "施行日が文書から読み取れません。施行日を指定してください。",
                    "the text does not say when it comes into effect; give the day",
                )
            })?;
        let title = title_of(&title, tier)?;
        let (tier_id, wanted) = (tier.id(), title.clone());
        let known = self.store.read(move |tx| {
            let rows = tx.query(
                "SELECT id FROM documents WHERE tier = ?1 AND title = ?2",
                &[tier_id.into(), wanted.into()],
            )?;
            rows.first().map(|row| rows::parsed::<DocumentId>(row, "id")).transpose()
        })?;
        let document = match known {
            Some(id) => id,
            None => {
                self.create(caller, NewDocument { tier, title, owner: options.owner, units: options.units })?
            }
        };
        let draft = NewDraft {
            content: parsed.content.clone(),
            ids: Ids::Match,
            effective_from,
            reason: format!("取込み: {name}"),
        };
        let draft = self.draft_version(caller, &document, draft)?;
        Ok(Imported { document, draft, parsed })
    }

    /// Stores a draft of the next version. The date of its coming into effect is added to the dates of the cover.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`, `Invalid`.
    pub fn draft_version(
        &self,
        caller: &Caller,
        id: &DocumentId,
        new: NewDraft,
    ) -> Result<DraftId, DocumentsError> {
        self.permitted(caller, id, Action::Draft)?;
        let draft = DraftId::from_random(random()?);
        self.store_draft(caller, id, &draft, new, None)?;
        Ok(draft)
    }

    /// Replaces the text of a draft that is not proposed, or was returned. Consents of bodies to the earlier text do
    /// not hold for the new one.
    ///
    /// # Errors
    /// As [`Documents::draft_version`]; `State` when it is being decided on.
    pub fn revise_draft(&self, caller: &Caller, id: &DraftId, new: NewDraft) -> Result<(), DocumentsError> {
        let row = self.draft_row(id)?;
        self.permitted(caller, &row.document, Action::Draft)?;
        self.store_draft(caller, &row.document, id, new, Some("draft"))
    }

    /// Throws a draft away that is not proposed. The ledger keeps that it existed.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`, `State`.
    pub fn discard_draft(&self, caller: &Caller, id: &DraftId) -> Result<(), DocumentsError> {
        let row = self.draft_row(id)?;
        self.permitted(caller, &row.document, Action::Draft)?;
        let (actor, id) = (caller.actor(), id.clone());
        self.store.write(move |tx| {
            let row = in_state(tx, &id, "draft")?;
            tx.emit("document.discarded", &actor, row.document.as_str(), json!({ "draft": id }))?;
            Ok(())
        })
    }

    /// Puts a draft on its route of approval (回議). The case binds to the digest of the text; a draft that was returned
    /// goes on with its case.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`, `State`, and those of the approval.
    pub fn propose(&self, principal: &Principal, id: &DraftId) -> Result<CaseId, DocumentsError> {
        let caller = Caller::person(principal);
        let row = self.draft_row(id)?;
        let document = self.permitted(&caller, &row.document, Action::Draft)?;
        let (approval, id) = (self.approval.clone(), id.clone());
        let (me, unit) = (principal.person.id.clone(), principal.person.unit.clone());
        let route = route_of(document.tier).parse().map_err(|_| DocumentsError::not_found("route"))?;
        self.store.write(move |tx| {
            let row = in_state(tx, &id, "draft")?;
            let (document, _) = rows::document(tx, &row.document)?;
            based_on_latest(&document, &row)?;
            let content = case_content(&document, &row);
            let verb = if row.base == 0 { VersionKind::Enacted } else { VersionKind::Amended };
            let title: String = format!("{}の{}", row.title, verb.word());
            let case = match open_case(tx, &row, &me)? {
                Some(case) => {
                    let revision = Revision { title, content, amount: None, class_rank: None, due: None };
                    approval.revise_in(tx, &me, &case, revision)?;
                    case
                }
                None => approval.draft_in(
                    tx,
                    NewCase {
                        kind: ENACT.to_owned(),
                        title,
                        content,
                        link: format!("/documents/{}/drafts/{id}", row.document),
                        route,
                        drafter: me.clone(),
                        unit,
                        amount: None,
                        class_rank: None,
                        due: None,
                    },
                )?,
            };
            // On a route without steps for this case it is decided by now.
            if rows::draft(tx, &id)?.state == "draft" {
                let body = json!({ "draft": id, "case": case, "digest": row.digest });
                tx.emit("document.proposed", me.as_str(), row.document.as_str(), body)?;
            }
            Ok(case)
        })
    }

    /// Takes over a text that was decided before the system knew the document: its first version only, by an
    /// administrator or a command on the server. Later versions go through approval.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`, `State`; `Invalid` when the document has a version.
    pub fn adopt(&self, caller: &Caller, id: &DraftId, adoption: Adoption) -> Result<u32, DocumentsError> {
        let row = self.draft_row(id)?;
        let document = self.permitted(caller, &row.document, Action::Draft)?;
        if let Caller::Person(principal) = caller
            && !principal.may(sekisho_policy::Permission::Administer)
        {
            return Err(DocumentsError::NotPermitted {
                ja: "既に決裁された文書の引継ぎは、情報システム担当者が行います。改正は起案してください。"
                    .to_owned(),
                en: "an administrator takes over texts that were decided earlier; propose a revision instead"
                    .to_owned(),
            });
        }
        if adoption.published_on.is_some() && document.tier != Tier::Public {
            return Err(DocumentsError::invalid(
                "非公開の文書に公表日は記録できません。",
                "a non-public document has no day of publication",
            ));
        }
        let (actor, reason, id) = (caller.actor(), caller.reason().to_owned(), id.clone());
        self.store.write(move |tx| {
            let row = in_state(tx, &id, "draft")?;
            let (document, _) = rows::document(tx, &row.document)?;
            if !document.versions.is_empty() {
                return Err(DocumentsError::invalid(
                    "この文書には既に版があります。改正として起案し、決裁を受けてください。",
                    "the document has a version already; propose this as a revision",
                ));
            }
            let history = row.clauses.get("history").and_then(Json::as_bool).unwrap_or(false);
            let decision = Decision {
                kind: if history { VersionKind::Amended } else { VersionKind::Enacted },
                decided_on: adoption.decided_on,
                published_on: adoption.published_on,
                case: None,
                via: "adoption",
                reason,
            };
            enact(tx, &actor, &document, &row, &decision)
        })
    }

    fn draft_row(&self, id: &DraftId) -> Result<DraftRow, DocumentsError> {
        let id = id.clone();
        self.store.read(move |mut tx| rows::draft(&mut tx, &id))
    }

    fn store_draft(
        &self,
        caller: &Caller,
        id: &DocumentId,
        draft: &DraftId,
        new: NewDraft,
        state: Option<&'static str>,
    ) -> Result<(), DocumentsError> {
        if new.reason.chars().count() > MAX_REASON {
            return Err(DocumentsError::invalid(
                format!("改正理由は{MAX_REASON}字以内で入力してください。"),
                format!("the reason may have {MAX_REASON} characters"),
            ));
        }
        let wanted = id.clone();
        let (document, next) = self.store.read(move |mut tx| rows::document(&mut tx, &wanted))?;
        let base = document.latest().map(|version| version.number);
        let mut content = new.content;
        content.title = title_of(&content.title, document.tier)?;
        let old = base.map(|base| self.content_of(id, base)).transpose()?;
        let next = match new.ids {
            Ids::Match => {
                let old = old.as_ref().map(|old| old.clauses.as_slice()).unwrap_or_default();
                inherit_ids(old, &mut content.clauses, next)
            }
            Ids::Keep => kept(&content, next)?,
        };
        date_cover(&mut content, old.as_ref(), new.effective_from);
        let count = content.walk().count();
        let bytes = content.canonical().map_err(|error| DocumentsError::Damaged {
            digest: draft.to_string(),
            reason: error.to_string(),
        })?;
        if count == 0 || count > MAX_CLAUSES || bytes.len() > MAX_BYTES {
            return Err(DocumentsError::invalid(
                format!(
                    "項目が1から{MAX_CLAUSES}まで、全体で{}MB以内の文書にしてください（項目 {count}）。",
                    MAX_BYTES >> 20
                ),
                format!(
                    "a document has 1 to {MAX_CLAUSES} clauses and {} MiB at most; this one has {count} clauses",
                    MAX_BYTES >> 20
                ),
            ));
        }
        let digest = digest_of(&bytes);
        let blob = self.store.blobs().put_bytes(&bytes)?;
        let list: Vec<Json> = content.walk().map(|c| json!({ "id": c.id, "number": c.number })).collect();
        let amended = content.history.iter().any(|entry| {
            matches!(entry.kind, DateKind::Amended | DateKind::PartlyAmended | DateKind::FullyAmended)
        });
        let body = json!({
            "draft": draft, "base": base.unwrap_or(0), "title": content.title, "blob": blob.id, "digest": digest,
            "effective_from": new.effective_from, "reason": new.reason.trim(), "next_clause": next,
            "clauses": { "history": amended, "list": list },
        });
        let (actor, id, draft) = (caller.actor(), id.clone(), draft.clone());
        self.store.write(move |tx| {
            if let Some(state) = state {
                in_state(tx, &draft, state)?;
            }
            tx.emit("document.drafted", &actor, id.as_str(), body)?;
            Ok(())
        })
    }
}

/// The route on which a document of a tier is decided.
pub(crate) const fn route_of(tier: Tier) -> &'static str {
    match tier {
        Tier::Public | Tier::Standard => "policy-revision",
        Tier::Procedure => "section-manager",
    }
}

fn in_state(tx: &mut WriteTx, id: &DraftId, state: &str) -> Result<DraftRow, DocumentsError> {
    let row = rows::draft(tx, id)?;
    if row.state == state { Ok(row) } else { Err(DocumentsError::State { state: row.state }) }
}

fn based_on_latest(document: &Document, row: &DraftRow) -> Result<(), DocumentsError> {
    let latest = document.latest().map_or(0, |version| version.number);
    if latest == row.base {
        return Ok(());
    }
    Err(DocumentsError::invalid(
        format!(
            "この案は第{}版を基に作られていますが、その後に第{latest}版が決裁されています。最新の版を基に作り直してください。",
            row.base
        ),
        format!(
            "the draft is based on version {}, but version {latest} has been decided since; draft it anew",
            row.base
        ),
    ))
}

/// The returned case with which a draft goes on, if it is this drafter's.
fn open_case(tx: &mut WriteTx, row: &DraftRow, me: &PersonId) -> Result<Option<CaseId>, DocumentsError> {
    let Some(case) = row.case.as_deref().and_then(|case| case.parse::<CaseId>().ok()) else {
        return Ok(None);
    };
    let rows = tx.query(
        "SELECT state FROM approval_cases WHERE id = ?1 AND drafter = ?2",
        &[case.as_str().into(), me.as_str().into()],
    )?;
    let state = rows.first().map(|row| row.get_string("state")).transpose()?;
    Ok(state.filter(|state| state == CaseState::Returned.id()).map(|_| case))
}

/// What is decided on: the digest stands for the whole text.
pub(crate) fn case_content(document: &Document, row: &DraftRow) -> Json {
    json!({
        "document": document.id, "tier": document.tier, "title": row.title, "draft": row.id, "digest": row.digest,
        "base": row.base, "effective_from": row.effective_from, "reason": row.reason,
    })
}

/// How a version came about.
pub(crate) struct Decision {
    pub(crate) kind: VersionKind,
    pub(crate) decided_on: Option<Date>,
    pub(crate) published_on: Option<Date>,
    pub(crate) case: Option<String>,
    pub(crate) via: &'static str,
    pub(crate) reason: String,
}

/// Makes a draft the next version.
pub(crate) fn enact(
    tx: &mut WriteTx,
    actor: &str,
    document: &Document,
    row: &DraftRow,
    decision: &Decision,
) -> Result<u32, DocumentsError> {
    based_on_latest(document, row)?;
    let version = row.base.saturating_add(1);
    let clauses = row.clauses.get("list").cloned().unwrap_or_else(|| json!([]));
    let body = json!({
        "draft": row.id, "version": version, "kind": decision.kind.id(), "title": row.title,
        "decided_on": decision.decided_on, "effective_from": row.effective_from, "published_on": decision.published_on,
        "blob": row.blob, "digest": row.digest, "case": decision.case, "via": decision.via, "reason": decision.reason,
        "clauses": clauses,
    });
    tx.emit("document.enacted", actor, document.id.as_str(), body)?;
    Ok(version)
}

/// A title without line ends, that does not give a non-public document out as a public one.
fn title_of(title: &str, tier: Tier) -> Result<String, DocumentsError> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() || title.chars().count() > MAX_TITLE {
        return Err(DocumentsError::invalid(
            format!("題名を{MAX_TITLE}字以内で指定してください。"),
            format!("give a title of at most {MAX_TITLE} characters"),
        ));
    }
    if tier == Tier::Public && matches!(Tier::from_title(&title), Some(Tier::Standard | Tier::Procedure)) {
        return Err(DocumentsError::invalid(
            format!(
                "「{title}」は対策基準又は実施手順とみられるため、公開の文書として登録できません（基本方針9、10）。種別を確認してください。"
            ),
            format!(
                "`{title}` looks like standards or a procedure, which are non-public (clauses 9 and 10); check the tier"
            ),
        ));
    }
    Ok(title)
}

/// The next free id, when a text brings its own.
fn kept(content: &Content, next: u32) -> Result<u32, DocumentsError> {
    let mut seen = BTreeSet::new();
    let mut top = next;
    for clause in content.walk() {
        if !seen.insert(clause.id) {
            return Err(DocumentsError::invalid(
                format!("項目の識別子 {} が重複しています。画面を読み込み直してください。", clause.id),
                format!("the clause id {} occurs twice; reload the page", clause.id),
            ));
        }
        top = top.max(clause.id.0.saturating_add(1));
    }
    Ok(top)
}

/// The cover of a new version: the dates of the old one, and the day on which this one comes into effect.
fn date_cover(content: &mut Content, old: Option<&Content>, effective_from: Date) {
    if let Some(old) = old {
        for entry in &old.history {
            if !content.history.contains(entry) {
                content.history.push(*entry);
            }
        }
    }
    if !content.history.iter().any(|entry| entry.date == effective_from) {
        let kind = if old.is_some() { DateKind::Amended } else { DateKind::Effective };
        content.history.push(HistoryDate { date: effective_from, kind });
    }
    content.history.sort();
}

fn last_date(content: &Content) -> Option<Date> {
    content.history.iter().map(|entry| entry.date).max()
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], DocumentsError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        DocumentsError::Store(sekisho_store::StoreError::Unavailable {
            reason: format!("no random numbers from the operating system: {error}"),
        })
    })?;
    Ok(bytes)
}
