//! `sekisho serve`: the listeners of the zones, the workers behind them, and a graceful end.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use serde_json::json;

use sekisho_approval::{Approval, MailConfig};
use sekisho_checkpoint::Checkpoint;
use sekisho_checkpoint::scanner::Scanner;
use sekisho_console::{App, AppConfig, Counters, admin_router, zone_router};
use sekisho_directory::Directory;
use sekisho_identity::{Identity, ZoneSite};
use sekisho_people::People;
use sekisho_policy::{Lang, Policy, ZoneId};
use sekisho_registers::Registers;
use sekisho_store::Store;
use sekisho_worker::Sandbox;

use crate::args::{DataArgs, ServeArgs};
use crate::failure::Failure;
use crate::{place, policy, say, tls, worker};

/// How long open requests may finish after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// Ports for zones whose declaration names none.
const FIRST_PORT: u16 = 8441;

pub(crate) fn run(args: &ServeArgs, lang: Lang) -> Result<(), Failure> {
    let policy = Arc::new(policy::load(&args.place.policy, lang)?);
    let data = &args.place.store.data;
    let sandbox = worker::start(args.jobs.clamp(1, 64), args.unsandboxed, lang)?;
    log("sandbox", &json!({ "level": sandbox.level() }));
    let sites =
        listeners(&policy, args.bind, FIRST_PORT, &args.host, if args.http { "http" } else { "https" });
    let site = sites.first().map(|site| site.origin.clone());
    let frame = Frame {
        store: &args.place.store,
        sites,
        admin: args.admin,
        sandbox,
        mail: mail(args, site, lang)?,
        scanner: args.clamd.as_deref().map(Scanner::new),
        secure: !args.http,
        jobs: args.jobs.clamp(1, 64),
    };
    let server = Server::assemble(policy, frame, lang)?;
    place::remember_policy(&args.place.policy, data)?;
    if let Some(link) = server.identity.bootstrap()? {
        let address = server.sites.first().map(|site| site.origin.clone()).unwrap_or_default();
        eprintln!(
            "sekisho: {} {address}/enrol/{}",
            say(lang, "最初の管理者の登録（一度だけ有効）:", "first administrator (works once):"),
            link.token
        );
    }
    let tls = if args.http {
        None
    } else {
        Some(tls::pair(args.tls_cert.as_ref().zip(args.tls_key.as_ref()), data, &args.host, lang)?)
    };
    server.run(tls, stop_signal())
}

/// A zone's listener.
pub(crate) struct Site {
    pub(crate) zone: ZoneId,
    pub(crate) address: SocketAddr,
    pub(crate) origin: String,
    pub(crate) host: String,
}

/// One listener for each zone, at the port that the policy declares or the next free one.
pub(crate) fn listeners(
    policy: &Policy,
    bind: IpAddr,
    first_port: u16,
    host: &str,
    scheme: &str,
) -> Vec<Site> {
    let mut next = first_port;
    policy
        .zones
        .iter()
        .map(|zone| {
            let port = zone.port.unwrap_or(next);
            next = port.saturating_add(1);
            Site {
                zone: zone.id.clone(),
                address: SocketAddr::new(bind, port),
                origin: format!("{scheme}://{host}:{port}"),
                host: host.to_owned(),
            }
        })
        .collect()
}

/// Where a server stands: its data, its listeners, what it may use.
pub(crate) struct Frame<'a> {
    pub(crate) store: &'a DataArgs,
    pub(crate) sites: Vec<Site>,
    pub(crate) admin: SocketAddr,
    pub(crate) sandbox: Sandbox,
    pub(crate) mail: Option<MailConfig>,
    pub(crate) scanner: Option<Scanner>,
    pub(crate) secure: bool,
    pub(crate) jobs: usize,
}

/// The relay for notices, if one is named.
fn mail(args: &ServeArgs, site: Option<String>, lang: Lang) -> Result<Option<MailConfig>, Failure> {
    let (Some(relay), Some(from)) = (&args.mail_relay, &args.mail_from) else { return Ok(None) };
    let port = match relay.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() => port.parse::<u16>().ok().map(|port| (host, port)),
        _ => Some((relay.as_str(), 25)),
    };
    let Some((host, port)) = port else {
        let hint = say(lang, "「ホスト名:ポート」で指定してください", "give it as HOST:PORT");
        return Err(Failure::misuse(format!("--mail-relay {relay}: {hint}")));
    };
    let domain = from.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    Ok(Some(MailConfig { host: host.to_owned(), port, from: from.clone(), domain, site }))
}

/// The services, put together, before they listen.
pub(crate) struct Server {
    pub(crate) identity: Identity,
    pub(crate) checkpoint: Checkpoint,
    approval: Approval,
    registers: Registers,
    people: People,
    pub(crate) store: Store,
    pub(crate) sandbox: Sandbox,
    pub(crate) sites: Vec<Site>,
    app: App,
    admin: SocketAddr,
    bell: Arc<Bell>,
    jobs: usize,
}

