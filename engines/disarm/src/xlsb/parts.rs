//! The package around the binary parts: names, bytes, and which part leads to which.

use std::collections::HashMap;

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use super::malformed;
use crate::zip::{Archive, Kind};
use crate::{Refusal, context::Context};

/// A reference of a part.
#[derive(Debug, Clone)]
pub(super) struct Relationship {
    /// The last segment of its type.
    pub(super) kind: String,
    /// A part's name, or an address when it leads outside.
    pub(super) target: String,
    pub(super) external: bool,
}

/// The parts of a package.
pub(super) struct Parts<'a> {
    archive: Archive<'a>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(input: &'a [u8], ctx: &mut Context<'_>) -> Result<Self, Refusal> {
        Ok(Self { archive: Archive::read(input, ctx)? })
    }

    pub(super) fn bytes(&self, name: &str, ctx: &mut Context<'_>) -> Result<Option<Vec<u8>>, Refusal> {
        self.archive.find(name).map(|entry| self.archive.bytes(entry, ctx)).transpose()
    }

    /// Names of all parts.
    pub(super) fn names(&self) -> Vec<String> {
        let files = self.archive.entries().iter().filter(|entry| entry.kind != Kind::Directory);
        files.map(|entry| entry.name.clone()).collect()
    }

    /// Where a part leads, by identifier.
    pub(super) fn relationships(
        &self,
        part: &str,
        ctx: &mut Context<'_>,
    ) -> Result<HashMap<String, Relationship>, Refusal> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let place = format!("{folder}{slash}_rels/{file}.rels");
        let Some(bytes) = self.bytes(&place, ctx)? else { return Ok(HashMap::new()) };
        let text = String::from_utf8(bytes).map_err(|_| malformed(&place))?;
        parse(&text, folder).ok_or_else(|| malformed(&place))
    }
}

fn parse(text: &str, folder: &str) -> Option<HashMap<String, Relationship>> {
    let mut reader = Reader::from_str(text);
    let mut found = HashMap::new();
    loop {
        match reader.read_event().ok()? {
            Event::Empty(element) | Event::Start(element)
                if element.local_name().as_ref() == "Relationship" =>
            {
                let mut values = HashMap::new();
                for attribute in element.attributes() {
                    let attribute = attribute.ok()?;
                    let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
                    values.insert(attribute.key.as_ref().to_owned(), value);
                }
                let external = values.get("TargetMode").is_some_and(|mode| mode == "External");
                let target = values.get("Target").cloned().unwrap_or_default();
                let kind = values.get("Type").and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
                let target = if external { target } else { resolved(folder, &target) };
                let id = values.get("Id").cloned().unwrap_or_default();
                found.insert(id, Relationship { kind: kind.to_owned(), target, external });
            }
            Event::DocType(_) => return None,
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

/// The part that a reference from a folder means.
fn resolved(folder: &str, target: &str) -> String {
    let mut segments: Vec<&str> =
        if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments.join("/")
}
