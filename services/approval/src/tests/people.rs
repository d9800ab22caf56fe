//! Who decides: separation of duties, deputies, absence, and who may see what.

use jiff::civil::Date;
use sekisho_identity::{Actor, PersonChange, Way};

use super::city::{City, DAY};
use crate::{ApprovalError, Capacity, CaseQuery, CaseState, Decision, TaskKind};

fn days(city: &City, from: i64, to: i64) -> (Date, Date) {
    let day = |n: i64| crate::day::day_of(city.clock_ms() + n * DAY);
    (day(from), day(to))
}

impl City {
    pub(super) fn clock_ms(&self) -> i64 {
        sekisho_store::Clock::now_ms(self.clock.as_ref())
    }

    /// Absent from so many days from now to so many, with a deputy.
    pub(super) fn away(
        &self,
        login: &str,
        from: i64,
        to: i64,
        deputy: Option<&str>,
    ) -> Result<u64, ApprovalError> {
        let (from, to) = days(self, from, to);
        let deputy = deputy.map(|login| self.person(login).id);
        self.approval.set_absence(&self.sits(login), from, to, deputy)
    }
}

pub(super) fn the_drafter_never_decides_not_through_a_deputy_either(city: &City) {
    // The manager drafts: the deputy would decide in the drafter's place, so the step goes to the department.
    city.away("suzuki", 0, 3, Some("mori")).unwrap();
    let id = city.draft("suzuki", "register-change");
    assert_eq!(city.asked(&id), "somubucho");
    assert!(city.refusal("suzuki", &id).contains("never decides"));
    assert!(city.refusal("tanaka", &id).contains("never in the drafter's place"));
    assert!(city.refusal("mori", &id).contains("does not wait for your decision"));
    assert_eq!(city.view(&id).steps[0].raised_to.as_ref().unwrap().as_str(), "somu");
    // A month overdue changes nothing about that.
    city.clock.advance(30 * DAY);
    assert!(city.refusal("tanaka", &id).contains("never in the drafter's place"));
    city.approve("somubucho", &id);
    assert_eq!(city.view(&id).marks[0].capacity, Capacity::Superior);
    assert!(city.tasks("suzuki").is_empty(), "the drafter has nothing to re-read of the own case");
    // A drafter who is somebody's substitute does not decide as that one either.
    city.away("ciso", 0, 3, Some("tokatsu")).unwrap();
    let case = city.new_case("tokatsu", "audit");
    assert!(city.approval.draft(case).is_err());
    let id = city.draft("tokatsu", "twice");
    assert!(!city.asked(&id).contains("tokatsu"));
    city.check();
}

pub(super) fn one_person_counts_once(city: &City) {
    let id = city.draft("yamada", "twice");
    city.approve("suzuki", &id);
    assert_eq!(city.asked(&id), "ito mori", "the second step is somebody else's");
    assert!(city.refusal("suzuki", &id).contains("counts once"));
    city.approve("mori", &id);
    assert_eq!(city.view(&id).case.state, CaseState::Approved);
}

pub(super) fn a_deputy_decides_only_while_the_holder_is_absent_and_the_holder_rereads(city: &City) {
    let id = city.draft("yamada", "register-change");
    assert_eq!(city.asked(&id), "suzuki");
    assert!(city.refusal("tanaka", &id).contains("only while the holder is absent"));
    city.away("suzuki", 1, 2, None).unwrap();
    assert_eq!(city.asked(&id), "suzuki", "not before the absence begins");
    city.clock.advance(DAY);
    assert_eq!(city.asked(&id), "suzuki tanaka");
    city.approve("tanaka", &id);
    let view = city.view(&id);
    assert_eq!((view.case.state, view.marks[0].capacity), (CaseState::Approved, Capacity::Deputy));
    let task = &city.tasks("suzuki")[0];
    assert_eq!((task.kind, &task.case), (TaskKind::Reread, &id));
    assert!(city.approval.case(&city.sits("suzuki"), &id).unwrap().to_reread);
    city.approval.read_later(&city.sits("suzuki"), &id).unwrap();
    assert!(city.tasks("suzuki").is_empty());
    let again = city.approval.read_later(&city.sits("suzuki"), &id);
    assert!(matches!(again, Err(ApprovalError::NotFound { .. })));
    city.clock.advance(2 * DAY);
    let id = city.draft("yamada", "register-change");
    assert_eq!(city.asked(&id), "suzuki", "not after the absence is over");
    // Where the office is vacant the deputy decides, and nobody has to re-read.
    city.dismiss("suzuki");
    assert_eq!(city.asked(&id), "tanaka");
    city.approve("tanaka", &id);
    city.check();
}

