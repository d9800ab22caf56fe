//! Actions and destinations (ISO 32000-1 §12.3.2, §12.6). Two kinds stay: a jump within the document and an
//! address on the web or for mail. Every other kind is named in the report.

use std::collections::HashSet;

use lopdf::{Dictionary, Object};

use super::{
    graph::Graph,
    source::{as_dict, as_integer, as_number},
    write::{Dict, Val},
};
use crate::RemovalCode;

/// Where a link may lead.
pub(super) enum Link {
    Destination(Val),
    Uri(Vec<u8>),
}

/// Characters of an address; readers and logs choke on more.
const MAX_URI: usize = 2_000;

impl<'d> Graph<'_, 'd, '_> {
    /// The link that an action stands for, if it is one that stays; otherwise the removal is noted.
    pub(super) fn allowed_action(&mut self, action: &'d Object) -> Option<Link> {
        let src = self.src;
        let dict = as_dict(src.get(action))?;
        if dict.has(b"Next") {
            self.note_action_chain(dict);
        }
        match src.name(dict, "S") {
            Some(b"URI") => {
                let uri = match src.value(dict, "URI") {
                    Object::String(bytes, _) => clean_uri(bytes),
                    _ => None,
                };
                if uri.is_none() || self.ctx.options().drop_links {
                    self.note(RemovalCode::Hyperlink, "");
                    return None;
                }
                uri.map(Link::Uri)
            }
            Some(b"GoTo") => {
                dict.get(b"D").ok().and_then(|target| self.destination(target)).map(Link::Destination)
            }
            _ => {
                self.note_action(action);
                None
            }
        }
    }

    /// Notes the removal of an action and of what follows it.
    pub(super) fn note_action(&mut self, action: &'d Object) {
        let Some(dict) = as_dict(self.src.get(action)) else { return };
        self.note_kind(dict);
        if dict.has(b"Next") {
            self.note_action_chain(dict);
        }
    }

    fn note_action_chain(&mut self, first: &'d Dictionary) {
        let mut open: Vec<&'d Object> = first.get(b"Next").into_iter().collect();
        let mut steps = 0;
        while let Some(next) = open.pop() {
            steps += 1;
            if steps > 1_000 {
                return;
            }
            match self.src.get(next) {
                Object::Array(items) => open.extend(items),
                object => {
                    if let Some(dict) = as_dict(object) {
                        self.note_kind(dict);
                        open.extend(dict.get(b"Next").ok());
                    }
                }
            }
        }
    }

    /// Notes every action of an additional-actions dictionary.
    pub(super) fn note_additional(&mut self, actions: &'d Dictionary) {
        self.note(RemovalCode::Action, "AA");
        for (_, action) in actions.iter() {
            self.note_action(action);
        }
    }

    fn note_kind(&mut self, dict: &Dictionary) {
        let kind = self.src.name(dict, "S").unwrap_or_default().to_vec();
        let (code, what) = removal(&kind);
        self.note(code, what);
    }

    /// An explicit destination on a page of this document; names are resolved.
    pub(super) fn destination(&mut self, object: &'d Object) -> Option<Val> {
        let src = self.src;
        let mut object = src.get(object);
        for _ in 0..4 {
            object = match object {
                Object::Name(name) => {
                    let catalog = src.catalog().ok()?;
                    src.get(src.dict(catalog, "Dests")?.get(name).ok()?)
                }
                Object::String(name, _) => self.named_destination(name)?,
                Object::Dictionary(dict) => src.value(dict, "D"),
                _ => break,
            };
        }
        let Object::Array(items) = object else { return None };
        let (page, rest) = items.split_first()?;
        let page = match page {
            Object::Reference(id) => *self.pages.get(id)?,
            _ => return None,
        };
        let (fit, numbers) = rest.split_first()?;
        let (fit, count) = match src.get(fit).as_name().ok()? {
            b"XYZ" => ("XYZ", 3),
            b"FitH" => ("FitH", 1),
            b"FitV" => ("FitV", 1),
            b"FitBH" => ("FitBH", 1),
            b"FitBV" => ("FitBV", 1),
            b"FitR" => ("FitR", 4),
            b"FitB" => ("FitB", 0),
            _ => ("Fit", 0),
        };
        let mut out = vec![Val::Ref(page), Val::name(fit)];
        for index in 0..count {
            out.push(Val::Num(
                numbers.get(index).and_then(|number| as_number(src.get(number))).unwrap_or(0.0),
            ));
        }
        Some(Val::Arr(out))
    }

