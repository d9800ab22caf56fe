//! Decides on elements of charts: a series that reaches outside its document keeps its cached values as literals.

use super::allow::{self, Ns};
use super::formula;
use super::xml::{Element, Node, Verdict};

/// A reference to cells stays when it is one of this document; else what it showed last takes its place.
pub(super) fn element(mut element: Element) -> Verdict {
    if !matches!(element.spec.local, "numRef" | "strRef" | "multiLvlStrRef") || element.spec.ns != Ns::C {
        if element.is(Ns::C, "tx") {
            name_by_literal(&mut element);
        }
        return Verdict::Keep(element);
    }
    let reference = element.child(Ns::C, "f").map(Element::text).unwrap_or_default();
    if formula::is_allowed(&reference) {
        return Verdict::Keep(element);
    }
    let (cache, literal) = match element.spec.local {
        "numRef" => ("numCache", "numLit"),
        "strRef" => ("strCache", "strLit"),
        // Its levels have no literal form; the axis numbers its points instead.
        _ => return Verdict::Drop,
    };
    let (Some(cached), Some(spec)) = (element.take(Ns::C, cache), allow::element(Ns::C, literal)) else {
        return Verdict::Drop;
    };
    let mut values = Element::new(spec);
    values.children = cached.children;
    Verdict::Keep(values)
}

/// The name of a series is a reference or a plain value; there is no literal of texts for it.
fn name_by_literal(tx: &mut Element) {
    let Some(literal) = tx.take(Ns::C, "strLit") else { return };
    let name =
        literal.elements().find_map(|point| point.child(Ns::C, "v")).map(Element::text).unwrap_or_default();
    if let Some(spec) = allow::element(Ns::C, "v") {
        let mut value = Element::new(spec);
        value.children.push(Node::Text(name));
        tx.children.push(Node::Element(value));
    }
}
