//! Controls and embedded objects of a sheet, as what they showed: a check box becomes a text box with its mark and its
//! label, an object becomes its preview picture. What they did is gone.
//!
//! They are found in the sheet's old VML drawing, which need not be well-formed; from it only numbers, a label and the
//! name of a picture's relationship are taken. The shapes are written as a drawing of our own wording and read again
//! like any drawing of the input, so that the positive list holds for them too.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::allow::{self, Ns};
use super::kinds::Kind;
use super::package::{Relationship, Target};
use super::part::PartJudge;
use super::xml::{self, Element, Node};
use super::{macros, notes};
use crate::{Refusal, RemovalCode};

/// A sheet with more has been made by a program to be slow.
const MAX_OBJECTS: usize = 2_000;
/// Not a kind of VML: a picture that lay in a cell.
const IN_CELL: &str = "";
/// A point on a screen, in the units of drawings.
const EMU_PER_PIXEL: u64 = 9_525;

/// Shapes to be added to a drawing: its text, and the pictures that it names.
pub(super) struct Added {
    pub(super) text: String,
    pub(super) known: HashMap<String, Relationship>,
}

/// One control or object.
struct Object {
    kind: String,
    anchor: [u32; 8],
    label: String,
    checked: bool,
    chosen: Option<u32>,
    procedure: Option<String>,
    picture: Option<String>,
}

impl PartJudge<'_, '_, '_, '_> {
    /// Adds what the controls and objects of a sheet showed to the sheet's drawing.
    pub(super) fn attach_objects(&mut self, sheet: &mut Element) -> Result<(), Refusal> {
        let old = self.relations.known.values().find(|old| old.is_standard && old.segment == "vmlDrawing");
        let mut objects = Vec::new();
        let mut pictures = HashMap::new();
        if let Some(Target::Part(vml)) = old.map(|old| old.target.clone())
            && let Some(bytes) = self.rebuild.package.bytes(&vml, self.rebuild.ctx)?
        {
            objects = read(&String::from_utf8_lossy(&bytes));
            pictures = self.rebuild.package.relationships(&vml, self.rebuild.ctx)?;
        }
        for ((cell, picture), number) in std::mem::take(&mut self.cell_pictures).into_iter().zip(1_u32..) {
            let id = format!("cell{number}");
            objects.push(Object::in_cell(cell, id.clone()));
            pictures.insert(id, picture);
        }
        if objects.is_empty() {
            return Ok(());
        }
        let added = self.drawn(&objects, &pictures);
        let drawing = self.relations.known.values().find(|known| known.leads_to(Kind::SheetDrawing));
        let drawing = drawing.map(|drawing| drawing.target.clone());
        if let (Some(Target::Part(part)), true) = (drawing, sheet.child(Ns::X, "drawing").is_some()) {
            self.rebuild.added_shapes.insert(part.to_lowercase(), added);
            return Ok(());
        }
        let path = self.rebuild.request_made(
            Kind::SheetDrawing,
            &format!("{}+", self.job.source),
            &self.job.place,
            added,
        );
        let id = self.relations.add(Kind::SheetDrawing.relation(), path, false);
        if let Some(spec) = allow::element(Ns::X, "drawing") {
            let mut drawing = Element::new(spec);
            drawing.set("r:id", id);
            let behind = |node: &Node| matches!(node, Node::Element(e) if e.spec.local == "legacyDrawing" || notes::stands_behind(e));
            let at = sheet.children.iter().position(behind).unwrap_or(sheet.children.len());
            sheet.children.insert(at, Node::Element(drawing));
        }
        Ok(())
    }

