//! Which keys each part of a document may have, and what may stand under them, read from the list of them.

use std::{collections::HashMap, sync::OnceLock};

macro_rules! roles {
    ($($role:ident)*) => {
        /// The part that an object plays.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) enum Role { $($role,)* }

        fn role(name: &str) -> Option<Role> {
            match name {
                $(stringify!($role) => Some(Role::$role),)*
                _ => None,
            }
        }
    };
}

roles! {
    Catalog Info Pages Page Contents Resources Group Annotation UriAction Outlines OutlineItem Labels Label
    View ExtGState SoftMask Space Cie Function Shading Pattern XObject Font CidFont Descriptor FontFile
    CharProc Encoding Cmap CidToGid System
}

/// What may stand under a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Num,
    Bool,
    Str,
    /// Any name: of a font, a glyph, a colorant.
    Name,
    /// One of these names, between bars.
    In(&'static str),
    /// An array of numbers.
    Nums,
    /// A dictionary or stream of a role, here or by reference.
    Is(Role),
    /// The same, or one of these names.
    IsOr(Role, &'static str),
    /// An array of them.
    Each(Role),
    /// One of them, or an array.
    OneOrEach(Role),
    /// A dictionary from names of our own to them.
    Map(Role),
    /// Numbers, or a dictionary or stream of a role.
    NumsOr(Role),
    /// A page of this document and how it is shown.
    Destination,
    /// An address.
    Uri,
    /// Back to the parent, which is checked from above.
    Back,
    /// Codes and glyph names.
    Differences,
    /// A dash pattern, or a font with its size.
    Dashes,
    FontSize,
    /// Widths of a composite font: numbers and arrays of numbers.
    CidWidths,
    /// Pairs of a page index and a label.
    LabelPairs,
}

pub(super) const BASES: &str = "WinAnsiEncoding|MacRomanEncoding|MacExpertEncoding|StandardEncoding";

type Keys = HashMap<(Role, &'static [u8]), Rule>;

/// What may stand under a key of a part; nothing, when the key is not on the list.
pub(super) fn rule(part: Role, key: &[u8]) -> Option<Rule> {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let lines = crate::lists::PDF_KEYS.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split_once(' ')).flat_map(|(part, keys)| row(part, keys)).collect()
    });
    keys.get(&(part, key)).copied()
}

/// A line of the list. What can't be read is not allowed.
fn row(part: &'static str, keys: &'static str) -> impl Iterator<Item = ((Role, &'static [u8]), Rule)> {
    keys.split(' ').filter_map(move |entry| {
        let (key, rule) = entry.split_once('=')?;
        Some(((role(part)?, key.as_bytes()), parsed(rule)?))
    })
}

fn parsed(rule: &'static str) -> Option<Rule> {
    let (kind, what) = rule.split_once(':').unwrap_or((rule, ""));
    let (part, names) = what.split_once(':').unwrap_or((what, ""));
    Some(match kind {
        "Num" => Rule::Num,
        "Bool" => Rule::Bool,
        "Str" => Rule::Str,
        "Name" => Rule::Name,
        "In" => Rule::In(what),
        "Nums" => Rule::Nums,
        "Is" => Rule::Is(role(part)?),
        "IsOr" => Rule::IsOr(role(part)?, names),
        "Each" => Rule::Each(role(part)?),
        "OneOrEach" => Rule::OneOrEach(role(part)?),
        "Map" => Rule::Map(role(part)?),
        "NumsOr" => Rule::NumsOr(role(part)?),
        "Destination" => Rule::Destination,
        "Uri" => Rule::Uri,
        "Back" => Rule::Back,
        "Differences" => Rule::Differences,
        "Dashes" => Rule::Dashes,
        "FontSize" => Rule::FontSize,
        "CidWidths" => Rule::CidWidths,
        "LabelPairs" => Rule::LabelPairs,
        _ => return None,
    })
}

/// Is the name one of those between bars?
pub(super) fn is_one(names: &str, name: &[u8]) -> bool {
    !name.is_empty() && names.split('|').any(|known| known.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_list_is_understood() {
        for line in crate::lists::PDF_KEYS.lines().filter(|line| !line.starts_with('#')) {
            let (part, keys) = line.split_once(' ').unwrap();
            assert_eq!(row(part, keys).count(), keys.split(' ').count(), "{line}");
        }
    }
}
