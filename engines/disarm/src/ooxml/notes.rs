//! The boxes in which comments of a sheet show. Excel still wants them as VML; the text lies elsewhere.
//!
//! Nothing of the input's VML is written: of each old box only its cell, its place on the sheet and whether it shows
//! all the time are read, as numbers, and one fixed wording is filled with them.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::allow::Ns;
use super::xml::Element;

pub(super) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";

const HEAD: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
    xmlns:x=\"urn:schemas-microsoft-com:office:excel\">";
const TYPE: &str = "<v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" \
    path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/>\
    <v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>";

/// The last row and column of a sheet, counted from nought.
const LAST: (u32, u32) = (1_048_575, 16_383);

/// A box: the eight numbers of its corners, and whether it always shows.
type Place = ([u32; 8], bool);

/// The drawing of a comments part.
pub(super) fn path(comments: &str) -> String {
    let number: String = comments.chars().filter(char::is_ascii_digit).collect();
    format!("xl/drawings/vmlDrawing{number}.vml")
}

/// The cells (row, column) that have a comment.
pub(super) fn cells(comments: &Element) -> Vec<(u32, u32)> {
    let lists = comments.elements().filter(|list| list.is(Ns::X, "commentList"));
    lists.flat_map(Element::elements).filter_map(|comment| cell(comment.attribute("ref")?)).collect()
}

/// The drawing for these cells; `blocks` of 1024 identifiers are taken.
pub(super) fn draw(cells: &[(u32, u32)], old: &str, blocks: usize) -> String {
    let places = places(old);
    let mut out = String::from(HEAD);
    let own: Vec<String> = (0..=cells.len() / 1024).map(|block| (blocks + block + 1).to_string()).collect();
    let _ = write!(
        out,
        "<o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"{}\"/></o:shapelayout>{TYPE}",
        own.join(",")
    );
    for (&(row, column), number) in cells.iter().zip((blocks + 1) * 1024 + 1..) {
        let (anchor, shown) = places.get(&(row, column)).copied().unwrap_or_else(|| usual(row, column));
        let anchor: Vec<String> = anchor.iter().map(u32::to_string).collect();
        let (visibility, flag) = if shown { ("visible", "<x:Visible/>") } else { ("hidden", "") };
        let _ = write!(
            out,
            "<v:shape id=\"_x0000_s{number}\" type=\"#_x0000_t202\" style=\"position:absolute;visibility:{visibility}\" \
             fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/>\
             <v:shadow color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/>\
             <v:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></v:textbox>\
             <x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{}</x:Anchor>\
             <x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>{flag}</x:ClientData></v:shape>",
            anchor.join(",")
        );
    }
    out.push_str("</xml>");
    out
}

/// Beside the cell, as Excel puts a new comment.
fn usual(row: u32, column: u32) -> Place {
    let top = row.saturating_sub(1);
    let right = column.saturating_add(1).min(LAST.1);
    (
        [right, 15, top, 10, right.saturating_add(2).min(LAST.1), 15, top.saturating_add(4).min(LAST.0), 4],
        false,
    )
}

/// What an old drawing says about its boxes. Such drawings need not be well-formed; numbers are all that is taken.
fn places(old: &str) -> HashMap<(u32, u32), Place> {
    let mut found = HashMap::new();
    for data in old.split("ClientData ").skip(1).filter(|data| data.starts_with("ObjectType=\"Note\"")) {
        let data = data.split("ClientData>").next().unwrap_or_default();
        let value = |name: &str| {
            let (_, rest) = data.split_once(name)?;
            Some(rest.split('<').next().unwrap_or_default().trim())
        };
        let number = |name: &str| value(name).and_then(|text| text.parse::<u32>().ok());
        let (Some(row), Some(column)) = (number(":Row>"), number(":Column>")) else { continue };
        if let Some(anchor) = value(":Anchor>").and_then(anchor) {
            found.insert((row, column), (anchor, data.contains(":Visible")));
        }
    }
    found
}

/// The eight numbers of an anchor, if they lie on a sheet.
pub(super) fn anchor(text: &str) -> Option<[u32; 8]> {
    let numbers = text.split(',').map(|number| number.trim().parse().ok().filter(|number| *number <= LAST.0));
    numbers.collect::<Option<Vec<u32>>>()?.try_into().ok()
}

/// Does this child of a sheet stand behind the drawing of its comments (ISO/IEC 29500-1, 18.3.1.99)?
pub(super) fn stands_behind(element: &Element) -> bool {
    const BEHIND: &[&str] = &["picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"];
    element.spec.ns == Ns::X && BEHIND.contains(&element.spec.local)
}

/// Row and column of a reference like `C14`, counted from nought.
pub(super) fn cell(reference: &str) -> Option<(u32, u32)> {
    let plain: String = reference.chars().filter(|c| *c != '$').collect();
    let at = plain.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = plain.split_at_checked(at)?;
    let column = letters.chars().try_fold(0_u32, |sum, c| {
        let digit = u32::from(c.to_ascii_uppercase()).checked_sub(u32::from('A'))?;
        sum.checked_mul(26)?.checked_add(digit)?.checked_add(1).filter(|_| digit < 26)
    })?;
    let (row, column) = (digits.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?);
    (row <= LAST.0 && column <= LAST.1).then_some((row, column))
}
