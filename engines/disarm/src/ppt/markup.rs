//! Shapes and texts as PresentationML.

use std::fmt::Write as _;

use super::deck::{Link, Paragraph, Role, Run, Shape};
use crate::workbook::{Picture, escaped};

/// Shapes of one part, and the relationships that they need.
pub(super) struct Shapes<'a> {
    pub(super) pictures: &'a [Picture],
    /// Type, target, outside.
    pub(super) links: Vec<(&'static str, String, bool)>,
    pub(super) out: String,
    number: usize,
    has_title: bool,
    is_layout: bool,
}

impl<'a> Shapes<'a> {
    /// On a master nothing is a placeholder of a slide.
    pub(super) fn new(
        pictures: &'a [Picture],
        links: Vec<(&'static str, String, bool)>,
        is_layout: bool,
    ) -> Self {
        Self { pictures, links, out: String::new(), number: 1, has_title: false, is_layout }
    }

    fn relation(&mut self, kind: &'static str, target: String, external: bool) -> usize {
        let entry = (kind, target, external);
        let at = self.links.iter().position(|known| *known == entry).unwrap_or_else(|| {
            self.links.push(entry);
            self.links.len() - 1
        });
        at + 1
    }

    pub(super) fn push(&mut self, shape: &Shape) {
        self.number += 1;
        match shape.picture {
            Some(picture) => self.push_picture(shape, picture),
            None => self.push_shape(shape),
        }
    }

    fn push_name(&mut self, shape: &Shape, name: &str) {
        let number = self.number;
        let _ = write!(self.out, "<p:cNvPr id=\"{number}\" name=\"{name} {number}\">");
        if let Some(link) = &shape.link {
            self.push_link(link);
        }
        self.out.push_str("</p:cNvPr>");
    }

    fn push_link(&mut self, link: &Link) {
        match link {
            Link::Address(address) => {
                let id = self.relation("hyperlink", address.trim().replace(' ', "%20"), true);
                let _ = write!(self.out, "<a:hlinkClick r:id=\"rId{id}\"/>");
            }
            Link::Jump(to) => {
                let _ = write!(
                    self.out,
                    "<a:hlinkClick r:id=\"\" action=\"ppaction://hlinkshowjump?jump={to}\"/>"
                );
            }
        }
    }

    fn push_picture(&mut self, shape: &Shape, picture: usize) {
        let Some(known) = self.pictures.get(picture) else { return };
        let target = format!("../media/image{}.{}", picture + 1, known.extension);
        let id = self.relation("image", target, false);
        self.out.push_str("<p:pic><p:nvPicPr>");
        self.push_name(shape, "Picture");
        self.out.push_str("<p:cNvPicPr/><p:nvPr/></p:nvPicPr><p:blipFill>");
        let _ = write!(
            self.out,
            "<a:blip r:embed=\"rId{id}\"/><a:stretch><a:fillRect/></a:stretch></p:blipFill>"
        );
        self.push_properties(shape);
        self.out.push_str("</p:pic>");
    }

    fn push_shape(&mut self, shape: &Shape) {
        let role = shape.role.filter(|_| !self.is_layout);
        self.out.push_str("<p:sp><p:nvSpPr>");
        self.push_name(shape, if role == Some(Role::Title) { "Title" } else { "Shape" });
        self.out.push_str("<p:cNvSpPr/><p:nvPr>");
        // A slide has one title; what else says that it is one is a box.
        if role == Some(Role::Title) && !self.has_title {
            self.has_title = true;
            self.out.push_str("<p:ph type=\"title\"/>");
        }
        self.out.push_str("</p:nvPr></p:nvSpPr>");
        self.push_properties(shape);
        if !shape.paragraphs.is_empty() {
            self.out.push_str("<p:txBody><a:bodyPr");
            if shape.vertical {
                self.out.push_str(" vert=\"eaVert\"");
            }
            let stand = ["t", "ctr", "b"].get(shape.stand as usize).copied().unwrap_or("t");
            let wrap = if shape.no_wrap { "none" } else { "square" };
            let _ = write!(
                self.out,
                " wrap=\"{wrap}\" anchor=\"{stand}\"><a:normAutofit/></a:bodyPr><a:lstStyle/>"
            );
            for paragraph in &shape.paragraphs {
                self.push_paragraph(paragraph);
            }
            self.out.push_str("</p:txBody>");
        }
        self.out.push_str("</p:sp>");
    }

    fn push_properties(&mut self, shape: &Shape) {
        self.out.push_str("<p:spPr><a:xfrm");
        for (name, holds) in [("flipH", shape.flip_across), ("flipV", shape.flip_down)] {
            if holds {
                let _ = write!(self.out, " {name}=\"1\"");
            }
        }
        if shape.rotation != 0 {
            let _ = write!(self.out, " rot=\"{}\"", shape.rotation);
        }
        let (x, y, width, height) = shape.frame;
        let _ = write!(
            self.out,
            "><a:off x=\"{x}\" y=\"{y}\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
             <a:prstGeom prst=\"{}\"><a:avLst/></a:prstGeom>",
            if shape.geometry.is_empty() { "rect" } else { shape.geometry }
        );
        match shape.fill {
            Some(rgb) => push_solid(&mut self.out, rgb),
            None => self.out.push_str("<a:noFill/>"),
        }
        match shape.line {
            Some((rgb, width)) => {
                let _ = write!(self.out, "<a:ln w=\"{width}\">");
                push_solid(&mut self.out, rgb);
                self.out.push_str("</a:ln>");
            }
            None => self.out.push_str("<a:ln><a:noFill/></a:ln>"),
        }
        self.out.push_str("</p:spPr>");
    }

    /// One paragraph with everything that holds for it.
    pub(super) fn push_paragraph(&mut self, paragraph: &Paragraph) {
        self.out.push_str("<a:p><a:pPr");
        if let Some((left, first)) = paragraph.margin {
            let _ = write!(self.out, " marL=\"{left}\" indent=\"{}\"", first - left);
        }
        if paragraph.level > 0 {
            let _ = write!(self.out, " lvl=\"{}\"", paragraph.level.min(8));
        }
        if let Some(align) = ["l", "ctr", "r", "just", "dist"].get(usize::from(paragraph.align)) {
            let _ = write!(self.out, " algn=\"{align}\"");
        }
        self.out.push('>');
        self.push_spacing("lnSpc", paragraph.line_spacing);
        self.push_spacing("spcBef", paragraph.space_before);
        match paragraph.bullet {
            Some(bullet) => {
                let _ = write!(self.out, "<a:buChar char=\"{}\"/>", escaped(&bullet.to_string()));
            }
            None => self.out.push_str("<a:buNone/>"),
        }
        self.out.push_str("</a:pPr>");
        for run in &paragraph.runs {
            self.push_run(run);
        }
        self.out.push_str("</a:p>");
    }

    fn push_spacing(&mut self, tag: &str, value: Option<i16>) {
        let _ = match value {
            Some(value @ 0..=13_200) => {
                write!(self.out, "<a:{tag}><a:spcPct val=\"{}\"/></a:{tag}>", i32::from(value) * 1_000)
            }
            Some(value @ -12_672..0) => {
                write!(self.out, "<a:{tag}><a:spcPts val=\"{}\"/></a:{tag}>", -i32::from(value) * 100 / 8)
            }
            _ => Ok(()),
        };
    }

    fn push_run(&mut self, run: &Run) {
        // A vertical tab is a new line in the same paragraph.
        let mut first = true;
        for line in run.text.split('\u{b}') {
            if !first {
                self.out.push_str("<a:br/>");
            }
            first = false;
            let shown = escaped(&line.replace('\n', " "));
            if !shown.is_empty() {
                self.out.push_str("<a:r>");
                self.push_look("rPr", run);
                let _ = write!(self.out, "<a:t>{shown}</a:t></a:r>");
            }
        }
        if run.text.is_empty() {
            self.push_look("endParaRPr", run);
        }
    }

    fn push_look(&mut self, tag: &str, run: &Run) {
        let _ = write!(self.out, "<a:{tag} lang=\"ja-JP\" sz=\"{}\"", u32::from(run.size) * 100);
        for (name, holds) in [("b", run.bold), ("i", run.italic)] {
            let _ = write!(self.out, " {name}=\"{}\"", u8::from(holds));
        }
        if run.underline {
            self.out.push_str(" u=\"sng\"");
        }
        if run.raised != 0 && (-100..=100).contains(&run.raised) {
            let _ = write!(self.out, " baseline=\"{}\"", i32::from(run.raised) * 1_000);
        }
        self.out.push('>');
        if let Some(rgb) = run.colour {
            push_solid(&mut self.out, rgb);
        }
        for (tag, font) in [("latin", &run.font), ("ea", &run.asian_font)] {
            if let Some(font) = font.as_deref().filter(|font| !font.is_empty()) {
                let _ = write!(self.out, "<a:{tag} typeface=\"{}\"/>", escaped(font));
            }
        }
        if let Some(link) = &run.link {
            self.push_link(link);
        }
        let _ = write!(self.out, "</a:{tag}>");
    }
}

pub(super) fn push_solid(out: &mut String, rgb: u32) {
    let _ = write!(out, "<a:solidFill><a:srgbClr val=\"{:06X}\"/></a:solidFill>", rgb & 0xFF_FFFF);
}
