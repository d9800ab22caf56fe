//! What a checked declaration answers.

use super::*;
use crate::{
    Applicant, Candidate, Color, ConduitId, Date, Eligibility, Network, Permission, RoleId, RouteId,
    StepAction, UnitId, ZoneId, code,
};

fn zone(id: &str) -> ZoneId {
    ZoneId::new(id).unwrap()
}

#[test]
fn nothing_leads_into_or_out_of_the_mynumber_zone() {
    let policy = imari_policy();
    for other in ["internet", "lgwan"] {
        assert!(policy.find_conduit(&zone(other), &zone("mynumber")).is_none());
        assert!(policy.find_conduit(&zone("mynumber"), &zone(other)).is_none());
    }
    assert_eq!(policy.conduits_between(&zone("internet"), &zone("lgwan")).count(), 2);
    let export = policy.find_conduit(&zone("lgwan"), &zone("internet")).unwrap();
    assert!(export.search_individual_numbers && export.approval.is_some());
}

#[test]
fn a_conduit_carries_classes_up_to_its_bound() {
    let policy = imari_policy();
    let export = policy.conduit(&ConduitId::new("export").unwrap()).unwrap();
    let carries = |id: &str| policy.may_carry(export, &id.parse().unwrap());
    assert!(carries("c1") && carries("c2"));
    assert!(!carries("c3c") && !carries("c3a") && !carries("i1") && !carries("nowhere"));
}

#[test]
fn nobody_decides_their_own_transfer_and_a_deputy_decides_in_the_same_section() {
    let policy = imari_policy();
    let route = policy.route(&RouteId::new("section-manager").unwrap()).unwrap();
    let (own, other): (UnitId, UnitId) = ("joho-seisaku".parse().unwrap(), "zeimu".parse().unwrap());
    let check = |person: &str, unit: &UnitId, role: &str, expected: Eligibility| {
        let roles = [RoleId::new(role).unwrap()];
        let applicant = Applicant { person: "a", unit: &own };
        let got = policy.eligibility(&route.steps[0], &applicant, &Candidate { person, unit, roles: &roles });
        assert_eq!(got, expected, "{person} {unit} {role}");
        assert_eq!(got.is_eligible(), matches!(expected, Eligibility::Holder | Eligibility::Deputy));
    };
    check("b", &own, "section-manager", Eligibility::Holder);
    check("b", &own, "deputy", Eligibility::Deputy);
    check("a", &own, "section-manager", Eligibility::OwnRequest);
    check("a", &own, "deputy", Eligibility::OwnRequest);
    check("b", &other, "section-manager", Eligibility::OtherUnit);
    check("b", &own, "ciso", Eligibility::NoRole);
}

#[test]
fn an_ancestor_decides_where_the_scope_says_so() {
    let policy = Policy::parse(&with("routes.toml", "same-unit", "ancestor")).unwrap();
    let step = &policy.route(&RouteId::new("section-manager").unwrap()).unwrap().steps[0];
    let roles = [RoleId::new("section-manager").unwrap()];
    let section: UnitId = "joho-seisaku".parse().unwrap();
    let department: UnitId = "sogo-seisaku".parse().unwrap();
    let judge = |from: &UnitId, by: &UnitId| {
        policy.eligibility(
            step,
            &Applicant { person: "a", unit: from },
            &Candidate { person: "b", unit: by, roles: &roles },
        )
    };
    assert_eq!(judge(&section, &department), Eligibility::Holder);
    assert_eq!(judge(&department, &section), Eligibility::OtherUnit);
}

#[test]
fn units_know_their_ancestors_and_addresses_their_zone() {
    let policy = imari_policy();
    let names: Vec<_> =
        policy.ancestors(&"joho-seisaku".parse().unwrap()).iter().map(|u| u.name.ja.as_str()).collect();
    assert_eq!(names, ["情報政策課", "総合政策部"]);
    assert!(policy.ancestors(&"nowhere".parse().unwrap()).is_empty());
    assert_eq!(policy.zone_of_address("10.20.3.4".parse().unwrap()).unwrap().id, zone("lgwan"));
    assert!(policy.zone_of_address("192.0.2.1".parse().unwrap()).is_none());
    assert!(policy.role_allows(&RoleId::new("staff").unwrap(), Permission::SubmitTransfer));
    assert!(!policy.role_allows(&RoleId::new("staff").unwrap(), Permission::ApproveTransfer));
}

#[test]
fn the_digest_depends_on_every_byte_and_on_nothing_else() {
    let policy = imari_policy();
    let mut moved = imari();
    moved.reverse();
    for file in &mut moved {
        file.path = file.path.replace("policies/imari", "/etc/sekisho");
    }
    assert_eq!(Policy::parse(&moved).unwrap().digest(), policy.digest());
    moved[0].text.push('\n');
    assert_ne!(Policy::parse(&moved).unwrap().digest(), policy.digest());
    assert_eq!(policy.digest().len(), 64);
}

