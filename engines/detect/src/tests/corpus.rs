//! A synthetic corpus from a fixed seed: documents with numbers in them, and documents with everything else.

use crate::{ScanOptions, Verdict, classify, individual_number_is_valid, scan};

/// SplitMix64: reproducible and without a dependency.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect()
    }

    fn number(&mut self) -> String {
        loop {
            let body = self.digits(11);
            let fit = (0..10).map(|c| format!("{body}{c}")).find(|n| individual_number_is_valid(n));
            if let Some(number) = fit {
                return number;
            }
        }
    }

    fn prose(&mut self) -> String {
        let sentences = [
            "下記のとおり報告しますので、御確認をお願いします。",
            "会議は令和8年5月20日（水）午後1時30分から開催します。",
            "担当は総合政策部情報政策課（電話0955-23-2111）です。",
            "予算額は12,345千円を見込んでいます。",
            "提出期限までに回答がない場合は、意見なしとみなします。",
        ];
        (0..1 + self.below(8)).map(|_| self.pick(&sentences)).collect()
    }
}

/// Made-up numbers whose check digit fits.
pub(super) fn numbers(seed: u64, count: usize) -> Vec<String> {
    let mut dice = Dice(seed);
    (0..count).map(|_| dice.number()).collect()
}

/// Tokens of twelve random digits.
pub(super) fn tokens(seed: u64, count: usize) -> Vec<String> {
    let mut dice = Dice(seed);
    (0..count).map(|_| dice.digits(12)).collect()
}

/// A document that carries a number, in one of the ways in which offices write it.
fn with_number(dice: &mut Dice) -> String {
    let number = dice.number();
    let (a, tail) = number.split_at(4);
    let (b, c) = tail.split_at(4);
    let wide: String =
        number.chars().map(|d| char::from_u32(0xff10 + d.to_digit(10).unwrap()).unwrap()).collect();
    let joint = dice.pick(&[" ", "-", "－", "　", "ー"]);
    let written = match dice.below(4) {
        0 => number.clone(),
        1 => wide,
        2 => format!("{a}{b}\n{c}"),
        _ => format!("{a}{joint}{b}{joint}{c}"),
    };
    let label = dice.pick(&["個人番号", "マイナンバー", "個人番号（12桁）", "My Number", "ﾏｲﾅﾝﾊﾞｰ"]);
    match dice.below(4) {
        0 => format!("{}\n{label}：{written}\n{}", dice.prose(), dice.prose()),
        1 => format!(
            "氏名,{label},住所\n山田太郎,{number},伊万里市立花町\n佐藤花子,{},伊万里市大坪町\n",
            dice.number()
        ),
        2 => format!("給与所得者の扶養控除等（異動）申告書\n{label}\n{written}\n続柄 子"),
        _ => format!("{}{written}（{label}）{}", dice.prose(), dice.prose()),
    }
}

/// A document without one, full of other numbers.
fn without_number(dice: &mut Dice) -> String {
    let token = dice.digits(12);
    let day = 1 + dice.below(28);
    match dice.below(8) {
        0 => format!("{}受付番号：{token}\n{}", dice.prose(), dice.prose()),
        1 => format!("記録日時 202604{day:02}{:02}{:02}\n{}", dice.below(24), dice.below(60), dice.prose()),
        2 => format!("送り状番号 {}-{}-{}\n{}", dice.digits(4), dice.digits(4), dice.digits(4), dice.prose()),
        3 => format!("{}法人番号 {}\n", dice.prose(), dice.digits(13)),
        4 => format!("決裁番号 令8情政第{}号\n{}", dice.digits(3), dice.prose()),
        5 => format!("https://imari.example/doc/{token}/index.html {}", dice.prose()),
        6 => format!("口座番号 {} {}", dice.digits(7), dice.prose()),
        _ => format!("商品,JAN,数量\nペン,{},{}\n", dice.digits(13), dice.below(100)),
    }
}

#[test]
fn precision_and_recall_on_the_corpus_stay_above_the_floor() {
    let mut dice = Dice(20_260_401);
    let blocked = |text: &str| classify(&scan(text, &ScanOptions::default())) == Verdict::Block;
    let warned = |text: &str| classify(&scan(text, &ScanOptions::default())) != Verdict::Clear;
    let carrying: Vec<_> = (0..2000).map(|_| with_number(&mut dice)).collect();
    let harmless: Vec<_> = (0..2000).map(|_| without_number(&mut dice)).collect();
    let count = |documents: &[String], test: &dyn Fn(&str) -> bool| {
        documents.iter().filter(|d| test(d)).count() as f64
    };
    let (hit, noticed) = (count(&carrying, &blocked), count(&carrying, &warned));
    let (false_block, false_warn) = (count(&harmless, &blocked), count(&harmless, &warned));
    let (recall, precision) = (hit / 2000.0, hit / (hit + false_block));
    let figures = format!(
        "block: recall {recall:.4}, precision {precision:.4}; warn: recall {:.4}, precision {:.4}",
        noticed / 2000.0,
        noticed / (noticed + false_warn)
    );
    assert!(recall >= 0.99 && precision >= 0.999, "{figures}");
    assert!(noticed / 2000.0 >= 0.995 && noticed / (noticed + false_warn) >= 0.99, "{figures}");
}
