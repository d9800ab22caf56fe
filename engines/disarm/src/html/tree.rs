//! The tree that html5ever builds, as one flat list of nodes: no shared ownership, no recursion when it is dropped.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
};

use html5ever::{
    Attribute, LocalName, Namespace, ParseOpts, QualName, expanded_name, local_name, ns, parse_document,
    tendril::{StrTendril, TendrilSink as _},
    tree_builder::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink},
};

/// Index of a node.
pub(super) type Id = usize;

/// Nodes beyond this are not looked at any more.
const MAX_NODES: usize = 2_000_000;

/// Elements within elements beyond this make the parser slow; browsers stop at 512.
const MAX_DEPTH: u32 = 2_048;
/// Bytes that are parsed before it is looked whether there is still sense in going on.
const CHUNK: usize = 8 << 10;

/// What a node is.
#[derive(Debug)]
pub(super) enum Data {
    /// The root, or the content of a template.
    Root,
    Element {
        name: QualName,
        attributes: Vec<(String, String)>,
    },
    Text(String),
    /// Comments and processing instructions.
    Other,
}

#[derive(Debug)]
struct Node {
    data: Data,
    parent: Option<Id>,
    children: Vec<Id>,
    depth: u32,
}

/// A parsed document.
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Whether there were more nodes than are looked at.
    pub(super) overflowed: bool,
}

impl Tree {
    /// Parses as browsers do, scripting off.
    pub(super) fn parse(text: &str) -> Self {
        let mut options = ParseOpts::default();
        options.tree_builder.scripting_enabled = false;
        let mut parser = parse_document(Sink::new(), options);
        let mut rest = text;
        while !rest.is_empty() && !parser.tokenizer.sink.sink.overflowed.get() {
            let end = (CHUNK.min(rest.len())..=rest.len()).find(|at| rest.is_char_boundary(*at));
            let (chunk, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
            parser.process(StrTendril::from(chunk));
            rest = after;
        }
        parser.finish()
    }

    pub(super) fn data(&self, id: Id) -> &Data {
        self.nodes.get(id).map_or(&Data::Other, |node| &node.data)
    }

    pub(super) fn children(&self, id: Id) -> &[Id] {
        self.nodes.get(id).map_or(&[], |node| &node.children)
    }

    /// The element of this name closest to the root.
    pub(super) fn find(&self, wanted: &str) -> Option<Id> {
        self.nodes.iter().position(
            |node| matches!(&node.data, Data::Element { name, .. } if name.ns == ns!(html) && &*name.local == wanted),
        )
    }

    /// All text below a node.
    pub(super) fn text(&self, id: Id) -> String {
        let mut out = String::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Data::Text(text) = self.data(id) {
                out.push_str(text);
            }
            open.extend(self.children(id).iter().rev());
        }
        out
    }
}

/// A name on loan, as the parser wants it.
#[derive(Debug)]
pub(super) struct Name(Namespace, LocalName);

impl ElemName for Name {
    fn ns(&self) -> &Namespace {
        &self.0
    }

    fn local_name(&self) -> &LocalName {
        &self.1
    }
}

struct Sink {
    nodes: RefCell<Vec<Node>>,
    overflowed: Cell<bool>,
}

impl Sink {
    fn new() -> Self {
        let root = Node { data: Data::Root, parent: None, children: Vec::new(), depth: 0 };
        Self { nodes: RefCell::new(vec![root]), overflowed: Cell::new(false) }
    }

    fn add(&self, data: Data) -> Id {
        let mut nodes = self.nodes.borrow_mut();
        // The last node takes all that is too much; it is an `Other` and never written.
        if nodes.len() >= MAX_NODES {
            self.overflowed.set(true);
            return nodes.len() - 1;
        }
        nodes.push(Node { data, parent: None, children: Vec::new(), depth: 0 });
        nodes.len() - 1
    }

