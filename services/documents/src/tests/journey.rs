use jiff::civil::date;
use sekisho_approval::Decision;

use super::city::{City, DAY, POLICY, PROCEDURE, STANDARD};
use crate::*;

/// The policy with one amendment: clause 6(7) gets a sentence, a new 6(10) comes, 7 changes a word.
fn amended() -> String {
    POLICY.replace("緊急時対応計画を策定する。", "緊急時対応計画を策定し、毎年度訓練を行う。").replace(
        "### 7. ",
        "### (10) 生成AIの利用\n\n生成AIの利用に当たり、入力する情報を制限する。\n\n### 7. ",
    )
}

fn draft_of(content: Content) -> NewDraft {
    NewDraft {
        content, ids: Ids::Match, effective_from: date(2027, 4, 1), reason: "訓練の追加".to_owned()
    }
}

pub(super) fn a_revision_goes_from_draft_through_approval_to_publication(city: &City) {
    let id = city.adopted("policy.md", POLICY, &[]);
    let author = city.caller("hirata");
    let draft =
        city.documents.draft_version(&author, &id, draft_of(import_text(&amended()).content)).unwrap();
    let table = city.documents.compare_draft(&author, &draft).unwrap();
    let remarks: Vec<(&str, Change)> = table.changed().map(|row| (row.remark.as_str(), row.change)).collect();
    assert_eq!(remarks, [("改正", Change::Changed), ("新設", Change::Added)]);

    let case = city.documents.propose(&city.principal("hirata"), &draft).unwrap();
    assert!(matches!(
        city.documents.revise_draft(&author, &draft, draft_of(import_text(POLICY).content)),
        Err(DocumentsError::State { .. })
    ));
    for (who, decision) in [
        ("tokatsu", Decision::Approve),
        ("iin-a", Decision::Approve),
        ("iin-b", Decision::Approve),
        ("ciso", Decision::Approve),
    ] {
        city.decide(who, &case, decision);
    }
    let document = city.documents.document(&author, &id).unwrap();
    assert_eq!(document.versions.len(), 2);
    let version = document.latest().unwrap();
    assert_eq!((version.number, version.kind), (2, VersionKind::Amended));
    assert_eq!(version.decided_on, Some(date(2026, 11, 23)));
    assert_eq!(version.effective_from, date(2027, 4, 1));
    assert_eq!(version.case.as_deref(), Some(case.as_str()));
    assert_eq!(document.in_force_on(date(2027, 3, 31)).unwrap().number, 1);
    assert_eq!(document.in_force_on(date(2027, 4, 1)).unwrap().number, 2);

    // The cover has the new date; ids are those of the first version.
    let (first, second) = (
        city.documents.read(&author, &id, Some(1)).unwrap().content,
        city.documents.read(&author, &id, Some(2)).unwrap().content,
    );
    assert_eq!(second.history.len(), 6);
    assert_eq!(second.history.last().unwrap().date, date(2027, 4, 1));
    assert_eq!(first.numbered("8").unwrap().id, second.numbered("8").unwrap().id);
    assert!(first.clause(second.numbered("6(10)").unwrap().id).is_none());

    // POL-1 and POL-2.
    city.clock.advance(9 * DAY);
    let standing = city.documents.standing(&author).unwrap();
    let now = standing.iter().find(|s| s.version.number == 2).unwrap();
    assert_eq!((now.days, now.published, now.missing.len()), (Some(9), false, 9));
    let manager = city.caller("mori");
    city.documents.publish(&manager, &id, 2, date(2026, 11, 30), "掲示場及び市ウェブサイト").unwrap();
    for body in ["mayor", "education", "assembly"] {
        city.documents
            .consent_to_version(&manager, &id, 2, &body.parse().unwrap(), date(2026, 11, 20), "決裁")
            .unwrap();
    }
    let standing = city.documents.standing(&author).unwrap();
    let now = standing.iter().find(|s| s.version.number == 2).unwrap();
    assert_eq!((now.days, now.published, now.missing.len()), (Some(7), true, 6));
    assert!(now.missing.contains(&"農業委員会".to_owned()));
    for wrong in [date(2026, 11, 22), date(2027, 1, 1)] {
        assert!(matches!(
            city.documents.publish(&manager, &id, 2, wrong, "掲示場"),
            Err(DocumentsError::Invalid { .. })
        ));
    }
    assert!(city.store.verify().unwrap().ok());
    assert!(city.store.rebuild().unwrap().tables.iter().all(|table| !table.changed));
}

