//! The tiers hold: whoever is not named gets nothing, every reading is in the ledger, nothing non-public goes out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::city::{City, POLICY, PROCEDURE, STANDARD};
use crate::*;

/// Every public function of the service and what it may hand out. A new function must be put here, with its test.
const FUNCTIONS: &[(&str, Hands)] = &[
    ("new", Hands::Nothing),
    ("projection", Hands::Nothing),
    ("may", Hands::Nothing),
    ("parse_file", Hands::OwnInput),
    ("create", Hands::Nothing),
    ("assign", Hands::Nothing),
    ("import_file", Hands::OwnInput),
    ("draft_version", Hands::Nothing),
    ("revise_draft", Hands::Nothing),
    ("discard_draft", Hands::Nothing),
    ("propose", Hands::Nothing),
    ("adopt", Hands::Nothing),
    ("documents", Hands::Titles),
    ("document", Hands::Titles),
    ("drafts", Hands::Titles),
    ("read", Hands::Text),
    ("read_draft", Hands::Text),
    ("compare", Hands::Text),
    ("compare_draft", Hands::Text),
    ("export", Hands::Text),
    ("export_comparison", Hands::Text),
    ("readings", Hands::Titles),
    ("link", Hands::Nothing),
    ("unlink", Hands::Nothing),
    ("links", Hands::Titles),
    ("coverage", Hands::Titles),
    ("publish", Hands::Nothing),
    ("consent_to_draft", Hands::Nothing),
    ("consent_to_version", Hands::Nothing),
    ("consents_to_draft", Hands::Titles),
    ("standing", Hands::Titles),
    ("public_export", Hands::Publicly),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hands {
    Nothing,
    OwnInput,
    Titles,
    Text,
    Publicly,
}

/// Names of `pub fn` inside `impl Documents` of every source file.
fn public_functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let mut inside = false;
        for line in fs::read_to_string(path).unwrap().lines() {
            match line {
                "impl Documents {" => inside = true,
                "}" => inside = false,
                _ => {}
            }
            if let (true, Some(rest)) = (inside, line.trim_start().strip_prefix("pub fn ")) {
                found.insert(rest.split(['(', '<']).next().unwrap().to_owned());
            }
        }
    }
    found
}

#[test]
fn every_public_function_is_classified_and_one_alone_writes_for_everybody() {
    let known: BTreeSet<String> = FUNCTIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(public_functions(), known);
    let public: Vec<&str> =
        FUNCTIONS.iter().filter(|(_, hands)| *hands == Hands::Publicly).map(|(name, _)| *name).collect();
    assert_eq!(public, ["public_export"]);
}

struct Shelf {
    policy: DocumentId,
    standard: DocumentId,
    procedure: DocumentId,
}

fn shelf(city: &City) -> Shelf {
    let policy = city.adopted("policy.md", POLICY, &[]);
    let standard = city.adopted("standard.md", STANDARD, &[]);
    let procedure = city.adopted("usb.md", PROCEDURE, &["zeimu"]);
    Shelf { policy, standard, procedure }
}

fn outsider(city: &City) -> Caller {
    // A contractor stays outside even when somebody gave them a staff role, too.
    let mut principal = city.principal("yamada");
    principal.person.roles.push("contractor".parse().unwrap());
    Caller::person(&principal)
}

pub(super) fn an_outsider_gets_nothing_of_a_non_public_document_from_any_function(city: &City) {
    let Shelf { policy, standard, procedure } = shelf(city);
    let caller = outsider(city);
    let admin = city.caller("kanri");
    let before = city.events("document.read").len();
    for id in [&standard, &procedure] {
        let content = import_text(if *id == standard { STANDARD } else { PROCEDURE }).content;
        let new = NewDraft {
            content,
            ids: Ids::Match,
            effective_from: jiff::civil::date(2027, 4, 1),
            reason: String::new(),
        };
        let draft = city.documents.draft_version(&admin, id, new.clone()).unwrap();
        let documents = &city.documents;
        let refused = [
            documents.document(&caller, id).map(drop),
            documents.drafts(&caller, id).map(drop),
            documents.read(&caller, id, None).map(drop),
            documents.read(&caller, id, Some(1)).map(drop),
            documents.read_draft(&caller, &draft).map(drop),
            documents.compare(&caller, id, 1, 1).map(drop),
            documents.compare_draft(&caller, &draft).map(drop),
            documents.export(&caller, id, None, Form::Docx, "a.css").map(drop),
            documents.export(&caller, id, None, Form::Html, "a.css").map(drop),
            documents.export(&caller, id, None, Form::Print, "a.css").map(drop),
            documents.export(&caller, id, None, Form::Text, "a.css").map(drop),
            documents.export_comparison(&caller, id, 1, 1, "a.css").map(drop),
            documents.readings(&caller, id, 0, 10).map(drop),
            documents.links(&caller, id).map(drop),
            documents.coverage(&caller, id).map(drop),
            documents.draft_version(&caller, id, new.clone()).map(drop),
            documents.revise_draft(&caller, &draft, new).map(drop),
            documents.discard_draft(&caller, &draft).map(drop),
            documents.adopt(&caller, &draft, Adoption::default()).map(drop),
            documents.publish(&caller, id, 1, jiff::civil::date(2026, 4, 1), "x"),
            documents.consents_to_draft(&caller, &draft).map(drop),
            documents.assign(&caller, id, &"zeimu".parse().unwrap(), &[]),
        ];
        for (at, result) in refused.iter().enumerate() {
            assert!(matches!(result, Err(DocumentsError::NotFound { .. })), "{at}: {result:?}");
        }
    }
    let seen = city.documents.documents(&caller).unwrap();
    assert_eq!(seen.iter().map(|document| &document.id).collect::<Vec<_>>(), [&policy]);
    assert!(city.documents.read(&caller, &policy, None).is_ok());
    assert_eq!(city.events("document.read").len(), before, "nothing was read");
}