#[test]
fn codes_of_municipalities_have_the_right_check_digit() {
    for good in ["412058", "412015", "410004", "131016", "011002"] {
        assert_eq!(code::check(good), Ok(()), "{good}");
    }
    assert_eq!(code::check("412057"), Err(code::CodeError::CheckDigit(8)));
    assert_eq!(code::check("482058"), Err(code::CodeError::Prefecture));
    for form in ["41205", "4120588", "４１２０５８", "41205a", ""] {
        assert_eq!(code::check(form), Err(code::CodeError::Form), "{form}");
    }
}

#[test]
fn networks_colours_and_days_are_strict() {
    let parse = |text: &str| text.parse::<Network>();
    assert!(parse("10.0.0.0/8").unwrap().overlaps(&parse("10.9.0.0/16").unwrap()));
    assert!(parse("::/0").unwrap().overlaps(&parse("2001:db8::/32").unwrap()));
    assert!(!parse("0.0.0.0/0").unwrap().overlaps(&parse("::/0").unwrap()));
    for bad in
        ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.1/8", "010.0.0.0/8", "a/8", ""]
    {
        assert!(parse(bad).is_err(), "{bad}");
    }
    assert!((Color::parse("#000000").unwrap().contrast_with_white() - 21.0).abs() < 0.01);
    assert!((Color::parse("#777777").unwrap().contrast_with_white() - 4.48).abs() < 0.01);
    for bad in ["#12345", "123456", "#1234567", "#12345g", "#+12345"] {
        assert!(Color::parse(bad).is_none(), "{bad}");
    }
    assert!(
        Date::new(2028, 2, 29).is_some()
            && Date::new(2026, 2, 29).is_none()
            && Date::new(2026, 13, 1).is_none()
    );
}

/// The roles that a case passes on a route of the example, consents in parentheses.
fn walk(route: &str, unit: &str, amount: Option<i64>, class_rank: Option<u8>) -> String {
    let policy = imari_policy();
    let route = policy.route(&RouteId::new(route).unwrap()).unwrap();
    let steps = policy.steps_of(route, &unit.parse().unwrap(), amount, class_rank);
    let shown = steps.iter().map(|(_, step)| {
        let place = step.unit.as_ref().map_or(String::new(), |unit| format!("@{unit}"));
        match step.action {
            StepAction::Agree => format!("({}{place})", step.role),
            StepAction::Decide => format!("{}{place}", step.role),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_contract_goes_as_high_as_its_amount_asks() {
    for (amount, expected) in [
        (0, "(section-manager@joho-seisaku) section-manager"),
        (499_999, "(section-manager@joho-seisaku) section-manager"),
        (500_000, "(section-manager) (section-manager@joho-seisaku) department-head"),
        (4_999_999, "(section-manager) (section-manager@joho-seisaku) department-head"),
        (5_000_000, "(section-manager) (section-manager@joho-seisaku) (department-head) ciso"),
    ] {
        assert_eq!(walk("contract", "zeimu", Some(amount), None), expected, "{amount}");
    }
    assert_eq!(walk("contract", "joho-seisaku", Some(1), None), "section-manager");
    let policy = imari_policy();
    let asks = |id: &str| policy.route(&RouteId::new(id).unwrap()).unwrap().asks_for_amount();
    assert!(asks("contract") && !asks("disposal"));
}

#[test]
fn a_class_raises_the_decision_and_an_unknown_class_counts_as_the_strictest() {
    for (rank, expected) in [
        (Some(1), "section-manager"),
        (Some(2), "section-manager"),
        (Some(3), "section-manager chief-officer"),
        (None, "section-manager chief-officer"),
    ] {
        assert_eq!(walk("disposal", "zeimu", None, rank), expected, "{rank:?}");
    }
}

#[test]
fn a_step_with_a_unit_of_its_own_is_decided_there() {
    let policy = imari_policy();
    let step = &policy.route(&RouteId::new("contract").unwrap()).unwrap().steps[1];
    let roles = [RoleId::new("section-manager").unwrap()];
    let (zeimu, joho): (UnitId, UnitId) = ("zeimu".parse().unwrap(), "joho-seisaku".parse().unwrap());
    let judge = |unit: &UnitId| {
        policy.eligibility(
            step,
            &Applicant { person: "a", unit: &zeimu },
            &Candidate { person: "b", unit, roles: &roles },
        )
    };
    assert_eq!(judge(&joho), Eligibility::Holder);
    assert_eq!(judge(&zeimu), Eligibility::OtherUnit);
}
