//! The boxes of comments: one fixed wording with numbers in it, and nothing else.

const HEAD: &str = concat!(
    r#"<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" "#,
    r#"xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="#,
    r##""#"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" "##,
    r#"path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>"#,
    r#"<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>"#,
);
const BOX: &str = concat!(
    r##"<v:shape id="_x0000_s#" type="!_x0000_t202" style="position:absolute;visibility:?" fillcolor="!ffffe1" "##,
    r##"o:insetmode="auto"><v:fill color2="!ffffe1"/><v:shadow color="black" obscured="t"/>"##,
    r#"<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>"#,
    r#"</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>"#,
    r##"#</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>#</x:Row><x:Column>#</x:Column>"##,
);

/// Is it that wording? `#` stands for numbers with commas, `?` for a word, `!` for a hash.
pub(super) fn check(bytes: &[u8]) -> Option<()> {
    let mut rest = take(std::str::from_utf8(bytes).ok()?, HEAD)?;
    while rest != "</xml>" {
        rest = take(rest, BOX)?;
        rest = rest.strip_prefix("<x:Visible/>").unwrap_or(rest).strip_prefix("</x:ClientData></v:shape>")?;
    }
    Some(())
}

/// What follows the wording.
fn take<'a>(text: &'a str, wording: &str) -> Option<&'a str> {
    let mut rest = text;
    for piece in wording.split_inclusive(['#', '?', '!']) {
        let literal = piece.trim_end_matches(['#', '?', '!']);
        rest = rest.strip_prefix(literal)?;
        rest = match piece.chars().last() {
            Some('#') => filled(rest, |c| c.is_ascii_digit() || c == ',')?,
            Some('?') => filled(rest, |c| c.is_ascii_lowercase())?,
            Some('!') => rest.strip_prefix('#')?,
            _ => rest,
        };
    }
    Some(rest)
}

/// What follows at least one such character.
fn filled(text: &str, is_one: fn(char) -> bool) -> Option<&str> {
    let rest = text.trim_start_matches(is_one);
    (rest.len() < text.len()).then_some(rest)
}
