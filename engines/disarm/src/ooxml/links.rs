//! Which addresses a document may link to. A link is followed by a person's click; nothing here is fetched by itself.

/// Browsers and Office agree on links up to this length.
const MAX_LENGTH: usize = 2_083;

/// Web and mail addresses without tricks.
pub(super) fn allowed(target: &str) -> bool {
    let lower = target.to_ascii_lowercase();
    let web = ["http://", "https://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    let plain = target.len() <= MAX_LENGTH
        && !target
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '"' | '<' | '>' | '|' | '`'));
    match web {
        Some(rest) => plain && !rest.starts_with(['/', ':', '@', '?', '#']) && !rest.is_empty(),
        // An `attach` or `attachment` parameter makes some mail programs take a file along.
        None => plain && lower.starts_with("mailto:") && !lower.contains("attach"),
    }
}

/// The address as it is written: spaces, which authors leave in, are escaped.
pub(super) fn normalised(target: &str) -> String {
    target.trim().replace(' ', "%20")
}
