//! Pictures that lie in cells: a cell names one by a number, over four parts of metadata. They come out as pictures over
//! their cells, in the sheet's drawing; the metadata goes.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::package::{Relationship, Target};
use super::rebuild::Rebuild;
use super::xml;
use crate::Refusal;

/// More are not looked at.
const MAX_ROWS: usize = 100_000;

impl Rebuild<'_, '_, '_> {
    /// The pictures of a workbook in the order of the numbers that cells use, counted from one.
    pub(super) fn pictures_of_cells(
        &mut self,
        known: &HashMap<String, Relationship>,
    ) -> Result<Vec<Option<Relationship>>, Refusal> {
        let mut read = |segment: &str| -> Result<(String, Vec<Row>), Refusal> {
            let target = known.values().find(|relationship| relationship.segment == segment);
            let Some(Target::Part(part)) = target.map(|found| found.target.clone()) else {
                return Ok(Default::default());
            };
            let Some(bytes) = self.package.bytes(&part, self.ctx)? else { return Ok(Default::default()) };
            Ok((part.clone(), rows(&xml::decode(bytes, &part)?)))
        };
        let (part, relations) = read("richValueRel")?;
        if relations.is_empty() {
            return Ok(Vec::new());
        }
        let (_, metadata) = read("sheetMetadata")?;
        let (_, values) = read("rdRichValue")?;
        let (_, structures) = read("rdRichValueStructure")?;
        let pictures = self.package.relationships(&part, self.ctx)?;
        let is_picture = first_keys(&structures);
        let values = first_values(&values);
        let future: Vec<usize> = numbers(&metadata, "rvb", "i");
        let ids: Vec<&str> =
            relations.iter().filter(|row| row.name == "rel").filter_map(|row| row.get("id")).collect();
        let one = |index: usize| -> Option<Relationship> {
            let (structure, value) = values.get(*future.get(index)?)?;
            let shown = is_picture.get(*structure).copied().unwrap_or_default();
            let found = pictures.get(*ids.get((*value)?)?)?;
            (shown && found.is_picture()).then(|| found.clone())
        };
        // Cells have metadata of two kinds; the rows of values come last.
        let begin = metadata.iter().position(|row| row.name == "valueMetadata").unwrap_or(metadata.len());
        let used = numbers(metadata.get(begin..).unwrap_or_default(), "rc", "v");
        Ok(used.into_iter().map(one).collect())
    }
}

/// An element with its attributes and the text behind its start.
struct Row {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Row {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The elements of a part in their order; what is broken ends the list.
fn rows(text: &str) -> Vec<Row> {
    let mut reader = Reader::from_str(text);
    let mut found: Vec<Row> = Vec::new();
    while found.len() < MAX_ROWS {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => found.push(row(&element)),
            Ok(Event::Text(text)) => {
                if let Some(last) = found.last_mut() {
                    last.text.push_str(&text.xml10_content());
                }
            }
            Ok(Event::Eof | Event::DocType(_)) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found
}

fn row(element: &BytesStart<'_>) -> Row {
    let attributes = element.attributes().flatten().filter_map(|attribute| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
        Some((attribute.key.local_name().into_inner().to_owned(), value))
    });
    Row {
        name: element.local_name().into_inner().to_owned(),
        attributes: attributes.collect(),
        text: String::new(),
    }
}

fn numbers(rows: &[Row], name: &str, attribute: &str) -> Vec<usize> {
    let rows = rows.iter().filter(|row| row.name == name);
    rows.map(|row| row.get(attribute).and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)).collect()
}

/// For each structure: is the first thing in it a picture of this package?
fn first_keys(rows: &[Row]) -> Vec<bool> {
    let mut found = Vec::new();
    for pair in rows.windows(2) {
        if let [structure, key] = pair
            && structure.name == "s"
        {
            found.push(key.name == "k" && key.get("n") == Some("_rvRel:LocalImageIdentifier"));
        }
    }
    found
}

/// For each value: its structure, and the first number in it.
fn first_values(rows: &[Row]) -> Vec<(usize, Option<usize>)> {
    let mut found = Vec::new();
    for pair in rows.windows(2) {
        if let [value, first] = pair
            && value.name == "rv"
        {
            let structure = value.get("s").and_then(|number| number.parse().ok()).unwrap_or(usize::MAX);
            found.push((structure, first.text.trim().parse().ok().filter(|_| first.name == "v")));
        }
    }
    found
}
