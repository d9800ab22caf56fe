//! The way of a case.

use serde_json::json;

use super::city::{City, DAY, MORNING};
use crate::{ApprovalError, Capacity, CaseQuery, CaseState, Decision, StepState, TaskKind};

pub(super) fn a_case_gets_its_number_and_walks_its_route_to_its_effect(city: &City) {
    let id = city.draft("yamada", "register-important");
    let view = city.view(&id);
    assert_eq!((view.case.number.as_str(), view.case.fiscal_year), ("税第1号", 2026));
    assert_eq!(view.case.link, format!("/cases/{id}"));
    assert_eq!(
        view.steps.iter().map(|s| s.asked.ja.as_str()).collect::<Vec<_>>(),
        ["税務課の情報セキュリティ管理者（課長）", "情報システム管理者", "統括情報セキュリティ責任者"]
    );
    assert_eq!(city.asked(&id), "suzuki");
    assert!(city.refusal("tokatsu", &id).contains("does not wait for your decision"));
    city.approve("suzuki", &id);
    assert_eq!(city.asked(&id), "shisutemu");
    city.approve("shisutemu", &id);
    assert_eq!(city.asked(&id), "tokatsu");
    assert!(city.events("test.noted").is_empty());
    let decided = city.decide("tokatsu", &id, Decision::Approve).unwrap();
    assert_eq!(decided.state, CaseState::Approved);
    let view = city.view(&id);
    assert_eq!(view.case.state, CaseState::Approved);
    assert!(view.steps.iter().all(|step| step.state == StepState::Done && step.able.is_empty()));
    assert_eq!(
        view.marks.iter().map(|m| m.decision.as_str()).collect::<Vec<_>>(),
        ["agreed", "agreed", "decided"]
    );
    assert!(view.marks.iter().all(|m| m.digest == view.case.digest && m.capacity == Capacity::Holder));
    let noted = city.events("test.noted");
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0].body.as_ref().unwrap(), &json!({ "b": 2, "a": "秘密の内容" }));
    assert_eq!(noted[0].actor, city.person("tokatsu").id.to_string());
    assert_eq!(noted[0].seq, decided.seq + 1, "the effect follows the decision in the same unit of work");
    assert!(matches!(city.decide("tokatsu", &id, Decision::Approve), Err(ApprovalError::State { .. })));
    assert!(city.tasks("yamada").is_empty());
    city.check();
}

/// Who is asked, one after the other, until the case is decided.
fn walk(city: &City, login: &str, route: &str, amount: Option<i64>, class_rank: Option<u8>) -> String {
    let case = crate::NewCase { amount, class_rank, ..city.new_case(login, route) };
    let id = city.approval.draft(case).unwrap();
    let mut way = Vec::new();
    while city.view(&id).case.state == CaseState::Open {
        let asked = city.asked(&id);
        assert!(!asked.contains(' ') && !asked.is_empty(), "{asked}");
        city.approve(&asked, &id);
        way.push(asked);
    }
    assert_eq!(city.view(&id).case.state, CaseState::Approved);
    way.join(" ")
}

pub(super) fn an_amount_decides_who_decides(city: &City) {
    for (login, amount, expected) in [
        ("yamada", 0, "mori suzuki"),
        ("yamada", 499_999, "mori suzuki"),
        ("yamada", 500_000, "suzuki mori somubucho"),
        ("yamada", 4_999_999, "suzuki mori somubucho"),
        ("yamada", 5_000_000, "suzuki mori somubucho ciso"),
        ("hirata", 499_999, "mori"),
    ] {
        assert_eq!(walk(city, login, "contract", Some(amount), None), expected, "{login} {amount}");
    }
    let without = city.approval.draft(city.new_case("yamada", "contract"));
    assert!(without.unwrap_err().to_string().contains("depends on the amount"));
}

pub(super) fn a_class_raises_the_decision(city: &City) {
    for (route, rank, expected) in [
        ("disposal", Some(2), "suzuki"),
        ("disposal", Some(3), "suzuki tokatsu"),
        ("disposal", None, "suzuki tokatsu"),
        ("external-service", Some(1), "suzuki mori tokatsu"),
        ("external-service", Some(2), "suzuki mori tokatsu ciso"),
        ("ciso-exception", Some(1), "suzuki tokatsu ciso"),
        ("social-media", Some(1), "suzuki koho tokatsu"),
        ("register-change", Some(5), "suzuki"),
    ] {
        assert_eq!(walk(city, "yamada", route, None, rank), expected, "{route} {rank:?}");
    }
    assert_eq!(walk(city, "jinji", "people-transfer", None, None), "tokatsu");
}

