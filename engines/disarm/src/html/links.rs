//! Where a link really leads: only web and mail addresses stay, and a link whose text names another host says so.

/// What becomes of a target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Within the page.
    Inside(String),
    /// The address as it is written, and its host (or mail address) as it is shown.
    Outside { address: String, host: String },
    /// Not allowed.
    Refused,
}

/// Judges a target.
pub(super) fn target(raw: &str) -> Target {
    // Browsers strip these before they look at the scheme.
    let address: String = raw
        .trim()
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .map(|c| if c == ' ' { '+' } else { c })
        .collect();
    let address = if raw.trim().contains(' ') { raw.trim().replace(' ', "%20") } else { address };
    if address.chars().any(|c| c.is_control() || is_hidden(c)) || address.len() > 8192 {
        return Target::Refused;
    }
    if let Some(fragment) = address.strip_prefix('#') {
        return Target::Inside(format!("#{fragment}"));
    }
    let Some((scheme, rest)) = address.split_once(':') else { return Target::Refused };
    match scheme.to_ascii_lowercase().as_str() {
        "mailto" => {
            let host = rest.split('?').next().unwrap_or_default().to_owned();
            Target::Outside { address, host }
        }
        "http" | "https" => {
            let rest = rest.replace('\\', "/");
            let Some(after) = rest.strip_prefix("//") else { return Target::Refused };
            let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
            // `https://bank.example@evil.example` leads to the second; nobody writes that honestly.
            if authority.contains('@') || authority.is_empty() {
                return Target::Refused;
            }
            let host = authority.to_lowercase();
            Target::Outside { address: format!("{}:{rest}", scheme.to_ascii_lowercase()), host }
        }
        _ => Target::Refused,
    }
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The host to show behind the text, when the text names another one or the host is easily mistaken.
pub(super) fn to_show<'h>(text: &str, host: &'h str) -> Option<&'h str> {
    let bare =
        |host: &str| host.trim_start_matches("www.").split(':').next().unwrap_or_default().to_lowercase();
    let real = bare(host);
    if !host.is_ascii() || real.split('.').any(|label| label.starts_with("xn--")) {
        return Some(host);
    }
    let named = hosts_in(text);
    let agrees = |named: &String| {
        let named = bare(named);
        named == real
            || real.strip_suffix(&named).is_some_and(|rest| rest.ends_with('.'))
            || host.ends_with(&format!("@{named}"))
    };
    (!named.is_empty() && !named.iter().all(agrees)).then_some(host)
}

/// Words that look like a host or an address.
fn hosts_in(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "<>\"'()（）「」、。,;[]".contains(c))
        .filter_map(|word| {
            let word = word.split_once("://").map_or(word, |(_, rest)| rest);
            let word = word.split(['/', '?', '#']).next().unwrap_or_default();
            let word = word.rsplit('@').next().unwrap_or_default();
            let name = word.split(':').next().unwrap_or_default();
            let (stem, top) = name.rsplit_once('.')?;
            let is_host = !stem.is_empty()
                && (2..=24).contains(&top.len())
                && top.bytes().all(|b| b.is_ascii_alphabetic())
                && !is_file_ending(top)
                && stem.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c));
            is_host.then(|| name.to_lowercase())
        })
        .collect()
}

/// `案内.pdf` is a file, not a host.
fn is_file_ending(top: &str) -> bool {
    let lower = top.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "pdf"
            | "doc"
            | "docx"
            | "xls"
            | "xlsx"
            | "ppt"
            | "pptx"
            | "csv"
            | "txt"
            | "html"
            | "htm"
            | "jpg"
            | "png"
            | "xml"
            | "js"
    )
}