pub(super) fn a_returned_draft_is_changed_and_goes_on_with_its_case(city: &City) {
    let id = city.adopted("policy.md", POLICY, &[]);
    let author = city.caller("hirata");
    let draft =
        city.documents.draft_version(&author, &id, draft_of(import_text(&amended()).content)).unwrap();
    city.documents
        .consent_to_draft(&city.caller("mori"), &draft, &"mayor".parse().unwrap(), date(2026, 11, 20), "")
        .unwrap();
    let case = city.documents.propose(&city.principal("hirata"), &draft).unwrap();
    city.decide("tokatsu", &case, Decision::Return);
    let text = amended().replace("毎年度訓練を行う", "毎年度2回以上訓練を行う");
    city.documents.revise_draft(&author, &draft, draft_of(import_text(&text).content)).unwrap();
    // The consent was to another text.
    let consents = city.documents.consents_to_draft(&author, &draft).unwrap();
    assert!(consents.iter().all(|consent| consent.on.is_none()));
    assert_eq!(city.documents.propose(&city.principal("hirata"), &draft).unwrap(), case);
    for who in ["tokatsu", "iin-a", "iin-b", "ciso"] {
        city.decide(who, &case, Decision::Approve);
    }
    assert_eq!(city.documents.document(&author, &id).unwrap().versions.len(), 2);
}

pub(super) fn a_rejected_draft_may_be_discarded_and_never_becomes_a_version(city: &City) {
    let id = city.adopted("policy.md", POLICY, &[]);
    let author = city.caller("hirata");
    let draft =
        city.documents.draft_version(&author, &id, draft_of(import_text(&amended()).content)).unwrap();
    let case = city.documents.propose(&city.principal("hirata"), &draft).unwrap();
    city.decide("tokatsu", &case, Decision::Reject);
    city.documents.discard_draft(&author, &draft).unwrap();
    assert_eq!(city.documents.document(&author, &id).unwrap().versions.len(), 1);
    assert!(matches!(
        city.documents.propose(&city.principal("hirata"), &draft),
        Err(DocumentsError::State { .. })
    ));
}

pub(super) fn of_two_drafts_on_one_version_the_second_must_be_drafted_anew(city: &City) {
    let id = city.adopted("usb.md", PROCEDURE, &["zeimu"]);
    let author = city.caller("hirata");
    let text = PROCEDURE.replace("消去してから", "消去し、確かめてから");
    let [first, second] = [0, 1]
        .map(|_| city.documents.draft_version(&author, &id, draft_of(import_text(&text).content)).unwrap());
    let [first, second] =
        [first, second].map(|draft| city.documents.propose(&city.principal("hirata"), &draft).unwrap());
    city.decide("mori", &first, Decision::Approve);
    let who = city.principal("mori");
    let digest = city.approval.case(&who, &second).unwrap().case.digest;
    assert!(city.approval.decide(&who, &second, &digest, Decision::Approve, "").is_err());
    assert_eq!(city.documents.document(&author, &id).unwrap().versions.len(), 2);
}

pub(super) fn only_the_first_version_is_adopted_and_by_an_administrator_only(city: &City) {
    let imported = city.import("policy.md", POLICY, &[]);
    let refused = city.documents.adopt(&city.caller("hirata"), &imported.draft, Adoption::default());
    assert!(matches!(refused, Err(DocumentsError::NotPermitted { .. })));
    let system = Caller::System { reason: "sekisho document import".to_owned() };
    city.documents.adopt(&system, &imported.draft, Adoption::default()).unwrap();
    let again = city.import("policy.md", &amended(), &[]);
    assert_eq!(again.document, imported.document);
    let refused = city.documents.adopt(&system, &again.draft, Adoption::default());
    assert!(matches!(refused, Err(DocumentsError::Invalid { .. })));
    let version = city.documents.document(&system, &imported.document).unwrap().versions.remove(0);
    assert_eq!(
        (version.kind, version.decided_on, version.effective_from),
        (VersionKind::Amended, None, date(2026, 4, 1))
    );
}