pub(super) fn a_decision_names_the_digest_and_a_revision_voids_what_was_decided_before(city: &City) {
    let id = city.draft("yamada", "register-important");
    let old = city.view(&id).case.digest;
    city.approve("suzuki", &id);
    let suzuki = city.sits("suzuki");
    city.approval.revise(&city.sits("yamada"), &id, city.revision(json!({ "a": "別の内容" }))).unwrap();
    let view = city.view(&id);
    assert_eq!(
        (view.case.round, view.case.state, view.case.title.as_str()),
        (2, CaseState::Open, "端末の追加（修正）")
    );
    assert_ne!(view.case.digest, old);
    assert!(view.marks[0].voided);
    assert_eq!(city.asked(&id), "suzuki", "it starts at its first step");
    let stale = city.approval.decide(&suzuki, &id, &old, Decision::Approve, "");
    assert!(matches!(stale, Err(ApprovalError::Changed)), "{stale:?}");
    city.approve("suzuki", &id);
    city.approve("shisutemu", &id);
    city.approve("tokatsu", &id);
    assert_eq!(city.events("approval.voided")[0].body.as_ref().unwrap()["digest"], old);
    assert_eq!(city.events("test.noted")[0].body.as_ref().unwrap(), &json!({ "a": "別の内容" }));
    let late = city.approval.revise(&city.sits("yamada"), &id, city.revision(json!({})));
    assert!(matches!(late, Err(ApprovalError::State { .. })), "{late:?}");
    let other = city.approval.revise(
        &city.sits("hirata"),
        &city.draft("yamada", "disposal"),
        city.revision(json!({})),
    );
    assert!(matches!(other, Err(ApprovalError::NotPermitted { .. })), "{other:?}");
    city.check();
}

pub(super) fn parallel_steps_run_together_and_the_next_waits_for_all(city: &City) {
    let id = city.draft("yamada", "together");
    assert_eq!(city.asked(&id), "koho suzuki");
    city.approve("koho", &id);
    assert_eq!(city.asked(&id), "suzuki");
    assert!(city.refusal("tokatsu", &id).contains("does not wait"));
    city.approve("suzuki", &id);
    assert_eq!(city.asked(&id), "tokatsu");
    city.approve("tokatsu", &id);
    assert_eq!(city.view(&id).case.state, CaseState::Approved);
}

pub(super) fn a_quorum_needs_that_many_people(city: &City) {
    let id = city.draft("hirata", "policy-revision");
    city.approve("tokatsu", &id);
    assert_eq!(city.asked(&id), "iin-a iin-b iin-c");
    city.approve("iin-b", &id);
    assert_eq!(city.asked(&id), "iin-a iin-c", "who has agreed is not asked again");
    assert!(city.refusal("iin-b", &id).contains("already decided"));
    city.dismiss("iin-a");
    city.dismiss("iin-c");
    let blocked = &city.view(&id).blocked;
    assert!(blocked[0].ja.contains("あと1名必要"), "{blocked:?}");
    city.hire("iin-d", "gikai", &["committee"]);
    assert!(city.view(&id).blocked.is_empty());
    city.approve("iin-d", &id);
    city.approve("ciso", &id);
    assert_eq!(city.view(&id).case.state, CaseState::Approved);
}

pub(super) fn an_effect_that_refuses_leaves_nothing_but_the_returned_case(city: &City) {
    let case =
        crate::NewCase { content: json!({ "refuse": true }), ..city.new_case("yamada", "register-change") };
    let id = city.approval.draft(case).unwrap();
    let refused = city.decide("suzuki", &id, Decision::Approve).unwrap_err();
    assert!(
        matches!(&refused, ApprovalError::EffectRefused { ja, .. } if ja.contains("行が削除")),
        "{refused:?}"
    );
    let view = city.view(&id);
    assert_eq!(
        (view.case.state, view.case.reason.as_str()),
        (CaseState::Returned, "台帳の行が削除されています。")
    );
    assert!(view.marks.is_empty(), "the decision was taken back with the effect");
    assert!(city.events("test.noted").is_empty() && city.events("approval.decided").is_empty());
    let back = &city.tasks("yamada")[0];
    assert_eq!((back.kind, back.note.as_str()), (TaskKind::Returned, "台帳の行が削除されています。"));
    city.approval.revise(&city.sits("yamada"), &id, city.revision(json!({}))).unwrap();
    city.approve("suzuki", &id);
    assert_eq!(city.view(&id).case.state, CaseState::Approved);
    city.check();
}

