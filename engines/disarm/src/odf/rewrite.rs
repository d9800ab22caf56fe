//! Reads a part event by event and writes the listed elements as they come; what is not listed never gets further.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};
use sekisho_verify::lists::odf::NAMESPACES;

use super::allow::{self, Spec};
use super::formula;
use super::package::Rebuild;
use crate::{Refusal, RefusalCode, RemovalCode};

/// The longest attribute value and piece of text.
const MAX_TEXT: usize = 4 << 20;

enum Frame {
    Kept { spec: &'static Spec, repeated: u32 },
    Transparent,
}

enum Entered {
    Kept(&'static Spec, Vec<(&'static str, String)>),
    Transparent,
    Skip,
}

/// The part anew. `place` is what people call it, `is_object` that it belongs to a chart or a formula.
///
/// # Errors
/// `Malformed` for what is not well-formed, has a document type or another root.
pub(super) fn part(
    text: &str,
    place: &str,
    is_object: bool,
    rebuild: &mut Rebuild<'_, '_, '_>,
) -> Result<String, Refusal> {
    let mut rewriter = Rewriter {
        rebuild,
        place,
        is_object,
        out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"),
        frames: Vec::new(),
        begun: false,
    };
    rewriter.run(text)?;
    Ok(rewriter.out)
}

struct Rewriter<'r, 'p, 'a, 'c, 'o> {
    rebuild: &'r mut Rebuild<'a, 'c, 'o>,
    place: &'p str,
    is_object: bool,
    out: String,
    frames: Vec<Frame>,
    begun: bool,
}

