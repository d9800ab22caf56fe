//! The registers on a real store. Every case of the suite runs on SQLite, and on PostgreSQL where its programs are
//! installed.

mod authority;
mod bed;
mod exchange;
mod postgres;
mod rows;
mod speed;

/// Runs every case of the suite on SQLite, as one test each.
macro_rules! cases {
    ($($module:ident :: $case:ident)*) => {
        mod on_sqlite {
            $(
                #[test]
                fn $case() {
                    super::$module::$case(&super::bed::Bed::sqlite());
                }
            )*
        }

        /// The same for another database.
        const CASES: &[(&str, fn(&bed::Bed))] =
            &[$((stringify!($case), $module::$case as fn(&bed::Bed))),*];
    };
}

cases! {
    rows::a_row_is_added_changed_removed_and_keeps_its_history
    rows::the_second_writer_sees_the_difference_and_overwrites_nothing
    rows::numbers_have_no_gaps_and_are_never_assigned_twice
    rows::keys_and_unique_fields_stay_unique
    rows::a_reference_must_exist_and_holds_its_row
    rows::rules_refuse_and_warn
    rows::an_individual_number_is_kept_out_and_the_ledger_never_holds_it
    rows::only_a_reasoned_override_of_the_section_manager_passes
    rows::containers_take_the_highest_class_of_their_parts
    rows::lists_are_searched_filtered_sorted_and_paged
    rows::a_day_in_the_past_is_shown_as_it_was
    rows::secret_fields_are_neither_shown_nor_found
    rows::what_is_due_reaches_the_right_people
    rows::a_change_waits_for_approval_and_is_made_by_the_last_decision
    rows::a_stale_change_goes_back_to_its_drafter
    rows::a_changed_definition_is_refused_with_the_rows_that_do_not_fit
    rows::a_definition_that_disappears_is_refused_while_rows_live
    rows::old_rows_are_disposed_of_and_a_replay_agrees
    rows::personal_views_belong_to_one_person
    rows::several_rows_are_saved_together_or_not_at_all
    rows::other_services_write_inside_their_own_unit
    exchange::an_edited_export_changes_exactly_the_edited_cells
    exchange::new_and_missing_rows_are_shown_and_taken_over
    exchange::what_others_changed_meanwhile_is_refused_and_named
    exchange::refusals_name_their_cells_and_nothing_is_imported
    exchange::a_dry_run_that_is_out_of_date_is_refused
    exchange::only_rows_within_reach_are_exported_and_imported
    authority::every_role_reaches_exactly_what_the_table_says
}
