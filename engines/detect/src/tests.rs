//! Vectors, written forms, an adversarial set, and a synthetic corpus with a floor for precision and recall.
//! Every number here is made up; a made-up number can't be told from a real one by its digits.

mod corpus;

use super::*;

/// The best finding's confidence and its masked form, or `-`.
fn verdict_of(text: &str) -> String {
    let found = scan(text, &ScanOptions::default());
    found
        .iter()
        .map(|f| {
            assert!(text.get(f.start..f.end).is_some(), "offsets lie on characters: {text}");
            format!("{:?} {}", f.confidence, f.masked)
        })
        .reduce(|a, b| a + ", " + &b)
        .unwrap_or_else(|| "-".to_owned())
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| (text, expected, verdict_of(text)))
        .filter(|(_, expected, got)| *expected != got)
        .collect();
    assert!(wrong.is_empty(), "(text, expected, got): {wrong:#?}");
}

#[test]
fn check_digits_follow_the_ordinances() {
    for good in ["123456789018", "987654321093", "983205673214"] {
        assert!(individual_number_is_valid(good), "{good}");
    }
    for bad in
        ["123456789012", "111111111118", "000000000000", "12345678901", "1234567890188", "12345678901８", ""]
    {
        assert_eq!(individual_number_is_valid(bad), bad == "111111111118", "{bad}");
    }
    for good in ["4011001098993", "7123456789012", "8000020130001", "1000020412058"] {
        assert!(corporate_number_is_valid(good), "{good}");
    }
    for bad in ["4011001098994", "401100109899", "", "a011001098993"] {
        assert!(!corporate_number_is_valid(bad), "{bad}");
    }
}

#[test]
fn all_ways_of_writing_a_labelled_number_are_found() {
    const HIGH: &str = "High ********9018";
    check(&[
        ("個人番号：123456789018", HIGH),
        ("個人番号 1234 5678 9018", HIGH),
        ("個人番号 1234-5678-9018です", HIGH),
        ("マイナンバー：１２３４５６７８９０１８", HIGH),
        ("マイナンバー　１２３４－５６７８－９０１８", HIGH),
        ("マイナンバー 1234ー５６７８‐9018", HIGH),
        ("My Number: 1234.5678.9018", HIGH),
        ("ﾏｲﾅﾝﾊﾞｰ 1234･5678･9018", HIGH),
        ("個人番号 1234 - 5678 - 9018", HIGH),
        ("個人番号 12345678\n9018", HIGH),
        ("個人番号\n1234-5678-\r\n9018", HIGH),
        ("個人番号\n1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n1\n8\n", HIGH),
        ("個人番号 1 2 3 4 5 6 7 8 9 0 1 8", HIGH),
        ("個人番号\t1234\t5678\t9018", HIGH),
        ("個人番号 1234\u{200b}5678\u{ad}9018", HIGH),
        ("個人番号 𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟎𝟏𝟖", HIGH),
        ("通知カードに記載の 123456789018 を転記", HIGH),
        ("個人番号 123456789018.0", HIGH),
        ("個人番号 1.23456789018E+11", HIGH),
        ("123456789018（個人番号）", HIGH),
        ("個人番号 123456-789018", "Medium ********9018"),
    ]);
}

#[test]
fn a_label_counts_within_300_characters_only() {
    let at = |distance: usize| format!("個人番号{}123456789018", "あ".repeat(distance));
    check(&[
        (&at(0), "High ********9018"),
        (&at(50), "High ********9018"),
        (&at(300), "High ********9018"),
        (&at(301), "Low ********9018"),
    ]);
}

#[test]
fn without_context_a_plain_token_is_low_and_a_usual_grouping_medium() {
    check(&[
        ("参照 123456789018 以上", "Low ********9018"),
        ("参照 1234-5678-9018 以上", "Medium ********9018"),
        ("参照 123456789012 以上", "-"),
        ("個人番号：123456789012", "-"),
        ("個人番号：111111111111", "-"),
    ]);
}

