//! How a declaration is shown, and the schema for editors.

use super::*;
use crate::{FORMATS, Permission, definition};

#[test]
fn the_overview_names_every_zone_conduit_route_and_role() {
    let policy = imari_policy();
    for lang in [Lang::Ja, Lang::En] {
        let text = policy.show_text(lang);
        for label in policy.zones.iter().map(|z| &z.label).chain(policy.conduits.iter().map(|c| &c.label)) {
            assert!(text.contains(label.get(lang)), "{text}");
        }
        assert!(text.contains(policy.digest()) && text.contains("412058"));
    }
    let english = policy.show_text(Lang::En);
    let conduits: String = english
        .lines()
        .skip_while(|l| !l.starts_with("Conduits"))
        .take(5)
        .map(|line| format!("{line}\n"))
        .collect();
    expect![[r#"
        Conduits (nothing crosses in any other direction)
          id           direction         name                                terms
          import       internet → lgwan  Import (file disarming)             rebuild / Approval by the section manager / permitted exceptions / ≤ 100 MiB
          import-text  internet → lgwan  Import (text only)                  text / no approval / ≤ 20 MiB / docx xlsx pptx pdf txt csv
          export       lgwan → internet  Export (disclosure to the outside)  rebuild / Approval of an export / searched for Individual Numbers / ≤ 50 MiB / docx xlsx pptx pdf jpg png txt csv zip
    "#]].assert_eq(&conduits);
}

#[test]
fn the_drawing_is_accessible_and_holds_nothing_active() {
    let policy = imari_policy();
    for lang in [Lang::Ja, Lang::En] {
        let svg = policy.show_svg(lang);
        for wanted in ["<title id=", "<desc id=", "role=\"img\"", "viewBox=\"0 0 360 "] {
            assert!(svg.contains(wanted), "{wanted}");
        }
        for unwanted in ["<script", "href", "style=", "onload", "url("] {
            assert!(!svg.contains(unwanted), "{unwanted}");
        }
        assert_eq!(svg.matches("<polygon").count(), policy.conduits.len(), "each conduit is drawn once");
        for zone in &policy.zones {
            assert!(svg.contains(&zone.color.to_string()) && svg.contains(zone.label.get(lang)));
        }
    }
}

#[test]
fn text_in_the_drawing_is_escaped() {
    let files = with("zones.toml", "label_en = \"LGWAN zone\"", "label_en = \"<script>&\\\"\"");
    let svg = Policy::parse(&files).unwrap().show_svg(Lang::En);
    assert!(svg.contains("&lt;script&gt;&amp;&quot;") && !svg.contains("<script>"));
}

#[test]
fn the_checked_in_schema_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/sekisho-policy.schema.json");
    let fresh = serde_json::to_string_pretty(&crate::json_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/schema")).unwrap();
        std::fs::write(path, &fresh).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(checked_in == fresh, "renew it with UPDATE_EXPECT=1 cargo test -p sekisho-policy");
}

#[test]
fn every_word_of_the_definition_has_its_value() {
    let permissions: Vec<_> = Permission::ALL.iter().map(|p| p.as_str()).collect();
    assert_eq!(permissions, definition::PERMISSIONS);
    for name in definition::PERMISSIONS {
        assert_eq!(
            serde_json::to_value(crate::assemble::parse_word::<Permission>(name).unwrap()).unwrap(),
            name
        );
    }
    assert_eq!(FORMATS.len(), 53);
}
