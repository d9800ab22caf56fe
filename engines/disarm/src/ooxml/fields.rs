//! Fields of Word: the allowed ones are written anew, the others become the text that they showed.
//!
//! An instruction can be cut over any number of runs and paragraphs, and can be computed by fields inside it. So the
//! whole instruction is put together first, and a field that has a field in its instruction is never kept.

use std::collections::VecDeque;

use super::allow::{self, Ns};
use super::links;
use super::xml::{Element, Node};

/// Fields that read nothing but the document and the clock.
const ALLOWED: &[&str] = &[
    "PAGE",
    "NUMPAGES",
    "SECTION",
    "SECTIONPAGES",
    "TOC",
    "REF",
    "PAGEREF",
    "NOTEREF",
    "SEQ",
    "DATE",
    "TIME",
    "STYLEREF",
    "HYPERLINK",
    "EQ",
    "ADVANCE",
    "SYMBOL",
    "LISTNUM",
    "AUTONUM",
    "AUTONUMLGL",
    "AUTONUMOUT",
];

const MAX_INSTRUCTION: usize = 2_000;

/// The instruction in its only allowed spelling, or `None`.
pub(super) fn allowed(instruction: &str, drop_links: bool) -> Option<String> {
    let words: Vec<&str> = instruction.split_whitespace().collect();
    let joined = words.join(" ");
    if joined.len() > MAX_INSTRUCTION || joined.chars().any(char::is_control) {
        return None;
    }
    let name = words.first()?.to_ascii_uppercase();
    if !ALLOWED.contains(&name.as_str()) {
        return None;
    }
    let rest = joined.get(name.len()..)?.trim();
    if name == "HYPERLINK" {
        return hyperlink(rest, drop_links);
    }
    let lower = rest.to_ascii_lowercase();
    let addresses = ["//", "\\\\", "file:", "mhtml:", "http:"];
    // EQ separates nested commands with backslashes, so a UNC path is told by two at the start of a word.
    if addresses.iter().any(|address| lower.contains(address)) {
        return None;
    }
    // `TOC \f` and the like take letters and names; `RD` is the only field that includes files and is not listed.
    Some(format!(" {name} {rest} ").replace("  ", " "))
}

/// `HYPERLINK "address" \l "place" \o "tip"`; other switches are left out.
fn hyperlink(rest: &str, drop_links: bool) -> Option<String> {
    let mut words = arguments(rest)?;
    let mut address = None;
    let mut switches = String::new();
    while let Some(word) = words.pop_front() {
        match word.as_str() {
            "\\l" | "\\o" => {
                let value = words.pop_front()?;
                if value.starts_with('\\') || value.contains(['"', '|', '[']) || value.contains("//") {
                    return None;
                }
                switches.push_str(&format!(" {word} \"{value}\""));
            }
            "\\t" | "\\m" => {
                words.pop_front();
            }
            "\\h" | "\\n" => {}
            _ if word.starts_with('\\') || address.is_some() => return None,
            _ => address = Some(word),
        }
    }
    match address {
        Some(address) if !drop_links && links::allowed(&address) => {
            Some(format!(" HYPERLINK \"{address}\"{switches} "))
        }
        None if switches.contains("\\l") => Some(format!(" HYPERLINK{switches} ")),
        _ => None,
    }
}

/// Words, quoted ones without their quotes; no escapes inside quotes.
fn arguments(text: &str) -> Option<VecDeque<String>> {
    let mut words = VecDeque::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quoted = rest.strip_prefix(['"', '“', '”']);
        let (word, tail) = match quoted {
            Some(quoted) => quoted.split_once(['"', '“', '”'])?,
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push_back(word.to_owned());
        rest = tail.trim_start();
    }
    Some(words)
}

#[derive(Default)]
struct Field {
    instruction: String,
    nested: bool,
    complete: bool,
    /// Does it show text of its own after the separator?
    has_result: bool,
    /// What a legacy form field shows without a result.
    form: String,
}

impl Field {
    /// The text to write where the field stood, when it showed something that is in its instruction only.
    fn shown(&self) -> String {
        let instruction = self.instruction.trim();
        let (name, rest) = instruction.split_once(char::is_whitespace).unwrap_or((instruction, ""));
        match name.to_ascii_uppercase().as_str() {
            _ if self.has_result => String::new(),
            "FORMCHECKBOX" | "FORMDROPDOWN" => self.form.clone(),
            // A button's label follows the name of what it would run or jump to.
            "MACROBUTTON" | "GOTOBUTTON" => {
                let rest = rest.trim_start();
                rest.split_once(char::is_whitespace)
                    .map(|(_, label)| label.trim())
                    .unwrap_or_default()
                    .to_owned()
            }
            _ => String::new(),
        }
    }
}

