//! Fields whose widget has no appearance: the value is drawn or the report names the field.

use super::*;

/// One text field of `entries` on a page, under a parent field named `申請`.
fn field(entries: &str) -> Vec<u8> {
    let widget =
        format!("<< /Type /Annot /Subtype /Widget /Parent 6 0 R /T (name) /Rect [10 10 210 40] {entries} >>");
    document(
        "/AcroForm << /Fields [6 0 R] /NeedAppearances true /DA (/Helv 0 Tf 0 0 1 rg) >>",
        "/Annots [5 0 R]",
        HELLO,
        &[&widget, "<< /T <FEFF75338ACB> /FT /Tx /Kids [5 0 R] >>"],
    )
}

fn report(disarmed: &Disarmed) -> Vec<String> {
    let fields = disarmed.removed.iter().filter(|removed| removed.what == RemovalCode::FormField);
    fields.map(|removed| removed.location.clone()).collect()
}

fn drawn(entries: &str, expected: &str) {
    let disarmed = rebuilt(&field(entries));
    assert_eq!(text(&disarmed.bytes), [format!("Hello\n{expected}").trim_end()], "{entries}");
    let lines = report(&disarmed);
    let named = "p.1（欄「申請.name」の値を文字として描きました）".to_owned();
    assert!(expected.is_empty() != lines.contains(&named), "{lines:?}");
    // The rebuilt document says the same again.
    assert_eq!(text(&rebuilt(&disarmed.bytes).bytes), text(&disarmed.bytes));
}

#[test]
fn latin_value_is_drawn() {
    drawn("/V (Value 12)", "Value 12");
    drawn("/V (Caf\\351 \\240 5)", "Café € 5");
    drawn("/V (right) /Q 2", "right");
    drawn("/V () ", "");
    drawn("/V (chosen) /FT /Ch", "chosen");
    drawn("/V [(one) (two)] /FT /Ch", "one\ntwo");
    drawn("/V (x) /AP << /N 99 0 R >>", "x");
}

#[test]
fn japanese_value_is_drawn() {
    // 伊万里市 and 12
    drawn("/V <FEFF4F0A4E0791CC5E0200310032>", "伊万里市12");
    // Greek from JIS beside Latin that JIS has not.
    drawn("/V <FEFF03C000E9>", "πé");
}

#[test]
fn lines_of_a_value_are_folded_not_cut() {
    drawn("/V (a\\nb) /Ff 4096", "a\nb");
    let long = "lorem ipsum ".repeat(60);
    let disarmed = rebuilt(&field(&format!("/V ({long}) /Ff 4096 /DA (/Helv 12 Tf)")));
    let all = text(&disarmed.bytes).concat();
    assert_eq!(all.split_whitespace().filter(|word| *word == "ipsum").count(), 60);
}

#[test]
fn value_that_cannot_be_drawn_is_reported_with_its_name() {
    for entries in [
        "/V <FEFFD83DDE00>",
        "/V (secret) /Ff 8192",
        "/V /On /FT /Btn",
        "/V << /A 1 >>",
        "/V (x) /Rect [0 0 0 0]",
    ] {
        // A second `Rect` replaces the first.
        let disarmed = rebuilt(&field(entries));
        let lines = report(&disarmed);
        assert!(
            lines.contains(&"p.1（欄「申請.name」の値を表示できません）".to_owned()),
            "{entries} {lines:?}"
        );
        assert_eq!(text(&disarmed.bytes), ["Hello"]);
    }
}

#[test]
fn hidden_field_is_not_drawn() {
    let disarmed = rebuilt(&field("/V (x) /F 2"));
    assert_eq!(text(&disarmed.bytes), ["Hello"]);
    assert!(disarmed.removed.iter().any(|removed| removed.what == RemovalCode::HiddenContent));
}

#[test]
fn circle_of_parent_fields_ends() {
    let widget = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /Parent 5 0 R /Rect [0 0 99 20] >>";
    let input = document("/AcroForm << /Fields [5 0 R] >>", "/Annots [5 0 R]", HELLO, &[widget]);
    assert_eq!(text(&rebuilt(&input).bytes), ["Hello\nx"]);
}