pub(super) fn a_case_of_an_unknown_effect_is_not_decided(city: &City) {
    let id = city.draft("yamada", "register-change");
    let policy = std::sync::Arc::clone(city.approval.policy());
    let without = crate::Approval::new(city.store.clone(), policy, city.identity.clone(), None);
    let digest = city.view(&id).case.digest;
    let refused = without.decide(&city.sits("suzuki"), &id, &digest, Decision::Approve, "");
    assert!(matches!(refused, Err(ApprovalError::Invalid { .. })), "{refused:?}");
    assert_eq!(city.view(&id).case.state, CaseState::Open);
    // A kind that never had an effect is a plain 起案.
    let plain = crate::NewCase { kind: "plain".to_owned(), ..city.new_case("yamada", "register-change") };
    let id = city.approval.draft(plain).unwrap();
    city.approve("suzuki", &id);
    assert_eq!(city.view(&id).case.state, CaseState::Approved);
}

pub(super) fn many_cases_are_decided_each_by_its_own_digest(city: &City) {
    let mut cases: Vec<_> = (0..5)
        .map(|_| city.draft("yamada", "register-change"))
        .map(|id| (id.clone(), city.view(&id).case.digest))
        .collect();
    cases[2].1 = "0".repeat(64);
    cases.push((city.draft("hirata", "register-change"), cases[0].1.clone()));
    let results = city.approval.decide_many(&city.sits("suzuki"), &cases, Decision::Approve, "").unwrap();
    let shown: Vec<&str> = results
        .iter()
        .map(|(_, result)| match result {
            Ok(decided) => decided.state.id(),
            Err(ApprovalError::Changed) => "changed",
            Err(ApprovalError::NotFound { .. }) => "not found",
            Err(other) => panic!("{other}"),
        })
        .collect();
    assert_eq!(shown, ["approved", "approved", "changed", "approved", "approved", "not found"]);
    let too_many = vec![cases[0].clone(); 201];
    assert!(city.approval.decide_many(&city.sits("suzuki"), &too_many, Decision::Approve, "").is_err());
}

pub(super) fn rejected_returned_and_withdrawn_cases_ask_nobody(city: &City) {
    for (decision, state) in
        [(Decision::Reject, CaseState::Rejected), (Decision::Return, CaseState::Returned)]
    {
        let id = city.draft("yamada", "register-important");
        let digest = city.view(&id).case.digest;
        let silent = city.approval.decide(&city.sits("suzuki"), &id, &digest, decision, "  ");
        assert!(matches!(silent, Err(ApprovalError::Invalid { .. })), "a reason is needed");
        city.decide("suzuki", &id, decision).unwrap();
        let view = city.view(&id);
        assert_eq!((view.case.state, view.case.reason.as_str()), (state, "理由"));
        assert_eq!(view.steps.iter().map(|s| s.state).collect::<Vec<_>>(), [StepState::Closed; 3]);
        assert_eq!(city.asked(&id), "");
        assert!(city.events("test.ended").iter().any(|event| event.subject == id.as_str()));
    }
    let id = city.draft("yamada", "register-important");
    let other = city.approval.withdraw(&city.sits("suzuki"), &id, "");
    assert!(matches!(other, Err(ApprovalError::NotPermitted { .. })));
    city.approval.withdraw(&city.sits("yamada"), &id, "不要となったため").unwrap();
    assert_eq!(city.asked(&id), "");
    assert!(matches!(city.decide("suzuki", &id, Decision::Approve), Err(ApprovalError::State { .. })));
    let again = city.approval.withdraw(&city.sits("yamada"), &id, "");
    assert!(matches!(again, Err(ApprovalError::State { .. })));
    let page = |state| {
        let query = CaseQuery { state: Some(state), ..CaseQuery::default() };
        city.approval.cases(&city.sits("yamada"), &query).unwrap().total
    };
    assert_eq!(CaseState::ALL.map(page), [0, 0, 1, 1, 1]);
    city.check();
}

