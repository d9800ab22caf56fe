//! `sekisho demo`: a sample city on this machine. With `--once` the journey is made by itself over HTTP, every outcome is
//! compared with what it must be, and the exit code tells.

mod browser;
mod city;
mod journey;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sekisho_policy::{Lang, Policy, SourceFile};

use crate::args::{DataArgs, DemoArgs};
use crate::demo::city::Cast;
use crate::failure::Failure;
use crate::serve::{Frame, Server, listeners};
use crate::{say, worker};

/// The declaration of Imari, compiled in so that the demo needs no other file.
const POLICY: &[(&str, &str)] = &[
    ("municipality.toml", include_str!("../../../../policies/imari/municipality.toml")),
    ("units.toml", include_str!("../../../../policies/imari/units.toml")),
    ("zones.toml", include_str!("../../../../policies/imari/zones.toml")),
    ("conduits.toml", include_str!("../../../../policies/imari/conduits.toml")),
    ("classification.toml", include_str!("../../../../policies/imari/classification.toml")),
    ("roles.toml", include_str!("../../../../policies/imari/roles.toml")),
    ("routes.toml", include_str!("../../../../policies/imari/routes.toml")),
    ("retention.toml", include_str!("../../../../policies/imari/retention.toml")),
];

pub(crate) fn run(args: &DemoArgs, lang: Lang) -> Result<(), Failure> {
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("sekisho-demo-").tempdir()?),
    };
    let data: PathBuf = match (&args.data, &temporary) {
        (Some(path), _) => path.clone(),
        (None, Some(folder)) => folder.path().to_owned(),
        (None, None) => return Err(Failure::misuse("no data folder")),
    };
    let files: Vec<SourceFile> = POLICY
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    let policy = Arc::new(
        Policy::parse(&files).map_err(|found| Failure::refused(sekisho_policy::render_all(&found, lang)))?,
    );
    let server = assemble(args, &policy, &data, lang)?;
    let cast = Cast::enrol(&server.identity, &data)?;
    if args.once { once(args, server, cast, lang) } else { stay(server, cast, lang) }
}

fn assemble(args: &DemoArgs, policy: &Arc<Policy>, data: &Path, lang: Lang) -> Result<Server, Failure> {
    let sandbox = worker::start(2, false, lang)?;
    let mut sites = listeners(policy, IpAddr::V4(Ipv4Addr::LOCALHOST), args.port, "localhost", "http");
    for (port, site) in (args.port..).zip(&mut sites) {
        site.address.set_port(port);
        site.origin = format!("http://localhost:{port}");
    }
    let count = u16::try_from(sites.len()).unwrap_or(3);
    let admin = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port.saturating_add(count));
    let store = DataArgs { data: data.to_owned(), database: "sqlite".to_owned() };
    let frame =
        Frame { store: &store, sites, admin, sandbox, mail: None, scanner: None, secure: false, jobs: 2 };
    Server::assemble(Arc::clone(policy), frame, lang)
}

/// The journey, then the end.
fn once(args: &DemoArgs, server: Server, cast: Cast, lang: Lang) -> Result<(), Failure> {
    let (done, ended) = tokio::sync::oneshot::channel::<()>();
    let scene = journey::Scene {
        origins: server.sites.iter().map(|site| (site.zone.to_string(), site.origin.clone())).collect(),
        store: server.store.clone(),
        checkpoint: server.checkpoint.clone(),
        sandbox: server.sandbox.clone(),
        keep_receipt: args.keep_receipt.clone(),
        lang,
    };
    let actor = std::thread::spawn(move || {
        let outcome = journey::play(&scene, cast);
        // The receiver is gone only when the server has stopped already.
        let _ = done.send(());
        outcome
    });
    server.run(None, async {
        let _ = ended.await;
    })?;
    actor.join().map_err(|_| Failure::refused("the journey ended abnormally"))?
}

/// Listens until Ctrl+C, showing the codes that an authenticator app would.
fn stay(server: Server, cast: Cast, lang: Lang) -> Result<(), Failure> {
    println!(
        "{}",
        say(lang, "見本の市を開始しました（終了は Ctrl+C）。", "The sample city is open (Ctrl+C ends it).")
    );
    for site in &server.sites {
        println!("  {:<10} {}", site.zone, site.origin);
    }
    println!("{}: {}", say(lang, "パスワード（全員共通）", "password of everybody"), city::PASSWORD);
    let mut cast = cast;
    std::thread::spawn(move || {
        let mut shown = 0;
        loop {
            let step = city::now_step();
            if step != shown {
                shown = step;
                println!(
                    "\n{}",
                    say(lang, "認証コード（30秒ごとに変わります）", "codes (new every 30 seconds)")
                );
                for member in cast.members() {
                    println!(
                        "  {:<8} {}  {}",
                        member.login,
                        member.code_at(step).unwrap_or_default(),
                        member.description
                    );
                }
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    server.run(None, crate::serve::stop_signal())
}
