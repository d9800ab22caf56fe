//! A reader of the XML that this engine writes: tags, double-quoted attributes, text and eight references. Comments,
//! processing instructions, CDATA, document types and other references are never written, so they are errors.

/// One piece.
pub(crate) enum Token<'a> {
    Start { name: &'a str, attributes: Vec<(&'a str, String)>, empty: bool },
    End(&'a str),
    Text(String),
}

/// Reads piece by piece and keeps count of what is open.
pub(crate) struct Reader<'a> {
    rest: &'a str,
    open: Vec<&'a str>,
    begun: bool,
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
        let rest = text.strip_prefix(DECLARATION).ok_or("declaration")?;
        Ok(Self { rest, open: Vec::new(), begun: false })
    }

    /// Elements that are open, outermost first.
    pub(crate) fn open(&self) -> &[&'a str] {
        &self.open
    }

    /// The next piece; `None` at the end of a whole document.
    pub(crate) fn next(&mut self, nesting: usize) -> Result<Option<Token<'a>>, String> {
        if self.rest.is_empty() {
            return if self.open.is_empty() && self.begun { Ok(None) } else { Err("cut off".to_owned()) };
        }
        let Some(tag) = self.rest.strip_prefix('<') else {
            let end = self.rest.find('<').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at_checked(end).ok_or("text")?;
            self.rest = rest;
            if self.open.is_empty() {
                return Err("text outside the root".to_owned());
            }
            return Ok(Some(Token::Text(unescape(text)?)));
        };
        if let Some(tag) = tag.strip_prefix('/') {
            let (name, rest) = tag.split_once('>').ok_or("end tag")?;
            self.rest = rest;
            return if self.open.pop() == Some(name) {
                Ok(Some(Token::End(name)))
            } else {
                Err(format!("</{name}>"))
            };
        }
        if self.open.is_empty() && self.begun {
            return Err("a second root".to_owned());
        }
        self.begun = true;
        let name_end = tag.find(|c: char| !is_name(c)).ok_or("tag")?;
        let (name, mut rest) = tag.split_at_checked(name_end).ok_or("tag")?;
        if name.is_empty() {
            return Err("markup that is never written".to_owned());
        }
        let mut attributes: Vec<(&str, String)> = Vec::new();
        while let Some(attribute) = rest.strip_prefix(' ') {
            let (key, value) = attribute.split_once('=').ok_or("attribute")?;
            let (value, tail) =
                value.strip_prefix('"').and_then(|value| value.split_once('"')).ok_or("attribute")?;
            if key.is_empty()
                || !key.chars().all(is_name)
                || attributes.iter().any(|(known, _)| *known == key)
            {
                return Err(format!("attribute {key}"));
            }
            attributes.push((key, unescape(value)?));
            rest = tail;
        }
        let empty = rest.starts_with("/>");
        self.rest = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')).ok_or("tag")?;
        if !empty {
            if self.open.len() >= nesting {
                return Err("nesting".to_owned());
            }
            self.open.push(name);
        }
        Ok(Some(Token::Start { name, attributes, empty }))
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.' | '・')
}

fn unescape(raw: &str) -> Result<String, String> {
    // Controls above U+007F are XML.
    if raw.bytes().any(|byte| byte == b'<' || (byte < b' ' && !matches!(byte, b'\n' | b'\t'))) {
        return Err("character".to_owned());
    }
    let mut pieces = raw.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (reference, rest) = piece.split_once(';').ok_or("reference")?;
        out.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#9" => '\t',
            "#10" => '\n',
            "#13" => '\r',
            other => return Err(format!("reference &{other};")),
        });
        out.push_str(rest);
    }
    Ok(out)
}
