use super::*;

#[test]
fn nothing_that_must_never_be_written_is_on_a_list() {
    for (list, text) in [
        ("w", crate::lists::W),
        ("p", crate::lists::P),
        ("", crate::lists::X),
        ("a", crate::lists::A),
        ("o", crate::lists::O),
        ("v", crate::lists::V),
        ("c", crate::lists::C),
    ] {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let name = words.next().unwrap().trim_end_matches('$');
            let name = if list.is_empty() { name.to_owned() } else { format!("{list}:{name}") };
            assert!(!rules::NEVER.contains(name.as_str()), "{name}");
            for attribute in words {
                assert!(!rules::NEVER.contains(attribute), "{name} {attribute}");
            }
        }
    }
}

#[test]
fn formulas_and_fields_are_judged_alike() {
    for local in [
        "SUM(A1:B2)",
        "IF('集計 表'!$A$1>0,1,\"[x]|\")",
        "T1[[#This Row],[金 額]]*2",
        "SUM(T1[a])",
        "_xlfn.XLOOKUP(A1,B:B,C:C)",
        "#REF!",
        "HYPERLINK( \"https://example.jp/?q=1\" ,A1&\"x\")",
        "HYPERLINK(\"#S!A1\")",
        "CELL(\"row\",A1)",
        "INDIRECT(\"A\"&B1)",
        "_xlpm.f(2)",
    ] {
        assert!(formula::formula_is_local(local), "{local}");
    }
    for outside in [
        "cmd|'/c calc'!A0",
        "[1]S!A1",
        "'[1]S'!A1",
        "A1+[1]S!A1",
        "A1 [1]S!A1",
        "WEBSERVICE(A1)",
        "WEBSERVICE (A1)",
        "HYPERLINK(A1)",
        "HYPERLINK(\"https://example.jp/?q=\"&A1,\"x\")",
        "HYPERLINK(\"https://example.jp/\"\"\"&A1)",
        "HYPERLINK(\"#\"&A1)",
        "HYPERLINK(\"https://example.jp/\"",
        "HYPERLINK(\"\\\\h\\a\")",
        "CELL(\"filename\")",
        "INDIRECT(\"[a]S!A1\")",
        "_xlpm.WEBSERVICE(1)",
        "_xll.F()",
        "'\\\\h\\s'!A1",
    ] {
        assert!(!formula::formula_is_local(outside), "{outside}");
    }
    assert!(formula::field_is_local(" HYPERLINK \"https://example.jp/\" "));
    for outside in ["DDEAUTO a b", "INCLUDEPICTURE \"http://h/\"", "HYPERLINK \"file:///a\"", "", "REF \\\\h"]
    {
        assert!(!formula::field_is_local(outside), "{outside}");
    }
}
