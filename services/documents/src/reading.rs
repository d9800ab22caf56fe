//! Reading: every way in which a text leaves this room for a person. A reading of a non-public document is in the ledger
//! before the text is handed out.

use sekisho_policy::Lang;
use sekisho_register::era::format_wareki;
use serde::Serialize;
use serde_json::json;

use crate::Documents;
use crate::compare::{Comparison, MatchBy, compare};
use crate::error::DocumentsError;
use crate::model::{Content, Document, DocumentId, DraftId, Tier, Version, digest_of};
use crate::render::{self, Handling, PageStyle};
use crate::rights::{Action, Caller};
use crate::rows::{self, DraftRow};

/// A version with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The document.
    pub document: Document,
    /// The version.
    pub version: Version,
    /// Its text.
    pub content: Content,
}

/// A draft with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftReading {
    /// The draft.
    pub draft: DraftView,
    /// Its text.
    pub content: Content,
}

/// A draft without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftView {
    /// The identifier.
    pub id: DraftId,
    /// The document.
    pub document: DocumentId,
    /// The version on which it is based; 0 for the first.
    pub base: u32,
    /// 題名
    pub title: String,
    /// 施行日
    pub effective_from: jiff::civil::Date,
    /// 改正理由
    pub reason: String,
    /// Who wrote it.
    pub author: String,
    /// `draft`, `proposed`, `enacted` or `discarded`.
    pub state: String,
    /// The case that decides on it.
    pub case: Option<String>,
    /// SHA-256 of the text: what an approval binds to.
    pub digest: String,
    /// When it changed last, in milliseconds since 1970 UTC.
    pub changed_ms: i64,
}

/// A line of the log of readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadingEntry {
    /// Position in the ledger.
    pub seq: u64,
    /// The version; 0 when a draft was read.
    pub version: u32,
    /// The draft, if one was read.
    pub draft: Option<String>,
    /// Who (person id).
    pub reader: String,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// How: `read`, `compare`, `docx`, `html`, `print`, `text`, `comparison`.
    pub way: String,
}

/// The form of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Word.
    Docx,
    /// HTML for the screen.
    Html,
    /// HTML for printing on A4.
    Print,
    /// Plain text that can be imported again.
    Text,
}

impl Form {
    const fn way(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Print => "print",
            Self::Text => "text",
        }
    }
}

