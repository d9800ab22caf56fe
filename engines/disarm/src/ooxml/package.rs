//! The package as received: parts by name, and the relationships of a part (ISO/IEC 29500-2).

use std::collections::HashMap;

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::xml;
use crate::{Refusal, RefusalCode, context::Context, zip::Archive};

/// The parts of an input.
pub(super) struct Package<'a> {
    pub(super) archive: Archive<'a>,
}

/// A relationship as received.
#[derive(Debug, Clone)]
pub(super) struct Relationship {
    /// The last segment of the type's URI.
    pub(super) segment: String,
    /// Is the type one of those that ISO/IEC 29500 defines (or the drawing of a diagram)?
    pub(super) is_standard: bool,
    pub(super) target: Target,
}

/// Where a relationship leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A part's name without the leading slash.
    Part(String),
    /// An address outside.
    External(String),
}

impl<'a> Package<'a> {
    pub(super) fn read(input: &'a [u8], ctx: &mut Context<'_>) -> Result<Self, Refusal> {
        Ok(Self { archive: Archive::read(input, ctx)? })
    }

    /// A part's bytes, if there is such a part.
    pub(super) fn bytes(&self, part: &str, ctx: &mut Context<'_>) -> Result<Option<Vec<u8>>, Refusal> {
        match self.archive.find(part) {
            Some(entry) => self.archive.bytes(entry, ctx).map(Some),
            None => Ok(None),
        }
    }

    /// The relationships of a part, or of the package for an empty name.
    pub(super) fn relationships(
        &self,
        part: &str,
        ctx: &mut Context<'_>,
    ) -> Result<HashMap<String, Relationship>, Refusal> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let place = format!("{folder}{slash}_rels/{file}.rels");
        let Some(bytes) = self.bytes(&place, ctx)? else { return Ok(HashMap::new()) };
        parse(&xml::decode(bytes, &place)?, folder)
            .map_err(|what| Refusal::new(RefusalCode::Malformed, format!("{place}: {what}")))
    }

    /// The part that the package names as its document.
    ///
    /// # Errors
    /// `Malformed` without one, `Ambiguous` with two.
    pub(super) fn main_part(&self, ctx: &mut Context<'_>) -> Result<String, Refusal> {
        let mut mains = self.relationships("", ctx)?.into_values().filter_map(|relationship| {
            match (relationship.segment.as_str(), relationship.target) {
                ("officeDocument", Target::Part(part)) if relationship.is_standard => Some(part),
                _ => None,
            }
        });
        let main = mains.next().ok_or_else(|| Refusal::new(RefusalCode::Malformed, "no main part"))?;
        match mains.next() {
            Some(_) => Err(Refusal::new(RefusalCode::Ambiguous, "two main parts")),
            None => Ok(main),
        }
    }
}

fn parse(text: &str, folder: &str) -> Result<HashMap<String, Relationship>, String> {
    let mut reader = Reader::from_str(text);
    let mut found = HashMap::new();
    loop {
        let element = match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) | Event::Empty(element) => element,
            Event::DocType(_) => return Err("document type".to_owned()),
            Event::Eof => return Ok(found),
            _ => continue,
        };
        if element.local_name().into_inner() != "Relationship" {
            continue;
        }
        let (mut id, mut kind, mut target, mut external) = (None, String::new(), String::new(), false);
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            match attribute.key.into_inner() {
                "Id" => id = Some(value.into_owned()),
                "Type" => kind = value.into_owned(),
                "Target" => target = value.into_owned(),
                "TargetMode" => external = value == "External",
                _ => {}
            }
        }
        let target = if external { Target::External(target) } else { Target::Part(resolve(folder, &target)) };
        let segment = kind.rsplit('/').next().unwrap_or_default().to_owned();
        let is_standard = [super::kinds::OFFICE, super::kinds::OFFICE_STRICT]
            .iter()
            .any(|base| kind.strip_prefix(base) == Some(&segment))
            || kind == super::kinds::DIAGRAM_DRAWING;
        let relationship = Relationship { segment, is_standard, target };
        let id = id.ok_or_else(|| "relationship without an identifier".to_owned())?;
        if found.insert(id, relationship).is_some() {
            return Err("an identifier twice".to_owned());
        }
    }
}

/// A part name from a relative reference (RFC 3986, 5.2), without any way out of the package.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.split(['#', '?']).next().unwrap_or_default().replace('\\', "/");
    let mut segments: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        folder.split('/').filter(|s| !s.is_empty()).collect()
    };
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    unescape(&segments.join("/"))
}

fn unescape(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%').then(|| tail.get(..2)).flatten();
        let code = code
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_inside_the_package() {
        assert_eq!(resolve("word", "media/a.png"), "word/media/a.png");
        assert_eq!(resolve("xl/worksheets", "../drawings/drawing1.xml"), "xl/drawings/drawing1.xml");
        assert_eq!(resolve("word", "/word/styles.xml#x"), "word/styles.xml");
        assert_eq!(resolve("", "../../etc/passwd"), "etc/passwd");
        assert_eq!(resolve("", "word/%E6%96%87.xml"), "word/文.xml");
    }
}
