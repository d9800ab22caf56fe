//! The files of the pages, compiled in.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::state::Site;

const FILES: &[(&str, &str, &[u8])] = &[
    ("tokens.css", "text/css; charset=utf-8", include_bytes!("../assets/tokens.css")),
    ("console.css", "text/css; charset=utf-8", include_bytes!("../assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_bytes!("../assets/console.js")),
    ("grid.js", "text/javascript; charset=utf-8", include_bytes!("../assets/grid.js")),
    ("passkey.js", "text/javascript; charset=utf-8", include_bytes!("../assets/passkey.js")),
    ("favicon.svg", "image/svg+xml", include_bytes!("../assets/favicon.svg")),
    ("noto-sans-jp-400.woff2", "font/woff2", include_bytes!("../assets/fonts/noto-sans-jp-400.woff2")),
    ("noto-sans-jp-700.woff2", "font/woff2", include_bytes!("../assets/fonts/noto-sans-jp-700.woff2")),
    (
        "noto-sans-jp-latin-400.woff2",
        "font/woff2",
        include_bytes!("../assets/fonts/noto-sans-jp-latin-400.woff2"),
    ),
    (
        "noto-sans-jp-latin-700.woff2",
        "font/woff2",
        include_bytes!("../assets/fonts/noto-sans-jp-latin-700.woff2"),
    ),
];

pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/assets/zone.css", get(zone_css)).route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|file| file.0 == name) {
        Some(&(_, media_type, bytes)) => {
            ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "max-age=3600")], bytes)
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The zone's colour as a property, since no page may carry inline style.
async fn zone_css(State(site): State<Site>) -> Response {
    let color = site.zone().map_or_else(|| "#595959".to_owned(), |zone| zone.color.to_string());
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], format!(":root {{ --zone: {color}; }}\n"))
        .into_response()
}