pub(super) fn a_substitute_decides_for_the_absent_and_for_their_absent_deputy(city: &City) {
    let id = city.draft("yamada", "register-important");
    city.away("tokatsu", 0, 5, Some("mori")).unwrap();
    city.approve("suzuki", &id);
    city.approve("shisutemu", &id);
    assert_eq!(city.asked(&id), "mori tokatsu");
    city.away("mori", 0, 5, Some("fukuciso")).unwrap();
    assert_eq!(city.asked(&id), "fukuciso tokatsu", "the deputy's deputy");
    city.approve("fukuciso", &id);
    assert_eq!(city.view(&id).marks[2].capacity, Capacity::Substitute);
    assert_eq!(city.tasks("tokatsu")[0].kind, TaskKind::Reread);
    assert!(city.tasks("mori").is_empty(), "only the holder re-reads");
    // A deputy whose account ended stands in for nobody.
    let id = city.draft("yamada", "register-important");
    city.approve("suzuki", &id);
    city.approve("shisutemu", &id);
    city.dismiss("fukuciso");
    assert_eq!(city.asked(&id), "tokatsu");
}

pub(super) fn deputies_in_a_circle_are_refused_with_the_chain(city: &City) {
    city.away("suzuki", 0, 5, Some("mori")).unwrap();
    city.away("mori", 2, 9, Some("ito")).unwrap();
    let own = city.away("ito", 0, 1, Some("ito")).unwrap_err();
    assert!(matches!(&own, ApprovalError::DeputyLoop { chain } if chain.len() == 2), "{own:?}");
    let circle = city.away("ito", 4, 6, Some("suzuki")).unwrap_err();
    assert_eq!(
        circle.message(sekisho_policy::Lang::Ja),
        "代決者の指定が循環しています（itoさん → suzukiさん → moriさん → itoさん）。別の職員を代決者に指定してください。"
    );
    // On other days there is no circle: suzuki is back after five days.
    city.away("ito", 6, 9, Some("suzuki")).unwrap();
    assert_eq!(city.events("approval.absence-set").len(), 3);
}