impl Server {
    pub(crate) fn assemble(policy: Arc<Policy>, frame: Frame<'_>, lang: Lang) -> Result<Self, Failure> {
        let Frame { store: data, sites, admin, sandbox, mail, scanner, secure, jobs } = frame;
        let zones = sites
            .iter()
            .map(|site| ZoneSite {
                zone: site.zone.clone(),
                rp_id: site.host.clone(),
                origins: vec![site.origin.clone()],
            })
            .collect();
        let surroundings = place::Surroundings {
            zones,
            sandbox: Some(sandbox.clone()),
            mail,
            ..place::Surroundings::default()
        };
        let services = place::open_all(policy, data, surroundings, lang)?;
        let place::Services { store, policy, identity, approval, registers, people, documents, .. } =
            services;
        let origins = sites.iter().map(|site| (site.zone.clone(), site.origin.clone())).collect();
        let directory = Directory::open(store.clone(), identity.clone(), &policy, origins)?;
        let counters = Arc::new(Counters::default());
        let bell = Arc::new(Bell::default());
        let (counted, rung) = (Arc::clone(&counters), Arc::clone(&bell));
        let checkpoint = Checkpoint::new(store.clone(), policy, identity.clone(), sandbox.clone())
            .with_exceptions()
            .with_scanner(scanner)
            .with_observer(Arc::new(move |step| {
                counted.count(step);
                if step == "transfer.submitted" {
                    rung.ring();
                }
            }));
        let app = App::new(AppConfig {
            store: store.clone(),
            identity: identity.clone(),
            directory,
            checkpoint: checkpoint.clone(),
            approval: approval.clone(),
            registers: registers.clone(),
            people: people.clone(),
            documents,
            sandbox: sandbox.clone(),
            counters,
            secure,
        });
        Ok(Self {
            identity,
            checkpoint,
            approval,
            registers,
            people,
            store,
            sandbox,
            sites,
            app,
            admin,
            bell,
            jobs,
        })
    }