/// What becomes of a field.
#[derive(Default)]
enum Fate {
    /// One instruction in its only spelling.
    Kept(String),
    /// The instruction stays cut as it was: the parts of an equation (囲い文字) differ in size and position.
    InPieces,
    /// Text takes its place.
    #[default]
    Dropped,
    Shown(String),
}

/// What a legacy form field shows: the box, or the chosen entry. It is told by the element that opens the field.
pub(super) fn form_text(character: &Element) -> Option<String> {
    let data = character.child(Ns::W, "ffData")?;
    let value =
        |element: &Element, name: &str| element.child(Ns::W, name)?.attribute("w:val").map(str::to_owned);
    if let Some(list) = data.child(Ns::W, "ddList") {
        let chosen = value(list, "result").or_else(|| value(list, "default"));
        let index = chosen.and_then(|number| number.parse::<usize>().ok()).unwrap_or(0);
        let entries = list.elements().filter(|entry| entry.is(Ns::W, "listEntry"));
        return entries.map(|entry| entry.attribute("w:val").unwrap_or_default().to_owned()).nth(index);
    }
    let boxed = data.child(Ns::W, "checkBox")?;
    let state = ["checked", "default"].into_iter().find_map(|name| boxed.child(Ns::W, name));
    let is_on = state.is_some_and(|state| !matches!(state.attribute("w:val"), Some("0" | "false" | "off")));
    Some(if is_on { "☒" } else { "☐" }.to_owned())
}

/// Rewrites every field under `root`; `dropped` hears the name of each that became text.
pub(super) fn settle(root: &mut Element, drop_links: bool, dropped: &mut dyn FnMut(&str)) {
    let mut survey = Survey::default();
    survey.visit(root);
    let verdicts = survey
        .fields
        .iter()
        .map(|field| {
            let verdict =
                if field.nested || !field.complete { None } else { allowed(&field.instruction, drop_links) };
            match verdict {
                Some(instruction) if instruction.starts_with(" EQ ") => Fate::InPieces,
                Some(instruction) => Fate::Kept(instruction),
                None => {
                    dropped(field.instruction.split_whitespace().next().unwrap_or("?"));
                    let shown = if field.complete { field.shown() } else { String::new() };
                    if shown.is_empty() { Fate::Dropped } else { Fate::Shown(shown) }
                }
            }
        })
        .collect();
    let mut rewrite = Rewrite { verdicts, next: 0, open: Vec::new() };
    rewrite.visit(root);
}

/// First reading: the instruction of every field, in the order of their starts.
#[derive(Default)]
struct Survey {
    fields: Vec<Field>,
    /// Indices of open fields, and whether the separator was seen.
    open: Vec<(usize, bool)>,
}

impl Survey {
    fn visit(&mut self, element: &Element) {
        if let Some(kind) = field_character(element) {
            match kind {
                "begin" => {
                    if let Some((parent, false)) = self.open.last()
                        && let Some(field) = self.fields.get_mut(*parent)
                    {
                        field.nested = true;
                    }
                    self.open.push((self.fields.len(), false));
                    self.fields.push(Field { form: element.text(), ..Field::default() });
                }
                "separate" => {
                    if let Some(last) = self.open.last_mut() {
                        last.1 = true;
                    }
                }
                _ => {
                    if let Some((at, _)) = self.open.pop()
                        && let Some(field) = self.fields.get_mut(at)
                    {
                        field.complete = true;
                    }
                }
            }
        } else if is_instruction(element)
            && let Some((at, false)) = self.open.last()
            && let Some(field) = self.fields.get_mut(*at)
        {
            field.instruction.push_str(&element.text());
        } else if element.is(Ns::W, "t") && !element.text().trim().is_empty() {
            for (at, _) in self.open.iter().filter(|(_, separated)| *separated) {
                if let Some(field) = self.fields.get_mut(*at) {
                    field.has_result = true;
                }
            }
        }
        element.elements().for_each(|child| self.visit(child));
    }
}

/// Second reading: writes what the first decided.
struct Rewrite {
    verdicts: Vec<Fate>,
    next: usize,
    open: Vec<Open>,
}

/// A field whose end is still to come.
struct Open {
    /// The instruction, until it is written.
    pending: Option<String>,
    in_pieces: bool,
    kept: bool,
    separated: bool,
}

