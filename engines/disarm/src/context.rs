//! The running budget and the list of removals of one call.

use crate::{Detection, Limits, Options, Refusal, RefusalCode, RemovalCode, Removed, Threat};

/// Carries the options down and the findings up. Nested archives share one context, so a limit holds for the whole.
pub(crate) struct Context<'a> {
    options: &'a Options,
    removed: Vec<Removed>,
    kept_macros: Vec<String>,
    expanded: u64,
    output: u64,
    members: u32,
    depth: u32,
    /// Prefix of locations while inside a member of an archive.
    inside: Vec<String>,
}

/// The report stays readable and bounded: further removals of a file are counted in one last line.
const MAX_REMOVED: usize = 2_000;

impl<'a> Context<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self {
            options,
            removed: Vec::new(),
            kept_macros: Vec::new(),
            expanded: 0,
            output: 0,
            members: 0,
            depth: 0,
            inside: Vec::new(),
        }
    }

    pub(crate) fn options(&self) -> &'a Options {
        self.options
    }

    /// The name of what is being worked on: the innermost member's, else the file's.
    pub(crate) fn name(&self) -> &str {
        self.inside.last().map_or(self.options.name.as_str(), String::as_str)
    }

    pub(crate) fn limits(&self) -> &'a Limits {
        &self.options.limits
    }

    /// Notes a removal; an equal one is noted once.
    pub(crate) fn removed(&mut self, what: RemovalCode, location: impl Into<String>) {
        let mut location = location.into();
        if !self.inside.is_empty() {
            location = format!("{} > {location}", self.inside.join(" > "));
        }
        let entry = Removed { what, location, threat: what.threat() };
        if self.removed.len() < MAX_REMOVED && !self.removed.contains(&entry) {
            self.removed.push(entry);
        }
    }

    /// May this VBA project stay? Only in a document that stands for itself: what lies in an archive or a mail is
    /// checked without its approvals.
    pub(crate) fn approves_macro(&self, sha256: &str) -> bool {
        let approved = &self.options.approved_macros;
        self.depth == 0 && approved.iter().any(|known| known.eq_ignore_ascii_case(sha256))
    }

    /// Notes a VBA project that stays.
    pub(crate) fn kept_macro(&mut self, sha256: String) {
        self.kept_macros.push(sha256);
    }

    pub(crate) fn take_kept_macros(&mut self) -> Vec<String> {
        std::mem::take(&mut self.kept_macros)
    }

    pub(crate) fn take_removed(&mut self) -> Vec<Removed> {
        if self.depth == 0 { std::mem::take(&mut self.removed) } else { Vec::new() }
    }

    /// What was noted up to now; an archive compares before and after a member.
    pub(crate) fn removed_so_far(&self) -> &[Removed] {
        &self.removed
    }

    /// Forgets what was noted since: a member that is left out whole has one line, not its parts.
    pub(crate) fn forget_since(&mut self, count: usize) {
        self.removed.truncate(count);
    }

    pub(crate) fn note_mismatch(&mut self, detection: &Detection) {
        if let Some(text) = detection.mismatch() {
            self.removed(RemovalCode::NameMismatch, text);
        }
    }

    pub(crate) fn charge_input(&mut self, bytes: u64) -> Result<(), Refusal> {
        if bytes > self.limits().input_bytes {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("input_bytes {}", self.limits().input_bytes),
            ));
        }
        Ok(())
    }

    /// Counts decompressed bytes. Call it as the bytes come, before they are kept.
    pub(crate) fn charge_expanded(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.expanded = self.expanded.saturating_add(bytes);
        if self.expanded > self.limits().expanded_bytes {
            return Err(Refusal::new(
                RefusalCode::Bomb,
                format!("expanded_bytes {}", self.limits().expanded_bytes),
            ));
        }
        Ok(())
    }

    /// Decompressed bytes that may still come.
    pub(crate) fn expandable(&self) -> u64 {
        self.limits().expanded_bytes.saturating_sub(self.expanded)
    }

    pub(crate) fn charge_output(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.output = self.output.saturating_add(bytes);
        if self.output > self.limits().output_bytes {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("output_bytes {}", self.limits().output_bytes),
            ));
        }
        Ok(())
    }

    pub(crate) fn charge_member(&mut self) -> Result<(), Refusal> {
        self.members = self.members.saturating_add(1);
        if self.members > self.limits().members {
            return Err(Refusal::new(RefusalCode::Bomb, format!("members {}", self.limits().members)));
        }
        Ok(())
    }

    /// Runs `work` one archive deeper, its locations prefixed with the member's name.
    pub(crate) fn within<T>(
        &mut self,
        member: &str,
        work: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.depth + 1 > self.limits().depth {
            return Err(Refusal::new(RefusalCode::TooDeep, format!("depth {}", self.limits().depth)));
        }
        self.depth += 1;
        self.inside.push(member.to_owned());
        let outcome = work(self);
        self.inside.pop();
        self.depth -= 1;
        outcome
    }
}

impl RemovalCode {
    /// The danger that this kind of thing stands for.
    #[must_use]
    pub fn threat(self) -> Threat {
        crate::catalogue::threat(self)
    }
}
