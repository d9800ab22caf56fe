//! Which standard, procedure, register and control carries out which clause of the policy (対応関係), and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Documents;
use crate::error::DocumentsError;
use crate::model::{Clause, ClauseId, Content, DocumentId, MarkKind, Tier};
use crate::rights::{Action, Caller};
use crate::rows;

/// What carries a clause out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Target {
    /// A clause of the standards (対策基準), or the whole.
    Standard {
        /// The document.
        document: DocumentId,
        /// The clause.
        clause: Option<ClauseId>,
    },
    /// A procedure (実施手順), or a clause of it.
    Procedure {
        /// The document.
        document: DocumentId,
        /// The clause.
        clause: Option<ClauseId>,
    },
    /// A register (台帳), by its id.
    Register {
        /// The id, e.g. `usb-loans`.
        id: String,
    },
    /// A control (統制), by its id.
    Control {
        /// The id.
        id: String,
    },
}

impl Target {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Standard { .. } => "standard",
            Self::Procedure { .. } => "procedure",
            Self::Register { .. } => "register",
            Self::Control { .. } => "control",
        }
    }

    fn parts(&self) -> (String, String) {
        match self {
            Self::Standard { document, clause } | Self::Procedure { document, clause } => {
                (document.to_string(), clause.map_or_else(String::new, |clause| clause.to_string()))
            }
            Self::Register { id } | Self::Control { id } => (id.clone(), String::new()),
        }
    }

    fn of(kind: &str, target: &str, clause: &str) -> Option<Self> {
        let clause = if clause.is_empty() { None } else { Some(clause.parse().ok()?) };
        Some(match kind {
            "standard" => Self::Standard { document: target.parse().ok()?, clause },
            "procedure" => Self::Procedure { document: target.parse().ok()?, clause },
            "register" => Self::Register { id: target.to_owned() },
            "control" => Self::Control { id: target.to_owned() },
            _ => return None,
        })
    }
}

/// A link from a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The clause.
    pub clause: ClauseId,
    /// Its number in the newest version; `None` when that version has it no more.
    pub number: Option<String>,
    /// What carries it out.
    pub target: Target,
    /// The target clause's number, or the target's title, for those who may read it; the id otherwise.
    pub label: String,
    /// The target is gone: a document, or a clause that the newest version has no more.
    pub stale: bool,
    /// A remark.
    pub note: String,
}

/// What a clause lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// No clause of the standards.
    Standard,
    /// No procedure.
    Procedure,
    /// Neither register nor control: nothing shows that it is carried out.
    Record,
    /// A link leads nowhere any more.
    Stale,
}

/// A row of the coverage list (対応表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRow {
    /// The clause.
    pub clause: ClauseId,
    /// Its number.
    pub number: String,
    /// Its heading.
    pub heading: String,
    /// Must standards and procedures carry it out? (clause 9: 「上記6、7及び8に規定する対策等」)
    pub required: bool,
    /// What carries it out.
    pub links: Vec<Link>,
    /// What is missing; empty for clauses that nothing needs to carry out.
    pub gaps: Vec<Gap>,
}

impl Documents {
    /// Links a clause of the newest version. Linking again replaces the remark.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`; `Invalid` when the clause or the target does not exist or is of another tier.
    pub fn link(
        &self,
        caller: &Caller,
        id: &DocumentId,
        clause: ClauseId,
        target: &Target,
        note: &str,
    ) -> Result<(), DocumentsError> {
        self.permitted(caller, id, Action::Link)?;
        if !self.clause_numbers(id)?.contains_key(&clause) {
            return Err(unknown_clause(clause));
        }
        let wanted = match target {
            Target::Standard { document, clause } => Some((document, clause, Tier::Standard)),
            Target::Procedure { document, clause } => Some((document, clause, Tier::Procedure)),
            Target::Register { id } | Target::Control { id } => {
                let sound = (1..=64).contains(&id.len())
                    && id
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
                if !sound {
                    return Err(DocumentsError::invalid(
                        format!("台帳又は統制の識別子 `{id}` が正しくありません。"),
                        format!("`{id}` is not the id of a register or control"),
                    ));
                }
                None
            }
        };
        if let Some((document, clause, tier)) = wanted {
            let found = self.permitted(caller, document, Action::Read)?;
            if found.tier != tier {
                return Err(DocumentsError::invalid(
                    "関連付ける先の文書の種別が違います。",
                    "the target document is of another tier",
                ));
            }
            if let Some(clause) = clause
                && !self.clause_numbers(document)?.contains_key(clause)
            {
                return Err(unknown_clause(*clause));
            }
        }
        let (name, target_clause) = target.parts();
        let note: String = note.trim().chars().take(400).collect();
        let body = json!({
            "clause": clause, "kind": target.kind(), "target": name, "target_clause": target_clause, "note": note,
        });
        self.emit("document.linked", caller, id, body)
    }

    /// Takes a link away.
    ///
    /// # Errors
    /// `NotFound`, `NotPermitted`.
    pub fn unlink(
        &self,
        caller: &Caller,
        id: &DocumentId,
        clause: ClauseId,
        target: &Target,
    ) -> Result<(), DocumentsError> {
        self.permitted(caller, id, Action::Link)?;
        let (name, target_clause) = target.parts();
        let body = json!({ "clause": clause, "kind": target.kind(), "target": name, "target_clause": target_clause });
        self.emit("document.unlinked", caller, id, body)
    }

