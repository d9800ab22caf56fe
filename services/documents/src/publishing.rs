//! Publication (公布・公表) and the bodies' consent (地方自治法244条の6): recorded, counted in days, exported.
//!
//! [`Documents::public_export`] is the only function that writes files for everybody. It takes
//! [`PublicText`] values, and only a document of the public tier can become one.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sekisho_policy::BodyId;
use serde::Serialize;
use serde_json::json;

use crate::Documents;
use crate::error::DocumentsError;
use crate::model::{Content, Document, DocumentId, DraftId, Tier, Version, days_between};
use crate::render::{self, Handling, PageStyle};
use crate::rights::{Action, Caller};
use crate::rows::{self, day_of};

/// The consent of a body to one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BodyConsent {
    /// The body (執行機関等) of the policy.
    pub body: String,
    /// Its name.
    pub name: String,
    /// When it consented; `None` while it is missing.
    pub on: Option<Date>,
    /// How (決裁番号, 会議…).
    pub note: String,
}

/// Where a version of a public document stands with the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The document.
    pub document: DocumentId,
    /// 題名
    pub title: String,
    /// The version.
    pub version: Version,
    /// Days between decision and publication; until today while it is not published; `None` without a day of decision.
    pub days: Option<i64>,
    /// It is published.
    pub published: bool,
    /// Every body with its consent to this text.
    pub consents: Vec<BodyConsent>,
    /// Bodies whose consent is missing.
    pub missing: Vec<String>,
}

/// The text of a document that everybody may have.
struct PublicText(Content);

impl PublicText {
    fn of(
        documents: &Documents,
        document: &Document,
        version: &Version,
    ) -> Result<Option<Self>, DocumentsError> {
        if document.tier != Tier::Public {
            return Ok(None);
        }
        documents.content_of(&document.id, version.number).map(|content| Some(Self(content)))
    }
}

impl Documents {
    /// Records that a version was published.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`; `Invalid` for a non-public document, a day before the decision or in the future.
    pub fn publish(
        &self,
        caller: &Caller,
        id: &DocumentId,
        version: u32,
        on: Date,
        at: &str,
    ) -> Result<(), DocumentsError> {
        let document = self.permitted(caller, id, Action::Read)?;
        if document.tier != Tier::Public {
            return Err(DocumentsError::invalid(
                "非公開の文書は公表できません（基本方針9、10）。",
                "a non-public document can't be published (clauses 9 and 10)",
            ));
        }
        self.permitted(caller, id, Action::Publish)?;
        let found = document
            .version(version)
            .ok_or_else(|| DocumentsError::not_found(format!("version {version} of document `{id}`")))?;
        if found.decided_on.is_some_and(|decided| on < decided) {
            return Err(DocumentsError::invalid(
                "公表日は、制定日又は改正日以後の日付にしてください。",
                "the day of publication must not be before the decision",
            ));
        }
        if on > day_of(self.store.clock().now_ms()) {
            return Err(DocumentsError::invalid(
                "公表日に先の日付は記録できません。公表してから記録してください。",
                "a publication in the future can't be recorded; record it once it has happened",
            ));
        }
        let at: String = at.trim().chars().take(200).collect();
        if at.is_empty() {
            return Err(DocumentsError::invalid(
                "公表した場所（掲示場、ウェブサイトのアドレス等）を入力してください。",
                "say where it was published (notice board, web address)",
            ));
        }
        let body = json!({ "version": version, "on": on, "at": at, "digest": found.digest });
        self.emit("document.published", caller, id, body)
    }

    /// Records the consent of a body to a draft. It binds to the text: a changed text needs it again.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`, `Invalid` for a body that the policy does not declare.
    pub fn consent_to_draft(
        &self,
        caller: &Caller,
        draft: &DraftId,
        body: &BodyId,
        on: Date,
        note: &str,
    ) -> Result<(), DocumentsError> {
        let draft = self.store.read(|mut tx| rows::draft(&mut tx, draft))?;
        self.consent(caller, &draft.document, &draft.digest, body, on, note)
    }

    /// Records the consent of a body to a decided version.
    ///
    /// # Errors
    /// As [`Documents::consent_to_draft`].
    pub fn consent_to_version(
        &self,
        caller: &Caller,
        id: &DocumentId,
        version: u32,
        body: &BodyId,
        on: Date,
        note: &str,
    ) -> Result<(), DocumentsError> {
        let document = self.permitted(caller, id, Action::Read)?;
        let found = document
            .version(version)
            .ok_or_else(|| DocumentsError::not_found(format!("version {version} of document `{id}`")))?;
        self.consent(caller, id, &found.digest, body, on, note)
    }