    /// Listens until `stop` ends, then lets open requests and the files at work finish.
    pub(crate) fn run(
        self,
        tls: Option<tls::Pair>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Failure> {
        let sockets = self.bind()?;
        let runners = self.start_runners();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(self.listen(sockets, tls, stop));
        runners.stop();
        runtime.shutdown_timeout(Duration::from_secs(2));
        log("stopped", &json!({}));
        outcome
    }

    /// Takes all ports before anything is announced, so that a taken port is an error at once.
    fn bind(&self) -> Result<Vec<(TcpListener, Router)>, Failure> {
        let mut sockets = Vec::new();
        let zones = self.sites.iter().map(|site| (site.address, zone_router(&self.app, &site.zone)));
        for (address, router) in zones.chain(std::iter::once((self.admin, admin_router(&self.app)))) {
            let listener =
                TcpListener::bind(address).map_err(|error| Failure::misuse(format!("{address}: {error}")))?;
            listener.set_nonblocking(true)?;
            sockets.push((listener, router));
        }
        Ok(sockets)
    }

    async fn listen(
        &self,
        sockets: Vec<(TcpListener, Router)>,
        tls: Option<tls::Pair>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Failure> {
        let config = match &tls {
            Some(pair) => {
                // An earlier installation of the same provider is as good.
                let _ = rustls::crypto::ring::default_provider().install_default();
                Some(RustlsConfig::from_pem_file(&pair.cert, &pair.key).await.map_err(|error| {
                    Failure::misuse(format!("{}, {}: {error}", pair.cert.display(), pair.key.display()))
                })?)
            }
            None => None,
        };
        let handle = Handle::new();
        let stopper = handle.clone();
        tokio::spawn(async move {
            stop.await;
            stopper.graceful_shutdown(Some(GRACE));
        });
        let mut tasks = Vec::new();
        let last = sockets.len().saturating_sub(1);
        for (position, (listener, router)) in sockets.into_iter().enumerate() {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let (handle, config) = (handle.clone(), config.clone());
            // The administration listener is for this machine only and stays plain.
            tasks.push(tokio::spawn(async move {
                match config.filter(|_| position != last) {
                    Some(config) => {
                        axum_server::from_tcp_rustls(listener, config)?.handle(handle).serve(service).await
                    }
                    None => axum_server::from_tcp(listener)?.handle(handle).serve(service).await,
                }
            }));
        }
        for site in &self.sites {
            log("listening", &json!({ "zone": site.zone, "address": site.origin }));
        }
        log("listening", &json!({ "administration": self.admin }));
        for task in tasks {
            task.await??;
        }
        Ok(())
    }

    fn start_runners(&self) -> Runners {
        let stopping = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for number in 0..self.jobs {
            let (checkpoint, bell, stopping) =
                (self.checkpoint.clone(), Arc::clone(&self.bell), Arc::clone(&stopping));
            threads.push(std::thread::spawn(move || {
                let name = format!("runner-{}-{number}", std::process::id());
                while !stopping.load(Ordering::Relaxed) {
                    let heard = bell.count();
                    match checkpoint.run_one(&name) {
                        Ok(true) => {}
                        Ok(false) => bell.wait(heard, Duration::from_millis(500)),
                        Err(error) => {
                            log("runner", &json!({ "level": "error", "error": error.to_string() }));
                            bell.wait(heard, Duration::from_secs(2));
                        }
                    }
                }
            }));
        }
        let clock = Housekeeping {
            store: self.store.clone(),
            checkpoint: self.checkpoint.clone(),
            approval: self.approval.clone(),
            registers: self.registers.clone(),
            people: self.people.clone(),
            ended: Arc::clone(&stopping),
        };
        threads.push(std::thread::spawn(move || clock.run()));
        Runners { stopping, threads, bell: Arc::clone(&self.bell) }
    }
}

/// What has to be done by the clock: retention, overdue steps of approvals, notices.
struct Housekeeping {
    store: Store,
    checkpoint: Checkpoint,
    approval: Approval,
    registers: Registers,
    people: People,
    ended: Arc<AtomicBool>,
}

impl Housekeeping {
    /// One tick in milliseconds; a stop is noticed within one.
    const TICK: Duration = Duration::from_millis(500);
    /// Ticks between two runs of the retention: an hour.
    const RETENTION: u32 = 7_200;
    /// Ticks between two looks for overdue steps: five minutes.
    const OVERDUE: u32 = 600;
    /// Ticks between two deliveries of notices: half a minute.
    const NOTICES: u32 = 60;

    fn run(&self) {
        let name = format!("notices-{}", std::process::id());
        let mut ticks = 0_u32;
        while !self.ended.load(Ordering::Relaxed) {
            if ticks.is_multiple_of(Self::RETENTION) {
                told(
                    "retention",
                    self.checkpoint
                        .dispose_due()
                        .map(|report| json!({ "originals": report.originals, "results": report.results })),
                );
                // A doubt keeps the blob: what another table names, or can't be asked about, stays.
                let elsewhere = |blob: &str| {
                    self.store
                        .tables_with_blob(blob)
                        .map_or(true, |tables| tables.iter().any(|table| !table.starts_with("reg_")))
                };
                let retired = self.registers.retire(&elsewhere);
                told("register-retention", retired.map(|report| json!({ "rows": report.rows })));
            }
            if ticks.is_multiple_of(Self::OVERDUE) {
                told("overdue", self.approval.escalate().map(|report| json!({ "raised": report.raised })));
            }
            if ticks.is_multiple_of(Self::NOTICES) {
                match self.people.run_due(&name) {
                    Ok(0) => {}
                    done => told("transfers", done.map(|done| json!({ "carried_out": done }))),
                }
                let sent = self.approval.run_mail(&name);
                // Half a minute without a notice is not worth a line.
                if !sent.as_ref().is_ok_and(|report| report.sent == 0 && report.failed.is_empty()) {
                    told(
                        "notices",
                        sent.map(|report| json!({ "sent": report.sent, "failed": report.failed })),
                    );
                }
            }
            ticks = ticks.wrapping_add(1);
            std::thread::sleep(Self::TICK);
        }
    }
}

/// Writes down how a piece of housekeeping went.
fn told(what: &str, outcome: Result<serde_json::Value, impl std::fmt::Display>) {
    match outcome {
        Ok(detail) => log(what, &detail),
        Err(error) => log(what, &json!({ "level": "error", "error": error.to_string() })),
    }
}

/// The threads that bring files to their outcome.
struct Runners {
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    bell: Arc<Bell>,
}

impl Runners {
    fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.bell.ring();
        for thread in self.threads {
            // A runner that panicked has nothing left to finish; its file is leased again.
            let _ = thread.join();
        }
    }
}

/// Wakes the runners when a request has come.
#[derive(Default)]
struct Bell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        *rung = rung.wrapping_add(1);
        drop(rung);
        self.changed.notify_all();
    }

    /// How often it has rung; to be read before looking at the queue.
    fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a ring after `heard`; one that came between the look at the queue and this call counts.
    fn wait(&self, heard: u64, at_most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        // Woken early or late, the runner looks at the queue; the outcome of the wait does not matter.
        let _ = self.changed.wait_timeout_while(rung, at_most, |rung| *rung == heard);
    }
}

/// Ends on SIGINT or SIGTERM.
pub(crate) async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}

/// One structured line on standard error.
pub(crate) fn log(event: &str, detail: &serde_json::Value) {
    let mut line = json!({ "event": event });
    if let (Some(line), Some(detail)) = (line.as_object_mut(), detail.as_object()) {
        for (key, value) in detail {
            line.insert(key.clone(), value.clone());
        }
    }
    eprintln!("{line}");
}
