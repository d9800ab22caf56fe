//! The writer: walks the tree and writes what is on the lists, in one plain form (no prefixes but `xlink`, double
//! quotes, no comments).

use sekisho_verify::lists;
use usvg::roxmltree::{Attribute, Document, Node};

use super::{
    NAMESPACE,
    css::{self, Fault},
    data, malformed,
};
use crate::{Format, Refusal, RemovalCode, context::Context, raster};

/// Pictures beyond these are dropped.
const PICTURES: u32 = 2_000;

pub(super) fn document(document: &Document<'_>, ctx: &mut Context<'_>) -> Result<String, Refusal> {
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err(malformed("svg 要素で始まっていません"));
    }
    let mut writer = Writer {
        out: String::new(),
        namespace: root.tag_name().namespace().map(str::to_owned),
        pictures: 0,
        ctx,
    };
    if document.root().children().any(|node| node.is_pi()) {
        writer.ctx.removed(RemovalCode::UnknownElement, "処理命令（スタイルシートの参照など）");
    }
    writer.element(root, "svg", false, true)?;
    writer.out.push('\n');
    Ok(writer.out)
}

struct Writer<'w, 'c> {
    out: String,
    namespace: Option<String>,
    pictures: u32,
    ctx: &'w mut Context<'c>,
}

impl Writer<'_, '_> {
    /// `in_text`: characters count.
    fn node(&mut self, node: Node<'_, '_>, in_text: bool) -> Result<(), Refusal> {
        if node.is_text() {
            if in_text {
                escape(&mut self.out, node.text().unwrap_or(""));
            }
            return Ok(());
        }
        if !node.is_element() {
            return Ok(());
        }
        let name = node.tag_name().name();
        if node.tag_name().namespace() != self.namespace.as_deref() {
            self.foreign(name);
            return Ok(());
        }
        let written = match name {
            // A link's content stays; where it leads does not.
            "a" => {
                self.ctx.removed(RemovalCode::Hyperlink, "SVG のリンク");
                if in_text { "tspan" } else { "g" }
            }
            name => name,
        };
        // Read by no one who looks at the drawing; editors write names and paths there.
        if written == "desc" {
            if node.text().is_some_and(|text| !text.trim().is_empty()) {
                self.ctx.removed(RemovalCode::Metadata, "SVG の説明（desc）");
            }
            return Ok(());
        }
        if !lists::SVG_ELEMENTS.split_ascii_whitespace().any(|known| known == written) {
            self.dropped(name);
            return Ok(());
        }
        if in_text && !matches!(written, "tspan" | "textPath" | "title") {
            return Ok(());
        }
        match written {
            "style" => self.style(node),
            "image" => return self.image(node),
            "use" if href(node).is_some_and(|target| !target.trim().starts_with('#')) => {
                self.ctx.removed(RemovalCode::ExternalLink, "SVG の use");
            }
            _ => return self.element(node, written, in_text, false),
        }
        Ok(())
    }

