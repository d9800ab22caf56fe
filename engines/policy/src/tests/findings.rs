//! What is refused, and in which words.

use super::*;

#[test]
fn an_undeclared_zone_is_named_with_the_nearest_one() {
    let files = with("conduits.toml", "to = \"lgwan\"", "to = \"lgwna\"");
    let found = findings(&files);
    expect![[r#"
        error[undeclared]: zone `lgwna` is not declared; did you mean `lgwan`?
          --> policies/imari/conduits.toml:11:6
           |
        11 | to = "lgwna"
           |      ^^^^^^^
    "#]]
    .assert_eq(&found[0].render(Lang::En));
    expect![[r#"
        エラー[undeclared]: 領域 `lgwna` は宣言されていません。`lgwan` の誤りではありませんか。
          --> policies/imari/conduits.toml:11:6
           |
        11 | to = "lgwna"
           |      ^^^^^^^
    "#]]
    .assert_eq(&found[0].render(Lang::Ja));
    assert_eq!(found.len(), 1);
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_source() {
    let mut files = with("zones.toml", "#00538a", "#ffcc00");
    for (name, from, to) in [
        ("zones.toml", "10.20.0.0/16", "10.10.4.0/24"),
        ("zones.toml", "port = 8443", "prot = 8443"),
        (
            "conduits.toml",
            "approval = \"outgoing\"\nsearch_individual_numbers = true",
            "search_individual_numbers = false",
        ),
        ("conduits.toml", "methods = [\"rebuild\"]", "methods = [\"rebiuld\"]"),
        ("municipality.toml", "412058", "412057"),
        ("routes.toml", "role = \"section-manager\"", "role = \"staff\""),
        ("units.toml", "parent = \"sogo-seisaku\"", "parent = \"kikaku\""),
        ("retention.toml", "idle_minutes = 30", "idle_minutes = 3000"),
        ("classification.toml", "mark = \"3B\"", "mark = \"3D\""),
    ] {
        let file = files.iter_mut().find(|f| f.path.ends_with(name)).unwrap();
        assert!(file.text.contains(from), "{from}");
        file.text = file.text.replacen(from, to, 1);
    }
    check(
        &files,
        &expect![[r#"
            policies/imari/classification.toml:5:11: there is no class 3B of confidentiality [class-missing]
            policies/imari/classification.toml:30:8: confidentiality has no class `3D` in this edition [class-unknown]
            policies/imari/conduits.toml:12:12: `rebiuld` is not a value of `methods`; did you mean `rebuild`? [unknown-value]
            policies/imari/conduits.toml:39:6: a conduit to a less protected zone has no route of approval [outgoing-approval]
            policies/imari/conduits.toml:42:29: a conduit to a less protected zone must search for Individual Numbers [outgoing-search]
            policies/imari/municipality.toml:11:8: the check digit of `412057` is wrong; for 41205 the code is `412058` [check-digit]
            policies/imari/retention.toml:18:16: `idle_minutes` (3000) exceeds `absolute_minutes` (540) [bounds]
            policies/imari/routes.toml:10:8: role `staff` lacks the permission `approve-transfer` [step-cannot-approve]
            policies/imari/units.toml:17:10: the parent is not of a higher rank (department, section, team) [parent-not-above]
            policies/imari/units.toml:17:10: the units above form a cycle (`kikaku` → `kikaku`) [unit-cycle]
            policies/imari/zones.toml:18:9: white text on #ffcc00 has a contrast of only 1.5 [contrast]
            policies/imari/zones.toml:19:13: network 10.10.4.0/24 overlaps 10.10.0.0/16 of zone `internet` [networks-overlap]
            policies/imari/zones.toml:29:1: [[zone]] has no key `prot`; did you mean `port`? [unknown-key]
        "#]],
    );
}

#[test]
fn a_conduit_into_a_mynumber_zone_needs_a_specific_communication_and_a_reason() {
    check(
        &with("conduits.toml", "to = \"lgwan\"", "to = \"mynumber\""),
        &expect![[r#"
        policies/imari/conduits.toml:11:6: a conduit that touches a MyNumber zone lacks `specific_communication` [mynumber-conduit]
        policies/imari/conduits.toml:11:6: a conduit that touches a MyNumber zone lacks `reason_ja` and `reason_en` [mynumber-reason]
    "#]],
    );
}

#[test]
fn a_specific_communication_with_all_its_terms_is_accepted() {
    let files = with(
        "conduits.toml",
        "to = \"lgwan\"",
        "to = \"mynumber\"\nreason_ja = \"申請データの受信\"\nreason_en = \"Receipt of applications\"\nspecific_communication = { addresses = [\"192.0.2.10/32\"], mac_addresses = [\"02:00:00:00:00:01\"], ports = [443], expires = 2027-03-31 }",
    );
    let policy = Policy::parse(&files).unwrap();
    let terms = policy.conduits[0].specific_communication.as_ref().unwrap();
    assert_eq!((terms.ports[0], terms.expires.to_string().as_str()), (443, "2027-03-31"));
}

#[test]
fn no_setting_lets_an_applicant_approve() {
    check(
        &with("routes.toml", "scope = \"same-unit\"", "scope = \"same-unit\"\nallow_self_approval = true"),
        &expect![[r#"
        policies/imari/routes.toml:12:1: [[route.step]] has no key `allow_self_approval` [self-approval]
    "#]],
    );
}

#[test]
fn an_auditor_cannot_hold_what_is_audited() {
    check(
        &with("roles.toml", "\"audit\", \"view-all\"", "\"audit\", \"administer\""),
        &expect![[r#"
        policies/imari/roles.toml:32:15: a role that audits also holds what is audited (`administer`) [auditor-acts]
    "#]],
    );
}

#[test]
fn a_cycle_of_units_is_refused() {
    check(
        &with(
            "units.toml",
            "kind = \"department\"\nbody = \"mayor\"",
            "kind = \"department\"\nbody = \"mayor\"\nparent = \"kikaku\"",
        ),
        &expect![[r#"
            policies/imari/units.toml:10:10: the parent is not of a higher rank (department, section, team) [parent-not-above]
            policies/imari/units.toml:18:10: the units above form a cycle (`kikaku` → `sogo-seisaku` → `kikaku`) [unit-cycle]
        "#]],
    );
}

#[test]
fn a_route_without_steps_is_refused() {
    let mut files = imari();
    files.push(SourceFile::new(
        "x.toml",
        "[[route]]\nid = \"empty\"\nlabel_ja = \"空\"\nlabel_en = \"Empty\"\nstep = []\n",
    ));
    check(
        &files,
        &expect![[r#"
            x.toml:5:8: `step` (a step) must be at least 1 [[route.step]] [malformed]
        "#]],
    );
}

#[test]
fn identifiers_and_tables_declared_twice_are_refused() {
    let mut files = imari();
    files.push(SourceFile::new("x.toml", "[[body]]\nid = \"mayor\"\nname_ja = \"市長\"\nname_en = \"Mayor\"\n\n[policy]\nversion = \"2\"\neffective_from = 2026-04-01\n"));
    check(
        &files,
        &expect![[r#"
        x.toml:2:6: body `mayor` is already declared in policies/imari/municipality.toml [duplicate-id]
        x.toml:6:1: [policy] is already given in policies/imari/municipality.toml [duplicate-table]
    "#]],
    );
}

#[test]
fn every_syntax_error_of_every_file_is_reported() {
    let files = [SourceFile::new("a.toml", "[zone\nid = \n"), SourceFile::new("b.toml", "x = 'y\n")];
    let found = findings(&files);
    assert!(found.iter().all(|d| d.code == "syntax"));
    assert!(found.iter().any(|d| d.path == "a.toml") && found.iter().any(|d| d.path == "b.toml"));
}

#[test]
fn an_empty_declaration_lists_what_is_missing() {
    check(
        &[],
        &expect![[r#"
        (no file):1:1: no file has [[body]] (a body of clause 4(1)) [missing-table]
        (no file):1:1: no file has [[class]] (a class of information assets) [missing-table]
        (no file):1:1: no file has [[role]] (a role and its permissions) [missing-table]
        (no file):1:1: no file has [[unit]] (a department, section or team) [missing-table]
        (no file):1:1: no file has [[zone]] (a zone of the three tiers) [missing-table]
        (no file):1:1: no file has [classification] (edition of the classification) [missing-table]
        (no file):1:1: no file has [limits] (budgets) [missing-table]
        (no file):1:1: no file has [municipality] (the municipality) [missing-table]
        (no file):1:1: no file has [policy] (version and effective day of this declaration) [missing-table]
        (no file):1:1: no file has [retention] (how long things are kept) [missing-table]
        (no file):1:1: no file has [session] (sessions) [missing-table]
    "#]],
    );
}

#[test]
fn wrong_types_say_what_to_write() {
    check(
        &[SourceFile::new(
            "a.toml",
            "[session]\nidle_minutes = \"30\"\nabsolute_minutes = 0\nstep_up_minutes = 1.5\nlockout_attempts = [5]\n[[unit]]\nid = \"部\"\n[policy]\nversion = \" \"\neffective_from = \"2026-04-01\"\n",
        )],
        &expect![[r#"
            a.toml:1:1: no file has [[body]] (a body of clause 4(1)) [missing-table]
            a.toml:1:1: no file has [[class]] (a class of information assets) [missing-table]
            a.toml:1:1: no file has [[role]] (a role and its permissions) [missing-table]
            a.toml:1:1: no file has [[zone]] (a zone of the three tiers) [missing-table]
            a.toml:1:1: no file has [classification] (edition of the classification) [missing-table]
            a.toml:1:1: no file has [limits] (budgets) [missing-table]
            a.toml:1:1: no file has [municipality] (the municipality) [missing-table]
            a.toml:1:1: no file has [retention] (how long things are kept) [missing-table]
            a.toml:1:2: [session] lacks `lockout_minutes` (minutes of the first lock) [missing-key]
            a.toml:2:16: `idle_minutes` (minutes without a request) must be a whole number without quotes [malformed]
            a.toml:3:20: `absolute_minutes` (minutes after which a session ends) must be a whole number from 1 to 10080 [malformed]
            a.toml:4:19: `step_up_minutes` (minutes for which a step-up lasts) must be a whole number without quotes [malformed]
            a.toml:5:20: `lockout_attempts` (failures before a lock) must be a whole number without quotes [malformed]
            a.toml:6:1: [[unit]] lacks `body` (body to which it belongs) [missing-key]
            a.toml:6:1: [[unit]] lacks `kind` (rank of the unit) [missing-key]
            a.toml:6:1: [[unit]] lacks `name_en` (name in English) [missing-key]
            a.toml:6:1: [[unit]] lacks `name_ja` (name in Japanese) [missing-key]
            a.toml:7:6: `id` (identifier) must be an identifier of 1 to 64 of a-z, 0-9 and `-` [malformed]
            a.toml:9:11: `version` (name of the version) must be text of 1 to 400 characters without control characters or surrounding spaces [malformed]
            a.toml:10:18: `effective_from` (day from which it applies) must be a day without quotes, such as 2026-04-01 [malformed]
        "#]],
    );
}

#[test]
fn excerpts_cannot_move_the_cursor_or_reorder_text() {
    let found = findings(&[SourceFile::new("a.toml", "[policy]\nversion = \"\u{202e}x\"\nbad\t= 1\n")]);
    let text = crate::render_all(&found, Lang::Ja);
    assert!(!text.contains('\u{202e}') && !text.contains('\t'));
}

#[test]
fn the_caret_stands_under_the_word_after_wide_characters() {
    let files = with(
        "roles.toml",
        "permissions = [\"submit-transfer\", \"receive-transfer\"]",
        "\"権限\" = 1\npermissions = [\"submit-transfer\", \"receive-transfer\"]",
    );
    expect![[r#"
        エラー[unknown-key]: [[role]] に `権限` という項目はありません。
         --> policies/imari/roles.toml:8:1
          |
        8 | "権限" = 1
          | ^^^^^^
          = 対処: 使える項目は `id`、`label_ja`、`label_en`、`permissions` です。
    "#]]
    .assert_eq(&findings(&files)[0].render(Lang::Ja));
}

#[test]
fn older_editions_of_the_classification_are_possible() {
    let files = with("classification.toml", "edition = \"2024-10\"", "edition = \"before-2024-10\"");
    check(
        &files,
        &expect![[r#"
        policies/imari/classification.toml:5:11: there is no class 3 of confidentiality [class-missing]
        policies/imari/classification.toml:10:8: confidentiality has no class `3A` in this edition [class-unknown]
        policies/imari/classification.toml:30:8: confidentiality has no class `3B` in this edition [class-unknown]
        policies/imari/classification.toml:49:8: confidentiality has no class `3C` in this edition [class-unknown]
    "#]],
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, ..Default::default() })]

    #[test]
    fn any_text_gives_a_policy_or_findings(text in "\\PC{0,200}") {
        let _ = Policy::parse(&[SourceFile::new("a.toml", text)]).map_err(|found| crate::render_all(&found, Lang::Ja));
    }

    #[test]
    fn any_damage_to_a_file_gives_a_policy_or_findings_with_true_places(file in 0_usize..8, at in 0_usize..8000, with in "[\\[\\]\"={}#\\n a0ー🙂]{0,4}") {
        let mut files = imari();
        let text = &mut files[file].text;
        let mut at = at % text.len();
        while !text.is_char_boundary(at) { at -= 1; }
        let mut end = (at + 3).min(text.len());
        while !text.is_char_boundary(end) { end += 1; }
        text.replace_range(at..end, &with);
        if let Err(found) = Policy::parse(&files) {
            for d in found {
                let source = files.iter().find(|f| f.path == d.path).unwrap();
                proptest::prop_assert!(d.line <= source.text.matches('\n').count() + 1);
                proptest::prop_assert!(d.column >= 1);
                proptest::prop_assert!(!d.render(Lang::En).is_empty());
            }
        }
    }
}

/// The example with routes of one's own, in a file of its own: `x.toml`.
fn check_routes(routes: &str, expect: &Expect) {
    let mut files = imari();
    files.push(SourceFile::new("x.toml", routes));
    check(&files, expect);
}

fn route(steps: &str) -> String {
    format!("[[route]]\nid = \"r\"\nlabel_ja = \"経路\"\nlabel_en = \"Route\"\n{steps}")
}

#[test]
fn an_auditor_takes_no_part_in_a_decision() {
    check_routes(
        &route(
            "[[route.step]]\nrole = \"audit-chief\"\nscope = \"any\"\naction = \"agree\"\n[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\ndeputies = [\"auditor\"]\n",
        ),
        &expect![[r#"
            x.toml:6:8: role `audit-chief` audits and takes part in a decision [auditor-decides]
            x.toml:12:13: role `auditor` audits and takes part in a decision [auditor-decides]
        "#]],
    );
}

#[test]
fn a_consent_needs_no_right_to_approve_and_a_decision_does() {
    check_routes(
        &route(
            "[[route.step]]\nrole = \"staff\"\nscope = \"any\"\naction = \"agree\"\n[[route.step]]\nrole = \"general-affairs\"\nscope = \"any\"\n",
        ),
        &expect![[r#"
            x.toml:10:8: role `general-affairs` lacks the permission `approve-transfer` [step-cannot-approve]
        "#]],
    );
}

#[test]
fn a_route_that_can_end_without_a_decision_is_refused_with_the_amount() {
    check_routes(
        &route(
            "[[route.step]]\nrole = \"section-manager\"\nscope = \"same-unit\"\namount_below = 500\n[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\namount_from = 501\n",
        ),
        &expect![[r#"
            x.toml:5:1: a case of 500 yen of the lowest class does not end in a decision [route-without-decision]
        "#]],
    );
    check_routes(
        &route("[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\naction = \"agree\"\n"),
        &expect![[r#"
            x.toml:5:1: a case of 0 yen of the lowest class does not end in a decision [route-without-decision]
        "#]],
    );
    check_routes(
        &route("[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\nclass_from = \"c2\"\n"),
        &expect![[r#"
            x.toml:5:1: a case of 0 yen of the lowest class does not end in a decision [route-without-decision]
        "#]],
    );
}

#[test]
fn steps_that_contradict_themselves_are_refused() {
    check_routes(
        &route(
            "[[route.step]]\nrole = \"ciso\"\nscope = \"same-unit\"\nunit = \"joho-seisaku\"\naction = \"agree\"\ndelegated = true\nclass_from = \"i2\"\n[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\namount_from = 5\namount_below = 5\n[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\n",
        ),
        &expect![[r#"
            x.toml:7:9: a step with a `unit` of its own has a `scope` other than `any` [unit-and-scope]
            x.toml:10:13: only a decision can be a delegated one; this step is a consent [delegated-consent]
            x.toml:11:14: class `i2` is not one of confidentiality [not-confidentiality]
            x.toml:16:16: `amount_from` (5) is not less than `amount_below` (5), so no amount passes this step [bounds]
        "#]],
    );
}

#[test]
fn parallel_steps_stand_together_and_do_not_mix() {
    let step = |name: &str, action: &str| {
        format!(
            "[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\nparallel = \"{name}\"\naction = \"{action}\"\n"
        )
    };
    let last = "[[route.step]]\nrole = \"ciso\"\nscope = \"any\"\n";
    check_routes(
        &route(&format!("{}{}{}{last}", step("a", "agree"), step("b", "agree"), step("a", "agree"))),
        &expect![[r#"
            x.toml:18:12: the parallel steps `a` do not stand next to each other [parallel-apart]
        "#]],
    );
    check_routes(
        &route(&format!("{}{}{last}", step("a", "agree"), step("a", "decide"))),
        &expect![[r#"
        x.toml:13:12: the parallel steps `a` mix consents and decisions [parallel-mixed]
    "#]],
    );
}

#[test]
fn a_transfer_cannot_walk_a_route_with_conditions() {
    check(
        &with("routes.toml", "scope = \"same-unit\"", "scope = \"same-unit\"\namount_from = 1"),
        &expect![[r#"
            policies/imari/routes.toml:9:1: a case of 0 yen of the lowest class does not end in a decision [route-without-decision]
            policies/imari/routes.toml:12:15: a route that a conduit uses can't have `amount_from` [conduit-route]
        "#]],
    );
}

/// The example with a section `[sign-in]`.
fn signing_in(section: &str) -> Vec<SourceFile> {
    let mut files = imari();
    files.push(SourceFile::new("policies/imari/sign-in.toml", section));
    files
}

const DIRECTORY: &str = "[sign-in]\nnew_accounts = \"directory\"\n[sign-in.directory]\nkind = \"active-directory\"\n\
servers = [\"ldaps://dc1.imari.example\", \"ldap://127.0.0.1:389\"]\nbase = \"dc=imari,dc=example\"\n\
bind_dn = \"cn=sekisho,dc=imari,dc=example\"\npassword_file = \"/etc/sekisho/secrets/ldap\"\n";

const OIDC: &str = "[sign-in.oidc]\nissuer = \"https://idp.imari.example/city\"\nclient_id = \"sekisho\"\n\
label_ja = \"職員認証基盤\"\nlabel_en = \"City sign-in\"\nmfa_amr = [\"mfa\"]\nmfa_zones = [\"lgwan\"]\n";

#[test]
fn sign_in_by_services_outside_is_read_with_its_usual_values() {
    let policy = Policy::parse(&signing_in(&format!("{DIRECTORY}{OIDC}"))).unwrap();
    let directory = policy.sign_in.directory.unwrap();
    assert_eq!((directory.login_attribute.as_str(), directory.timeout_seconds), ("sAMAccountName", 5));
    let oidc = policy.sign_in.oidc.unwrap();
    assert_eq!(oidc.login_claim, "preferred_username");
    assert_eq!(oidc.scopes, ["openid", "profile"]);
    assert_eq!(policy.sign_in.new_accounts, crate::SignInWay::Directory);
    assert_eq!(imari_policy().sign_in, crate::SignInSettings::default());
}

#[test]
fn a_sign_in_that_leaks_or_can_not_work_is_refused() {
    for (from, to, code) in [
        ("ldaps://dc1.imari.example", "ldap://dc1.imari.example", "sign-in-plain"),
        ("ldaps://dc1.imari.example", "dc1.imari.example", "sign-in-server"),
        ("ldap://127.0.0.1:389", "ldap://127.0.0.1.example:389", "sign-in-plain"),
        ("bind_dn = \"cn=sekisho,dc=imari,dc=example\"\n", "", "sign-in-search"),
        ("base =", "user_dn = \"uid={login},dc=x\"\nbase =", "sign-in-search"),
        ("base =", "user_dn = \"uid=x\"\nbase =", "sign-in-template"),
        ("base =", "filter = \"objectClass=person\"\nbase =", "sign-in-filter"),
        ("base =", "login_attribute = \"uid)(\"\nbase =", "sign-in-attribute"),
        ("/etc/sekisho/secrets/ldap", "secrets/ldap", "sign-in-path"),
        ("https://idp.imari.example/city", "http://idp.imari.example/city", "sign-in-plain"),
        ("https://idp.imari.example/city", "https://a@idp.imari.example", "sign-in-issuer"),
        ("mfa_zones = [\"lgwan\"]\n", "", "sign-in-evidence"),
        ("mfa_amr = [\"mfa\"]\n", "", "sign-in-evidence"),
        ("[\"lgwan\"]", "[\"lgwna\"]", "undeclared"),
        ("\"directory\"", "\"oidc\"\n[sign-in.x]", "unknown-key"),
    ] {
        let text = format!("{DIRECTORY}{OIDC}");
        assert!(text.contains(from), "{from}");
        let found = findings(&signing_in(&text.replacen(from, to, 1)));
        assert!(found.iter().any(|finding| finding.code == code), "{to}: {found:?}");
    }
    let alone = findings(&signing_in("[sign-in]\nnew_accounts = \"oidc\"\n"));
    assert_eq!(alone.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["sign-in-way"]);
}