    /// Looks a name up in the tree of destinations (ISO 32000-1 §7.9.6).
    fn named_destination(&self, name: &[u8]) -> Option<&'d Object> {
        let src = self.src;
        let names = src.dict(src.catalog().ok()?, "Names")?;
        let mut open = vec![src.dict(names, "Dests")?];
        let mut seen = HashSet::new();
        while let Some(node) = open.pop() {
            if !seen.insert(std::ptr::from_ref(node)) || seen.len() > 10_000 {
                return None;
            }
            for pair in src.array(node, "Names").unwrap_or_default().chunks_exact(2) {
                if let [Object::String(key, _), value] = pair
                    && key == name
                {
                    return Some(src.get(value));
                }
            }
            for kid in src.array(node, "Kids").unwrap_or_default() {
                let Some(kid) = as_dict(src.get(kid)) else { continue };
                let within = match src.array(kid, "Limits") {
                    Some([Object::String(low, _), Object::String(high, _)]) => {
                        low.as_slice() <= name && name <= high.as_slice()
                    }
                    _ => true,
                };
                if within {
                    open.push(kid);
                }
            }
        }
        None
    }

    /// The outline with in-document destinations (ISO 32000-1 §12.3.3).
    pub(super) fn outlines(&mut self, catalog: &'d Dictionary) -> Option<Val> {
        let root = self.src.dict(catalog, "Outlines")?;
        let id = self.out.reserve();
        let mut seen = HashSet::new();
        let (first, last, count) = self.outline_level(root, id, &mut seen, 0)?;
        let dict = Dict::typed("Outlines")
            .with("First", Val::Ref(first))
            .with("Last", Val::Ref(last))
            .with("Count", Val::int(count));
        self.out.put(id, Val::Dict(dict));
        Some(Val::Ref(id))
    }

    fn outline_level(
        &mut self,
        parent: &'d Dictionary,
        parent_id: u32,
        seen: &mut HashSet<*const Dictionary>,
        depth: usize,
    ) -> Option<(u32, u32, usize)> {
        const MAX_ITEMS: usize = 20_000;
        if depth > 16 {
            return None;
        }
        let src = self.src;
        let mut items = Vec::new();
        let mut next = src.dict(parent, "First");
        while let Some(item) = next {
            if !seen.insert(std::ptr::from_ref(item)) || seen.len() > MAX_ITEMS {
                break;
            }
            items.push((item, self.out.reserve()));
            next = src.dict(item, "Next");
        }
        for (index, (item, id)) in items.iter().enumerate() {
            let mut dict = Dict::new();
            let title = match src.value(item, "Title") {
                Object::String(bytes, _) => bytes.iter().copied().take(4_000).collect(),
                _ => Vec::new(),
            };
            dict.set("Title", Val::Str(title));
            dict.set("Parent", Val::Ref(parent_id));
            let before = index.checked_sub(1).and_then(|index| items.get(index));
            dict.set_some("Prev", before.map(|(_, id)| Val::Ref(*id)));
            dict.set_some("Next", items.get(index + 1).map(|(_, id)| Val::Ref(*id)));
            let target = match (item.get(b"Dest"), item.get(b"A")) {
                (Ok(target), _) => self.destination(target).map(Link::Destination),
                (_, Ok(action)) => self.allowed_action(action),
                _ => None,
            };
            match target {
                Some(Link::Destination(target)) => dict.set("Dest", target),
                // An address in an outline is not what a reader of an outline expects.
                Some(Link::Uri(_)) => self.note(RemovalCode::Hyperlink, "しおり"),
                None => {}
            }
            dict.set_some("C", src.exactly::<3>(item, "C").map(Val::nums));
            let flags = src.integer(item, "F").map(|flags| Val::Num((flags & 3) as f64));
            dict.set_some("F", flags);
            if let Some((first, last, count)) = self.outline_level(item, *id, seen, depth + 1) {
                dict.set("First", Val::Ref(first));
                dict.set("Last", Val::Ref(last));
                let closed = src.integer(item, "Count").is_some_and(|count| count < 0);
                dict.set("Count", Val::Num(if closed { -(count as f64) } else { count as f64 }));
            }
            self.out.put(*id, Val::Dict(dict));
        }
        Some((items.first()?.1, items.last()?.1, items.len()))
    }

    /// Page labels as one flat number tree (ISO 32000-1 §12.4.2).
    pub(super) fn page_labels(&mut self, catalog: &'d Dictionary) -> Option<Val> {
        let src = self.src;
        let mut open = vec![src.dict(catalog, "PageLabels")?];
        let mut labels = std::collections::BTreeMap::new();
        let mut seen = HashSet::new();
        while let Some(node) = open.pop() {
            if !seen.insert(std::ptr::from_ref(node)) || seen.len() > 10_000 {
                break;
            }
            for pair in src.array(node, "Nums").unwrap_or_default().chunks_exact(2) {
                let [start, label] = pair else { continue };
                let (Some(start @ 0..), Some(label)) = (as_integer(src.get(start)), as_dict(src.get(label)))
                else {
                    continue;
                };
                let mut dict = Dict::new();
                let style = src.name(label, "S").filter(|style| {
                    [b"D", b"R", b"r", b"A", b"a"].contains(&&[style.first().copied().unwrap_or(0)])
                });
                dict.set_some(
                    "S",
                    style.filter(|style| style.len() == 1).map(|style| Val::Name(style.to_vec())),
                );
                if let Object::String(prefix, _) = src.value(label, "P") {
                    dict.set("P", Val::Str(prefix.iter().copied().take(200).collect()));
                }
                let first = src.integer(label, "St").filter(|first| (1..=1_000_000).contains(first));
                dict.set_some("St", first.map(|first| Val::Num(first as f64)));
                labels.insert(start, dict);
            }
            open.extend(
                src.array(node, "Kids").unwrap_or_default().iter().filter_map(|kid| as_dict(src.get(kid))),
            );
        }
        if labels.is_empty() {
            return None;
        }
        let nums = labels.into_iter().flat_map(|(start, dict)| [Val::Num(start as f64), Val::Dict(dict)]);
        let dict = Dict::new().with("Nums", Val::Arr(nums.collect()));
        Some(Val::Ref(self.out.add(Val::Dict(dict))))
    }
}

