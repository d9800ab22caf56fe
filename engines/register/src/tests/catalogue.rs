//! What only the whole catalogue and the policy can tell.

use expect_test::expect;

use super::sample::{EVERY_TYPE, vocabulary};
use crate::{Catalogue, Lang, Vocabulary};

const STAFF: &str = r#"[register]
id = "staff"
label_ja = "職員"
label_en = "Staff"
clause = ["5"]
group = "human"
tier = "c2"
owner_role = "administrator"
key = "code"
title = "name"
retention_years = 5

[[access]]
role = "*"
scope = "all"
actions = ["see"]

[[field]]
id = "code"
type = "code"
digits = 6
label_ja = "職員番号"
label_en = "Number"

[[field]]
id = "name"
type = "text"
label_ja = "氏名"
label_en = "Name"
"#;

fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn findings(list: &[(&str, &str)]) -> String {
    match Catalogue::from_files(files(list), &vocabulary()) {
        Ok(_) => String::from("(no finding)"),
        Err(found) => found.iter().map(|f| format!("{}\n{f}\n", f.render(Lang::Ja))).collect(),
    }
}

#[test]
fn a_catalogue_that_fits_together_is_read() {
    let catalogue =
        Catalogue::from_files(files(&[("samples.toml", EVERY_TYPE), ("staff.toml", STAFF)]), &vocabulary())
            .unwrap();
    assert_eq!(catalogue.iter().map(|d| d.id.to_string()).collect::<Vec<_>>(), ["samples", "staff"]);
    assert!(catalogue.get("staff").is_some() && catalogue.get("usb").is_none());
    assert_eq!(catalogue.digest().len(), 64);
    let referring: Vec<_> =
        catalogue.referring_to("samples").map(|(_, field)| field.id.to_string()).collect();
    assert_eq!(referring, ["parent", "contents"]);
}

#[test]
fn names_that_the_policy_lacks_are_found_where_they_stand() {
    let samples = EVERY_TYPE
        .replace("route = \"section-manager\"", "route = \"section-manger\"")
        .replace("'c3a', 'c3b'", "'c3x'")
        .replace("confidentiality = \"c3b\"", "confidentiality = \"c9\"")
        .replace("tier = \"c2\"", "tier = \"i2\"")
        .replace("default = \"my-unit\"", "default = \"zeimuka\"")
        .replace(
            "refer = \"samples\"\n\n[[field]]\nid = \"company\"",
            "refer = \"sample\"\n\n[[field]]\nid = \"company\"",
        )
        .replacen("role = \"staff\"", "role = \"everyone\"", 1);
    expect![[r#"
        d/samples.toml:10:8: [not-in-policy] 機密性の分類「i2」はありません。「c2」の誤りではありませんか。 方針の宣言に機密性の分類を加えるか、名前を直してください。
        d/samples.toml:10:8: there is no class of confidentiality `i2`; did you mean `c2`?; declare the class of confidentiality in the policy or correct the name
        d/samples.toml:18:9: [not-in-policy] 承認経路「section-manger」はありません。「section-manager」の誤りではありませんか。 方針の宣言に承認経路を加えるか、名前を直してください。
        d/samples.toml:18:9: there is no route `section-manger`; did you mean `section-manager`?; declare the route in the policy or correct the name
        d/samples.toml:19:14: [not-in-policy] 機密性の分類「c3x」はありません。「c3a」の誤りではありませんか。 方針の宣言に機密性の分類を加えるか、名前を直してください。
        d/samples.toml:19:14: there is no class of confidentiality `c3x`; did you mean `c3a`?; declare the class of confidentiality in the policy or correct the name
        d/samples.toml:23:8: [not-in-policy] 役割「everyone」はありません。 方針の宣言に役割を加えるか、名前を直してください。
        d/samples.toml:23:8: there is no role `everyone`; declare the role in the policy or correct the name
        d/samples.toml:84:19: [not-in-policy] 機密性の分類「c9」はありません。「c1」の誤りではありませんか。 方針の宣言に機密性の分類を加えるか、名前を直してください。
        d/samples.toml:84:19: there is no class of confidentiality `c9`; did you mean `c1`?; declare the class of confidentiality in the policy or correct the name
        d/samples.toml:145:8: [unknown-register] 台帳「staff」はありません。 catalog/registers/staff.toml を置くか、参照先を直してください。
        d/samples.toml:145:8: there is no register `staff`; add the definition staff.toml or correct the name
        d/samples.toml:156:11: [not-in-policy] 所属「zeimuka」はありません。「zeimu」の誤りではありませんか。 方針の宣言に所属を加えるか、名前を直してください。
        d/samples.toml:156:11: there is no unit `zeimuka`; did you mean `zeimu`?; declare the unit in the policy or correct the name
        d/samples.toml:194:9: [unknown-register] 台帳「sample」はありません。「samples」の誤りではありませんか。 catalog/registers/sample.toml を置くか、参照先を直してください。
        d/samples.toml:194:9: there is no register `sample`; did you mean `samples`?; add the definition sample.toml or correct the name
    "#]].assert_eq(&findings(&[("d/samples.toml", &samples)]));
}

#[test]
fn every_name_is_accepted_without_a_policy() {
    let samples = EVERY_TYPE.replace("role = \"staff\"", "role = \"anyone\"");
    assert!(
        Catalogue::from_files(
            files(&[("samples.toml", &samples), ("staff.toml", STAFF)]),
            &Vocabulary::any()
        )
        .is_ok()
    );
}

#[test]
fn two_files_cannot_define_one_register() {
    let shown = findings(&[("a/staff.toml", STAFF), ("b/staff.toml", STAFF)]);
    assert!(shown.starts_with("b/staff.toml:2:6: [duplicate-register]"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_read_does_not_make_references_wrong() {
    let shown = findings(&[("samples.toml", EVERY_TYPE), ("staff.toml", "[register")]);
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(shown.contains("[syntax]"), "{shown}");
}

#[test]
fn the_highest_class_needs_a_register_with_classes() {
    let samples = EVERY_TYPE.replace(
        "refer = \"samples\"\n\n[[field]]\nid = \"company\"",
        "refer = \"staff\"\n\n[[field]]\nid = \"company\"",
    );
    let shown = findings(&[("samples.toml", &samples), ("staff.toml", STAFF)]);
    assert!(shown.contains("[no-class]"), "{shown}");
}
