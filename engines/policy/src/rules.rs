//! Rules over the whole declaration.

use crate::diagnostic::Reporter;
use crate::read::Record;

/// Reports every breach.
pub(crate) fn check(_root: &Record, _reporter: &mut Reporter<'_>) {}
