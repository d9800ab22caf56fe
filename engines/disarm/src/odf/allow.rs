//! The positive list: elements and attributes of OpenDocument that may be written, one file a namespace in
//! `engines/verify/lists/odf/`. What is not there is named here for the report, or leaves its text behind.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use sekisho_verify::lists::odf::NAMESPACES;

use crate::RemovalCode::{self, *};

/// An element that may be written.
#[derive(Debug)]
pub(super) struct Spec {
    /// Its name with the prefix that outputs use.
    pub(super) name: String,
    /// Text in it is content.
    pub(super) text: bool,
    attributes: HashSet<&'static str>,
}

impl Spec {
    /// The name of an attribute as it is written, if it is on the list.
    pub(super) fn attribute(&self, prefix: Option<&str>, local: &str) -> Option<&'static str> {
        match prefix {
            None => self.attributes.get(local).copied(),
            Some(prefix) => self.attributes.get(format!("{prefix}:{local}").as_str()).copied(),
        }
    }
}

/// Namespaces of older writers that mean those of today.
const OLDER: &[(&str, &str)] = &[
    ("http://www.w3.org/1999/XSL/Format", "fo"),
    ("http://www.w3.org/2000/svg", "svg"),
    ("http://www.w3.org/2001/SMIL20/", "smil"),
];

/// The prefix that outputs use for a namespace.
pub(super) fn prefix(uri: &str) -> Option<&'static str> {
    let known = NAMESPACES.iter().find(|row| row.1 == uri).map(|row| row.0);
    known.or_else(|| OLDER.iter().find(|row| row.0 == uri).map(|row| row.1))
}

/// The listed element of this name.
pub(super) fn element(prefix: &str, local: &str) -> Option<&'static Spec> {
    static LISTS: OnceLock<HashMap<&'static str, HashMap<&'static str, Spec>>> = OnceLock::new();
    let lists = LISTS.get_or_init(|| {
        NAMESPACES
            .iter()
            .map(|(prefix, _, list)| (*prefix, list.lines().filter_map(|l| parse(prefix, l)).collect()))
            .collect()
    });
    lists.get(prefix)?.get(local)
}

fn parse(prefix: &str, line: &'static str) -> Option<(&'static str, Spec)> {
    let mut words = line.split_ascii_whitespace();
    let word = words.next().filter(|word| *word != "#")?;
    let local = word.strip_suffix('$').unwrap_or(word);
    let name = format!("{prefix}:{local}");
    Some((local, Spec { name, text: local.len() != word.len(), attributes: words.collect() }))
}

/// Elements whose tags go and whose content stays: fields that read the person, the file or a source, and wrappers.
pub(super) fn is_transparent(prefix: &str, local: &str) -> bool {
    match prefix {
        "loext" => local == "content-control",
        "text" => {
            local.starts_with("sender-")
                || local.starts_with("print")
                || local.starts_with("modification-")
                || local.starts_with("creation-")
                || local.starts_with("editing-")
                || matches!(
                    local,
                    "meta"
                        | "meta-field"
                        | "author-name"
                        | "author-initials"
                        | "initial-creator"
                        | "creator"
                        | "description"
                        | "user-defined"
                        | "title"
                        | "subject"
                        | "keywords"
                        | "file-name"
                        | "template-name"
                        | "dde-connection"
                        | "execute-macro"
                        | "database-display"
                        | "database-name"
                        | "database-row-number"
                )
        }
        _ => false,
    }
}

/// What an element that is not written is called in a report; `None` for empty frames of no meaning.
pub(super) fn code(prefix: &str, local: &str, is_empty: bool) -> Option<RemovalCode> {
    Some(match (prefix, local) {
        ("office", "scripts" | "forms" | "event-listeners") if is_empty => return None,
        ("office", "forms") | ("form" | "xforms", _) | ("draw", "control") => FormField,
        ("office", "scripts" | "script")
        | ("script", _)
        | ("text", "script" | "execute-macro")
        | ("table", "error-macro") => Script,
        ("office", "event-listeners")
        | ("presentation", "event-listener")
        | ("anim", "command" | "param") => Action,
        ("draw", "object" | "object-ole" | "plugin" | "applet" | "param") => EmbeddedObject,
        ("draw", "floating-frame") | ("office", "dde-source") => ExternalLink,
        ("text", "section-source" | "alphabetical-index-auto-mark-file") => ExternalLink,
        ("table", "table-source" | "cell-range-source" | "dde-link" | "dde-links") => ExternalLink,
        ("text", "dde-connection" | "dde-connection-decl" | "dde-connection-decls") => ExternalLink,
        ("text", name) if name.starts_with("database-") => DataConnection,
        ("table", name) if name.starts_with("data-pilot-") || name.starts_with("database-source-") => {
            DataConnection
        }
        ("presentation", "sound") | ("anim", "audio") => Media,
        ("svg", name) if name.starts_with("font-face-") => EmbeddedFont,
        ("table", "tracked-changes") | ("loext", "theme") | ("office", "meta" | "settings") => Metadata,
        ("text", _) if is_transparent(prefix, local) => Field,
        ("loext", "content-control") => return None,
        _ => UnknownElement,
    })
}
