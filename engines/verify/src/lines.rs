//! Reads calendars and contacts back: folded lines, listed components within each other, listed properties and
//! parameters, addresses of the web and of mail.

use crate::{Format, Limits, VerifyFailure, text};

const COMPONENTS: &str =
    " VCALENDAR VEVENT VTODO VJOURNAL VFREEBUSY VTIMEZONE STANDARD DAYLIGHT VALARM VCARD ";
const PROPERTIES: &str = " VERSION PRODID CALSCALE METHOD UID DTSTAMP DTSTART DTEND DUE DURATION SUMMARY DESCRIPTION \
    LOCATION STATUS CLASS PRIORITY CATEGORIES ORGANIZER ATTENDEE RRULE RDATE EXDATE RECURRENCE-ID SEQUENCE CREATED \
    LAST-MODIFIED TRANSP GEO COMMENT CONTACT URL RESOURCES COMPLETED PERCENT-COMPLETE TZID TZNAME TZOFFSETFROM \
    TZOFFSETTO TRIGGER REPEAT ACTION FREEBUSY RELATED-TO NAME COLOR X-WR-CALNAME X-WR-TIMEZONE FN N NICKNAME TEL EMAIL \
    ADR LABEL ORG TITLE ROLE NOTE BDAY ANNIVERSARY GENDER REV TZ LANG KIND SORT-STRING X-PHONETIC-FIRST-NAME \
    X-PHONETIC-LAST-NAME ";
const PARAMETERS: &str = " TZID VALUE LANGUAGE CN ROLE PARTSTAT RSVP CUTYPE RANGE RELATED RELTYPE FBTYPE TYPE PREF \
    SORT-AS LABEL ";

pub(super) fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    text::verify(output, Format::Txt, limits)?;
    let fail = |line: &str, what: &str| VerifyFailure::new(line.chars().take(40).collect::<String>(), what);
    let whole = std::str::from_utf8(output).map_err(|_| fail("", "not UTF-8"))?;
    let whole = whole.strip_suffix("\r\n").ok_or_else(|| fail("", "end of line"))?;
    if whole.split("\r\n").any(|line| line.len() > 75 || line.contains(['\r', '\n', '\t'])) {
        return Err(fail("", "line too long or broken"));
    }
    let root = if format == Format::Vcf { "VCARD" } else { "VCALENDAR" };
    let mut open: Vec<&str> = Vec::new();
    let unfolded = whole.replace("\r\n ", "");
    for line in unfolded.split("\r\n") {
        let mut quoted = false;
        let colon = line.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        });
        let (head, value) =
            colon.and_then(|at| line.split_at_checked(at)).ok_or_else(|| fail(line, "no colon"))?;
        let value = value.strip_prefix(':').unwrap_or(value);
        let mut pieces = quoted_split(head).into_iter();
        let name = pieces.next().unwrap_or_default();
        let name = name.rsplit_once('.').map_or(name.as_str(), |(_, name)| name);
        for piece in pieces {
            let key = piece.split('=').next().unwrap_or_default();
            if !listed(PARAMETERS, key) {
                return Err(fail(line, "parameter not on the list"));
            }
        }
        match name {
            "BEGIN" if listed(COMPONENTS, value) && open.is_empty() == (value == root) => open.push(value),
            "END" if open.pop() == Some(value) => {}
            "ACTION" if value.eq_ignore_ascii_case("DISPLAY") && !open.is_empty() => {}
            "URL" if value.trim_start().to_ascii_lowercase().starts_with("http") && !open.is_empty() => {}
            "ORGANIZER" | "ATTENDEE"
                if value.to_ascii_lowercase().trim_start().starts_with("mailto:") || !value.contains(':') => {
            }
            "ACTION" | "URL" | "ORGANIZER" | "ATTENDEE" => return Err(fail(line, "value not allowed")),
            name if listed(PROPERTIES, name) && !open.is_empty() => {}
            _ => return Err(fail(line, "property not on the list or out of place")),
        }
    }
    if open.is_empty() { Ok(()) } else { Err(fail("", "component left open")) }
}

fn listed(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == name)
}

fn quoted_split(head: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut quoted = false;
    for c in head.chars() {
        quoted ^= c == '"';
        if c == ';' && !quoted {
            pieces.push(String::new());
        } else if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}