    /// The links of a document's clauses.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn links(&self, caller: &Caller, id: &DocumentId) -> Result<Vec<Link>, DocumentsError> {
        self.permitted(caller, id, Action::Read)?;
        let own = self.clause_numbers(id)?;
        let stored = self.store.read(|tx| {
            tx.query(
                "SELECT * FROM document_links WHERE document = ?1 ORDER BY clause, kind, target, target_clause",
                &[id.as_str().into()],
            )
        })?;
        let mut links = Vec::new();
        for row in &stored {
            let clause: ClauseId = rows::parsed(row, "clause")?;
            let Some(target) =
                Target::of(row.get_text("kind")?, row.get_text("target")?, row.get_text("target_clause")?)
            else {
                continue;
            };
            let (label, stale) = self.describe(caller, &target)?;
            let number = own.get(&clause).cloned();
            links.push(Link { clause, number, target, label, stale, note: row.get_string("note")? });
        }
        links.sort_by_key(|link| link.clause);
        Ok(links)
    }

    /// For each clause of the newest version what carries it out and what is missing.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for another tier than the public one.
    pub fn coverage(&self, caller: &Caller, id: &DocumentId) -> Result<Vec<CoverageRow>, DocumentsError> {
        let document = self.permitted(caller, id, Action::Read)?;
        let Some(version) = document.latest().filter(|_| document.tier == Tier::Public) else {
            return Err(DocumentsError::invalid(
                "対応表は、決裁済みの基本方針について作成します。",
                "the coverage list is made for a decided basic policy",
            ));
        };
        let content = self.content_of(id, version.number)?;
        let mut by_clause: BTreeMap<ClauseId, Vec<Link>> = BTreeMap::new();
        for link in self.links(caller, id)? {
            by_clause.entry(link.clause).or_default().push(link);
        }
        Ok(coverage_of(&content, by_clause))
    }

    fn describe(&self, caller: &Caller, target: &Target) -> Result<(String, bool), DocumentsError> {
        let (Target::Standard { document, clause } | Target::Procedure { document, clause }) = target else {
            return Ok((target.parts().0, false));
        };
        match self.permitted(caller, document, Action::Read) {
            Ok(found) => {
                let number = match clause {
                    None => Some(String::new()),
                    Some(clause) => self.clause_numbers(document)?.remove(clause),
                };
                let stale = number.is_none();
                Ok((format!("{} {}", found.title, number.unwrap_or_default()).trim().to_owned(), stale))
            }
            // Somebody who may not read the target sees that there is one, not what it is called.
            Err(DocumentsError::NotFound { .. }) => Ok(("非公開".to_owned(), false)),
            Err(error) => Err(error),
        }
    }

    fn clause_numbers(&self, id: &DocumentId) -> Result<BTreeMap<ClauseId, String>, DocumentsError> {
        self.store.read(|tx| {
            tx.query(
                "SELECT clause, number FROM document_clauses WHERE document = ?1",
                &[id.as_str().into()],
            )?
            .iter()
            .map(|row| Ok((rows::parsed(row, "clause")?, row.get_string("number")?)))
            .collect()
        })
    }
}

fn unknown_clause(clause: ClauseId) -> DocumentsError {
    DocumentsError::invalid(
        format!("項目 {clause} は最新の版にありません。画面を読み込み直してください。"),
        format!("the newest version has no clause {clause}; reload the page"),
    )
}

fn coverage_of(content: &Content, mut links: BTreeMap<ClauseId, Vec<Link>>) -> Vec<CoverageRow> {
    let required = clauses_to_carry_out(content);
    let mut rows = Vec::new();
    for top in &content.clauses {
        let inner: Vec<&Clause> = top.children.iter().filter(|child| !child.heading.is_empty()).collect();
        let listed = if required.contains(&top.number) && !inner.is_empty() { inner } else { vec![top] };
        for clause in listed {
            // What is linked to a part of a clause carries out a part of it and is listed with it.
            let mut own: Vec<Link> = crate::model::walk(std::slice::from_ref(clause))
                .filter_map(|inner| links.remove(&inner.id))
                .flatten()
                .collect();
            own.sort_by(|a, b| a.target.cmp(&b.target));
            let required = required.contains(&top.number);
            let has =
                |test: &dyn Fn(&Target) -> bool| own.iter().any(|link| !link.stale && test(&link.target));
            let mut gaps = Vec::new();
            if required {
                if !has(&|target| matches!(target, Target::Standard { .. })) {
                    gaps.push(Gap::Standard);
                }
                if !has(&|target| matches!(target, Target::Procedure { .. })) {
                    gaps.push(Gap::Procedure);
                }
                if !has(&|target| matches!(target, Target::Register { .. } | Target::Control { .. })) {
                    gaps.push(Gap::Record);
                }
            }
            if own.iter().any(|link| link.stale) {
                gaps.push(Gap::Stale);
            }
            rows.push(CoverageRow {
                clause: clause.id,
                number: clause.number.clone(),
                heading: clause.heading.clone(),
                required,
                links: own,
                gaps,
            });
        }
    }
    rows
}

/// The clauses that the standards must carry out, as the policy itself says: 「上記6、7及び8に規定する対策等を実施するために…
/// 対策基準を策定する」. A policy without such a sentence asks it of every clause.
pub(crate) fn clauses_to_carry_out(content: &Content) -> BTreeSet<String> {
    for clause in content.walk() {
        let text = clause.text();
        let Some((before, _)) = text.split_once("に規定する").filter(|(_, after)| after.contains("対策基準"))
        else {
            continue;
        };
        let numbers: BTreeSet<String> = before
            .split(|c: char| crate::parse::mark::digit(c).is_none())
            .filter_map(|digits| crate::parse::mark::number(digits).map(|(n, _)| n.to_string()))
            .filter(|number| content.clauses.iter().any(|clause| clause.number == *number))
            .collect();
        if !numbers.is_empty() {
            return numbers;
        }
    }
    let numbered = content.clauses.iter().filter(|clause| clause.mark.kind != MarkKind::Part);
    numbered.map(|clause| clause.number.clone()).collect()
}
