//! Decides on elements of spreadsheets: cells and their formulas, names, rules that hold formulas, sheets.

use super::allow::{self, Ns};
use super::kinds::OFFICE;
use super::package::Target;
use super::part::PartJudge;
use super::xml::{Element, Node, Verdict};
use super::{formula, macros, notes};
use crate::{Refusal, RefusalCode, RemovalCode, TextPiece};

/// Extensions of sheets and rules that are on the list, each with what it holds.
const EXTENSIONS: &[(&str, &str)] = &[
    ("{78C0D931-6437-407D-A8EE-F0AAD7539E65}", "conditionalFormattings"),
    ("{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}", "dataValidations"),
    ("{05C60535-1F16-4FD2-B633-F4F36F0B64E0}", "sparklineGroups"),
    ("{B025F937-C7B1-47D3-B67F-A62EFF666E3E}", "id"),
];

impl PartJudge<'_, '_, '_, '_> {
    pub(super) fn sheet_element(&mut self, mut element: Element) -> Result<Verdict, Refusal> {
        match element.spec.local {
            "c" => self.cell(&mut element),
            "row" => {
                self.collect_row(&element);
                return Ok(Verdict::Finish(element));
            }
            "si" => {
                if self.rebuild.wants_text() {
                    self.rebuild.shared_strings.push(super::text::of_rich(&element));
                }
                return Ok(Verdict::Finish(element));
            }
            "sheet" => {
                if element.attribute("state") == Some("veryHidden") {
                    element.set("state", "hidden".to_owned());
                    let name = element.attribute("name").unwrap_or_default().to_owned();
                    self.rebuild.removed(RemovalCode::HiddenContent, &name);
                }
                self.sheets.push(true);
            }
            "sheets" if element.children.is_empty() => {
                return Err(Refusal::new(RefusalCode::UnsupportedFormat, "xlsx: no worksheet"));
            }
            "definedName" => return Ok(self.defined_name(element)),
            "workbook" => self.renumber_views(&mut element),
            "worksheet" => {
                self.attach_notes(&mut element);
                self.attach_objects(&mut element)?;
            }
            // Ties a sheet to its module.
            "sheetPr" | "workbookPr" if !self.rebuild.keeps_macros() => element.remove("codeName"),
            "ext" if !extension_is_known(&element) => return Ok(Verdict::Drop),
            "extLst" if element.children.is_empty() => return Ok(Verdict::Drop),
            "formula" | "formula1" | "formula2"
                if !is_constant_list(&element) && !self.formula_is_allowed(&element.text()) =>
            {
                self.report(RemovalCode::Formula, element.spec.local);
                return Ok(Verdict::Drop);
            }
            "dataValidation" => {
                let wants = !matches!(element.attribute("type"), None | Some("none"));
                if wants && element.child(Ns::X, "formula1").is_none() {
                    return Ok(Verdict::Drop);
                }
            }
            "conditionalFormatting" => {
                // The pivot table that it belonged to is cells now.
                element.remove("pivot");
                if element.elements().next().is_none() {
                    return Ok(Verdict::Drop);
                }
            }
            "cfRule" => {
                let wants = element.attribute("type") == Some("expression");
                if wants && element.child(Ns::X, "formula").is_none() {
                    return Ok(Verdict::Drop);
                }
            }
            "cfvo"
                if element
                    .attribute("val")
                    .is_some_and(|v| v.parse::<f64>().is_err() && !self.formula_is_allowed(v)) =>
            {
                element.remove("val");
                self.report(RemovalCode::Formula, "cfvo");
            }
            "calculatedColumnFormula" | "totalsRowFormula" if !self.formula_is_allowed(&element.text()) => {
                self.report(RemovalCode::Formula, element.spec.local);
                return Ok(Verdict::Drop);
            }
            // Where a table's rows came from is gone; the rows stay.
            "table" => element.remove("tableType"),
            "hyperlink" if element.attribute("location").is_none() && element.attribute("r:id").is_none() => {
                return Ok(Verdict::Drop);
            }
            "dataValidations" | "tableParts" | "hyperlinks" | "definedNames" => {
                element.remove("count");
                if element.elements().next().is_none() {
                    return Ok(Verdict::Drop);
                }
            }
            _ => {}
        }
        Ok(Verdict::Keep(element))
    }

