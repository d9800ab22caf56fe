//! The parts of an OpenDocument package: which are read, what they become, and the manifest that names them.

use std::collections::{HashMap, HashSet};

use super::{rewrite, settings, text::Places};
use crate::zip::{Archive, Kind, Storage, Writer};
use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context};

const MANIFEST: &str = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";
const CHART: &str = "application/vnd.oasis.opendocument.chart";
const FORMULA: &str = "application/vnd.oasis.opendocument.formula";

/// The state of one rebuild.
pub(super) struct Rebuild<'a, 'c, 'o> {
    archive: Archive<'a>,
    pub(super) ctx: &'c mut Context<'o>,
    pub(super) format: Format,
    pub(super) places: Places,
    text_only: bool,
    output: Vec<(String, Vec<u8>, String)>,
    pictures: HashMap<String, Option<String>>,
    /// Folders of charts and formulas, and what they are written as.
    objects: Vec<(String, String, &'static str)>,
    /// Input parts that were used or named in a removal.
    accounted: HashSet<String>,
}

impl<'a, 'c, 'o> Rebuild<'a, 'c, 'o> {
    pub(super) fn new(
        input: &'a [u8],
        format: Format,
        text_only: bool,
        ctx: &'c mut Context<'o>,
    ) -> Result<Self, Refusal> {
        let archive = Archive::read(input, ctx)?;
        Ok(Self {
            archive,
            ctx,
            format,
            places: Places::default(),
            text_only,
            output: Vec::new(),
            pictures: HashMap::new(),
            objects: Vec::new(),
            accounted: HashSet::new(),
        })
    }

    pub(super) fn run(mut self) -> Result<Vec<u8>, Refusal> {
        self.walk()?;
        if let Some(text) = self.read("settings.xml")?
            && let Some(kept) = settings::rewrite(&text)
        {
            self.add("settings.xml", kept.into_bytes(), "text/xml")?;
        }
        self.report_rest();
        self.assemble()
    }

    pub(super) fn run_text(mut self) -> Result<Vec<TextPiece>, Refusal> {
        self.walk()?;
        Ok(self.places.pieces)
    }

    fn walk(&mut self) -> Result<(), Refusal> {
        if let Some(manifest) = self.read("META-INF/manifest.xml")?
            && manifest.contains("encryption-data")
        {
            return Err(Refusal::new(RefusalCode::Encrypted, self.format.extension()));
        }
        let content = self.read("content.xml")?;
        let content = content.ok_or_else(|| Refusal::new(RefusalCode::Malformed, "content.xml"))?;
        self.rewrite("content.xml", &content, "本文", false)?;
        if let Some(styles) = self.read("styles.xml")? {
            self.rewrite("styles.xml", &styles, "スタイル・ヘッダー", false)?;
        }
        for (source, path, media) in std::mem::take(&mut self.objects) {
            for name in ["content.xml", "styles.xml"] {
                if let Some(text) = self.read(&format!("{source}/{name}"))? {
                    let place = if media == CHART { "グラフ" } else { "数式" };
                    self.rewrite(&format!("{path}/{name}"), &text, place, true)?;
                }
            }
            self.output.push((format!("{path}/"), Vec::new(), media.to_owned()));
        }
        Ok(())
    }

    fn rewrite(&mut self, path: &str, text: &str, place: &str, is_object: bool) -> Result<(), Refusal> {
        let written = rewrite::part(text, place, is_object, self)?;
        self.add(path, written.into_bytes(), "text/xml")
    }

    /// A part's text, if there is such a part.
    fn read(&mut self, part: &str) -> Result<Option<String>, Refusal> {
        self.accounted.insert(part.to_lowercase());
        let Some(entry) = self.archive.find(part) else { return Ok(None) };
        let bytes = self.archive.bytes(entry, self.ctx)?;
        crate::ooxml::decode(bytes, part).map(Some)
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>, media: &str) -> Result<(), Refusal> {
        if !self.text_only {
            self.ctx.charge_output(bytes.len() as u64)?;
            self.output.push((path.to_owned(), bytes, media.to_owned()));
        }
        Ok(())
    }