    fn drawn(&mut self, objects: &[Object], pictures: &HashMap<String, Relationship>) -> Added {
        let mut text = format!(
            "<xdr:wsDr xmlns:xdr=\"{}\" xmlns:a=\"{}\" xmlns:r=\"{}\">",
            Ns::XDR.uri(),
            Ns::A.uri(),
            Ns::R.uri()
        );
        let mut known = HashMap::new();
        for (object, number) in objects.iter().zip(1_u32..) {
            if object.kind != IN_CELL {
                self.report(RemovalCode::ActiveX, &format!("{} {}", cell_name(object.anchor), object.name()));
            }
            let picture =
                object.picture.as_ref().and_then(|id| pictures.get(id)).filter(|found| found.is_picture());
            if let Some(picture) = picture {
                known.insert(format!("object{number}"), picture.clone());
            } else if matches!(object.kind.as_str(), "Pict" | IN_CELL) {
                continue;
            }
            let keeps = self.rebuild.keeps_macros();
            let procedure =
                object.procedure.as_deref().filter(|name| keeps && macros::is_own_procedure(name));
            object.write(number, picture.is_some(), procedure, &mut text);
        }
        text.push_str("</xdr:wsDr>");
        Added { text, known }
    }
}

impl Object {
    /// A picture that fills a cell.
    fn in_cell((row, column): (u32, u32), picture: String) -> Self {
        Self {
            kind: IN_CELL.to_owned(),
            anchor: [column, 0, row, 0, column.saturating_add(1), 0, row.saturating_add(1), 0],
            label: String::new(),
            checked: false,
            chosen: None,
            procedure: None,
            picture: Some(picture),
        }
    }

    /// What people call it.
    fn name(&self) -> &'static str {
        match self.kind.as_str() {
            "Checkbox" => "チェックボックス",
            "Radio" => "オプションボタン",
            "Button" => "ボタン",
            "Drop" | "List" => "リスト",
            "Pict" => "オブジェクト",
            IN_CELL => "画像",
            _ => "コントロール",
        }
    }

    fn shown(&self) -> String {
        let mark = match (self.kind.as_str(), self.checked) {
            ("Checkbox", true) => "☑ ",
            ("Checkbox", false) => "☐ ",
            ("Radio", true) => "◉ ",
            ("Radio", false) => "○ ",
            _ => "",
        };
        match (self.kind.as_str(), self.chosen) {
            ("Drop" | "List", Some(chosen)) if chosen > 0 => format!("▼ {chosen} 番目を選択"),
            ("Drop" | "List", _) => "▼".to_owned(),
            _ => format!("{mark}{}", self.label),
        }
    }

    fn write(&self, number: u32, picture: bool, procedure: Option<&str>, out: &mut String) {
        let [left, left_off, top, top_off, right, right_off, bottom, bottom_off] = self.anchor;
        let emu = |pixels: u32| u64::from(pixels).saturating_mul(EMU_PER_PIXEL);
        out.push_str("<xdr:twoCellAnchor editAs=\"oneCell\">");
        for (name, column, column_off, row, row_off) in
            [("from", left, left_off, top, top_off), ("to", right, right_off, bottom, bottom_off)]
        {
            let _ = write!(
                out,
                "<xdr:{name}><xdr:col>{column}</xdr:col><xdr:colOff>{}</xdr:colOff><xdr:row>{row}</xdr:row>\
                 <xdr:rowOff>{}</xdr:rowOff></xdr:{name}>",
                emu(column_off),
                emu(row_off)
            );
        }
        let id = number.saturating_add(20_000);
        let name = self.name();
        if picture {
            let _ = write!(
                out,
                "<xdr:pic><xdr:nvPicPr><xdr:cNvPr id=\"{id}\" name=\"{name} {number}\"/><xdr:cNvPicPr/></xdr:nvPicPr>\
                 <xdr:blipFill><a:blip r:embed=\"object{number}\"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>\
                 <xdr:spPr><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic>"
            );
        } else {
            let framed = matches!(self.kind.as_str(), "Button" | "Drop" | "List" | "Edit" | "GBox");
            let line = if framed {
                "<a:ln><a:solidFill><a:srgbClr val=\"808080\"/></a:solidFill></a:ln>"
            } else {
                ""
            };
            let middle = if self.kind == "GBox" { "t" } else { "ctr" };
            let align = if self.kind == "Button" { "<a:pPr algn=\"ctr\"/>" } else { "" };
            let called = procedure.map(|name| format!(" macro=\"{name}\"")).unwrap_or_default();
            let _ = write!(
                out,
                "<xdr:sp{called}><xdr:nvSpPr><xdr:cNvPr id=\"{id}\" name=\"{name} {number}\"/><xdr:cNvSpPr txBox=\"1\"/></xdr:nvSpPr>\
                 <xdr:spPr><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom><a:noFill/>{line}</xdr:spPr><xdr:txBody>\
                 <a:bodyPr wrap=\"square\" lIns=\"18000\" tIns=\"0\" rIns=\"0\" bIns=\"0\" anchor=\"{middle}\"/><a:lstStyle/>\
                 <a:p>{align}<a:r><a:rPr lang=\"ja-JP\" sz=\"900\"/><a:t>"
            );
            xml::escape(&self.shown(), out, false);
            out.push_str("</a:t></a:r></a:p></xdr:txBody></xdr:sp>");
        }
        out.push_str("<xdr:clientData/></xdr:twoCellAnchor>");
    }
}

