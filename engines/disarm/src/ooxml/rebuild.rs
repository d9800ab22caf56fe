//! Walks from the main part over allowed relationships and writes each part anew.
//!
//! A part that no allowed relationship leads to is never opened, so it cannot be carried over. Names, identifiers and
//! content types of the output are made here and owe nothing to the input.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use super::allow::{self, Ns};
use super::formula::Scope;
use super::kinds::{Family, Kind, OFFICE};
use super::objects::Added;
use super::package::{Package, Relationship, Target};
use super::xml::{self, Element};
use super::{fields, links, notes, part::PartJudge, placeholder, text};
use crate::zip::{Storage, Writer};
use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context};

/// A part to be written.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) kind: Kind,
    /// Its name in the input.
    pub(super) source: String,
    /// Its name in the output.
    pub(super) path: String,
    /// What people call it.
    pub(super) place: String,
}

/// A written relationship.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    relation: String,
    target: String,
    external: bool,
}

/// Parts that are small, all together, wait as text for their turn; others are inflated a second time.
const WAITING: usize = 2 << 20;

/// The text of a part and its relationships.
type Source = (String, HashMap<String, Relationship>);

/// The state of one rebuild.
pub(super) struct Rebuild<'a, 'c, 'o> {
    pub(super) package: Package<'a>,
    pub(super) ctx: &'c mut Context<'o>,
    pub(super) family: Family,
    /// What is written.
    pub(super) written_as: Format,
    /// What the input is.
    pub(super) read_as: Format,
    /// Only the text is wanted.
    text_only: bool,
    jobs: VecDeque<Job>,
    /// Output part of each input part.
    written: HashMap<String, Job>,
    counts: BTreeMap<Kind, usize>,
    /// Texts of parts on the list of work, by the input part.
    waiting: HashMap<String, String>,
    waiting_size: usize,
    output: Vec<(String, Vec<u8>)>,
    pictures: HashMap<String, Option<String>>,
    picture_count: usize,
    media_types: Vec<(String, String)>,
    /// Input parts that were used or named in a removal.
    accounted: HashSet<String>,
    /// Names of sheets by their input part.
    pub(super) sheet_names: HashMap<String, String>,
    /// The drawing of a diagram by the diagram's input part: an identifier in the part that shows it.
    pub(super) diagram_drawings: HashMap<String, String>,
    /// Those who wrote the newer comments of slides.
    pub(super) authors: super::conversations::Authors,
    pub(super) shared_strings: Vec<String>,
    /// What formulas may not name.
    pub(super) scope: Scope,
    /// The workbook says which of its array formulas spill.
    pub(super) dynamic_arrays: bool,
    /// The input's drawing of comments by the output path of the comments.
    pub(super) note_shapes: HashMap<String, String>,
    /// Pictures that cells name by number.
    pub(super) cell_pictures: Vec<Option<Relationship>>,
    /// Shapes that are added to a drawing, by the drawing's input part.
    pub(super) added_shapes: HashMap<String, Added>,
    /// Drawings that the input does not have, by the name that stands for their input part.
    made: HashMap<String, Added>,
    /// Blocks of 1024 identifiers that drawings of comments have taken.
    note_blocks: usize,
    pub(super) pieces: Vec<TextPiece>,
}

impl<'a, 'c, 'o> Rebuild<'a, 'c, 'o> {
    pub(super) fn new(
        input: &'a [u8],
        format: Format,
        text_only: bool,
        ctx: &'c mut Context<'o>,
    ) -> Result<Self, Refusal> {
        let package = Package::read(input, ctx)?;
        let ctx_drop_links = ctx.options().drop_links;
        Ok(Self {
            package,
            ctx,
            family: Family::of(format),
            written_as: format.successor(),
            read_as: format,
            text_only,
            jobs: VecDeque::new(),
            written: HashMap::new(),
            counts: BTreeMap::new(),
            waiting: HashMap::new(),
            waiting_size: 0,
            output: Vec::new(),
            pictures: HashMap::new(),
            picture_count: 0,
            media_types: Vec::new(),
            accounted: HashSet::new(),
            sheet_names: HashMap::new(),
            diagram_drawings: HashMap::new(),
            authors: super::conversations::Authors::default(),
            shared_strings: Vec::new(),
            scope: Scope { drop_links: ctx_drop_links, ..Scope::default() },
            dynamic_arrays: false,
            note_shapes: HashMap::new(),
            cell_pictures: Vec::new(),
            added_shapes: HashMap::new(),
            made: HashMap::new(),
            note_blocks: 0,
            pieces: Vec::new(),
        })
    }