    /// Every body of the policy with its consent to a draft.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn consents_to_draft(
        &self,
        caller: &Caller,
        draft: &DraftId,
    ) -> Result<Vec<BodyConsent>, DocumentsError> {
        let draft = self.store.read(|mut tx| rows::draft(&mut tx, draft))?;
        self.permitted(caller, &draft.document, Action::Read)?;
        self.consents(&draft.document, &draft.digest)
    }

    /// Where the versions of the public documents stand: days to publication (POL-1), consents (POL-2).
    ///
    /// # Errors
    /// The store's.
    pub fn standing(&self, caller: &Caller) -> Result<Vec<Standing>, DocumentsError> {
        let today = day_of(self.store.clock().now_ms());
        let mut out = Vec::new();
        for document in self.documents(caller)?.into_iter().filter(|document| document.tier == Tier::Public) {
            for version in &document.versions {
                let consents = self.consents(&document.id, &version.digest)?;
                let until = version.published_on.unwrap_or(today);
                out.push(Standing {
                    document: document.id.clone(),
                    title: document.title.clone(),
                    days: version.decided_on.and_then(|decided| days_between(decided, until)),
                    published: version.published_on.is_some(),
                    missing: consents.iter().filter(|c| c.on.is_none()).map(|c| c.name.clone()).collect(),
                    consents,
                    version: version.clone(),
                });
            }
        }
        Ok(out)
    }

    /// Writes the 基本方針 in force into a folder, for the city's website: an HTML page and a text each, and one style
    /// sheet. Nothing else can be written by it: a document of another tier can't become a public text.
    ///
    /// # Errors
    /// `Write` with the file, `Invalid` when no public document is in force.
    pub fn public_export(&self, dir: &Path) -> Result<Vec<PathBuf>, DocumentsError> {
        let today = day_of(self.store.clock().now_ms());
        let all = self.store.read(|mut tx| rows::documents(&mut tx))?;
        let mut texts = Vec::new();
        for document in &all {
            if let Some(version) = document.in_force_on(today) {
                texts.extend(PublicText::of(self, document, version)?);
            }
        }
        if texts.is_empty() {
            return Err(DocumentsError::invalid(
                "施行されている基本方針がありません。取り込むか、決裁を受けてください。",
                "no basic policy is in force; import one or have one decided",
            ));
        }
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.join(name);
            fs::write(&path, bytes)
                .map_err(|source| DocumentsError::Write { path: path.display().to_string(), source })?;
            Ok::<_, DocumentsError>(path)
        };
        fs::create_dir_all(dir)
            .map_err(|source| DocumentsError::Write { path: dir.display().to_string(), source })?;
        let css = "basic-policy.css";
        let mut written = vec![write(css, render::CSS.as_bytes())?];
        for (PublicText(content), n) in texts.iter().zip(1..) {
            let name = if n == 1 { "basic-policy".to_owned() } else { format!("basic-policy-{n}") };
            let style = PageStyle { css_href: css.to_owned(), print: false, handling: Handling::default() };
            written.push(write(&format!("{name}.html"), render::page(content, &style).as_bytes())?);
            written.push(write(&format!("{name}.txt"), render::text(content).as_bytes())?);
        }
        Ok(written)
    }

    fn consent(
        &self,
        caller: &Caller,
        id: &DocumentId,
        digest: &str,
        body: &BodyId,
        on: Date,
        note: &str,
    ) -> Result<(), DocumentsError> {
        self.permitted(caller, id, Action::Consent)?;
        if self.policy.body(body).is_none() {
            return Err(DocumentsError::invalid(
                format!("執行機関等 `{body}` はポリシーに定められていません。"),
                format!("the body `{body}` is not declared in the policy"),
            ));
        }
        if on > day_of(self.store.clock().now_ms()) {
            return Err(DocumentsError::invalid(
                "同意の日に先の日付は記録できません。",
                "a consent in the future can't be recorded",
            ));
        }
        let note: String = note.trim().chars().take(400).collect();
        let event = json!({ "digest": digest, "body": body, "on": on, "note": note });
        self.emit("document.consent-of-body", caller, id, event)
    }

    fn consents(&self, id: &DocumentId, digest: &str) -> Result<Vec<BodyConsent>, DocumentsError> {
        let given = self.store.read(|tx| {
            tx.query(
                "SELECT * FROM document_consents WHERE document = ?1 AND digest = ?2",
                &[id.as_str().into(), digest.into()],
            )
        })?;
        let mut out = Vec::new();
        for body in &self.policy.bodies {
            let mut consent = BodyConsent {
                body: body.id.to_string(),
                name: body.name.ja.clone(),
                on: None,
                note: String::new(),
            };
            for row in &given {
                if row.get_text("body")? == consent.body {
                    consent.on = Some(rows::parsed(row, "consented_on")?);
                    consent.note = row.get_string("note")?;
                }
            }
            out.push(consent);
        }
        Ok(out)
    }
}
