//! Decides on elements of charts: a series that reaches outside its document keeps its cached values as literals.

use super::allow::Ns;
use super::formula;
use super::xml::{Element, Verdict};

/// A chart's reference to cells stays when it is one; without it the cached values are drawn.
pub(super) fn element(mut element: Element) -> Verdict {
    if element.is(Ns::C, "f") && !formula::is_allowed(&element.text()) {
        element.children.clear();
    }
    Verdict::Keep(element)
}
