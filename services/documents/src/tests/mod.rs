//! Whole journeys of documents in a small city: the real store, approvals and sandbox, a clock of one's own. Each case
//! runs on SQLite as a test of its own, and all of them on a private PostgreSQL server.

mod city;
mod journey;
#[path = "../../../store/testing/postgres_suite.rs"]
mod postgres;
mod tiers;

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
    journey:
        a_revision_goes_from_draft_through_approval_to_publication,
        a_returned_draft_is_changed_and_goes_on_with_its_case,
        a_rejected_draft_may_be_discarded_and_never_becomes_a_version,
        of_two_drafts_on_one_version_the_second_must_be_drafted_anew,
        only_the_first_version_is_adopted_and_by_an_administrator_only,
        docx_comes_in_through_the_sandbox_with_the_same_clauses,
        a_public_tier_never_takes_a_standard_or_a_procedure,
        coverage_shows_what_carries_each_clause_out_and_what_is_missing;
    tiers:
        an_outsider_gets_nothing_of_a_non_public_document_from_any_function,
        readers_are_those_of_the_table_and_each_reading_is_logged_first,
        copies_and_comparisons_of_non_public_documents_are_logged_and_marked,
        a_draft_is_seen_by_its_section_until_it_is_proposed,
        the_public_export_holds_the_basic_policy_and_nothing_else,
        without_a_public_document_nothing_is_exported;
}
