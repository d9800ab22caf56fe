//! The picture that an embedded object showed on a slide. Newer documents keep it beside the object; those of
//! PowerPoint 2007 keep it in the slide's legacy drawing (VML), which is read for that picture's name and nothing else.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::allow::{self, Ns};
use super::package::Target;
use super::part::PartJudge;
use super::xml::{self, Element, Node, Verdict};
use crate::{Refusal, RemovalCode};

impl PartJudge<'_, '_, '_, '_> {
    /// The picture in place of an object's frame.
    pub(super) fn preview_of(&mut self, frame: &Element) -> Result<Verdict, Refusal> {
        if let Some(shape) = self.object_shape.take()
            && let Some(path) = self.drawn_preview(&shape)?
        {
            let id = self.relations.add_picture(path);
            if let Some(picture) = picture(frame, id) {
                return Ok(Verdict::Keep(named_as(picture, frame)));
            }
        }
        self.report(RemovalCode::EmbeddedObject, "graphicFrame");
        Ok(Verdict::Drop)
    }

    /// The output path of the picture that a shape of the legacy drawing shows.
    fn drawn_preview(&mut self, shape: &str) -> Result<Option<String>, Refusal> {
        let mut drawings: Vec<String> = (self.relations.known.values())
            .filter(|relationship| relationship.is_standard && relationship.segment == "vmlDrawing")
            .filter_map(|r| if let Target::Part(part) = &r.target { Some(part.clone()) } else { None })
            .collect();
        drawings.sort();
        for drawing in drawings {
            let Some(bytes) = self.rebuild.package.bytes(&drawing, self.rebuild.ctx)? else { continue };
            let Ok(text) = xml::decode(bytes, &drawing) else { continue };
            let Some(id) = picture_of_shape(&text, shape) else { continue };
            let relations = self.rebuild.package.relationships(&drawing, self.rebuild.ctx)?;
            let Some(relationship) = relations.get(&id).filter(|r| r.is_picture()) else { continue };
            if let Target::Part(part) = &relationship.target {
                let place = self.job.place.clone();
                return self.rebuild.picture(part, &place);
            }
        }
        Ok(None)
    }
}

/// The identifier of the picture that a shape shows.
fn picture_of_shape(text: &str, shape: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    let mut inside = false;
    loop {
        let element = match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => return None,
            _ => continue,
        };
        let attributes = element.attributes().flatten();
        let value = |wanted: &[&str]| {
            attributes.clone().find(|a| wanted.contains(&a.key.into_inner())).map(|a| a.value.into_owned())
        };
        match element.local_name().into_inner() {
            "shape" | "rect" => {
                inside =
                    value(&["id"]).as_deref() == Some(shape) || value(&["o:spid"]).as_deref() == Some(shape);
            }
            "imagedata" if inside => return value(&["o:relid", "r:id", "r:pict"]),
            _ => {}
        }
    }
}

/// A picture where the frame was.
fn picture(frame: &Element, id: String) -> Option<Element> {
    let new = |ns, local| allow::element(ns, local).map(Element::new);
    let mut names = new(Ns::P, "nvPicPr")?;
    for local in ["cNvPr", "cNvPicPr", "nvPr"] {
        names.children.push(Node::Element(new(Ns::P, local)?));
    }
    let mut blip = new(Ns::A, "blip")?;
    blip.set("r:embed", id);
    let mut stretch = new(Ns::A, "stretch")?;
    stretch.children.push(Node::Element(new(Ns::A, "fillRect")?));
    let mut fill = new(Ns::P, "blipFill")?;
    fill.children = vec![Node::Element(blip), Node::Element(stretch)];
    let mut place = new(Ns::A, "xfrm")?;
    for part in frame.child(Ns::P, "xfrm")?.elements() {
        let mut copy = Element::new(part.spec);
        copy.attributes.clone_from(&part.attributes);
        place.children.push(Node::Element(copy));
    }
    let mut outline = new(Ns::A, "prstGeom")?;
    outline.set("prst", "rect".to_owned());
    outline.children.push(Node::Element(new(Ns::A, "avLst")?));
    let mut shape = new(Ns::P, "spPr")?;
    shape.children = vec![Node::Element(place), Node::Element(outline)];
    let mut picture = new(Ns::P, "pic")?;
    picture.children = vec![Node::Element(names), Node::Element(fill), Node::Element(shape)];
    Some(picture)
}

/// The picture under the number and name of the frame that it replaces: animations and readers know it by them.
pub(super) fn named_as(mut picture: Element, frame: &Element) -> Element {
    let named = frame.child(Ns::P, "nvGraphicFramePr").and_then(|names| names.child(Ns::P, "cNvPr"));
    let Some(named) = named.map(|named| named.attributes.clone()) else { return picture };
    let find = |parent: &mut Element, local: &str| {
        parent.children.iter().position(|node| matches!(node, Node::Element(e) if e.is(Ns::P, local)))
    };
    if let Some(at) = find(&mut picture, "nvPicPr")
        && let Some(Node::Element(names)) = picture.children.get_mut(at)
        && let Some(at) = find(names, "cNvPr")
        && let Some(Node::Element(name)) = names.children.get_mut(at)
    {
        name.attributes = named;
    }
    picture
}
