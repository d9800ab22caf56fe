//! From findings to a decision.

use serde::{Deserialize, Serialize};

use crate::{Confidence, Finding};

/// What a conduit does with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing was found.
    Clear,
    /// A person must look at the findings before approving.
    Warn,
    /// The document must not leave; a reasoned override is a matter of the conduit's rules.
    Block,
}

/// Medium findings that together block: chance alone would need about thirty well-grouped tokens for that.
const MEDIUM_THAT_BLOCK: usize = 3;

/// Decides on a document.
///
/// - Block: one finding of high confidence (a label, a column's head or a list speaks for it), or three of medium.
/// - Warn: anything else that was found. A low finding is right about as often as chance has it, and the cost of
///   looking is a glance, whereas the cost of a leak is a report to the commission.
/// - Clear: no finding.
#[must_use]
pub fn classify(findings: &[Finding]) -> Verdict {
    let count = |confidence| findings.iter().filter(|finding| finding.confidence == confidence).count();
    if count(Confidence::High) > 0 || count(Confidence::Medium) >= MEDIUM_THAT_BLOCK {
        Verdict::Block
    } else if findings.is_empty() {
        Verdict::Clear
    } else {
        Verdict::Warn
    }
}
