//! How much a drawing becomes once its references are followed. Ten elements that use each other tenfold are ten
//! billion for a renderer; such a file is refused before anything of it is written.

use std::collections::HashMap;

use usvg::roxmltree::{Document, Node, NodeId};

use crate::{Refusal, RefusalCode, context::Context};

/// Elements after all references.
const MOST: u64 = 3_000_000;
/// References in references.
const DEEPEST: u32 = 700;

struct Scale<'a, 'input> {
    ids: HashMap<&'a str, Node<'a, 'input>>,
    known: HashMap<NodeId, u64>,
}

pub(super) fn check(document: &Document<'_>, _ctx: &mut Context<'_>) -> Result<(), Refusal> {
    let mut ids = HashMap::new();
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_insert(node);
        }
    }
    let mut scale = Scale { ids, known: HashMap::new() };
    let total = scale.weigh(document.root_element(), 0);
    if total.is_none_or(|total| total > MOST) {
        return Err(Refusal::new(RefusalCode::Bomb, format!("SVG の参照を展開すると {MOST} 要素を超えます")));
    }
    Ok(())
}

impl<'a, 'input> Scale<'a, 'input> {
    /// Nothing when it goes too deep.
    fn weigh(&mut self, node: Node<'a, 'input>, depth: u32) -> Option<u64> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(known) = self.known.get(&node.id()) {
            return Some(*known);
        }
        // While a node is weighed it counts as one, so that a circle ends.
        self.known.insert(node.id(), 1);
        let mut total = 1_u64;
        for child in node.children().filter(Node::is_element) {
            total = total.saturating_add(self.weigh(child, depth + 1)?);
        }
        for attribute in node.attributes() {
            let value = attribute.value();
            if attribute.name() == "href" {
                if let Some(id) = value.trim().strip_prefix('#') {
                    total = total.saturating_add(self.target(id, depth)?);
                }
            } else if value.contains("url") {
                for part in value.split("url(").skip(1) {
                    let id = part.split(')').next().unwrap_or("").trim().trim_matches(['"', '\'']);
                    if let Some(id) = id.strip_prefix('#') {
                        total = total.saturating_add(self.target(id, depth)?);
                    }
                }
            }
        }
        self.known.insert(node.id(), total);
        Some(total)
    }

    fn target(&mut self, id: &str, depth: u32) -> Option<u64> {
        match self.ids.get(id).copied() {
            Some(node) => self.weigh(node, depth + 1),
            None => Some(0),
        }
    }
}
