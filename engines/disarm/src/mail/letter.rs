//! A message as people know it: who wrote to whom, when, about what, the text, and what was enclosed. Every reader of
//! this room makes one, and the writer knows nothing else.

use crate::text;

/// A sender or recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) address: String,
}

/// A file inside the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Enclosure {
    pub(super) name: String,
    /// The identifier by which the HTML text shows it (RFC 2392), without angle brackets.
    pub(super) content_id: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) from: Vec<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) reply_to: Vec<Person>,
    /// As RFC 5322 writes it.
    pub(super) date: Option<String>,
    pub(super) subject: String,
    pub(super) message_id: Option<String>,
    pub(super) in_reply_to: Vec<String>,
    pub(super) references: Vec<String>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) enclosures: Vec<Enclosure>,
}

impl Person {
    /// A person whose parts can stand in a header: one line, nothing that falsifies what is shown.
    pub(super) fn new(name: &str, address: &str) -> Self {
        let address: String = address
            .trim()
            .chars()
            .filter(|c| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(*c))
            .collect();
        Self { name: one_line(name, 200), address: address.chars().take(254).collect() }
    }

    /// `name <address>`, or the one that is there.
    pub(super) fn shown(&self) -> String {
        match (self.name.is_empty(), self.address.is_empty()) {
            (true, _) => self.address.clone(),
            (false, true) => self.name.clone(),
            (false, false) => format!("{} <{}>", self.name, self.address),
        }
    }
}

/// A text as one clean line of bounded length.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let clean = text::clean_line(text).0.replace(['\r', '\n', '\t'], " ");
    clean.trim().chars().take(most).collect()
}

/// A text of several lines, clean, with CRLF.
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(text::clean_line(line).0.trim_end_matches('\r'));
        out.push_str("\r\n");
    }
    out
}

/// An identifier of a message (RFC 5322 3.6.4) without its brackets, when it is one.
pub(super) fn identifier(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
    let is_sound = (3..=250).contains(&inner.len())
        && inner.contains('@')
        && inner.chars().all(|c| c.is_ascii_graphic() && !"<>()[],;\\\"".contains(c));
    is_sound.then(|| inner.to_owned())
}

/// A name for a file inside the message: without folders, without what a file system or a terminal would act upon.
pub(super) fn file_name(name: &str, otherwise: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = one_line(last, 180).chars().filter(|c| !"<>:\"|?*".contains(*c)).collect();
    let clean = clean.trim().trim_matches('.').to_owned();
    if clean.is_empty() { otherwise.to_owned() } else { clean }
}