    /// Elements of Excel 2010 and later: rules that refer to other sheets, data bars, sparklines.
    pub(super) fn extension_element(&mut self, mut element: Element) -> Verdict {
        let has = |element: &Element, name: &str| element.child(Ns::XM, name).is_some();
        match (element.spec.ns, element.spec.local) {
            (Ns::XM, "f") if !is_constant_list(&element) && !self.formula_is_allowed(&element.text()) => {
                self.report(RemovalCode::Formula, "拡張ルール");
                return Verdict::Drop;
            }
            (Ns::X14, "formula1" | "formula2") if !has(&element, "f") => return Verdict::Drop,
            (Ns::X14, "dataValidation") => {
                let wants = !matches!(element.attribute("type"), None | Some("none"));
                if !has(&element, "sqref") || (wants && element.child(Ns::X14, "formula1").is_none()) {
                    return Verdict::Drop;
                }
            }
            (Ns::X14, "cfvo") => {
                let measured =
                    matches!(element.attribute("type"), Some("num" | "percent" | "percentile" | "formula"));
                if measured && !has(&element, "f") {
                    return Verdict::Drop;
                }
            }
            (Ns::X14, "dataBar" | "iconSet" | "colorScale") => {
                let points = element.elements().filter(|child| child.is(Ns::X14, "cfvo")).count();
                if points < 2 {
                    return Verdict::Drop;
                }
            }
            (Ns::X14, "cfRule") => {
                let part = match element.attribute("type") {
                    Some("expression") => has(&element, "f"),
                    Some(kind @ ("dataBar" | "iconSet" | "colorScale")) => {
                        element.child(Ns::X14, kind).is_some()
                    }
                    _ => true,
                };
                if !part {
                    return Verdict::Drop;
                }
            }
            (Ns::X14, "conditionalFormatting") => {
                element.remove("pivot");
                if element.child(Ns::X14, "cfRule").is_none() {
                    return Verdict::Drop;
                }
            }
            (
                Ns::X14,
                "conditionalFormattings"
                | "dataValidations"
                | "sparklineGroups"
                | "sparklines"
                | "sparklineGroup",
            ) => {
                element.remove("count");
                if element.elements().next().is_none() {
                    return Verdict::Drop;
                }
            }
            _ => {}
        }
        Verdict::Keep(element)
    }

    /// A shape of a sheet calls a procedure only where approved macros stay.
    pub(super) fn drawing_element(&mut self, mut element: Element) -> Verdict {
        if let Some(called) = element.attribute("macro").map(str::to_owned) {
            let keep =
                self.rebuild.keeps_macros() && (called.is_empty() || macros::is_own_procedure(&called));
            if !keep {
                element.remove("macro");
            }
            if !keep && !called.is_empty() {
                self.report(RemovalCode::Action, "マクロを呼ぶ図形");
            }
        }
        Verdict::Keep(element)
    }

    fn formula_is_allowed(&self, text: &str) -> bool {
        formula::is_allowed_in(text, &self.rebuild.scope)
    }

