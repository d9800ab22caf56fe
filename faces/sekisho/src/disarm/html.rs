//! The report for people: one page, without scripts and without anything from outside, that says for each file what was
//! left out, where, why it is dangerous, and what to do when a file was refused.

use std::fmt::Write as _;

use sekisho_disarm::{Threat, explain};
use sekisho_policy::Lang;
use serde_json::Value;

use crate::say;

const STYLE: &str = "body{font-family:'Noto Sans JP','Hiragino Sans','Yu Gothic',sans-serif;line-height:1.7;margin:0 auto;max-width:60rem;\
padding:1.5rem;color:#1a1a1c;background:#fff}h1{font-size:1.6rem}h2{font-size:1.1rem;margin:2rem 0 .3rem;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.4rem .6rem;text-align:left;vertical-align:top;\
overflow-wrap:anywhere}th{background:#f1f1f4}.ok{color:#115a36}.no{color:#a40000}.meta{color:#4d4d4d;font-size:.9rem;overflow-wrap:anywhere}\
@media(max-width:40rem){body{padding:1rem}th:nth-child(3),td:nth-child(3){display:none}}@media print{body{max-width:none}}";

/// The page from the lines of the machine's report.
pub(super) fn page(lines: &[Value], lang: Lang) -> String {
    let refused = lines.iter().filter(|line| text(line, "/outcome") == "refused").count();
    let title = say(lang, "無害化レポート", "Disarm report");
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>",
        if lang == Lang::Ja { "ja" } else { "en" }
    );
    let _ = match lang {
        Lang::Ja => write!(
            out,
            "<p>{} 件を処理し、{} 件を無害化、{refused} 件を受け渡しませんでした。</p>",
            lines.len(),
            lines.len() - refused
        ),
        Lang::En => write!(
            out,
            "<p>{} files: {} disarmed, {refused} refused.</p>",
            lines.len(),
            lines.len() - refused
        ),
    };
    // What needs attention comes first.
    let (no, yes): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| text(line, "/outcome") == "refused");
    for line in no.into_iter().chain(yes) {
        file(&mut out, line, lang);
    }
    out.push_str("</body></html>\n");
    out
}

fn file(out: &mut String, line: &Value, lang: Lang) {
    let _ = write!(out, "<section><h2>{}</h2>", escaped(text(line, "/input/path")));
    if text(line, "/outcome") == "refused" {
        let _ = write!(
            out,
            "<p class=\"no\"><strong>{}</strong> {}</p><p>{} {}</p>",
            say(lang, "受け渡しませんでした。", "Refused."),
            escaped(text(line, "/refused/reason")),
            say(lang, "次にすること：", "Next:"),
            escaped(text(line, "/refused/hint")),
        );
    } else {
        let _ = write!(
            out,
            "<p class=\"ok\"><strong>{}</strong> {} → {}</p>",
            say(lang, "無害化しました。", "Disarmed."),
            escaped(text(line, "/input/detected")),
            escaped(text(line, "/output/path")),
        );
    }
    for (pointer, sentence) in [
        ("/kept_macros", say(lang, "承認済みのマクロを残しました。", "Approved macros stayed.")),
        ("/fell_back", say(lang, "別の方式に切り替えました。", "Another method was used.")),
    ] {
        if line.pointer(pointer).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            let _ = write!(out, "<p>{sentence}</p>");
        }
    }
    let removed = line.pointer("/removed").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !removed.is_empty() {
        let _ = write!(
            out,
            "<table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
            say(lang, "取り除いたもの・変えたもの", "Removed or changed"),
            say(lang, "場所", "Where"),
            say(lang, "危険の種類", "Danger"),
        );
        for entry in removed {
            let code = text(entry, "/what");
            let row = explain(code);
            let _ = write!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                row.map_or_else(|| escaped(code), |row| escaped(say(lang, row.ja, row.en))),
                escaped(text(entry, "/where")),
                row.and_then(|row| row.threat).map_or("", |threat| danger(threat, lang)),
            );
        }
        out.push_str("</tbody></table>");
    } else if text(line, "/outcome") != "refused" {
        let _ = write!(out, "<p>{}</p>", say(lang, "取り除いたものはありません。", "Nothing was removed."));
    }
    let _ = write!(out, "<p class=\"meta\">SHA-256 {}</p></section>", escaped(text(line, "/input/sha256")));
}

fn danger(threat: Threat, lang: Lang) -> &'static str {
    match threat {
        Threat::Code => say(lang, "開いたときや操作したときにプログラムが動く", "runs code"),
        Threat::External => say(lang, "外部と通信したり、ほかのファイルを読んだりする", "reaches outside"),
        Threat::Embedded => say(lang, "別のファイルが中に隠れている", "carries another file"),
        Threat::Parser => say(lang, "閲覧ソフトの弱点を突く", "attacks a reader's parser"),
        Threat::Disclosure => say(lang, "見えない情報が漏れる", "hides or leaks information"),
        Threat::Deception => say(lang, "別のものに見せかける", "pretends to be something else"),
        Threat::Unknown => say(lang, "安全と確かめられていない", "nobody vouches for it"),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Names come from the input.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