impl Rewriter<'_, '_, '_, '_, '_> {
    fn run(&mut self, text: &str) -> Result<(), Refusal> {
        let place = self.place.to_owned();
        let broken = |what: String| Refusal::new(RefusalCode::Malformed, format!("{place}: {what}"));
        let nesting = usize::try_from(self.rebuild.ctx.limits().nesting).unwrap_or(256);
        let mut reader = NsReader::from_str(text);
        loop {
            match reader.read_event().map_err(|error| broken(error.to_string()))? {
                Event::Start(start) => {
                    if self.frames.len() >= nesting {
                        return Err(Refusal::new(
                            RefusalCode::LimitReached,
                            format!("{place}: nesting {nesting}"),
                        ));
                    }
                    match self.enter(&reader, &start, false)? {
                        Entered::Kept(spec, attributes) => {
                            self.open(spec, &attributes, false);
                            let repeated = repeated(&attributes);
                            self.frames.push(Frame::Kept { spec, repeated });
                        }
                        Entered::Transparent => self.frames.push(Frame::Transparent),
                        Entered::Skip if !self.begun => return Err(broken("unknown root".to_owned())),
                        Entered::Skip => {
                            reader.read_to_end(start.name()).map_err(|error| broken(error.to_string()))?;
                        }
                    }
                }
                Event::Empty(start) => {
                    if let Entered::Kept(spec, attributes) = self.enter(&reader, &start, true)? {
                        self.open(spec, &attributes, true);
                        self.rebuild.places.end(&spec.name, repeated(&attributes), self.rebuild.format);
                    }
                }
                Event::End(_) => match self.frames.pop() {
                    Some(Frame::Kept { spec, repeated }) => {
                        self.out.push_str("</");
                        self.out.push_str(&spec.name);
                        self.out.push('>');
                        self.rebuild.places.end(&spec.name, repeated, self.rebuild.format);
                        if self.frames.is_empty() {
                            return Ok(());
                        }
                    }
                    Some(Frame::Transparent) => {}
                    None => return Err(broken("end without start".to_owned())),
                },
                Event::Text(piece) => self.text(&piece.xml10_content()),
                Event::CData(piece) => self.text(&piece.xml10_content()),
                Event::GeneralRef(entity) => {
                    let character = match entity.resolve_char_ref() {
                        Ok(Some(character)) => character.to_string(),
                        Ok(None) => quick_xml::escape::resolve_predefined_entity(&entity.xml10_content())
                            .ok_or_else(|| broken("entity".to_owned()))?
                            .to_owned(),
                        Err(error) => return Err(broken(error.to_string())),
                    };
                    self.text(&character);
                }
                Event::DocType(_) => return Err(broken("document type".to_owned())),
                Event::PI(_) | Event::Comment(_) | Event::Decl(_) => {}
                Event::Eof => return Err(broken("cut off".to_owned())),
            }
        }
    }

    fn text(&mut self, text: &str) {
        let holder = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Kept { spec, .. } => Some(*spec),
            Frame::Transparent => None,
        });
        if holder.is_some_and(|spec| spec.text) {
            let clean: String = text.chars().filter(|c| is_xml_char(*c)).collect();
            escape(&clean, &mut self.out, false);
            self.rebuild.places.text(&clean);
        }
    }

    fn open(&mut self, spec: &'static Spec, attributes: &[(&'static str, String)], empty: bool) {
        self.out.push('<');
        self.out.push_str(&spec.name);
        if !self.begun {
            for (prefix, uri, _) in NAMESPACES.iter().filter(|row| row.0 != "xml") {
                self.out.push_str(&format!(" xmlns:{prefix}=\"{uri}\""));
            }
        }
        self.begun = true;
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(value, &mut self.out, true);
            self.out.push('"');
        }
        self.out.push_str(if empty { "/>" } else { ">" });
        let find = |wanted: &str| {
            attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
        };
        self.rebuild.places.start(&spec.name, find);
    }

    fn enter(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        is_empty: bool,
    ) -> Result<Entered, Refusal> {
        let (namespace, local) = reader.resolver().resolve_element(start.name());
        let local = local.into_inner();
        let prefix = match namespace {
            ResolveResult::Bound(uri) => allow::prefix(uri.into_inner()),
            _ => None,
        };
        let Some(prefix) = prefix else {
            return Ok(self.left_out("", local, is_empty));
        };
        let Some(spec) = allow::element(prefix, local) else {
            return Ok(self.left_out(prefix, local, is_empty));
        };
        let mut attributes: Vec<(&'static str, String)> = Vec::new();
        let mut href = None;
        for attribute in start.attributes() {
            let broken =
                |what: String| Refusal::new(RefusalCode::Malformed, format!("{}: {what}", self.place));
            let attribute = attribute.map_err(|error| broken(error.to_string()))?;
            let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
            let namespace = match namespace {
                ResolveResult::Bound(uri) => match allow::prefix(uri.into_inner()) {
                    Some(prefix) => Some(prefix),
                    None => continue,
                },
                ResolveResult::Unbound => None,
                ResolveResult::Unknown(prefix) => {
                    return Err(broken(format!("prefix {prefix} is not bound")));
                }
            };
            let Some(written) = spec.attribute(namespace, name.into_inner()) else { continue };
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| broken(error.to_string()))?;
            if value.len() > MAX_TEXT {
                return Err(broken("attribute too long".to_owned()));
            }
            let value: String = value.chars().filter(|c| is_xml_char(*c)).collect();
            if written == "xlink:href" {
                href = Some(value);
            } else if attributes.iter().all(|(known, _)| *known != written) {
                match self.judge(&spec.name, written, &value) {
                    Fate::Keeps => attributes.push((written, value)),
                    Fate::Goes => {}
                    Fate::TakesAllAlong => return Ok(Entered::Skip),
                }
            }
        }
        self.link(spec, attributes, href)
    }

    /// What is not written: its text alone, or nothing of it.
    fn left_out(&mut self, prefix: &str, local: &str, is_empty: bool) -> Entered {
        if let Some(code) = allow::code(prefix, local, is_empty) {
            let place = match code {
                RemovalCode::UnknownElement => format!("拡張要素 {local}"),
                RemovalCode::Metadata => "付帯設定".to_owned(),
                _ => format!("{}: {local}", self.place),
            };
            self.rebuild.ctx.removed(code, place);
        }
        if allow::is_transparent(prefix, local) { Entered::Transparent } else { Entered::Skip }
    }

    /// Does an attribute stay?
    fn judge(&mut self, element: &str, name: &'static str, value: &str) -> Fate {
        let computes = matches!(
            name,
            "table:formula"
                | "text:formula"
                | "table:condition"
                | "style:condition"
                | "table:expression"
                | "text:condition"
                | "calcext:value"
        );
        if computes && !value.is_empty() && !formula::is_allowed(value) {
            self.rebuild.ctx.removed(RemovalCode::Formula, format!("{}: {}", self.place, clip(value)));
            // A cell keeps its value; a rule or a name means nothing without what it says.
            let rule = matches!(element, "style:map" | "table:named-expression" | "calcext:condition");
            return if rule { Fate::TakesAllAlong } else { Fate::Goes };
        }
        let lower = value.to_ascii_lowercase();
        let points =
            name.ends_with("-address") || name.ends_with("-range") || name.contains("-range-address");
        let outside =
            points && (value.contains(['#', '\\', '|']) && !value.contains("#REF!") || value.contains("//"));
        let is_said = matches!(
            name,
            "office:string-value"
                | "text:string-value"
                | "text:name"
                | "draw:name"
                | "table:name"
                | "office:name"
                | "text:display-name"
                | "style:display-name"
        );
        let schemes = ["://", "file:", "javascript:", "vnd.sun.star", "macro:"];
        if outside || (!is_said && (schemes.iter().any(|s| lower.contains(s)) || value.starts_with("\\\\"))) {
            self.rebuild.ctx.removed(RemovalCode::ExternalLink, format!("{}: {}", self.place, clip(value)));
            let all = matches!(element, "table:named-range" | "table:database-range" | "table:label-range");
            return if all { Fate::TakesAllAlong } else { Fate::Goes };
        }
        Fate::Keeps
    }

    /// What `xlink:href` may lead to, element by element.
    fn link(
        &mut self,
        spec: &'static Spec,
        mut attributes: Vec<(&'static str, String)>,
        href: Option<String>,
    ) -> Result<Entered, Refusal> {
        let target = href.clone().unwrap_or_default();
        match spec.name.as_str() {
            "text:a" | "draw:a" => {
                let inside =
                    target.starts_with('#') && !target.contains("//") && !target.contains(['\\', '|']);
                let address = crate::ooxml::link_normalised(&target);
                let outside =
                    crate::ooxml::link_is_allowed(&address) && !self.rebuild.ctx.options().drop_links;
                if !inside && !outside {
                    self.rebuild
                        .ctx
                        .removed(RemovalCode::Hyperlink, format!("{}: {}", self.place, clip(&target)));
                    return Ok(Entered::Transparent);
                }
                attributes.push(("xlink:href", if inside { target } else { address }));
            }
            "draw:object" => {
                let Some(path) = self.rebuild.object(&target, self.is_object)? else {
                    self.rebuild
                        .ctx
                        .removed(RemovalCode::EmbeddedObject, format!("{}: {}", self.place, clip(&target)));
                    return Ok(Entered::Skip);
                };
                attributes.push(("xlink:href", format!("./{path}")));
            }
            "draw:image" | "draw:fill-image" | "text:list-level-style-image" | "style:background-image" => {
                if href.is_none() && spec.name == "style:background-image" {
                    return Ok(Entered::Kept(spec, attributes));
                }
                let Some(path) = self.rebuild.picture(&target, self.place)? else { return Ok(Entered::Skip) };
                attributes.push(("xlink:href", path));
            }
            "chart:chart" if matches!(target.as_str(), "." | "..") => attributes.push(("xlink:href", target)),
            "chart:symbol-image" => return Ok(Entered::Skip),
            _ => {}
        }
        Ok(Entered::Kept(spec, attributes))
    }
}

/// What becomes of an attribute.
enum Fate {
    Keeps,
    Goes,
    /// Its element has no meaning without it.
    TakesAllAlong,
}

fn repeated(attributes: &[(&'static str, String)]) -> u32 {
    let wanted = |name: &str| matches!(name, "table:number-columns-repeated" | "table:number-rows-repeated");
    attributes.iter().find(|(name, _)| wanted(name)).and_then(|(_, value)| value.parse().ok()).unwrap_or(1)
}

fn clip(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn escape(text: &str, out: &mut String, attribute: bool) {
    crate::ooxml::escape(text, out, attribute);
}
