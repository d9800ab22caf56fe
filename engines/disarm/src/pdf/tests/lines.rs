//! Where lines and words of a page's text end.

use super::{document, text};

#[test]
fn runs_on_one_baseline_are_one_line_and_a_gap_is_a_blank() {
    for (content, expect) in [
        // A change of the font in the middle of a line.
        ("BT /F1 12 Tf 20 300 Td (12) Tj ET BT /F1 12 Tf 33 300 Td (34) Tj ET", "1234"),
        // Two cells of a row.
        ("BT /F1 12 Tf 20 300 Td (cases) Tj ET BT /F1 12 Tf 120 300 Td (1,204) Tj ET", "cases 1,204"),
        // The next line, by a move and by a new text object.
        ("BT /F1 12 Tf 20 300 Td (one) Tj 0 -14 Td (two) Tj ET", "one\ntwo"),
        ("BT /F1 12 Tf 20 300 Td (one) Tj ET BT /F1 12 Tf 20 280 Td (two) Tj ET", "one\ntwo"),
        // Moves are relative to the line's beginning.
        ("BT /F1 12 Tf 20 300 Td (ab) Tj 13 0 Td (cd) Tj ET", "abcd"),
    ] {
        assert_eq!(text(&document("", "", content, &[])), [expect], "{content}");
    }
}