/// The shapes of a VML drawing that are no comments and can be seen.
fn read(vml: &str) -> Vec<Object> {
    vml.split(":shape ").skip(1).filter_map(object).take(MAX_OBJECTS).collect()
}

fn object(shape: &str) -> Option<Object> {
    let (before, data) = shape.split_once("ClientData ")?;
    let kind = data.strip_prefix("ObjectType=\"")?.split('"').next()?.to_owned();
    let style = before.split('>').next().unwrap_or_default();
    let hidden = style.contains("visibility:hidden") || style.contains("visibility: hidden");
    if hidden || matches!(kind.as_str(), "Note" | "Shape" | "Group" | "Rect" | "RectA") {
        return None;
    }
    let data = data.split("ClientData>").next().unwrap_or_default();
    let value = |name: &str| {
        let (_, rest) = data.split_once(name)?;
        Some(rest.split('<').next().unwrap_or_default().trim())
    };
    let picture = before.split_once(":imagedata").and_then(|(_, rest)| {
        let attributes = rest.split('>').next()?;
        ["o:relid=\"", "r:id=\""].iter().find_map(|name| {
            let (_, id) = attributes.split_once(name)?;
            Some(id.split('"').next()?.to_owned())
        })
    });
    Some(Object {
        anchor: notes::anchor(value(":Anchor>")?)?,
        label: label(before),
        checked: value(":Checked>").is_some_and(|state| state != "0"),
        chosen: value(":Sel>").and_then(|chosen| chosen.parse().ok()),
        procedure: value(":FmlaMacro>").map(str::to_owned),
        picture,
        kind,
    })
}

/// The text of a shape's text box without its tags.
fn label(shape: &str) -> String {
    let Some((_, inner)) = shape.split_once(":textbox") else { return String::new() };
    let inner = inner.split(":textbox>").next().unwrap_or_default();
    let pieces = inner.split('<').filter_map(|piece| piece.split_once('>').map(|(_, text)| text));
    let text: String = pieces.collect::<Vec<_>>().concat();
    let text = quick_xml::escape::unescape(&text).map(|text| text.into_owned()).unwrap_or(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(255).collect()
}

/// The cell in which it begins.
fn cell_name(anchor: [u32; 8]) -> String {
    let [column, _, row, ..] = anchor;
    let mut letters = Vec::new();
    let mut rest = column.saturating_add(1);
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.push(char::from_u32(u32::from('A').saturating_add(digit)).unwrap_or('A'));
        rest = (rest - 1) / 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{}", row.saturating_add(1))
}