pub(super) fn what_cannot_be_drafted_is_refused_with_a_reason(city: &City) {
    let base = || city.new_case("yamada", "register-change");
    let check = |case: crate::NewCase, expected: &str| {
        let error = city.approval.draft(case).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.message(sekisho_policy::Lang::Ja).contains('。'), "{error:?}");
    };
    check(crate::NewCase { title: " ".to_owned(), ..base() }, "enter a title");
    check(crate::NewCase { title: "a\nBcc: x".to_owned(), ..base() }, "enter a title");
    check(crate::NewCase { title: "あ".repeat(201), ..base() }, "enter a title");
    check(crate::NewCase { link: "https://evil.example/".to_owned(), ..base() }, "path");
    check(crate::NewCase { link: "//evil.example/".to_owned(), ..base() }, "path");
    check(crate::NewCase { kind: "Register Change".to_owned(), ..base() }, "kind of case");
    check(crate::NewCase { route: "nowhere".parse().unwrap(), ..base() }, "`nowhere` is not in the policy");
    check(crate::NewCase { unit: "nowhere".parse().unwrap(), ..base() }, "`nowhere` is not declared");
    check(crate::NewCase { due: Some(city.today().yesterday().unwrap()), ..base() }, "over already");
    check(crate::NewCase { amount: Some(-1), ..base() }, "negative");
    check(crate::NewCase { content: json!("x".repeat(4 << 20)), ..base() }, "4 MiB");
    check(city.new_case("yamada", "people-transfer"), "is drafted by: Personnel officer");
    let gone = city.new_case("kato", "register-change");
    city.dismiss("kato");
    check(gone, "not active");
    assert!(city.events("approval.").is_empty(), "what is refused leaves nothing");
}

pub(super) fn numbers_count_up_by_unit_and_fiscal_year(city: &City) {
    let number = |login: &str| {
        let case = city.view(&city.draft(login, "register-change")).case;
        format!("{}/{}", case.number, case.fiscal_year)
    };
    assert_eq!(number("hirata"), "情政第1号/2026");
    assert_eq!(number("yamada"), "税第1号/2026");
    assert_eq!(number("hirata"), "情政第2号/2026");
    // 2027-03-31 23:59 and 2027-04-01 00:00 in Japan.
    let april = 1_806_505_200_000;
    city.clock.set(april - 1);
    assert_eq!(number("hirata"), "情政第3号/2026");
    city.clock.set(april);
    assert_eq!(number("hirata"), "情政第1号/2027");
    city.clock.set(MORNING);
    assert_eq!(number("hirata"), "情政第2号/2027", "a clock set back gives no old number again");
    city.check();
}

pub(super) fn disposed_cases_leave_the_tables_alike_live_and_replayed(city: &City) {
    let kept = city.draft("yamada", "register-change");
    let first = city.draft("yamada", "register-important");
    city.approve("suzuki", &first);
    let second = city.draft("yamada", "register-important");
    city.approve("suzuki", &second);
    city.clock.advance(DAY);
    let drafted = city.events("approval.drafted").iter().find(|e| e.subject == first.as_str()).unwrap().seq;
    let agreed = city.events("approval.agreed").iter().find(|e| e.subject == second.as_str()).unwrap().seq;
    let numbered = city.events("approval.numbered").last().unwrap().seq;
    let today = city.today();
    let absence = city.approval.set_absence(&city.sits("suzuki"), today, today, None).unwrap();
    city.store
        .write(move |tx| -> Result<(), sekisho_store::StoreError> {
            for seq in [drafted, agreed, numbered, absence] {
                tx.dispose_payload(seq, "test")?;
            }
            Ok(())
        })
        .unwrap();
    let left = city.approval.cases(&city.sits("ciso"), &CaseQuery::default()).unwrap();
    assert_eq!(left.cases.iter().map(|case| &case.id).collect::<Vec<_>>(), [&kept]);
    city.check();
    assert_eq!(city.view(&city.draft("yamada", "register-change")).case.number, "税第4号");
}