    /// The sheet in front stays in front, by its new number; two selected sheets would be edited together.
    fn renumber_views(&mut self, book: &mut Element) {
        let sheets = &self.sheets;
        let renumbered = |old: &str| {
            let index = old.parse::<usize>().ok().filter(|index| sheets.get(*index) == Some(&true))?;
            Some(sheets.iter().take(index).filter(|kept| **kept).count().to_string())
        };
        let views = book.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) if element.is(Ns::X, "bookViews") => Some(element),
            _ => None,
        });
        for view in views.flat_map(|views| views.children.iter_mut()) {
            let Node::Element(view) = view else { continue };
            for name in ["activeTab", "firstSheet"] {
                match view.attribute(name).map(&renumbered) {
                    Some(Some(new)) => view.set(name, new),
                    Some(None) => view.remove(name),
                    None => {}
                }
            }
        }
    }

    /// Comments show in boxes that another part draws; that part is written by us.
    fn attach_notes(&mut self, sheet: &mut Element) {
        let comments = self.relations.target_of("comments");
        let Some((comments, spec)) = comments.zip(allow::element(Ns::X, "legacyDrawing")) else { return };
        let shapes = notes::path(&comments);
        let old = self.relations.known.values().find(|old| old.is_standard && old.segment == "vmlDrawing");
        if let Some(Target::Part(old)) = old.map(|old| old.target.clone()) {
            self.rebuild.note_shapes.insert(comments, old);
        }
        let id = self.relations.add(format!("{OFFICE}vmlDrawing"), shapes, false);
        let mut drawing = Element::new(spec);
        drawing.set("r:id", id);
        let behind = |node: &Node| matches!(node, Node::Element(e) if notes::stands_behind(e));
        let at = sheet.children.iter().position(behind).unwrap_or(sheet.children.len());
        sheet.children.insert(at, Node::Element(drawing));
    }

    fn cell(&mut self, element: &mut Element) {
        let is_array = element.child(Ns::X, "f").is_some_and(|f| f.attribute("t") == Some("array"));
        if element.attribute("cm").is_some() {
            element.remove("cm");
            if is_array && self.rebuild.dynamic_arrays {
                element.set("cm", "1".to_owned());
            }
        }
        self.take_picture(element);
        let Some(formula) = element.child(Ns::X, "f") else { return };
        let text = formula.text();
        let shared =
            formula.attribute("si").filter(|_| formula.attribute("t") == Some("shared")).map(str::to_owned);
        let keep = match (&shared, formula.attribute("t")) {
            (_, Some("dataTable")) => false,
            (Some(index), _) if text.is_empty() => self.shared_formulas.contains(index),
            _ => self.formula_is_allowed(&text),
        };
        match shared {
            Some(index) if keep => {
                self.shared_formulas.insert(index);
            }
            Some(index) if !text.is_empty() => {
                self.shared_formulas.remove(&index);
            }
            _ => {}
        }
        if !keep {
            let reference = element.attribute("r").unwrap_or("?").to_owned();
            element.children.retain(|node| !matches!(node, Node::Element(e) if e.is(Ns::X, "f")));
            element.remove("cm");
            let place = format!("{}!{reference}", self.job.place);
            self.rebuild.removed(RemovalCode::Formula, &place);
        }
    }

    /// A picture in a cell stands there as an error with a number; it becomes a picture over an empty cell.
    fn take_picture(&mut self, element: &mut Element) {
        let Some(number) = element.attribute("vm").map(str::to_owned) else { return };
        element.remove("vm");
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let picture = index.and_then(|index| self.rebuild.cell_pictures.get(index)).cloned().flatten();
        let cell = element.attribute("r").and_then(notes::cell);
        if let (Some(picture), Some(cell), None) = (picture, cell, element.child(Ns::X, "f")) {
            self.cell_pictures.push((cell, picture));
            element.remove("t");
            element.children.clear();
        }
    }

    fn defined_name(&mut self, mut element: Element) -> Verdict {
        let name = element.attribute("name").unwrap_or_default().to_owned();
        let local = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let runs = local.starts_with("auto_") || name.to_ascii_lowercase().starts_with("auto_");
        if runs {
            self.rebuild.removed(RemovalCode::XlmMacro, &name);
            self.rebuild.scope.names.insert(name.to_lowercase());
            return Verdict::Drop;
        }
        if !self.formula_is_allowed(&element.text()) {
            self.rebuild.removed(RemovalCode::Formula, &format!("名前 {name}"));
            self.rebuild.scope.names.insert(name.to_lowercase());
            return Verdict::Drop;
        }
        if let Some(index) = element.attribute("localSheetId").and_then(|id| id.parse::<usize>().ok()) {
            if self.sheets.get(index) != Some(&true) {
                return Verdict::Drop;
            }
            let new = self.sheets.iter().take(index).filter(|kept| **kept).count();
            element.set("localSheetId", new.to_string());
        }
        Verdict::Keep(element)
    }

    pub(super) fn note_sheet(&mut self, verdict: Verdict, element: &Element) -> Verdict {
        if is_sheet(element) && matches!(verdict, Verdict::Drop) {
            self.sheets.push(false);
            let name = element.attribute("name").unwrap_or_default();
            self.rebuild.scope.sheets.insert(name.to_lowercase());
        }
        verdict
    }

    pub(super) fn name_sheet(&mut self, element: &Element) {
        let Some(name) = element.attribute("name") else { return };
        let relationship = element.attribute("r:id").and_then(|id| self.relations.known.get(id));
        if let Some(Target::Part(part)) = relationship.map(|r| r.target.clone()) {
            self.rebuild.sheet_names.insert(part.to_lowercase(), name.to_owned());
        }
    }

    /// Cells are written down row by row, so their text is taken here.
    fn collect_row(&mut self, row: &Element) {
        if !self.rebuild.wants_text() {
            return;
        }
        for cell in row.elements().filter(|e| e.is(Ns::X, "c")) {
            let value = cell.child(Ns::X, "v").map(Element::text).unwrap_or_default();
            let text = match cell.attribute("t") {
                Some("s") => {
                    let index = value.trim().parse::<usize>().ok();
                    index.and_then(|at| self.rebuild.shared_strings.get(at)).cloned().unwrap_or_default()
                }
                Some("inlineStr") => cell.child(Ns::X, "is").map(super::text::of_rich).unwrap_or_default(),
                _ => value,
            };
            if !text.is_empty() {
                let location = format!("{}!{}", self.job.place, cell.attribute("r").unwrap_or("?"));
                self.rebuild.pieces.push(TextPiece { location, text });
            }
        }
    }
}

pub(super) fn is_sheet(element: &Element) -> bool {
    element.is(Ns::X, "sheet")
}

/// A drop-down's choices in quotes.
fn is_constant_list(element: &Element) -> bool {
    let text = element.text();
    let text = text.trim();
    text.len() >= 2
        && text.starts_with('"')
        && text.ends_with('"')
        && !text.get(1..text.len() - 1).unwrap_or_default().contains('"')
}

fn extension_is_known(element: &Element) -> bool {
    let uri = element.attribute("uri").unwrap_or_default();
    let holds = EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(uri)).map(|(_, holds)| *holds);
    let mut inner = element.elements();
    holds.is_some_and(|holds| {
        inner.next().is_some_and(|first| first.is(Ns::X14, holds)) && inner.next().is_none()
    })
}