/// A copy for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// A file name.
    pub name: String,
    /// The media type.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Documents {
    /// The documents that the caller may read, without their texts.
    ///
    /// # Errors
    /// The store's.
    pub fn documents(&self, caller: &Caller) -> Result<Vec<Document>, DocumentsError> {
        let all = self.store.read(|mut tx| rows::documents(&mut tx))?;
        Ok(all.into_iter().filter(|document| self.may(caller, Action::Read, document)).collect())
    }

    /// One document without its text.
    ///
    /// # Errors
    /// `NotFound`, also for those who may not know that it exists.
    pub fn document(&self, caller: &Caller, id: &DocumentId) -> Result<Document, DocumentsError> {
        self.permitted(caller, id, Action::Read)
    }

    /// A version with its text; the newest without a number.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`.
    pub fn read(
        &self,
        caller: &Caller,
        id: &DocumentId,
        version: Option<u32>,
    ) -> Result<Reading, DocumentsError> {
        self.open(caller, id, version, "read")
    }

    /// The drafts of a document, newest first, for those who may draft it; others see those that are proposed.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn drafts(&self, caller: &Caller, id: &DocumentId) -> Result<Vec<DraftView>, DocumentsError> {
        let document = self.permitted(caller, id, Action::Read)?;
        let drafts = self.store.read(|mut tx| rows::drafts(&mut tx, id))?;
        let visible = drafts.into_iter().filter(|draft| self.may_see_draft(caller, &document, draft));
        Ok(visible.map(view).collect())
    }

    /// A draft with its text.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`.
    pub fn read_draft(&self, caller: &Caller, id: &DraftId) -> Result<DraftReading, DocumentsError> {
        let (draft, content) = self.open_draft(caller, id, "read")?;
        Ok(DraftReading { draft: view(draft), content })
    }

    /// 新旧対照表 of two decided versions.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`.
    pub fn compare(
        &self,
        caller: &Caller,
        id: &DocumentId,
        old: u32,
        new: u32,
    ) -> Result<Comparison, DocumentsError> {
        let old = self.open(caller, id, Some(old), "compare")?;
        let new = self.open(caller, id, Some(new), "compare")?;
        Ok(compare(&old.content, &new.content, MatchBy::Id))
    }

    /// 新旧対照表 of a draft with the version on which it is based; every clause is new when there is none.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`.
    pub fn compare_draft(&self, caller: &Caller, id: &DraftId) -> Result<Comparison, DocumentsError> {
        let (draft, content) = self.open_draft(caller, id, "compare")?;
        let old = if draft.base == 0 {
            Content { title: content.title.clone(), ..Content::default() }
        } else {
            self.content_of(&draft.document, draft.base)?
        };
        Ok(compare(&old, &content, MatchBy::Id))
    }

    /// A copy of a version. Copies of non-public documents carry 非公開, the reader and the day on every page.
    /// `css_href` is where the page finds [`render::CSS`]; DOCX and text don't need it.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`, `Write`.
    pub fn export(
        &self,
        caller: &Caller,
        id: &DocumentId,
        version: Option<u32>,
        form: Form,
        css_href: &str,
    ) -> Result<Copy, DocumentsError> {
        let reading = self.open(caller, id, version, form.way())?;
        let handling = self.handling(caller, reading.document.tier);
        let page = |print| {
            let style = PageStyle { css_href: css_href.to_owned(), print, handling: handling.clone() };
            render::page(&reading.content, &style).into_bytes()
        };
        let (ending, media_type, bytes) = match form {
            Form::Docx => {
                let bytes = render::docx(&reading.content, &handling)
                    .map_err(|source| DocumentsError::Write { path: "docx".to_owned(), source })?;
                ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", bytes)
            }
            Form::Html => ("html", "text/html; charset=utf-8", page(false)),
            Form::Print => ("html", "text/html; charset=utf-8", page(true)),
            Form::Text => ("txt", "text/plain; charset=utf-8", render::text(&reading.content).into_bytes()),
        };
        let name = format!("{}_第{}版.{ending}", file_name(&reading.content.title), reading.version.number);
        Ok(Copy { name, media_type, bytes })
    }

    /// The printed 新旧対照表 of two versions.
    ///
    /// # Errors
    /// As [`Documents::compare`].
    pub fn export_comparison(
        &self,
        caller: &Caller,
        id: &DocumentId,
        old: u32,
        new: u32,
        css_href: &str,
    ) -> Result<Copy, DocumentsError> {
        let before = self.open(caller, id, Some(old), "comparison")?;
        let after = self.open(caller, id, Some(new), "comparison")?;
        let style = PageStyle {
            css_href: css_href.to_owned(),
            print: true,
            handling: self.handling(caller, before.document.tier),
        };
        let table = compare(&before.content, &after.content, MatchBy::Id);
        let name = format!("{}_新旧対照表_第{old}版_第{new}版.html", file_name(&after.content.title));
        let bytes = render::comparison_page(&table, &style).into_bytes();
        Ok(Copy { name, media_type: "text/html; charset=utf-8", bytes })
    }

    /// Who read a document, newest first.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`.
    pub fn readings(
        &self,
        caller: &Caller,
        id: &DocumentId,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<ReadingEntry>, DocumentsError> {
        self.permitted(caller, id, Action::SeeReadings)?;
        self.store.read(|tx| {
            let found = tx.query(
                "SELECT * FROM document_readings WHERE document = ?1 ORDER BY seq DESC LIMIT ?2 OFFSET ?3",
                &[id.as_str().into(), limit.min(1_000).into(), offset.into()],
            )?;
            found
                .iter()
                .map(|row| {
                    Ok(ReadingEntry {
                        seq: row.get_u64("seq")?,
                        version: rows::number(row, "version")?,
                        draft: Some(row.get_string("draft")?).filter(|draft| !draft.is_empty()),
                        reader: row.get_string("actor")?,
                        time_ms: row.get_i64("time_ms")?,
                        way: row.get_string("way")?,
                    })
                })
                .collect()
        })
    }

    /// The one door to the text of a decided version for people.
    fn open(
        &self,
        caller: &Caller,
        id: &DocumentId,
        version: Option<u32>,
        way: &str,
    ) -> Result<Reading, DocumentsError> {
        let document = self.permitted(caller, id, Action::Read)?;
        let found = match version {
            Some(number) => document.version(number),
            None => document.latest(),
        };
        let version = found
            .cloned()
            .ok_or_else(|| DocumentsError::not_found(format!("that version of document `{id}`")))?;
        self.log(caller, &document, version.number, None, &version.digest, way)?;
        let content = self.content_of(id, version.number)?;
        Ok(Reading { document, version, content })
    }

    /// The one door to the text of a draft for people.
    fn open_draft(
        &self,
        caller: &Caller,
        id: &DraftId,
        way: &str,
    ) -> Result<(DraftRow, Content), DocumentsError> {
        let draft = self.store.read(|mut tx| rows::draft(&mut tx, id))?;
        let document = self.permitted(caller, &draft.document, Action::Read)?;
        if !self.may_see_draft(caller, &document, &draft) {
            return Err(DocumentsError::not_found(format!("draft `{id}`")));
        }
        self.log(caller, &document, 0, Some(id), &draft.digest, way)?;
        let content = self.text(&draft.blob, &draft.digest)?;
        Ok((draft, content))
    }

    /// Writes `document.read`, before anything is shown.
    fn log(
        &self,
        caller: &Caller,
        document: &Document,
        version: u32,
        draft: Option<&DraftId>,
        digest: &str,
        way: &str,
    ) -> Result<(), DocumentsError> {
        if document.tier == Tier::Public {
            return Ok(());
        }
        let body = json!({
            "tier": document.tier, "version": version, "draft": draft, "digest": digest, "way": way,
            "reason": caller.reason(),
        });
        self.emit("document.read", caller, &document.id, body)
    }

    /// Drafts are for those who write them; once proposed, for the staff who may read the document, since they decide.
    fn may_see_draft(&self, caller: &Caller, document: &Document, draft: &DraftRow) -> bool {
        let staff = match caller {
            Caller::System { .. } => true,
            Caller::Person(principal) => {
                let holds =
                    |roles: &[&str]| principal.person.roles.iter().any(|role| roles.contains(&role.as_str()));
                holds(crate::rights::STAFF) && !holds(crate::rights::OUTSIDE)
            }
        };
        self.may(caller, Action::Draft, document)
            || (staff && draft.state != "draft" && draft.state != "discarded")
    }

    pub(crate) fn content_of(&self, id: &DocumentId, version: u32) -> Result<Content, DocumentsError> {
        let (blob, digest) = self.store.read(|mut tx| {
            let (document, _) = rows::document(&mut tx, id)?;
            let digest = document.version(version).map(|version| version.digest.clone()).unwrap_or_default();
            Ok::<_, DocumentsError>((rows::blob_of(&mut tx, id, version)?, digest))
        })?;
        self.text(&blob, &digest)
    }

    fn text(&self, blob: &str, digest: &str) -> Result<Content, DocumentsError> {
        let bytes = self.store.blobs().read(blob, 64 << 20)?;
        let damaged = |reason: String| DocumentsError::Damaged { digest: digest.to_owned(), reason };
        if digest_of(&bytes) != digest {
            return Err(damaged("its bytes have another digest".to_owned()));
        }
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
    }

    fn handling(&self, caller: &Caller, tier: Tier) -> Handling {
        if tier == Tier::Public {
            return Handling::default();
        }
        let day = format_wareki(rows::day_of(self.store.clock().now_ms()));
        let who = match caller {
            Caller::Person(principal) => format!("{}（{}）", principal.person.name, principal.person.login),
            Caller::System { reason } => reason.clone(),
        };
        Handling {
            mark: Some(format!("非公開　{}", tier.label(Lang::Ja).trim_end_matches("（非公開）"))),
            trace: Some(format!("{day}出力　{who}　複製及び庁外への持ち出しを禁ずる。")),
        }
    }
}

fn view(draft: DraftRow) -> DraftView {
    DraftView {
        id: draft.id,
        document: draft.document,
        base: draft.base,
        title: draft.title,
        effective_from: draft.effective_from,
        reason: draft.reason,
        author: draft.author,
        state: draft.state,
        case: draft.case,
        digest: draft.digest,
        changed_ms: draft.changed_ms,
    }
}

/// A title as a file name on any system.
fn file_name(title: &str) -> String {
    title
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | ' ') {
                '_'
            } else {
                c
            }
        })
        .take(80)
        .collect()
}