impl Rewrite {
    fn visit(&mut self, element: &mut Element) {
        element.children.retain_mut(|node| {
            let Node::Element(child) = node else { return true };
            if child.spec.ns == Ns::W {
                if let Some(kind) = field_character(child) {
                    let kind = kind.to_owned();
                    return self.character(&kind, child);
                }
                if is_instruction(child) {
                    return self.instruction(child);
                }
                // What stands between the start and the separator is never shown.
                let hidden = self.open.iter().any(|field| !field.separated);
                if hidden && is_run_content(child.spec.local) {
                    return false;
                }
            }
            self.visit(child);
            true
        });
    }

    fn character(&mut self, kind: &str, element: &mut Element) -> bool {
        element.children.clear();
        match kind {
            "begin" => {
                let fate = self.verdicts.get_mut(self.next).map(std::mem::take).unwrap_or_default();
                self.next += 1;
                let mut open = Open { pending: None, in_pieces: false, kept: false, separated: false };
                match fate {
                    Fate::Kept(instruction) => (open.kept, open.pending) = (true, Some(instruction)),
                    Fate::InPieces => (open.kept, open.in_pieces) = (true, true),
                    Fate::Dropped => {}
                    Fate::Shown(text) => {
                        let stays =
                            self.open.iter().all(|field| field.separated) && become_text(element, text);
                        self.open.push(open);
                        return stays;
                    }
                }
                let kept = open.kept;
                self.open.push(open);
                kept
            }
            "separate" => self.open.last_mut().is_some_and(|field| {
                let first = !field.separated;
                field.separated = true;
                field.kept && first
            }),
            _ => self.open.pop().is_some_and(|field| field.kept),
        }
    }

    fn instruction(&mut self, element: &mut Element) -> bool {
        let Some(field) = self.open.last_mut().filter(|field| field.kept && !field.separated) else {
            return false;
        };
        let text = match field.pending.take() {
            Some(text) => text,
            None if field.in_pieces => element.text().replace(char::is_control, " "),
            None => return false,
        };
        element.children = vec![Node::Text(text)];
        element.set("xml:space", "preserve".to_owned());
        true
    }
}

/// Turns an element of a run into text of that run.
fn become_text(element: &mut Element, text: String) -> bool {
    let Some(spec) = allow::element(Ns::W, "t") else { return false };
    *element = Element::new(spec);
    element.set("xml:space", "preserve".to_owned());
    element.children = vec![Node::Text(text)];
    true
}

fn field_character(element: &Element) -> Option<&str> {
    element.is(Ns::W, "fldChar").then(|| element.attribute("w:fldCharType").unwrap_or("end"))
}

fn is_instruction(element: &Element) -> bool {
    element.is(Ns::W, "instrText") || element.is(Ns::W, "delInstrText")
}

fn is_run_content(local: &str) -> bool {
    matches!(
        local,
        "t" | "delText"
            | "tab"
            | "br"
            | "cr"
            | "sym"
            | "drawing"
            | "pict"
            | "noBreakHyphen"
            | "ptab"
            | "ruby"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(instruction: &str, expect: Option<&str>) {
        assert_eq!(allowed(instruction, false).as_deref(), expect, "{instruction}");
    }

    #[test]
    fn only_fields_that_read_the_document_stay() {
        check(" PAGE  \\* MERGEFORMAT ", Some(" PAGE \\* MERGEFORMAT "));
        check("page", Some(" PAGE "));
        check("DATE \\@ \"ggge年M月d日\"", Some(" DATE \\@ \"ggge年M月d日\" "));
        check("TOC \\o \"1-3\" \\h \\z \\u", Some(" TOC \\o \"1-3\" \\h \\z \\u "));
        check(
            "HYPERLINK \"https://example.jp/\" \\o \"見る\"",
            Some(" HYPERLINK \"https://example.jp/\" \\o \"見る\" "),
        );
        check("HYPERLINK \\l \"_Toc1\"", Some(" HYPERLINK \\l \"_Toc1\" "));
        for bad in [
            "DDEAUTO c:\\\\windows\\\\cmd.exe \"/k calc\"",
            "INCLUDEPICTURE \"http://127.0.0.1/a.png\"",
            "INCLUDETEXT \"\\\\\\\\host\\\\a.doc\"",
            "QUOTE 68 68 69",
            "MACROBUTTON x y",
            "HYPERLINK \"file:///c:/a.exe\"",
            "HYPERLINK \"\\\\\\\\host\\\\share\"",
            "HYPERLINK \"https://a.jp/\" \"https://b.jp\"",
            "REF http://127.0.0.1/",
            "",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn links_go_when_the_policy_says_so() {
        assert_eq!(allowed("HYPERLINK \"https://example.jp/\"", true), None);
        assert!(allowed("HYPERLINK \\l \"a\"", true).is_some());
    }
}