pub(super) fn readers_are_those_of_the_table_and_each_reading_is_logged_first(city: &City) {
    let Shelf { policy, standard, procedure } = shelf(city);
    for (login, reads_standard, reads_procedure) in [
        ("yamada", true, true),
        ("kato", true, false),
        ("hirata", true, true),
        ("iin-a", true, false),
        ("kanri", true, true),
        ("ciso", true, true),
        ("kansa", true, true),
    ] {
        let caller = city.caller(login);
        assert!(city.documents.read(&caller, &policy, None).is_ok());
        for (id, may) in [(&standard, reads_standard), (&procedure, reads_procedure)] {
            let before = city.events("document.read").len();
            let result = city.documents.read(&caller, id, None);
            assert_eq!(result.is_ok(), may, "{login}");
            assert_eq!(city.events("document.read").len() - before, usize::from(may), "{login}");
        }
    }
    let event = city.events("document.read").pop().unwrap();
    assert_eq!(event.actor, city.principal("kansa").person.id.to_string());
    assert_eq!(event.subject, procedure.as_str());
    let log = city.documents.readings(&city.caller("kansa"), &procedure, 0, 100).unwrap();
    assert_eq!(log.len(), 5);
    assert_eq!((log[0].version, log[0].way.as_str()), (1, "read"));
    assert!(matches!(
        city.documents.readings(&city.caller("yamada"), &procedure, 0, 100),
        Err(DocumentsError::NotPermitted { .. })
    ));
}

pub(super) fn copies_and_comparisons_of_non_public_documents_are_logged_and_marked(city: &City) {
    let Shelf { standard, .. } = shelf(city);
    let caller = city.caller("yamada");
    let before = city.events("document.read").len();
    for form in [Form::Docx, Form::Html, Form::Print, Form::Text] {
        let copy = city.documents.export(&caller, &standard, None, form, "document.css").unwrap();
        let text = String::from_utf8_lossy(&copy.bytes).into_owned();
        if matches!(form, Form::Html | Form::Print) {
            assert!(
                text.contains("非公開") && text.contains("yamada") && text.contains("令和8年11月23日出力")
            );
        }
    }
    city.documents.compare(&caller, &standard, 1, 1).unwrap();
    city.documents.export_comparison(&caller, &standard, 1, 1, "document.css").unwrap();
    let ways: Vec<String> = city.events("document.read")[before..]
        .iter()
        .map(|event| event.body.as_ref().unwrap()["way"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ways, ["docx", "html", "print", "text", "compare", "compare", "comparison", "comparison"]);
}

pub(super) fn a_draft_is_seen_by_its_section_until_it_is_proposed(city: &City) {
    let Shelf { policy, .. } = shelf(city);
    let new = NewDraft {
        content: import_text(&POLICY.replace("推進する", "進める")).content,
        ids: Ids::Match,
        effective_from: jiff::civil::date(2027, 4, 1),
        reason: String::new(),
    };
    let draft = city.documents.draft_version(&city.caller("hirata"), &policy, new).unwrap();
    let seen = city.documents.drafts(&city.caller("iin-a"), &policy).unwrap();
    assert!(seen.iter().all(|seen| seen.id != draft));
    assert!(city.documents.read_draft(&city.caller("iin-a"), &draft).is_err());
    city.documents.propose(&city.principal("hirata"), &draft).unwrap();
    assert!(city.documents.compare_draft(&city.caller("iin-a"), &draft).is_ok());
    assert!(city.documents.read_draft(&outsider(city), &draft).is_err());
}

pub(super) fn the_public_export_holds_the_basic_policy_and_nothing_else(city: &City) {
    let Shelf { .. } = shelf(city);
    let dir = city.folder.path().join("public");
    let written = city.documents.public_export(&dir).unwrap();
    let mut names: Vec<String> =
        fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["basic-policy.css", "basic-policy.html", "basic-policy.txt"]);
    assert_eq!(written.len(), 3);
    for name in &names {
        let text = fs::read_to_string(dir.join(name)).unwrap();
        for secret in ["丙種保管庫", "甲種番号", "USBメモリ取扱手順", "副市長をCISOとする"]
        {
            assert!(!text.contains(secret), "{name}: {secret}");
        }
    }
    let html = fs::read_to_string(dir.join("basic-policy.html")).unwrap();
    assert!(html.contains("平成23年10月13日施行") && html.contains("令和8年4月1日改正"));
    assert!(
        !html.contains("style=")
            && !html.contains("<style")
            && !html.contains("<script")
            && !html.contains("://")
    );
    let again = import_text(&fs::read_to_string(dir.join("basic-policy.txt")).unwrap()).content;
    assert_eq!(again, import_text(POLICY).content);
}

pub(super) fn without_a_public_document_nothing_is_exported(city: &City) {
    city.adopted("standard.md", STANDARD, &[]);
    let dir = city.folder.path().join("public");
    assert!(matches!(city.documents.public_export(&dir), Err(DocumentsError::Invalid { .. })));
    assert!(!dir.exists());
}

#[test]
fn every_role_of_the_table_exists_in_the_policy() {
    let policy = super::city::policy();
    for role in RIGHTS.iter().flat_map(|right| right.roles).filter(|role| **role != "*") {
        assert!(policy.role(&role.parse().unwrap()).is_some(), "{role}");
    }
}