    fn element(&mut self, node: Node<'_, '_>, name: &str, in_text: bool, root: bool) -> Result<(), Refusal> {
        self.out.push('<');
        self.out.push_str(name);
        if root {
            self.attribute("xmlns", NAMESPACE);
            self.attribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
        }
        for attribute in node.attributes() {
            self.judge(name, &attribute);
        }
        let characters = in_text || matches!(name, "text" | "title");
        let start = self.out.len();
        self.out.push('>');
        for child in node.children() {
            self.node(child, characters)?;
        }
        if self.out.len() == start + 1 {
            self.out.truncate(start);
            self.out.push_str("/>");
        } else {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
        Ok(())
    }

    fn judge(&mut self, element: &str, attribute: &Attribute<'_, '_>) {
        let (name, value) = (attribute.name(), attribute.value());
        match attribute.namespace() {
            None => {}
            Some("http://www.w3.org/XML/1998/namespace") => {
                if name == "space" && matches!(value, "preserve" | "default") {
                    self.attribute("xml:space", value);
                }
                return;
            }
            Some("http://www.w3.org/1999/xlink") if name == "href" => {}
            Some(_) => return,
        }
        if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on")) {
            self.ctx.removed(RemovalCode::Script, format!("SVG の {element} の {}", shown(name)));
            return;
        }
        match name {
            "href" => {
                let target = value.trim();
                match target.strip_prefix('#').filter(|id| css::is_id(id)) {
                    Some(_) if takes_href(element) => {
                        let target = target.to_owned();
                        self.attribute("xlink:href", &target);
                    }
                    // The link of an `a`, named already.
                    _ if matches!(element, "g" | "tspan") => {}
                    _ => self.ctx.removed(RemovalCode::ExternalLink, format!("SVG の {element} の参照先")),
                }
            }
            "style" => {
                let mut faults = Vec::new();
                let style = css::declarations(value, &mut faults);
                self.faults(element, faults);
                if !style.is_empty() {
                    self.attribute("style", &style);
                }
            }
            "id" if css::is_id(value) => self.attribute("id", value),
            "id" => {}
            name if is_attribute(name) => match css::value(value) {
                Ok(value) if bounded(name, &value) => self.attribute(name, &value),
                Ok(_) => self.faults(element, vec![(name.to_owned(), Fault::Unknown)]),
                Err(fault) => self.faults(element, vec![(name.to_owned(), fault)]),
            },
            // Of editors, readers for the blind, frameworks: nothing that is drawn.
            _ => {}
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(&mut self.out, value);
        self.out.push('"');
    }

    fn style(&mut self, node: Node<'_, '_>) {
        let text: String = node.children().filter_map(|child| child.text()).collect();
        let mut faults = Vec::new();
        let sheet = css::sheet(&text, &mut faults);
        self.faults("style", faults);
        if !sheet.is_empty() {
            self.out.push_str("<style>");
            escape(&mut self.out, &sheet);
            self.out.push_str("</style>");
        }
    }

    /// A picture inside the file, written anew; anything else is dropped.
    fn image(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let target = href(node).unwrap_or("").trim();
        if !target.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
            if !target.is_empty() {
                self.ctx.removed(RemovalCode::ExternalLink, "SVG の image");
            }
            return Ok(());
        }
        self.pictures += 1;
        let bytes = data::decode(target).filter(|_| self.pictures <= PICTURES);
        let picture = match bytes {
            Some(bytes) => {
                self.ctx.charge_expanded(bytes.len() as u64)?;
                // A drawing in a drawing is rendered; how deep that goes is bounded like archives in archives.
                self.ctx.within("SVG の画像", |ctx| raster::reencode(&bytes, ctx)).ok()
            }
            None => None,
        };
        let Some((bytes, format)) = picture else {
            self.ctx.removed(RemovalCode::DrawingReplaced, "SVG の image");
            return Ok(());
        };
        self.out.push_str("<image");
        for attribute in node.attributes().filter(|attribute| attribute.name() != "href") {
            self.judge("image", &attribute);
        }
        let kind = if format == Format::Jpeg { "image/jpeg" } else { "image/png" };
        let address = format!("data:{kind};base64,{}", data::to_base64(&bytes));
        self.attribute("xlink:href", &address);
        self.out.push_str("/>");
        Ok(())
    }

    fn faults(&mut self, element: &str, faults: Vec<(String, Fault)>) {
        for (name, fault) in faults {
            let place = format!("SVG の {element} の {}", shown(&name));
            match fault {
                Fault::External if name == "@font-face" => self.ctx.removed(RemovalCode::EmbeddedFont, place),
                Fault::External => self.ctx.removed(RemovalCode::ExternalLink, place),
                Fault::Unknown => self.ctx.removed(RemovalCode::UnknownElement, place),
            }
        }
    }

    fn foreign(&mut self, name: &str) {
        match name {
            "script" => self.ctx.removed(RemovalCode::Script, "SVG の script"),
            _ => self.ctx.removed(RemovalCode::Metadata, "SVG の編集ソフト独自の情報"),
        }
    }

    fn dropped(&mut self, name: &str) {
        let code = match name {
            "script" | "handler" | "listener" => RemovalCode::Script,
            "foreignObject" | "iframe" | "embed" | "object" => RemovalCode::EmbeddedObject,
            "animate" | "animateColor" | "animateMotion" | "animateTransform" | "set" | "mpath"
            | "discard" => RemovalCode::Action,
            "audio" | "video" => RemovalCode::Media,
            "font" | "font-face" | "font-face-src" | "font-face-uri" => RemovalCode::EmbeddedFont,
            "feImage" | "tref" | "link" => RemovalCode::ExternalLink,
            "metadata" => RemovalCode::Metadata,
            _ => RemovalCode::UnknownElement,
        };
        self.ctx.removed(code, format!("SVG の {}", shown(name)));
    }
}

fn is_attribute(name: &str) -> bool {
    lists::SVG_ATTRIBUTES.split_ascii_whitespace().any(|known| known == name) || css::is_property(name)
}

fn takes_href(element: &str) -> bool {
    matches!(element, "use" | "textPath" | "linearGradient" | "radialGradient" | "pattern" | "filter")
}

fn href<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.attribute("href").or_else(|| node.attribute(("http://www.w3.org/1999/xlink", "href")))
}

/// Numbers that decide how long a renderer works on one filter.
fn bounded(name: &str, value: &str) -> bool {
    let most = match name {
        "numOctaves" => 10.0,
        "order" => 16.0,
        "stdDeviation" | "radius" => 1_000.0,
        _ => return true,
    };
    value
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .all(|part| part.parse::<f64>().is_ok_and(|number| number <= most))
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Text and attribute values alike.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
}