pub(super) fn absences_are_checked_and_taken_back(city: &City) {
    for (from, to, deputy, expected) in [
        (3, 2, None, "check the days"),
        (-5, -1, None, "check the days"),
        (0, 500, None, "check the days"),
        (0, 1, Some("yamada"), "may not approve"),
        (0, 1, Some("kansa"), "audits"),
    ] {
        let error = city.away("suzuki", from, to, deputy).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let suzuki = city.person("suzuki").id;
    let (from, to) = days(city, 0, 3);
    let other = city.approval.set_absence_for(&city.sits("mori"), &suzuki, from, to, None);
    assert!(matches!(other, Err(ApprovalError::NotPermitted { .. })));
    let deputy = Some(city.person("mori").id);
    let seq = city.approval.set_absence_for(&city.sits("jinji"), &suzuki, from, to, deputy.clone()).unwrap();
    let listed = city.approval.absences(&suzuki).unwrap();
    assert_eq!((listed.len(), listed[0].seq, &listed[0].deputy), (1, seq, &deputy));
    let id = city.draft("yamada", "register-change");
    assert_eq!(city.asked(&id), "mori suzuki tanaka");
    // A later entry for the same days counts.
    city.away("suzuki", 0, 1, Some("ito")).unwrap();
    assert_eq!(city.asked(&id), "ito suzuki tanaka");
    assert!(city.approval.clear_absence(&city.sits("mori"), seq).is_err());
    for absence in city.approval.absences(&suzuki).unwrap() {
        city.approval.clear_absence(&city.sits("suzuki"), absence.seq).unwrap();
    }
    assert_eq!(city.asked(&id), "suzuki");
    assert!(matches!(
        city.approval.clear_absence(&city.sits("suzuki"), 999),
        Err(ApprovalError::NotFound { .. })
    ));
    city.check();
}

pub(super) fn a_step_follows_the_role_when_its_holder_leaves(city: &City) {
    let id = city.draft("yamada", "register-change");
    assert_eq!(city.asked(&id), "suzuki");
    let gone = city.sits("suzuki");
    // The transfer: suzuki goes to another section, mori comes.
    let moved = |login: &str, unit: &str| {
        let change = PersonChange { unit: Some(unit.parse().unwrap()), ..PersonChange::default() };
        city.identity.update_person(&Actor::System, &city.person(login).id, change).unwrap();
    };
    moved("suzuki", "fukushi");
    moved("mori", "zeimu");
    assert_eq!(city.asked(&id), "mori");
    // A session from before the transfer gives no right.
    let digest = city.view(&id).case.digest;
    let stale = city.approval.decide(&gone, &id, &digest, Decision::Approve, "");
    assert!(matches!(stale, Err(ApprovalError::NotFound { .. })), "{stale:?}");
    city.approve("mori", &id);
}

pub(super) fn a_step_that_nobody_can_decide_says_what_to_do(city: &City) {
    let id = city.draft("kato", "register-change");
    city.dismiss("ito");
    let task = city.tasks("kato").remove(0);
    let why = task.blocked.unwrap();
    assert!(
        why.ja.contains("会計課の情報セキュリティ管理者（課長）") && why.ja.contains("任命"),
        "{}",
        why.ja
    );
    assert_eq!(city.view(&id).blocked, std::slice::from_ref(&why));
    let report = city.approval.escalate().unwrap();
    assert_eq!((report.raised, report.blocked), (0, vec![(id.clone(), why)]), "no unit lies above");
    // In a section of a department it goes up at once.
    let other = city.draft("yamada", "register-change");
    city.dismiss("suzuki");
    city.dismiss("tanaka");
    assert_eq!(city.asked(&other), "");
    assert_eq!(city.approval.escalate().unwrap().raised, 1);
    assert_eq!(city.asked(&other), "somubucho");
    assert_eq!(city.approval.escalate().unwrap().raised, 0);
    city.hire("nishi", "kaikei", &["section-manager"]);
    assert!(city.view(&id).blocked.is_empty());
    city.approve("nishi", &id);
    city.check();
}

pub(super) fn nobody_sees_what_does_not_concern_them(city: &City) {
    let id = city.draft("yamada", "register-important");
    let sees = |login: &str| {
        let one = city.approval.case(&city.sits(login), &id).is_ok();
        let listed = city.approval.cases(&city.sits(login), &CaseQuery::default()).unwrap().total == 1;
        assert_eq!(one, listed, "{login}");
        one
    };
    for (login, expected) in [
        ("yamada", true),
        ("suzuki", true),
        ("tanaka", true),
        ("somubucho", true),
        ("ciso", true),
        ("kansa", true),
        ("hirata", false),
        ("mori", false),
        ("shisutemu", false),
        ("kato", false),
    ] {
        assert_eq!(sees(login), expected, "{login}");
    }
    city.approve("suzuki", &id);
    assert!(sees("shisutemu"), "who is asked sees it");
    city.approve("shisutemu", &id);
    assert!(sees("shisutemu"), "who has decided sees it later too");
    let found = |text: &str| {
        let query = CaseQuery { text: text.to_owned(), ..CaseQuery::default() };
        city.approval.cases(&city.sits("ciso"), &query).unwrap().total
    };
    assert_eq!((found("税第1号"), found("YAMADA"), found("秘密"), found("%")), (1, 1, 0, 0));
}

pub(super) fn an_auditor_drafts_an_audit_and_decides_nothing(city: &City) {
    let id = city.draft("kansa", "audit");
    assert_eq!(city.asked(&id), "ciso");
    city.approve("ciso", &id);
    // The deputy of the drafter's own unit is left out on this route.
    let case = crate::NewCase { unit: "sogo-seisaku".parse().unwrap(), ..city.new_case("kansa", "audit") };
    let id = city.approval.draft(case).unwrap();
    assert_eq!(city.asked(&id), "");
    assert_eq!(city.view(&id).blocked.len(), 1);
}

pub(super) fn a_decision_needs_a_fresh_second_factor_at_the_screen(city: &City) {
    let id = city.draft("yamada", "register-change");
    let digest = city.view(&id).case.digest;
    let try_as = |principal: &sekisho_identity::Principal| {
        city.approval.decide(principal, &id, &digest, Decision::Approve, "").unwrap_err()
    };
    let mut suzuki = city.sits("suzuki");
    suzuki.step_up_until_ms = None;
    assert!(matches!(try_as(&suzuki), ApprovalError::StepUpNeeded));
    suzuki.step_up_until_ms = Some(city.clock_ms());
    assert!(matches!(try_as(&suzuki), ApprovalError::StepUpNeeded));
    suzuki.step_up_until_ms = Some(i64::MAX);
    suzuki.way = Way::Token("sk_pat_1".to_owned());
    assert!(matches!(try_as(&suzuki), ApprovalError::NotPermitted { .. }));
    assert_eq!(city.view(&id).case.state, CaseState::Open);
    assert!(city.events("approval.decided").is_empty());
}