#[test]
fn other_numbers_are_left_alone() {
    check(&[
        // Corporate Numbers, plain and grouped.
        ("法人番号 1000020412058", "-"),
        ("法人番号 7 1234 5678 9012", "-"),
        // Times that happen to fit.
        ("受信 202604011203", "-"),
        // Telephone numbers.
        ("電話 0955-23-2111", "-"),
        ("+819012345678", "-"),
        // Payment card, 16 digits, Luhn fits.
        ("4111 1111 1111 1111", "-"),
        // JAN.
        ("JAN 4901234567894", "-"),
        // Identifier with a valid tail.
        ("550e8400-e29b-41d4-a716-123456789018", "-"),
        ("SN-ABC123456789018", "-"),
        ("https://imari.example/d/123456789018", "-"),
        // Amount and decimal.
        ("123456789018円", "-"),
        ("￥123456789018", "-"),
        ("0.123456789018", "-"),
        // Labelled as something else.
        ("受付番号：123456789018", "-"),
        ("口座番号 123456789018", "-"),
        // Part of a longer number.
        ("個人番号 12345678901812", "-"),
        ("1123456789018", "-"),
    ]);
}

#[test]
fn a_number_labelled_otherwise_next_to_the_word_is_not_high() {
    check(&[("マイナンバーカード再交付 受付番号：123456789018", "Low ********9018")]);
}

#[test]
fn times_are_left_out_unless_a_label_names_them() {
    // A time that fits the check digit, found by trying minutes.
    let time = (0..60)
        .map(|minute| format!("2026040112{minute:02}"))
        .find(|t| individual_number_is_valid(t))
        .unwrap();
    assert_eq!(verdict_of(&format!("記録 {time}")), "-");
    assert!(verdict_of(&format!("個人番号 {time}")).starts_with("Medium"));
}

#[test]
fn the_head_of_a_csv_column_decides() {
    let csv = "氏名,個人番号,備考\n山田,123456789018,あ\n";
    let found = scan(csv, &ScanOptions::default());
    assert_eq!(found[0].confidence, Confidence::High);
    assert_eq!(found[0].evidence[0], Evidence::ColumnHead);
    let filler = "\"い,ろ\",x,y\n".repeat(100);
    let prose = "電話,は,です\n山田,と,佐藤,と,123456789018\n";
    assert!(verdict_of(prose).starts_with("Low"), "a line with other columns is no row");
    let far = format!("氏名,個人番号,備考\n{filler}山田,123456789018,あ\n");
    assert!(verdict_of(&far).starts_with("High"), "beyond 300 characters the head still counts");
    let other = "氏名,受付番号,個人番号の提出\n山田,123456789018,済\n";
    assert_eq!(verdict_of(other), "-");
}

#[test]
fn leading_zeros_that_a_spreadsheet_lost_are_restored_in_a_labelled_column_only() {
    let number = (0..10).map(|c| format!("01234567890{c}")).find(|n| individual_number_is_valid(n)).unwrap();
    let short = number.trim_start_matches('0');
    assert!(verdict_of(&format!("氏名\t個人番号\n山田\t{short}\n")).starts_with("High"));
    assert_eq!(verdict_of(&format!("氏名\t点数\n山田\t{short}\n")), "-");
}

#[test]
fn a_list_in_which_every_number_fits_is_high_without_a_label() {
    let list: String = corpus::numbers(7, 5).iter().map(|n| format!("{n}\n")).collect();
    let found = scan(&list, &ScanOptions::default());
    assert_eq!(found.len(), 5);
    assert!(
        found.iter().all(|f| f.confidence >= Confidence::Medium && f.evidence.contains(&Evidence::Density))
    );
    assert_eq!(classify(&found), Verdict::Block);
}

#[test]
fn a_list_of_random_tokens_is_recognised_as_chance() {
    let list: String = corpus::tokens(11, 400).iter().map(|n| format!("{n}\n")).collect();
    assert!(scan(&list, &ScanOptions::default()).is_empty());
}

#[test]
fn pieces_share_context_and_a_cell_knows_the_head_of_its_column() {
    let mut pieces = vec![("台帳!A1", "氏名"), ("台帳!B1", "個人番号"), ("台帳!C1", "伝票番号")];
    pieces.extend(std::iter::repeat_n(("台帳!A2", "あいうえおかきくけこさしすせそ"), 40));
    pieces.push(("台帳!B9", "123456789018"));
    pieces.push(("台帳!C9", "987654321093"));
    let found = scan_pieces(&pieces, &ScanOptions::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].location.as_str(), found[0].finding.confidence), ("台帳!B9", Confidence::High));
    assert_eq!((found[0].finding.start, found[0].finding.end), (0, 12));
    assert_eq!(found[0].finding.evidence[0], Evidence::ColumnHead);
}

