//! Decides on elements of spreadsheets: cells and their formulas, names, rules that hold formulas, sheets.

use super::allow::Ns;
use super::formula;
use super::package::Target;
use super::part::PartJudge;
use super::xml::{Element, Node, Verdict};
use crate::{Refusal, RefusalCode, RemovalCode, TextPiece};

impl PartJudge<'_, '_, '_, '_> {
    pub(super) fn sheet_element(&mut self, mut element: Element) -> Result<Verdict, Refusal> {
        match element.spec.local {
            "c" => self.cell(&mut element),
            "row" => {
                self.collect_row(&element);
                return Ok(Verdict::Finish(element));
            }
            "si" => {
                self.rebuild.shared_strings.push(super::text::of_rich(&element));
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
            "workbookView" => {
                // Which sheet was in front is of no matter, and sheets may be fewer.
                element.remove("activeTab");
                element.remove("firstSheet");
            }
            "formula" | "formula1" | "formula2"
                if !is_constant_list(&element) && !formula::is_allowed(&element.text()) =>
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
            "cfRule" => {
                let wants = element.attribute("type") == Some("expression");
                if wants && element.child(Ns::X, "formula").is_none() {
                    return Ok(Verdict::Drop);
                }
            }
            "cfvo"
                if element
                    .attribute("val")
                    .is_some_and(|v| v.parse::<f64>().is_err() && !formula::is_allowed(v)) =>
            {
                element.remove("val");
                self.report(RemovalCode::Formula, "cfvo");
            }
            "calculatedColumnFormula" | "totalsRowFormula" if !formula::is_allowed(&element.text()) => {
                self.report(RemovalCode::Formula, element.spec.local);
                return Ok(Verdict::Drop);
            }
            // Where a table's rows came from is gone; the rows stay.
            "table" => element.remove("tableType"),
            "hyperlink" if element.attribute("location").is_none() && element.attribute("r:id").is_none() => {
                return Ok(Verdict::Drop);
            }
            "dataValidations" | "tableParts" | "hyperlinks" | "definedNames" | "conditionalFormatting" => {
                element.remove("count");
                if element.elements().next().is_none() {
                    return Ok(Verdict::Drop);
                }
            }
            _ => {}
        }
        Ok(Verdict::Keep(element))
    }

    fn cell(&mut self, element: &mut Element) {
        let Some(formula) = element.child(Ns::X, "f") else { return };
        let text = formula.text();
        let shared =
            formula.attribute("si").filter(|_| formula.attribute("t") == Some("shared")).map(str::to_owned);
        let keep = match (&shared, formula.attribute("t")) {
            (_, Some("dataTable")) => false,
            (Some(index), _) if text.is_empty() => self.shared_formulas.contains(index),
            _ => formula::is_allowed(&text),
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
            let place = format!("{}!{reference}", self.job.place);
            self.rebuild.removed(RemovalCode::Formula, &place);
        }
    }

    fn defined_name(&mut self, mut element: Element) -> Verdict {
        let name = element.attribute("name").unwrap_or_default().to_owned();
        let local = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let runs = local.starts_with("auto_") || name.to_ascii_lowercase().starts_with("auto_");
        if runs {
            self.rebuild.removed(RemovalCode::XlmMacro, &name);
            return Verdict::Drop;
        }
        if !formula::is_allowed(&element.text()) {
            self.rebuild.removed(RemovalCode::Formula, &format!("名前 {name}"));
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
            if !text.is_empty() && self.rebuild.wants_text() {
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
