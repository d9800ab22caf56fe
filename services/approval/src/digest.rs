//! What a decision binds to: the SHA-256 of what is decided on, in one canonical spelling.

use sekisho_policy::RouteId;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

/// The digest of a case, in lower-case hexadecimal: SHA-256 over `sekisho-case/v1`, a line feed, and the canonical JSON
/// of amount, class, content, kind, route and title, so that none of them can change under an approval.
#[must_use]
pub fn digest_of(
    kind: &str,
    title: &str,
    content: &Json,
    route: &RouteId,
    amount: Option<i64>,
    class_rank: Option<u8>,
) -> String {
    let whole = json!({
        "kind": kind, "title": title, "content": content, "route": route, "amount": amount, "class_rank": class_rank,
    });
    let mut hash = Sha256::new();
    hash.update(b"sekisho-case/v1\n");
    hash.update(canonical(&whole).as_bytes());
    hex::encode(hash.finalize())
}

/// JSON without spaces, the members of every object in the order of their names' bytes.
#[must_use]
pub fn canonical(value: &Json) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let mut out = Map::new();
            for name in names {
                out.insert(name.clone(), members.get(name).map_or(Json::Null, sorted));
            }
            Json::Object(out)
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