pub(super) fn docx_comes_in_through_the_sandbox_with_the_same_clauses(city: &City) {
    let content = import_text(POLICY).content;
    let bytes = render::docx(&content, &render::Handling::default()).unwrap();
    let parsed = city.documents.parse_file("policy.docx", &bytes).unwrap();
    assert_eq!(parsed.content, content);
    assert!(parsed.notes.is_empty(), "{:?}", parsed.notes);
    assert!(matches!(
        city.documents.parse_file("x.docx", b"PK\x03\x04junk"),
        Err(DocumentsError::Refused(_))
    ));
    // Text in CP932, as an older editor writes it.
    let cp932 = [0x31, 0x2e, 0x20, 0x96, 0xda, 0x93, 0x49, 0x0a, 0x96, 0x7b, 0x95, 0xb6, 0x81, 0x42];
    let parsed = city.documents.parse_file("a.txt", &cp932).unwrap();
    assert_eq!(parsed.content.numbered("1").unwrap().heading, "目的");
}

pub(super) fn a_public_tier_never_takes_a_standard_or_a_procedure(city: &City) {
    for (name, text) in [("a.md", STANDARD), ("b.md", PROCEDURE)] {
        let options = ImportOptions {
            tier: Some(Tier::Public),
            title: None,
            owner: "joho-seisaku".parse().unwrap(),
            units: Vec::new(),
            effective_from: None,
        };
        let refused = city.documents.import_file(&city.caller("kanri"), name, text.as_bytes(), options);
        assert!(matches!(refused, Err(DocumentsError::Invalid { .. })));
    }
}

pub(super) fn coverage_shows_what_carries_each_clause_out_and_what_is_missing(city: &City) {
    let policy = city.adopted("policy.md", POLICY, &[]);
    let standard = city.adopted("standard.md", STANDARD, &[]);
    let procedure = city.adopted("usb.md", PROCEDURE, &["zeimu"]);
    let admin = city.caller("kanri");
    let clause = |id: &DocumentId, number: &str| {
        city.documents.read(&admin, id, None).unwrap().content.numbered(number).unwrap().id
    };
    let physical = clause(&policy, "6(4)");
    for target in [
        Target::Standard { document: standard.clone(), clause: Some(clause(&standard, "第2条")) },
        Target::Procedure { document: procedure.clone(), clause: None },
        Target::Register { id: "usb-loans".to_owned() },
    ] {
        city.documents.link(&admin, &policy, physical, &target, "").unwrap();
    }
    city.documents
        .link(
            &admin,
            &policy,
            clause(&policy, "6(3)ア"),
            &Target::Register { id: "terminals".to_owned() },
            "",
        )
        .unwrap();
    let rows = city.documents.coverage(&city.caller("yamada"), &policy).unwrap();
    let row = |number: &str| rows.iter().find(|row| row.number == number).unwrap();
    assert_eq!(row("6(4)").gaps, []);
    assert_eq!(row("6(4)").links[1].label, "USBメモリ取扱手順");
    assert_eq!(row("6(3)").gaps, [Gap::Standard, Gap::Procedure]);
    assert_eq!(row("7").gaps, [Gap::Standard, Gap::Procedure, Gap::Record]);
    assert_eq!((row("1").required, row("1").gaps.len()), (false, 0));
    let required: Vec<&str> = rows.iter().filter(|row| row.required).map(|row| row.number.as_str()).collect();
    assert_eq!(required, ["6(1)", "6(2)", "6(3)", "6(4)", "6(5)", "6(6)", "6(7)", "6(8)", "6(9)", "7", "8"]);
    // Somebody outside the procedure's units sees that there is one, not which.
    let links = city.documents.links(&city.caller("kato"), &policy).unwrap();
    assert!(links.iter().any(|link| link.label == "非公開"));
    assert!(links.iter().all(|link| !link.label.contains("USB")));

    // The standard's clause goes: the link is stale and the gap is back.
    let text = STANDARD
        .replace("第2条（鍵）　情報システム室の鍵は丙種保管庫に置く。", "第3条（監視）　映像を記録する。");
    let draft =
        city.documents.draft_version(&admin, &standard, draft_of(import_text(&text).content)).unwrap();
    let case = city.documents.propose(&city.principal("kanri"), &draft).unwrap();
    for who in ["tokatsu", "iin-a", "iin-b", "ciso"] {
        city.decide(who, &case, Decision::Approve);
    }
    let rows = city.documents.coverage(&admin, &policy).unwrap();
    assert_eq!(rows.iter().find(|row| row.number == "6(4)").unwrap().gaps, [Gap::Standard, Gap::Stale]);
    let target = Target::Register { id: "usb-loans".to_owned() };
    city.documents.unlink(&admin, &policy, physical, &target).unwrap();
    assert_eq!(city.documents.links(&admin, &policy).unwrap().len(), 3);
}
