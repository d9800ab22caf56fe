//! Documents of the policy (規程文書): 基本方針, 対策基準 and 実施手順 as structured clauses with versions, comparison
//! tables, links and tiers (clauses 9 and 10 of the policy; 地方自治法244条の6).
//!
//! [`parse`] reads text into clauses, [`compare`] makes 新旧対照表, [`render`] writes text, HTML and DOCX; these three
//! are pure. DOCX files are never parsed in this process: the sandbox takes their text out. Non-public documents are
//! handed out by role only and every reading is written to the ledger first; only 基本方針 can be exported publicly.

pub mod compare;
pub mod model;
pub mod parse;
pub mod render;

pub use model::{
    Clause, ClauseId, Content, DateKind, Document, DocumentId, DraftId, HistoryDate, IdError, Mark, MarkKind,
    Tier, Version, VersionKind,
};
pub use parse::{ParsedDocument, import_lines, import_text};
