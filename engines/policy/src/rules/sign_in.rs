//! Sign-in by services outside: what is declared can be carried out, and nothing secret crosses a network in plain.

use std::net::IpAddr;

use crate::diagnostic::{At, Reporter};
use crate::read::Record;

pub(super) fn services(root: &Record, reporter: &mut Reporter<'_>) {
    let Some(section) = root.one("sign-in") else { return };
    if let Some(way) = section.text("new_accounts").filter(|way| *way != "local")
        && section.field(way).is_none()
    {
        reporter
            .report(
                section.at("new_accounts"),
                "sign-in-way",
                format!("[sign-in.{way}] が宣言されていません。"),
                format!("there is no [sign-in.{way}]"),
            )
            .with_help("宣言するか、local にしてください。", "declare it, or use `local`");
    }
    if let Some(directory) = section.one("directory") {
        self::directory(directory, reporter);
    }
    if let Some(oidc) = section.one("oidc") {
        provider(oidc, reporter);
    }
}

fn directory(record: &Record, reporter: &mut Reporter<'_>) {
    let start_tls = record.flag("start_tls").unwrap_or(false);
    for field in record.list("servers") {
        let Some(server) = field.text() else { continue };
        match server.split_once("://") {
            Some(("ldaps", host)) if is_host(host) => {}
            Some(("ldap", host)) if is_host(host) => {
                if !start_tls && !loopback(host) {
                    plain(field.at, server, "ldaps:// 又は start_tls", "`ldaps://` or `start_tls`", reporter);
                }
            }
            _ => {
                reporter
                    .report(
                        field.at,
                        "sign-in-server",
                        format!("`{server}` はサーバーの指定として読めません。"),
                        format!("`{server}` does not name a server"),
                    )
                    .with_help("ldaps://名前 の形で書いてください。", "write it as `ldaps://name`");
            }
        }
    }
    for key in ["ca_file", "password_file"] {
        absolute(record, key, reporter);
    }
    let has = |key: &str| record.field(key).is_some();
    let searches = ["base", "bind_dn", "password_file"];
    let complete = if has("user_dn") {
        !searches.iter().any(|key| has(key)) && !has("filter")
    } else {
        searches.iter().all(|key| has(key))
    };
    if !complete {
        reporter
            .report(
                record.at,
                "sign-in-search",
                "本人の探し方が1つに決まりません。",
                "it is not clear how a person is found",
            )
            .with_help(
                "検索する場合は base・bind_dn・password_file を、検索しない場合は user_dn だけを書いてください。",
                "for a search give `base`, `bind_dn` and `password_file`; without one give `user_dn` alone",
            );
    }
    if let Some(template) = record.text("user_dn")
        && template.matches("{login}").count() != 1
    {
        reporter
            .report(
                record.at("user_dn"),
                "sign-in-template",
                "user_dn には {login} が1つ必要です。",
                "`user_dn` needs `{login}` exactly once",
            )
            .with_help(
                "例 uid={login},ou=people,dc=imari,dc=example",
                "for instance `uid={login},ou=people,dc=imari,dc=example`",
            );
    }
    if let Some(filter) = record.text("filter")
        && !(filter.starts_with('(') && filter.ends_with(')'))
    {
        reporter
            .report(
                record.at("filter"),
                "sign-in-filter",
                "フィルターは全体を括弧で囲んでください。",
                "a filter stands in parentheses as a whole",
            )
            .with_help(
                "例 (memberOf=cn=sekisho,ou=groups,dc=imari,dc=example)",
                "for instance `(memberOf=cn=sekisho,ou=groups,dc=imari,dc=example)`",
            );
    }
    if let Some(attribute) = record.text("login_attribute")
        && !attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        reporter
            .report(
                record.at("login_attribute"),
                "sign-in-attribute",
                format!("`{attribute}` は属性名ではありません。"),
                format!("`{attribute}` is no name of an attribute"),
            )
            .with_help("英数字とハイフンで書いてください。", "use letters, digits and hyphens");
    }
}

fn provider(record: &Record, reporter: &mut Reporter<'_>) {
    if let Some(issuer) = record.text("issuer") {
        let odd = issuer.contains(['?', '#', ' ', '@']);
        match issuer.split_once("://") {
            Some(("https", rest)) if !odd && is_host(before_path(rest)) => {}
            Some(("http", rest)) if !odd && is_host(before_path(rest)) => {
                if !loopback(before_path(rest)) {
                    plain(record.at("issuer"), issuer, "https://", "`https://`", reporter);
                }
            }
            _ => {
                reporter
                    .report(
                        record.at("issuer"),
                        "sign-in-issuer",
                        format!("`{issuer}` は発行者として読めません。"),
                        format!("`{issuer}` is no issuer"),
                    )
                    .with_help("https://名前 の形で書いてください。", "write it as `https://name`");
            }
        }
    }
    for key in ["ca_file", "secret_file"] {
        absolute(record, key, reporter);
    }
    let evidence = record.field("mfa_acr").is_some() || record.field("mfa_amr").is_some();
    if evidence != record.field("mfa_zones").is_some() {
        reporter
            .report(
                record.at,
                "sign-in-evidence",
                "多要素認証の証拠（mfa_acr・mfa_amr）と、それを認める領域（mfa_zones）は一緒に書きます。",
                "evidence of several factors (`mfa_acr`, `mfa_amr`) and `mfa_zones` belong together",
            )
            .with_help("両方を書くか、両方を消してください。", "give both or neither");
    }
}

fn plain(at: At, address: &str, ja: &str, en: &str, reporter: &mut Reporter<'_>) {
    reporter
        .report(
            at,
            "sign-in-plain",
            format!("`{address}` では、パスワード等が暗号化されずに流れます。"),
            format!("`{address}` would carry secrets in plain"),
        )
        .with_help(
            format!("{ja} を使用してください。暗号化なしは同じ機械の中だけです。"),
            format!("use {en}; plain is for this very machine"),
        );
}

fn absolute(record: &Record, key: &str, reporter: &mut Reporter<'_>) {
    if let Some(path) = record.text(key)
        && !path.starts_with('/')
    {
        reporter
            .report(
                record.at(key),
                "sign-in-path",
                format!("`{key}` は / で始まる絶対パスで書いてください。"),
                format!("`{key}` must be an absolute path"),
            )
            .with_help("例 /etc/sekisho/secrets/ldap", "for instance `/etc/sekisho/secrets/ldap`");
    }
}

fn before_path(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}

/// `name`, `name:port`, `[address]:port`.
fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
}

fn loopback(host: &str) -> bool {
    let bare = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