#[test]
fn a_number_over_several_cells_is_found_in_the_first() {
    let found = scan_pieces(
        &[("本文", "個人番号"), ("a", "1234"), ("b", "5678"), ("c", "9018")],
        &ScanOptions::default(),
    );
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].piece, found[0].location.as_str(), found[0].finding.end), (1, "a", 4));
}

#[test]
fn own_labels_count_and_findings_below_the_minimum_are_left_out() {
    let text = "市民キー 123456789018";
    assert_eq!(verdict_of(text), "Low ********9018");
    let own = ScanOptions { labels: vec!["市民キー".to_owned()], ..ScanOptions::default() };
    assert_eq!(scan(text, &own)[0].confidence, Confidence::High);
    let strict = ScanOptions { minimum: Confidence::Medium, ..ScanOptions::default() };
    assert!(scan(text, &strict).is_empty());
}

#[test]
fn nothing_that_is_returned_contains_the_number() {
    let found = scan("個人番号 1234-5678-9018", &ScanOptions::default());
    let shown = format!("{found:?}");
    assert!(shown.contains("********9018"));
    assert!(!shown.contains("1234") && !shown.contains("5678"));
}

#[test]
fn verdicts_follow_the_thresholds() {
    let of = |confidences: &[Confidence]| {
        let findings: Vec<_> = confidences
            .iter()
            .map(|c| Finding {
                start: 0,
                end: 12,
                masked: String::new(),
                confidence: *c,
                evidence: Vec::new(),
            })
            .collect();
        classify(&findings)
    };
    use Confidence::{High, Low, Medium};
    assert_eq!(of(&[]), Verdict::Clear);
    assert_eq!(of(&[Low]), Verdict::Warn);
    assert_eq!(of(&[Medium, Medium]), Verdict::Warn);
    assert_eq!(of(&[Medium, Medium, Medium]), Verdict::Block);
    assert_eq!(of(&[High]), Verdict::Block);
}

proptest::proptest! {
    #[test]
    fn any_text_is_scanned_with_offsets_on_characters(text in "[0-9０-９ \\-ー\\n個人番号,.Ee+\u{200b}あ𝟏]{0,120}") {
        let mut end = 0;
        for finding in scan(&text, &ScanOptions::default()) {
            proptest::prop_assert!(finding.start >= end && finding.start < finding.end);
            proptest::prop_assert!(text.get(finding.start..finding.end).is_some());
            end = finding.end;
        }
    }

    #[test]
    fn any_pieces_are_scanned(pieces in proptest::collection::vec(("[A-Z!0-9あ$]{0,5}", "\\PC{0,20}[0-9]{0,13}"), 0..8)) {
        for found in scan_pieces(&pieces, &ScanOptions::default()) {
            proptest::prop_assert!(pieces[found.piece].1.get(found.finding.start..found.finding.end).is_some());
        }
    }

    #[test]
    fn a_labelled_number_is_found_however_its_groups_are_joined(
        seed in 0_u64..1000,
        joints in proptest::collection::vec(proptest::sample::select(vec!["", " ", "-", "－", "　", "‐", "ー", " - "]), 2),
        wide in proptest::bool::ANY,
    ) {
        let number = &corpus::numbers(seed, 1)[0];
        let (a, tail) = number.split_at(4);
        let (b, c) = tail.split_at(4);
        let mut written = format!("{a}{}{b}{}{c}", joints[0], joints[1]);
        if wide {
            written = written.chars().map(|c| match c.to_digit(10) {
                Some(d) => char::from_u32(0xff10 + d).unwrap(),
                None => c,
            }).collect();
        }
        let found = scan(&format!("個人番号：{written}"), &ScanOptions::default());
        proptest::prop_assert_eq!(found.len(), 1);
        let as_time = found[0].evidence.contains(&Evidence::LooksLikeTime);
        proptest::prop_assert!(found[0].confidence >= Confidence::Medium || as_time);
    }
}