    /// The new package.
    pub(super) fn run(mut self) -> Result<(Vec<u8>, Format), Refusal> {
        self.walk()?;
        self.report_rest();
        let format = self.written_as;
        Ok((self.assemble()?, format))
    }

    /// Writes a finished part that stands for one of the input.
    pub(super) fn add_part(
        &mut self,
        source: &str,
        path: String,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Refusal> {
        self.ctx.charge_output(bytes.len() as u64)?;
        self.accounted.insert(source.to_lowercase());
        self.media_types.push((path.clone(), media_type.to_owned()));
        self.output.push((path, bytes));
        Ok(())
    }

    /// The text.
    pub(super) fn run_text(mut self) -> Result<Vec<TextPiece>, Refusal> {
        self.walk()?;
        Ok(self.pieces)
    }

    fn walk(&mut self) -> Result<(), Refusal> {
        let main = self.package.main_part(self.ctx)?;
        let kind = Kind::main(self.family);
        if self.request(kind, &main)?.is_none() {
            return Err(Refusal::new(
                RefusalCode::Malformed,
                format!("{main}: not the main part that it should be"),
            ));
        }
        while let Some(job) = self.jobs.pop_front() {
            self.write_part(&job)?;
        }
        self.write_authors()?;
        Ok(())
    }

    /// Is text collected?
    pub(super) fn wants_text(&self) -> bool {
        self.text_only
    }

    /// Notes a removal at a place.
    pub(super) fn removed(&mut self, what: RemovalCode, place: &str) {
        self.ctx.removed(what, place);
    }

    /// The output path of an input part, which is put on the list of work when it is new and what it claims to be.
    pub(super) fn request(&mut self, kind: Kind, source: &str) -> Result<Option<String>, Refusal> {
        let key = source.to_lowercase();
        if let Some(job) = self.written.get(&key) {
            return Ok((job.kind == kind).then(|| job.path.clone()));
        }
        if kind.is_single() && self.counts.contains_key(&kind) {
            return Ok(None);
        }
        let Some(bytes) = self.package.bytes(source, self.ctx)? else { return Ok(None) };
        let (ns, root) = kind.root();
        let text = xml::decode(bytes, source)?;
        if xml::root_name(&text).is_none_or(|(found, local)| found != ns || local != root) {
            // Without its texts a workbook would be another one.
            if kind == Kind::SharedStrings {
                return Err(Refusal::new(RefusalCode::Malformed, source.to_owned()));
            }
            return Ok(None);
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        let named = self.sheet_names.get(&key).cloned();
        let job = Job {
            kind,
            source: source.to_owned(),
            path: kind.path(self.family, *count),
            place: named.unwrap_or_else(|| kind.place(*count)),
        };
        let path = job.path.clone();
        self.accounted.insert(key.clone());
        self.written.insert(key, job.clone());
        if self.waiting_size.saturating_add(text.len()) <= WAITING {
            self.waiting_size += text.len();
            self.waiting.insert(job.source.clone(), text);
        }
        // Texts that cells refer to are needed before the cells.
        if kind == Kind::SharedStrings {
            self.jobs.push_front(job)
        } else {
            self.jobs.push_back(job)
        }
        Ok(Some(path))
    }

    /// The output path of a part that is made here; `name` stands for its input part.
    pub(super) fn request_made(&mut self, kind: Kind, name: &str, place: &str, made: Added) -> String {
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        let path = kind.path(self.family, *count);
        let (source, place) = (name.to_owned(), place.to_owned());
        self.made.insert(source.clone(), made);
        self.jobs.push_back(Job { kind, source, path: path.clone(), place });
        path
    }

    /// The text and the relationships of a part, whether it was received or is made here.
    fn source_of(&mut self, job: &Job) -> Result<Option<Source>, Refusal> {
        if let Some(made) = self.made.remove(&job.source) {
            return Ok(Some((made.text, made.known)));
        }
        let text = match self.waiting.remove(&job.source) {
            Some(text) => {
                self.waiting_size = self.waiting_size.saturating_sub(text.len());
                text
            }
            None => match self.package.bytes(&job.source, self.ctx)? {
                Some(bytes) => xml::decode(bytes, &job.source)?,
                None => return Ok(None),
            },
        };
        Ok(Some((text, self.package.relationships(&job.source, self.ctx)?)))
    }

    /// Is this slide part of the show already?
    pub(super) fn is_requested(&self, source: &str) -> bool {
        self.written.contains_key(&source.to_lowercase())
    }

    /// The output path of a picture, written anew as PNG or JPEG; a placeholder where that fails.
    pub(super) fn picture(&mut self, source: &str, place: &str) -> Result<Option<String>, Refusal> {
        if self.text_only {
            return Ok(None);
        }
        let key = source.to_lowercase();
        if let Some(known) = self.pictures.get(&key) {
            return Ok(known.clone());
        }
        self.accounted.insert(key.clone());
        let Some(bytes) = self.package.bytes(source, self.ctx)? else {
            self.pictures.insert(key, None);
            return Ok(None);
        };
        let (bytes, extension) = match crate::raster::reencode(&bytes, self.ctx) {
            Ok((bytes, Format::Jpeg)) => (bytes, "jpeg"),
            Ok((bytes, Format::Png)) => (bytes, "png"),
            Ok(_) | Err(_) => {
                self.removed(RemovalCode::DrawingReplaced, &format!("{place}: {}", file_name(source)));
                (placeholder::png(), "png")
            }
        };
        let path = self.add_picture(bytes, extension)?;
        self.pictures.insert(key, Some(path.clone()));
        Ok(Some(path))
    }

    /// The path of the next part of a kind.
    pub(super) fn next_path(&mut self, kind: Kind) -> String {
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        kind.path(self.family, *count)
    }

    /// A part that was made, not rewritten.
    pub(super) fn push_part(&mut self, path: String, written: String, kind: Kind) -> Result<(), Refusal> {
        if !self.text_only {
            self.ctx.charge_output(written.len() as u64)?;
            self.media_types.push((path.clone(), kind.media_type()));
            self.output.push((path, written.into_bytes()));
        }
        Ok(())
    }

    /// An input part that was read by other means than the list of work.
    pub(super) fn account_for(&mut self, part: &str) {
        self.accounted.insert(part.to_lowercase());
    }

    /// The picture that stands for one that can't be kept.
    pub(super) fn placeholder(&mut self) -> Result<String, Refusal> {
        if let Some(Some(known)) = self.pictures.get("") {
            return Ok(known.clone());
        }
        let path = self.add_picture(placeholder::png(), "png")?;
        self.pictures.insert(String::new(), Some(path.clone()));
        Ok(path)
    }

    fn add_picture(&mut self, bytes: Vec<u8>, extension: &str) -> Result<String, Refusal> {
        self.picture_count += 1;
        let folder = match self.family {
            Family::Word => "word",
            Family::Sheet => "xl",
            Family::Slide => "ppt",
        };
        let path = format!("{folder}/media/image{}.{extension}", self.picture_count);
        self.ctx.charge_output(bytes.len() as u64)?;
        self.output.push((path.clone(), bytes));
        Ok(path)
    }

    fn write_part(&mut self, job: &Job) -> Result<(), Refusal> {
        let Some((source_text, relationships)) = self.source_of(job)? else { return Ok(()) };
        let macros = self.keep_macros(job, &relationships)?;
        let mut relations = Relations { known: relationships, links: Vec::new() };
        self.take_conversations(job, &mut relations)?;
        self.account(job, &relations.known);
        let (ns, root) = job.kind.root();
        let Some(spec) = allow::element(ns, root) else { return Ok(()) };
        macros.into_iter().for_each(|path| relations.add_macros(path));
        self.name_parts_of_sheet(job, &relations);
        if job.kind == Kind::Workbook {
            self.cell_pictures = self.pictures_of_cells(&relations.known)?;
        }
        self.attach_spill(job, &mut relations)?;
        // Parts that belong here without being named come first: shared strings before sheets.
        for &kind in job.kind.silent() {
            self.request_silent(kind, &mut relations)?;
        }
        let added =
            self.added_shapes.remove(&job.source.to_lowercase()).filter(|_| job.kind == Kind::SheetDrawing);
        let nesting = usize::try_from(self.ctx.limits().nesting).unwrap_or(256);
        let mut judge = PartJudge::new(self, job, relations);
        let mut element = xml::read(&source_text, spec, nesting, &job.source, &mut judge)?;
        if let Some(added) = added {
            judge.relations.known.extend(added.known);
            element.children.extend(xml::read(&added.text, spec, nesting, &job.source, &mut judge)?.children);
        }
        let PartJudge { relations, .. } = judge;
        drop(source_text);
        if matches!(
            job.kind,
            Kind::WordDocument
                | Kind::WordHeader
                | Kind::WordFooter
                | Kind::WordFootnotes
                | Kind::WordEndnotes
                | Kind::WordComments
        ) {
            let ctx = &mut *self.ctx;
            let drop_links = ctx.options().drop_links;
            fields::settle(&mut element, drop_links, &mut |name| {
                let name: String = name.chars().take(40).collect();
                ctx.removed(RemovalCode::Field, format!("{}: {name}", job.place));
            });
        }
        if self.text_only {
            text::collect(&element, job, &mut self.pieces);
            return Ok(());
        }
        self.emit(job, &element, &relations)
    }

    fn emit(&mut self, job: &Job, element: &Element, relations: &Relations) -> Result<(), Refusal> {
        let mut written = xml::write(element);
        if let Some(id) = self.diagram_drawings.get(&job.source.to_lowercase()) {
            written = written.replace(
                "</dgm:dataModel>",
                &format!(
                    "<dgm:extLst><a:ext xmlns:a=\"{}\" uri=\"{}\"><dsp:dataModelExt xmlns:dsp=\"{}\" relId=\"{id}\" \
                     minVer=\"http://schemas.openxmlformats.org/drawingml/2006/diagram\"/></a:ext></dgm:extLst></dgm:dataModel>",
                    Ns::A.uri(),
                    Ns::DSP.uri(),
                    Ns::DSP.uri()
                ),
            );
        }
        self.ctx.charge_output(written.len() as u64)?;
        self.output.push((job.path.clone(), written.into_bytes()));
        if job.kind == Kind::SheetComments {
            self.draw_notes(job, element)?;
        }
        let media = if job.kind == Kind::main(self.family) {
            Kind::main_media_type(self.family, self.written_as)
        } else {
            job.kind.media_type()
        };
        self.media_types.push((job.path.clone(), media));
        if !relations.links.is_empty() {
            let (folder, file) = job.path.rsplit_once('/').unwrap_or(("", &job.path));
            let bytes = relations.write(folder).into_bytes();
            self.ctx.charge_output(bytes.len() as u64)?;
            self.output.push((format!("{folder}/_rels/{file}.rels"), bytes));
        }
        Ok(())
    }

    /// What belongs to a sheet is found by the sheet's name.
    fn name_parts_of_sheet(&mut self, job: &Job, relations: &Relations) {
        if !matches!(job.kind, Kind::Worksheet | Kind::Chartsheet) {
            return;
        }
        for relationship in relations.known.values() {
            let belongs = [Kind::SheetComments, Kind::SheetDrawing, Kind::Table];
            if let Target::Part(part) = &relationship.target
                && belongs.iter().any(|kind| relationship.leads_to(*kind))
            {
                self.sheet_names.entry(part.to_lowercase()).or_insert_with(|| job.place.clone());
            }
        }
    }

    /// A workbook whose formulas spill says so in a part that has one wording.
    fn attach_spill(&mut self, job: &Job, relations: &mut Relations) -> Result<(), Refusal> {
        let metadata = relations.known.values().find(|old| old.is_standard && old.segment == "sheetMetadata");
        let (Kind::Workbook, Some(Target::Part(part))) = (job.kind, metadata.map(|old| old.target.clone()))
        else {
            return Ok(());
        };
        let bytes = self.package.bytes(&part, self.ctx)?.unwrap_or_default();
        self.accounted.insert(part.to_lowercase());
        if !bytes.windows(6).any(|window| window == b"XLDAPR") {
            return Ok(());
        }
        self.dynamic_arrays = true;
        let text = sekisho_verify::lists::SPILL.as_bytes().to_vec();
        let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheetMetadata+xml";
        self.add_part(&part, "xl/metadata.xml".to_owned(), media, text)?;
        relations.add(format!("{OFFICE}sheetMetadata"), "xl/metadata.xml".to_owned(), false);
        Ok(())
    }

    /// Writes the boxes of a sheet's comments, where the input had them if it says so.
    fn draw_notes(&mut self, job: &Job, comments: &Element) -> Result<(), Refusal> {
        let old = match self.note_shapes.get(&job.path).cloned() {
            Some(part) => self.package.bytes(&part, self.ctx)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let cells = notes::cells(comments);
        let drawn = notes::draw(&cells, &String::from_utf8_lossy(&old), self.note_blocks);
        self.note_blocks = self.note_blocks.saturating_add(cells.len() / 1024 + 1);
        self.ctx.charge_output(drawn.len() as u64)?;
        let path = notes::path(&job.path);
        self.media_types.push((path.clone(), notes::MEDIA_TYPE.to_owned()));
        self.output.push((path, drawn.into_bytes()));
        Ok(())
    }

    fn request_silent(&mut self, kind: Kind, relations: &mut Relations) -> Result<(), Refusal> {
        let mut ids: Vec<&String> =
            relations.known.iter().filter(|(_, r)| r.leads_to(kind)).map(|(id, _)| id).collect();
        ids.sort();
        for id in ids.into_iter().cloned().collect::<Vec<_>>() {
            let Some(Target::Part(part)) = relations.known.get(&id).map(|r| r.target.clone()) else {
                continue;
            };
            if kind == Kind::Slide && !self.is_requested(&part) {
                continue;
            }
            // A comment without the list of its authors breaks the show.
            if kind == Kind::SlideComments && !self.counts.contains_key(&Kind::CommentAuthors) {
                continue;
            }
            if let Some(path) = self.request(kind, &part)? {
                relations.add(kind.relation(), path, false);
            }
        }
        Ok(())
    }

    /// Names every relationship that can't be kept whatever the part says.
    fn account(&mut self, job: &Job, relationships: &HashMap<String, Relationship>) {
        let mut sorted: Vec<_> = relationships.values().collect();
        sorted.sort_by(|a, b| (&a.segment, &a.target).cmp(&(&b.segment, &b.target)));
        for relationship in sorted {
            let kept =
                job.kind.named().iter().chain(job.kind.silent()).any(|kind| relationship.leads_to(*kind));
            match &relationship.target {
                Target::Part(part) => {
                    if kept || relationship.is_picture() {
                        continue;
                    }
                    if self.package.archive.find(part).is_some() && self.accounted.insert(part.to_lowercase())
                    {
                        self.removed(
                            code_of(&relationship.segment),
                            &format!("{}: {}", job.place, file_name(part)),
                        );
                    }
                }
                Target::External(address) => {
                    let drop_links = self.ctx.options().drop_links;
                    let is_link = relationship.is_link();
                    if is_link
                        && links::allowed(&links::normalised(address))
                        && !drop_links
                        && job.kind.has_links()
                    {
                        continue;
                    }
                    let code =
                        if is_link { RemovalCode::Hyperlink } else { external_code(&relationship.segment) };
                    let shown: String = address.chars().filter(|c| !c.is_control()).take(120).collect();
                    self.removed(code, &format!("{}: {shown}", job.place));
                }
            }
        }
    }

    /// Names every part that nothing led to.
    fn report_rest(&mut self) {
        let rest: BTreeSet<String> = self
            .package
            .archive
            .entries()
            .iter()
            .filter(|entry| entry.kind != crate::zip::Kind::Directory)
            .filter(|entry| !self.accounted.contains(&entry.name.to_lowercase()))
            .map(|entry| entry.name.clone())
            .collect();
        for name in rest {
            let lower = name.to_lowercase();
            if lower == "[content_types].xml" || lower.ends_with(".rels") {
                continue;
            }
            self.removed(code_of_part(&lower), &name);
        }
    }

    fn assemble(mut self) -> Result<Vec<u8>, Refusal> {
        let mut writer = Writer::new();
        let mut types = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
        types.push_str("<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">");
        types.push_str("<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>");
        types.push_str("<Default Extension=\"xml\" ContentType=\"application/xml\"/>");
        for (extension, media) in [("png", "image/png"), ("jpeg", "image/jpeg")] {
            if self.output.iter().any(|(path, _)| path.ends_with(&format!(".{extension}"))) {
                types.push_str(&format!("<Default Extension=\"{extension}\" ContentType=\"{media}\"/>"));
            }
        }
        for (path, media) in &self.media_types {
            types.push_str(&format!("<Override PartName=\"/{path}\" ContentType=\"{media}\"/>"));
        }
        types.push_str("</Types>");
        writer.add("[Content_Types].xml", types.as_bytes(), Storage::Deflate)?;
        let main = Kind::main(self.family);
        let mut relations = Relations::default();
        relations.add(main.relation(), main.path(self.family, 1), false);
        writer.add("_rels/.rels", relations.write("").as_bytes(), Storage::Deflate)?;
        for (path, bytes) in self.output.drain(..) {
            let storage = if path.contains("/media/") { Storage::Store } else { Storage::Deflate };
            writer.add(&path, &bytes, storage)?;
        }
        writer.finish()
    }
}

/// The relationships of the part in work: those that it had, and those that it gets.
#[derive(Debug, Default)]
pub(super) struct Relations {
    pub(super) known: HashMap<String, Relationship>,
    links: Vec<Link>,
}

impl Relations {
    /// The identifier of a written relationship.
    pub(super) fn add(&mut self, relation: String, target: String, external: bool) -> String {
        let link = Link { relation, target, external };
        let at = self.links.iter().position(|known| *known == link).unwrap_or_else(|| {
            self.links.push(link);
            self.links.len() - 1
        });
        format!("rId{}", at + 1)
    }

    /// The part that a written relationship of this type leads to.
    pub(super) fn target_of(&self, relation: &str) -> Option<String> {
        let found = self.links.iter().find(|link| link.relation.strip_prefix(OFFICE) == Some(relation));
        found.map(|link| link.target.clone())
    }

    pub(super) fn add_picture(&mut self, path: String) -> String {
        self.add(format!("{OFFICE}image"), path, false)
    }

    pub(super) fn add_link(&mut self, address: String) -> String {
        self.add(format!("{OFFICE}hyperlink"), address, true)
    }

    fn write(&self, folder: &str) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
        out.push_str(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
        );
        for (link, number) in self.links.iter().zip(1..) {
            let target = if link.external { link.target.clone() } else { relative(folder, &link.target) };
            out.push_str(&format!("<Relationship Id=\"rId{number}\" Type=\"{}\" Target=\"", link.relation));
            xml::escape(&target, &mut out, true);
            out.push_str(if link.external { "\" TargetMode=\"External\"/>" } else { "\"/>" });
        }
        out.push_str("</Relationships>");
        out
    }
}

/// The reference from a folder to a part. Some readers know relative references only.
fn relative(folder: &str, target: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
    let to: Vec<&str> = target.split('/').collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut segments = vec![".."; from.len() - shared];
    segments.extend(to.into_iter().skip(shared));
    segments.join("/")
}

impl Relationship {
    pub(super) fn leads_to(&self, kind: Kind) -> bool {
        self.is_standard && kind.is_relation(&self.segment) && matches!(self.target, Target::Part(_))
    }

    pub(super) fn is_picture(&self) -> bool {
        self.is_standard && self.segment == "image"
    }

    pub(super) fn is_link(&self) -> bool {
        self.is_standard && self.segment == "hyperlink"
    }
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Target {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let text = |target: &Self| match target {
            Self::Part(name) | Self::External(name) => name.clone(),
        };
        text(self).cmp(&text(other))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What a dropped relationship was for.
fn code_of(segment: &str) -> RemovalCode {
    match segment {
        "vbaProject" | "wordVbaData" | "keyMapCustomizations" | "attachedToolbars" | "ui" => RemovalCode::Vba,
        "xlMacrosheet" | "xlIntlMacrosheet" | "dialogsheet" => RemovalCode::XlmMacro,
        "oleObject" => RemovalCode::EmbeddedObject,
        "package" | "aFChunk" => RemovalCode::EmbeddedFile,
        "control" | "activeXControlBinary" | "ctrlProp" => RemovalCode::ActiveX,
        "audio" | "video" | "media" => RemovalCode::Media,
        "font" => RemovalCode::EmbeddedFont,
        "externalLink" | "externalLinkPath" | "attachedTemplate" | "subDocument" | "frame" => {
            RemovalCode::ExternalLink
        }
        "connections"
        | "queryTable"
        | "pivotTable"
        | "pivotCacheDefinition"
        | "powerPivotData"
        | "mailMergeSource" => RemovalCode::DataConnection,
        "customXml" | "customXmlProps" | "tags" | "xmlMaps" | "customProperty" => RemovalCode::CustomXml,
        // The comments themselves have a part of their own; these say how it is drawn and who is who.
        "threadedComment" | "vmlDrawing" | "person" => RemovalCode::Metadata,
        // Pictures in cells are drawn over their cells; those of the web are fetched.
        "rdRichValue" | "rdRichValueStructure" | "rdRichValueTypes" | "richValueRel" => RemovalCode::Metadata,
        "rdRichValueWebImage" => RemovalCode::ExternalLink,
        "comments" | "commentAuthors" | "commentsExtended" | "people" => RemovalCode::Annotation,
        "printerSettings" | "webSettings" | "calcChain" | "viewProps" | "stylesWithEffects"
        | "revisionInfo" | "sheetMetadata" | "thumbnail" | "chartStyle" | "chartColorStyle"
        | "themeOverride" => RemovalCode::Metadata,
        _ => RemovalCode::UnknownPart,
    }
}

fn external_code(segment: &str) -> RemovalCode {
    match segment {
        "audio" | "video" | "media" => RemovalCode::Media,
        _ => RemovalCode::ExternalLink,
    }
}

/// What a part that nothing led to was, by its name.
fn code_of_part(lower: &str) -> RemovalCode {
    let known = [
        ("vbaproject", RemovalCode::Vba),
        ("vbadata", RemovalCode::Vba),
        ("customui", RemovalCode::Vba),
        ("macrosheet", RemovalCode::XlmMacro),
        ("activex", RemovalCode::ActiveX),
        ("ctrlprop", RemovalCode::ActiveX),
        ("/embeddings/", RemovalCode::EmbeddedObject),
        ("/fonts/", RemovalCode::EmbeddedFont),
        ("docprops/", RemovalCode::Metadata),
        ("printersettings", RemovalCode::Metadata),
        ("customxml/", RemovalCode::CustomXml),
        ("_xmlsignatures", RemovalCode::Signature),
        ("externallink", RemovalCode::ExternalLink),
        ("connections", RemovalCode::DataConnection),
        ("pivot", RemovalCode::DataConnection),
        ("querytable", RemovalCode::DataConnection),
        ("threadedcomment", RemovalCode::Metadata),
        ("persons/", RemovalCode::Metadata),
        ("comment", RemovalCode::Annotation),
        ("vmldrawing", RemovalCode::Metadata),
        ("glossary/", RemovalCode::Metadata),
        ("/media/", RemovalCode::DrawingReplaced),
    ];
    known.iter().find(|(part, _)| lower.contains(part)).map_or(RemovalCode::UnknownPart, |(_, code)| *code)
}