    fn detach(&self, id: Id) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(parent) = nodes.get_mut(id).and_then(|node| node.parent.take()) else { return };
        if let Some(parent) = nodes.get_mut(parent) {
            parent.children.retain(|child| *child != id);
        }
    }

    /// Puts a node or text into `parent`, at `place` among its children or at the end.
    fn insert(&self, parent: Id, place: Option<usize>, child: NodeOrText<Id>) {
        if let NodeOrText::AppendText(text) = &child {
            let before = {
                let nodes = self.nodes.borrow();
                let children = nodes.get(parent).map_or(&[][..], |node| &node.children);
                let at = place.unwrap_or(children.len());
                at.checked_sub(1).and_then(|at| children.get(at)).copied()
            };
            let mut nodes = self.nodes.borrow_mut();
            if let Some(Data::Text(before)) =
                before.and_then(|id| nodes.get_mut(id)).map(|node| &mut node.data)
            {
                before.push_str(text);
                return;
            }
        }
        let id = match child {
            NodeOrText::AppendNode(id) => {
                self.detach(id);
                id
            }
            NodeOrText::AppendText(text) => self.add(Data::Text(text.to_string())),
        };
        let mut nodes = self.nodes.borrow_mut();
        let depth = nodes.get(parent).map_or(0, |node| node.depth).saturating_add(1);
        if depth > MAX_DEPTH {
            self.overflowed.set(true);
        }
        if let Some(node) = nodes.get_mut(id) {
            node.parent = Some(parent);
            node.depth = depth;
        }
        if let Some(node) = nodes.get_mut(parent) {
            match place.filter(|place| *place <= node.children.len()) {
                Some(place) => node.children.insert(place, id),
                None => node.children.push(id),
            }
        }
    }
}

fn plain(attributes: Vec<Attribute>) -> Vec<(String, String)> {
    attributes
        .into_iter()
        .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
        .collect()
}

impl TreeSink for Sink {
    type Handle = Id;
    type Output = Tree;
    type ElemName<'a> = Name;

    fn finish(self) -> Tree {
        Tree { nodes: self.nodes.into_inner(), overflowed: self.overflowed.get() }
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> Id {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a Id) -> Name {
        match self.nodes.borrow().get(*target).map(|node| &node.data) {
            Some(Data::Element { name, .. }) => Name(name.ns.clone(), name.local.clone()),
            _ => Name(ns!(), local_name!("")),
        }
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> Id {
        let is_template = name.expanded() == expanded_name!(html "template");
        let id = self.add(Data::Element { name, attributes: plain(attributes) });
        if is_template {
            // Its content is the node after it; nothing of it is ever written.
            self.add(Data::Root);
        }
        id
    }

    fn create_comment(&self, _text: StrTendril) -> Id {
        self.add(Data::Other)
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> Id {
        self.add(Data::Other)
    }

    fn append(&self, parent: &Id, child: NodeOrText<Id>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Id, previous: &Id, child: NodeOrText<Id>) {
        let has_parent = self.nodes.borrow().get(*element).is_some_and(|node| node.parent.is_some());
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    fn get_template_contents(&self, target: &Id) -> Id {
        target.saturating_add(1)
    }

    fn same_node(&self, one: &Id, other: &Id) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Id, new: NodeOrText<Id>) {
        if let NodeOrText::AppendNode(id) = &new {
            self.detach(*id);
        }
        let place = {
            let nodes = self.nodes.borrow();
            let Some(parent) = nodes.get(*sibling).and_then(|node| node.parent) else { return };
            let at =
                nodes.get(parent).and_then(|node| node.children.iter().position(|child| child == sibling));
            at.map(|at| (parent, at))
        };
        if let Some((parent, at)) = place {
            self.insert(parent, Some(at), new);
        }
    }

    fn add_attrs_if_missing(&self, target: &Id, wanted: Vec<Attribute>) {
        let mut nodes = self.nodes.borrow_mut();
        if let Some(Data::Element { attributes, .. }) = nodes.get_mut(*target).map(|node| &mut node.data) {
            for (name, value) in plain(wanted) {
                if !attributes.iter().any(|(known, _)| *known == name) {
                    attributes.push((name, value));
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Id) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &Id, new_parent: &Id) {
        let mut nodes = self.nodes.borrow_mut();
        let children =
            nodes.get_mut(*node).map(|node| std::mem::take(&mut node.children)).unwrap_or_default();
        for child in &children {
            if let Some(child) = nodes.get_mut(*child) {
                child.parent = Some(*new_parent);
            }
        }
        if let Some(parent) = nodes.get_mut(*new_parent) {
            parent.children.extend(children);
        }
    }
}