    /// The output path of a picture, written anew; a placeholder where that fails, nothing for a drawing that the
    /// application makes itself from a chart or a formula.
    pub(super) fn picture(&mut self, href: &str, place: &str) -> Result<Option<String>, Refusal> {
        if self.text_only {
            return Ok(None);
        }
        let source = href.trim_start_matches("./").to_owned();
        if let Some(known) = self.pictures.get(&source) {
            return Ok(known.clone());
        }
        self.accounted.insert(source.to_lowercase());
        let written = match self.archive.find(&source) {
            None => {
                let shown: String = href.chars().filter(|c| !c.is_control()).take(80).collect();
                self.ctx.removed(RemovalCode::ExternalLink, format!("{place}: {shown}"));
                None
            }
            Some(entry) => {
                let bytes = self.archive.bytes(entry, self.ctx)?;
                crate::raster::reencode(&bytes, self.ctx).ok()
            }
        };
        let number = self.pictures.values().flatten().count() + 1;
        let (bytes, extension) = match written {
            Some((bytes, Format::Jpeg)) => (bytes, "jpeg"),
            Some((bytes, _)) => (bytes, "png"),
            None => {
                let replacement = source.strip_prefix("ObjectReplacements/");
                if replacement.is_some_and(|name| self.objects.iter().any(|(folder, ..)| folder == name)) {
                    self.pictures.insert(source, None);
                    return Ok(None);
                }
                let name = source.rsplit('/').next().unwrap_or_default();
                self.ctx.removed(RemovalCode::DrawingReplaced, format!("{place}: {name}"));
                (crate::ooxml::placeholder(), "png")
            }
        };
        let path = format!("Pictures/image{number}.{extension}");
        self.add(&path, bytes, &format!("image/{extension}"))?;
        self.pictures.insert(source, Some(path.clone()));
        Ok(Some(path))
    }

    /// The output folder of an embedded chart or formula; other objects have none.
    pub(super) fn object(&mut self, href: &str, is_object: bool) -> Result<Option<String>, Refusal> {
        let source = href.trim_start_matches("./").trim_end_matches('/').to_owned();
        if is_object || self.text_only || source.is_empty() {
            return Ok(None);
        }
        if let Some((_, path, _)) = self.objects.iter().find(|(folder, ..)| *folder == source) {
            return Ok(Some(path.clone()));
        }
        let Some(content) = self.read(&format!("{source}/content.xml"))? else { return Ok(None) };
        let begin: String = content.chars().take(4_096).collect();
        let media = if content.contains("<office:chart") {
            CHART
        } else if begin.contains("http://www.w3.org/1998/Math/MathML") && !content.contains("<office:") {
            FORMULA
        } else {
            return Ok(None);
        };
        for name in [
            format!("{source}/meta.xml"),
            format!("{source}/settings.xml"),
            format!("ObjectReplacements/{source}"),
        ] {
            self.accounted.insert(name.to_lowercase());
        }
        let path = format!("Object {}", self.objects.len() + 1);
        self.objects.push((source, path.clone(), media));
        Ok(Some(path))
    }

    /// Names every part that was not read.
    fn report_rest(&mut self) {
        let mut rest: Vec<String> = (self.archive.entries().iter())
            .filter(|entry| entry.kind != Kind::Directory)
            .map(|entry| entry.name.clone())
            .filter(|name| name != "mimetype" && !self.accounted.contains(&name.to_lowercase()))
            .collect();
        rest.sort();
        for name in rest {
            let lower = name.to_lowercase();
            let known = [
                ("basic/", RemovalCode::Script),
                ("scripts/", RemovalCode::Script),
                ("dialogs/", RemovalCode::Script),
                ("configurations2/", RemovalCode::Metadata),
                ("thumbnails/", RemovalCode::Metadata),
                ("meta.xml", RemovalCode::Metadata),
                ("manifest.rdf", RemovalCode::Metadata),
                ("layout-cache", RemovalCode::Metadata),
                ("signatures", RemovalCode::Signature),
                ("fonts/", RemovalCode::EmbeddedFont),
                ("media/", RemovalCode::Media),
                ("object", RemovalCode::EmbeddedObject),
                ("pictures/", RemovalCode::DrawingReplaced),
            ];
            let code = known.iter().find(|(part, _)| lower.contains(part)).map(|(_, code)| *code);
            self.ctx.removed(code.unwrap_or(RemovalCode::UnknownPart), name);
        }
    }

    fn assemble(self) -> Result<Vec<u8>, Refusal> {
        let media = self.format.media_type();
        let mut writer = Writer::new();
        writer.add("mimetype", media.as_bytes(), Storage::Store)?;
        let mut manifest = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<manifest:manifest xmlns:manifest=\"{MANIFEST}\" \
             manifest:version=\"1.3\"><manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" \
             manifest:media-type=\"{media}\"/>"
        );
        for (path, bytes, media) in &self.output {
            manifest.push_str(&format!(
                "<manifest:file-entry manifest:full-path=\"{path}\" manifest:media-type=\"{media}\"/>"
            ));
            if !path.ends_with('/') {
                let storage = if path.starts_with("Pictures/") { Storage::Store } else { Storage::Deflate };
                writer.add(path, bytes, storage)?;
            }
        }
        manifest.push_str("</manifest:manifest>");
        writer.add("META-INF/manifest.xml", manifest.as_bytes(), Storage::Deflate)?;
        writer.finish()
    }
}
