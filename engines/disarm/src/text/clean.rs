//! Characters that make a text show something else than it holds: control codes, terminal sequences, bidirectional
//! overrides (Unicode TR 9, TR 36), invisible characters.

/// The line without them, and what was found first.
pub(crate) fn clean_line(line: &str) -> (String, Option<&'static str>) {
    if line.chars().all(is_plain) {
        return (line.to_owned(), None);
    }
    let mut out = String::with_capacity(line.len());
    let mut found = None;
    let mut rest = line.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let kind = match c {
            '\u{1b}' => {
                // A terminal sequence (ECMA-48): with `[`, up to its final byte; else one more character.
                if rest.next_if_eq(&'[').is_some() {
                    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                    let _ = rest.next_if(|c| matches!(c, '@'..='~'));
                } else {
                    let _ = rest.next_if(|c| matches!(c, ' '..='~'));
                }
                Some("端末制御")
            }
            // Emoji and some scripts are built with joiners; between ASCII letters they only hide.
            '\u{200c}' | '\u{200d}' if !before.is_ascii() && rest.peek().is_some_and(|c| !c.is_ascii()) => {
                None
            }
            c if is_plain(c) => None,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
                Some("表示方向の制御")
            }
            c if c.is_control() => Some("制御文字"),
            _ => Some("見えない文字"),
        };
        match kind {
            Some(kind) => found = found.or(Some(kind)),
            None => {
                out.push(c);
                before = c;
            }
        }
    }
    (out, found)
}

/// Neither a control (TAB, CR and LF excepted) nor invisible. Variation selectors are plain: names need them.
fn is_plain(c: char) -> bool {
    match c {
        '\t' | '\r' | '\n' => true,
        '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' => false,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => false,
        c => !c.is_control() && u32::from(c) & 0xFFFE != 0xFFFE,
    }
}
