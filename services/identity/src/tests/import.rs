use super::*;

fn dry_run(world: &World, csv: &str) -> ImportReport {
    let report = world.identity.import_people(&Actor::System, csv, ImportMode::DryRun).unwrap();
    assert!(!report.applied);
    report
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let world = World::new();
    world.create("yamada", "joho-seisaku", &["staff"]);
    world.create("suzuki", "zeimu", &["staff"]);
    let csv = "\u{feff}ログイン名,氏名,フリガナ,所属,役割\r\n\
               yamada,yamada 氏,シメイ,税務課,職員、section-manager\r\n\
               suzuki,suzuki 氏,シメイ,zeimu,staff\r\n\
               \r\n\
               tanaka,\"田中, 花子\",タナカ ハナコ,市民課,職員\r\n";
    let report = dry_run(&world, csv);
    assert_eq!(
        (report.added.len(), report.changed.len(), report.unchanged, report.refused.len()),
        (1, 1, 1, 0)
    );
    assert_eq!((report.added[0].login.as_str(), report.added[0].name.as_str()), ("tanaka", "田中, 花子"));
    let changes: Vec<&str> = report.changed[0].changes.iter().map(|line| line.ja.as_str()).collect();
    assert_eq!(changes, ["所属：情報政策課 → 税務課", "役割：職員 → 情報セキュリティ管理者（課長）、職員"]);
    assert_eq!(world.events("person.").len(), 2);
}

#[test]
fn an_import_is_applied_whole() {
    let world = World::new();
    let admin = world.create("kanri", "joho-seisaku", &["administrator"]);
    world.create("yamada", "joho-seisaku", &["staff"]);
    let csv = "login,name,unit,roles\nyamada,山田 太郎,zeimu,staff\ntanaka,田中 花子,zeimu,staff;deputy\n";
    let report = world.identity.import_people(&Actor::from(&admin.id), csv, ImportMode::Apply).unwrap();
    assert!(report.applied);
    let yamada = world.identity.person_by_login("yamada").unwrap().unwrap();
    assert_eq!(
        (yamada.name.as_str(), yamada.unit.as_str(), yamada.kana.as_str()),
        ("山田 太郎", "zeimu", "シメイ")
    );
    assert_eq!(
        world.identity.person_by_login("tanaka").unwrap().unwrap().roles,
        [role_id("deputy"), role_id("staff")]
    );
    let again = world.identity.import_people(&Actor::from(&admin.id), csv, ImportMode::Apply).unwrap();
    assert_eq!((again.unchanged, again.added.len(), again.changed.len()), (2, 0, 0));
}

#[test]
fn one_refused_row_stops_the_whole_file() {
    let world = World::new();
    let csv = "login,name,unit,roles\ntanaka,田中,zeimu,staff\nx,短い,zeimu,staff\n";
    let report = world.identity.import_people(&Actor::System, csv, ImportMode::Apply).unwrap();
    assert!(!report.applied);
    assert_eq!(report.refused[0].line, 3);
    assert!(world.identity.person_by_login("tanaka").unwrap().is_none());
}

#[test]
fn each_kind_of_wrong_row_is_explained_with_its_line() {
    let world = World::new();
    let gone = world.create("gone", "zeimu", &["staff"]);
    world.identity.deactivate_person(&Actor::System, &gone.id).unwrap();
    let check = |row: &str, ja: &str, en: &str| {
        let report = dry_run(&world, &format!("login,name,kana,unit,roles\nfirst,一,,zeimu,staff\n{row}\n"));
        assert_eq!(report.refused.len(), 1, "{row}");
        assert_eq!(report.refused[0].line, 3, "{row}");
        let message = &report.refused[0].message;
        assert!(message.ja.contains(ja) && message.en.contains(en), "{row}: {message:?}");
    };
    check("山田,山田,,zeimu,staff", "ログイン名は", "A log-in name has");
    check("first,二,,zeimu,staff", "2行目と重複", "already on line 2");
    check("yamada,,,zeimu,staff", "氏名は", "A name has");
    check("yamada,山田,,存在しない課,staff", "所属「存在しない課」", "unit `存在しない課`");
    check("yamada,山田,,zeimu,staff;boss", "役割「boss」", "role `boss`");
    check("yamada,山田,,zeimu,", "役割を1つ以上", "at least one role");
    check("yamada,山田", "所属「」", "unit ``");
    check("gone,去った人,,zeimu,staff", "利用停止中", "deactivated");
    check("yamada,山田,,zeimu,auditor;administrator", "兼ねさせる", "can't be an auditor");
}

#[test]
fn a_wrong_header_is_explained() {
    let world = World::new();
    for (csv, ja) in [
        ("", "見出し行がありません"),
        ("login,name,unit\na,b,c\n", "見出し「役割」がありません"),
        ("login,name,unit,roles,電話\n", "見出し「電話」は使用できません"),
        ("login,ログイン名,name,unit,roles\n", "見出し「ログイン名」が重複"),
    ] {
        let report = dry_run(&world, csv);
        assert!(report.refused[0].message.ja.contains(ja), "{csv:?}: {:?}", report.refused);
    }
}

#[test]
fn importing_needs_the_permission() {
    let world = World::new();
    let staff = world.create("yamada", "zeimu", &["staff"]);
    let csv = "login,name,unit,roles\ntanaka,田中,zeimu,staff\n";
    for mode in [ImportMode::DryRun, ImportMode::Apply] {
        let refused = world.identity.import_people(&Actor::from(&staff.id), csv, mode);
        assert!(matches!(refused, Err(IdentityError::NotPermitted)));
    }
}

mod arbitrary {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_panics_the_reader(text in "(?s)(login,name,unit,roles\n)?.{0,200}") {
            let policy = super::imari();
            let _ = crate::import::plan_for_test(&text, &policy);
        }
    }
}
