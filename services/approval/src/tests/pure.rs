//! Parts without a store: digests, numbers, days, identifiers, plans.

use jiff::civil::date;
use proptest::prelude::*;
use sekisho_policy::{Lang, UnitId};
use serde_json::{Value as Json, json};

use super::city::policy;
use crate::{CaseId, CaseState, canonical, day, digest_of, number, plan};

#[test]
fn a_digest_depends_on_everything_that_is_decided_and_not_on_spelling() {
    let route = "contract".parse().unwrap();
    let other_route = "disposal".parse().unwrap();
    let a: Json = serde_json::from_str(r#"{"b":[1,{"d":null,"c":"髙﨑𠮷"}],"a":1}"#).unwrap();
    let b: Json = serde_json::from_str(r#"{ "a": 1, "b": [1, {"c": "髙﨑𠮷", "d": null}] }"#).unwrap();
    assert_eq!(canonical(&a), r#"{"a":1,"b":[1,{"c":"髙﨑𠮷","d":null}]}"#);
    let digest = digest_of("k", "t", &a, &route, Some(1), None);
    assert_eq!(digest, digest_of("k", "t", &b, &route, Some(1), None));
    assert_eq!(digest.len(), 64);
    for other in [
        digest_of("x", "t", &a, &route, Some(1), None),
        digest_of("k", "x", &a, &route, Some(1), None),
        digest_of("k", "t", &json!({}), &route, Some(1), None),
        digest_of("k", "t", &a, &other_route, Some(1), None),
        digest_of("k", "t", &a, &route, Some(2), None),
        digest_of("k", "t", &a, &route, Some(1), Some(1)),
    ] {
        assert_ne!(digest, other);
    }
}

#[test]
fn units_get_marks_as_offices_use_them() {
    let policy = policy();
    let mark = |id: &str| number::mark(&policy, &id.parse::<UnitId>().unwrap());
    assert_eq!(mark("joho-seisaku"), "情政");
    assert_eq!(mark("zeimu"), "税");
    assert_eq!(mark("kosodate"), "子育て支援", "not only Chinese characters");
    assert_eq!(mark("kikaku"), "企政");
    assert_eq!((mark("somu").as_str(), mark("somu-ka").as_str()), ("総務部", "総務課"));
    // Every unit has a mark of its own.
    let mut marks: Vec<String> = policy.units.iter().map(|unit| number::mark(&policy, &unit.id)).collect();
    let all = marks.len();
    marks.sort();
    marks.dedup();
    assert_eq!(marks.len(), all, "{marks:?}");
}

#[test]
fn days_are_those_of_japan_and_years_begin_in_april() {
    let midnight = 1_806_505_200_000; // 2027-04-01 00:00 in Japan
    assert_eq!(day::day_of(midnight), date(2027, 4, 1));
    assert_eq!(day::day_of(midnight - 1), date(2027, 3, 31));
    assert_eq!(day::end_of(date(2027, 3, 31)), midnight - 1);
    assert_eq!(day::end_after(midnight, 0), midnight + 86_400_000 - 1);
    assert_eq!(day::fiscal_year(date(2027, 3, 31)), 2026);
    assert_eq!(day::fiscal_year(date(2027, 4, 1)), 2027);
    for wild in [i64::MIN, i64::MAX] {
        let _ = (day::day_of(wild), day::end_after(wild, 9));
    }
}

#[test]
fn stages_count_up_and_parallel_steps_share_one() {
    let policy = policy();
    let stages = |route: &str, amount| {
        let route = policy.route(&route.parse().unwrap()).unwrap();
        let steps = plan::plan(&policy, route, &"zeimu".parse().unwrap(), amount, None);
        steps.iter().map(|step| step.stage).collect::<Vec<_>>()
    };
    assert_eq!(stages("together", None), [0, 0, 1]);
    assert_eq!(stages("contract", Some(5_000_000)), [0, 1, 2, 3]);
    assert_eq!(stages("policy-revision", None), [0, 1, 2]);
}

#[test]
fn every_state_has_names_in_both_languages() {
    for state in CaseState::ALL {
        assert_eq!(CaseState::from_id(state.id()), Some(state));
        assert_ne!(state.label(Lang::Ja), state.label(Lang::En));
    }
}

proptest! {
    #[test]
    fn identifiers_keep_every_bit_and_read_back(bits: u128) {
        let id = CaseId::from_random(bits);
        prop_assert_eq!(id.as_str().parse::<CaseId>().unwrap(), id.clone());
        prop_assert_ne!(CaseId::from_random(bits ^ 1), id);
    }

    #[test]
    fn no_text_makes_reading_an_identifier_panic(text: String) {
        let _ = text.parse::<CaseId>();
    }
}
