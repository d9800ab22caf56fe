//! Behaviour of approvals, on both databases: `suite.rs` holds the cases, each runs on SQLite as a test of its own and all
//! of them on a private PostgreSQL server.

mod city;
mod flow;
mod notices;
mod people;
#[path = "../../../store/testing/postgres_suite.rs"]
mod postgres;
mod pure;
mod time;

use sekisho_store::Database;

use city::City;

/// A case of the suite: gets a fresh, empty city.
type Case = fn(&City);

macro_rules! suite {
    ($($room:ident: $($name:ident),+;)+) => {
        const CASES: &[(&str, Case)] = &[$($((stringify!($name), $room::$name)),+),+];

        mod on_sqlite {
            $($(
                #[test]
                fn $name() {
                    super::$room::$name(&super::City::new(super::Database::Sqlite));
                }
            )+)+
        }
    };
}

suite! {
    flow:
        a_case_gets_its_number_and_walks_its_route_to_its_effect,
        an_amount_decides_who_decides,
        a_class_raises_the_decision,
        a_decision_names_the_digest_and_a_revision_voids_what_was_decided_before,
        parallel_steps_run_together_and_the_next_waits_for_all,
        a_quorum_needs_that_many_people,
        an_effect_that_refuses_leaves_nothing_but_the_returned_case,
        a_case_of_an_unknown_effect_is_not_decided,
        many_cases_are_decided_each_by_its_own_digest,
        rejected_returned_and_withdrawn_cases_ask_nobody,
        what_cannot_be_drafted_is_refused_with_a_reason,
        numbers_count_up_by_unit_and_fiscal_year,
        disposed_cases_leave_the_tables_alike_live_and_replayed;
    people:
        the_drafter_never_decides_not_through_a_deputy_either,
        one_person_counts_once,
        a_deputy_decides_only_while_the_holder_is_absent_and_the_holder_rereads,
        a_substitute_decides_for_the_absent_and_for_their_absent_deputy,
        deputies_in_a_circle_are_refused_with_the_chain,
        absences_are_checked_and_taken_back,
        a_step_follows_the_role_when_its_holder_leaves,
        a_step_that_nobody_can_decide_says_what_to_do,
        nobody_sees_what_does_not_concern_them,
        an_auditor_drafts_an_audit_and_decides_nothing,
        a_decision_needs_a_fresh_second_factor_at_the_screen;
    time:
        an_overdue_step_lets_the_deputy_decide_and_goes_up,
        a_clock_set_back_changes_neither_due_dates_nor_absences,
        the_worklist_shows_the_urgent_first_and_counts,
        a_worklist_over_many_cases_is_quick;
    notices:
        everybody_gets_one_mail_with_number_title_and_link_only,
        a_relay_that_is_down_loses_no_notice,
        reminders_go_out_once_a_day;
}