/// How the report calls each kind of action.
pub(super) fn removal(kind: &[u8]) -> (RemovalCode, &'static str) {
    match kind {
        b"JavaScript" => (RemovalCode::Script, "JavaScript"),
        b"Launch" => (RemovalCode::Action, "Launch"),
        b"GoToR" => (RemovalCode::ExternalLink, "GoToR"),
        b"GoToE" => (RemovalCode::ExternalLink, "GoToE"),
        b"SubmitForm" => (RemovalCode::ExternalLink, "SubmitForm"),
        b"ImportData" => (RemovalCode::ExternalLink, "ImportData"),
        b"Rendition" => (RemovalCode::Media, "Rendition"),
        b"Movie" => (RemovalCode::Media, "Movie"),
        b"Sound" => (RemovalCode::Media, "Sound"),
        b"GoTo3DView" => (RemovalCode::Media, "GoTo3DView"),
        b"RichMediaExecute" => (RemovalCode::Media, "RichMediaExecute"),
        b"URI" => (RemovalCode::Hyperlink, "URI"),
        b"GoTo" => (RemovalCode::Action, "GoTo"),
        b"Named" => (RemovalCode::Action, "Named"),
        b"Hide" => (RemovalCode::Action, "Hide"),
        b"ResetForm" => (RemovalCode::Action, "ResetForm"),
        b"SetOCGState" => (RemovalCode::Action, "SetOCGState"),
        b"Trans" => (RemovalCode::Action, "Trans"),
        b"Thread" => (RemovalCode::Action, "Thread"),
        _ => (RemovalCode::Action, ""),
    }
}

/// An address that may stay: http, https or mailto, printable ASCII, not too long. Other bytes are
/// percent-encoded as RFC 3987 §3.1 does.
fn clean_uri(bytes: &[u8]) -> Option<Vec<u8>> {
    let trimmed = bytes.trim_ascii();
    let lower = trimmed.to_ascii_lowercase();
    let known =
        [b"http://".as_slice(), b"https://", b"mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    if !known || trimmed.iter().any(|byte| *byte < 0x20 || *byte == 0x7F) {
        return None;
    }
    let mut out = Vec::with_capacity(trimmed.len());
    for &byte in trimmed {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'`' | b'{' | b'}' | b'|' | b'^' | 0x80.. => {
                out.extend_from_slice(format!("%{byte:02X}").as_bytes());
            }
            _ => out.push(byte),
        }
    }
    (out.len() <= MAX_URI).then_some(out)
}
