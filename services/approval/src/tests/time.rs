//! Due dates, the worklist, and a clock that goes wrong.

use std::time::{Duration, Instant};

use super::city::{City, DAY, MORNING};
use crate::{Capacity, CaseState, Counts, NewCase, TaskKind};

pub(super) fn an_overdue_step_lets_the_deputy_decide_and_goes_up(city: &City) {
    let id = city.draft("yamada", "register-change");
    city.clock.set(MORNING + 5 * DAY + 14 * 3_600_000);
    assert_eq!(city.asked(&id), "suzuki", "in time until the end of the fifth day");
    assert_eq!(city.approval.escalate().unwrap().raised, 0);
    // 00:00 of the day after, in Japan.
    city.clock.set(MORNING + 5 * DAY + 15 * 3_600_000);
    assert_eq!(city.asked(&id), "suzuki tanaka");
    let step = &city.view(&id).steps[0];
    assert!(step.overdue && step.due.unwrap().to_string() == "2026-11-28");
    assert_eq!(city.approval.escalate().unwrap().raised, 1);
    assert_eq!(city.approval.escalate().unwrap().raised, 0, "once");
    assert_eq!(city.asked(&id), "somubucho suzuki tanaka");
    city.clock.advance(30 * DAY);
    assert_eq!(city.approval.escalate().unwrap().raised, 0, "nothing lies above the department");
    city.approve("somubucho", &id);
    let view = city.view(&id);
    assert_eq!((view.case.state, view.marks[0].capacity), (CaseState::Approved, Capacity::Superior));
    assert_eq!(city.tasks("suzuki")[0].kind, TaskKind::Reread);
    city.check();
}

pub(super) fn a_clock_set_back_changes_neither_due_dates_nor_absences(city: &City) {
    let id = city.draft("yamada", "register-change");
    city.clock.set(MORNING + 6 * DAY);
    city.away("suzuki", 0, 1, Some("mori")).unwrap();
    assert_eq!(city.asked(&id), "mori suzuki tanaka");
    assert_eq!(city.approval.escalate().unwrap().raised, 1);
    for wrong in [0, MORNING - 400 * DAY, MORNING] {
        city.clock.set(wrong);
        assert_eq!(city.asked(&id), "mori somubucho suzuki tanaka", "{wrong}");
        assert!(city.view(&id).steps[0].overdue);
        assert_eq!(city.approval.escalate().unwrap().raised, 0);
        assert!(city.tasks("suzuki")[0].overdue);
        let early = city.approval.set_absence(&city.sits("ito"), city.today(), city.today(), None);
        assert!(early.is_err(), "a day that is over in the ledger");
    }
    // What is drafted meanwhile is due after what the ledger knows, not before.
    let later = city.draft("yamada", "register-change");
    assert_eq!(city.view(&later).steps[0].due.unwrap().to_string(), "2026-12-04");
    assert_eq!(city.view(&later).case.created_ms, city.view(&later).case.updated_ms);
    city.check();
}

pub(super) fn the_worklist_shows_the_urgent_first_and_counts(city: &City) {
    let late = city.draft("yamada", "register-change");
    city.clock.advance(6 * DAY);
    let soon = city.draft("yamada", "register-change");
    let due = city.today().tomorrow().unwrap();
    let urgent = city
        .approval
        .draft(NewCase { due: Some(due), ..city.new_case("yamada", "register-change") })
        .unwrap();
    let list = city.tasks("suzuki");
    assert_eq!(list.iter().map(|task| &task.case).collect::<Vec<_>>(), [&late, &urgent, &soon]);
    assert_eq!(list[1].due, Some(due), "the case's own date is earlier than the step's");
    let counts = city.approval.counts(&city.sits("suzuki")).unwrap();
    assert_eq!(counts, Counts { decide: 3, overdue: 1, ..Counts::default() });
    city.decide("suzuki", &urgent, crate::Decision::Return).unwrap();
    let mine = city.tasks("yamada");
    assert_eq!(
        mine.iter().map(|task| task.kind).collect::<Vec<_>>(),
        [TaskKind::Returned, TaskKind::Waiting, TaskKind::Waiting]
    );
    assert_eq!(mine[1].note, "suzukiさん、tanakaさん");
    assert_eq!(mine[2].note, "suzukiさん");
    let counts = city.approval.counts(&city.sits("yamada")).unwrap();
    assert_eq!(counts, Counts { returned: 1, waiting: 2, ..Counts::default() });
    city.dismiss("yamada");
    assert!(city.approval.worklist(&city.sits("yamada")).unwrap().is_empty());
}

pub(super) fn a_worklist_over_many_cases_is_quick(city: &City) {
    for _ in 0..60 {
        city.draft("hirata", "disposal");
        city.draft("yamada", "register-change");
    }
    let started = Instant::now();
    let list = city.tasks("suzuki");
    let took = started.elapsed();
    assert_eq!(list.len(), 60);
    // Generous, because other tests run beside it; it is a few milliseconds.
    let bound = if city.is_sqlite() { 1000 } else { 2000 };
    assert!(took < Duration::from_millis(bound), "{took:?}");
}
