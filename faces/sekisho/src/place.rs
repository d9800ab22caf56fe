//! Opening what a verb works on: the store with every projection and module, and the services on top.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sekisho_approval::{Approval, MailConfig};
use sekisho_checkpoint::Checkpoint;
use sekisho_directory::Directory;
use sekisho_documents::Documents;
use sekisho_identity::{Config, Identity, ZoneSite};
use sekisho_people::People;
use sekisho_policy::{Lang, Policy};
use sekisho_register::Vocabulary;
use sekisho_registers::{Loaded, Registers, RegistersError};
use sekisho_store::{Clock, Database, OpenOptions, Store};
use sekisho_worker::Sandbox;

use crate::args::{DataArgs, DeclaredArgs, PlaceArgs};
use crate::failure::Failure;
use crate::{policy, say};

/// How every verb opens the store: the same tables, whoever opens it. The registers' definitions are read without a
/// policy, so that verifying and copying need none; the names in them are checked where a policy is at hand.
pub(crate) fn options(data: &Path, database: &str, origin: &str) -> Result<OpenOptions, Failure> {
    let mut files = sekisho_registers::built_in();
    files.extend(sekisho_registers::folder(&data.join("registers"))?);
    options_with(data, database, origin, &Loaded::from_files(files, &Vocabulary::any())?)
}

fn options_with(
    data: &Path,
    database: &str,
    origin: &str,
    definitions: &Arc<Loaded>,
) -> Result<OpenOptions, Failure> {
    let database: Database = database.parse().map_err(Failure::misuse)?;
    Ok(OpenOptions::new(data, origin)
        .database(database)
        .projection(Identity::projection())
        .projection(Checkpoint::projection())
        .projection(Approval::projection())
        .projection(Registers::projection(definitions))
        .projection(Documents::projection())
        .projection(People::projection())
        .module(Identity::module())
        .module(Directory::module())
        .module(Approval::module())
        .module(Registers::module()))
}

/// Everything on top of one store.
pub(crate) struct Services {
    pub(crate) store: Store,
    pub(crate) policy: Arc<Policy>,
    pub(crate) identity: Identity,
    pub(crate) approval: Approval,
    pub(crate) registers: Registers,
    pub(crate) people: People,
    pub(crate) documents: Documents,
}

/// What the services need beyond the policy and the data.
#[derive(Default)]
pub(crate) struct Surroundings {
    /// Where browsers reach the zones; empty for a verb without a server.
    pub(crate) zones: Vec<ZoneSite>,
    /// Reads foreign files; without one no workbook and no document is read.
    pub(crate) sandbox: Option<Sandbox>,
    /// Where notices go.
    pub(crate) mail: Option<MailConfig>,
    /// Another clock than the machine's.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

/// Opens the store for writing with every table, and all services on top.
pub(crate) fn open_all(
    policy: Arc<Policy>,
    args: &DataArgs,
    surroundings: Surroundings,
    lang: Lang,
) -> Result<Services, Failure> {
    let Surroundings { zones, sandbox, mail, clock } = surroundings;
    let definitions =
        sekisho_registers::load(&policy, &args.data).map_err(|error| register_failure(&error, lang))?;
    let mut options = options_with(&args.data, &args.database, &policy.municipality.origin, &definitions)?;
    if let Some(clock) = clock {
        options = options.clock(clock);
    }
    let store = Store::open(options)?;
    let identity = self::identity(&store, &policy, &args.data, zones)?;
    let approval = Approval::new(store.clone(), Arc::clone(&policy), identity.clone(), mail);
    let registers = Registers::new(
        store.clone(),
        Arc::clone(&policy),
        &identity,
        definitions,
        approval.clone(),
        sandbox.clone(),
    )
    .map_err(|error| register_failure(&error, lang))?;
    let people = People::new(
        store.clone(),
        Arc::clone(&policy),
        identity.clone(),
        registers.clone(),
        approval.clone(),
        &args.data,
    )?;
    let documents = Documents::new(store.clone(), Arc::clone(&policy), approval.clone(), sandbox);
    Ok(Services { store, policy, identity, approval, registers, people, documents })
}

/// What the registers say, in the chosen language.
pub(crate) fn register_failure(error: &RegistersError, lang: Lang) -> Failure {
    Failure::refused(error.message(register_lang(lang)))
}

/// The language in the words of the registers.
pub(crate) const fn register_lang(lang: Lang) -> sekisho_register::Lang {
    match lang {
        Lang::Ja => sekisho_register::Lang::Ja,
        Lang::En => sekisho_register::Lang::En,
    }
}

/// The declaration of a verb on data: the folder that was named, or the copy that the server keeps in the data folder.
pub(crate) fn policy_of(args: &DeclaredArgs, lang: Lang) -> Result<Arc<Policy>, Failure> {
    let data = &args.store.data;
    if !data.is_dir() {
        let hint = say(lang, "データフォルダーがありません", "there is no such data folder");
        return Err(Failure::misuse(format!("{}: {hint}", data.display())));
    }
    let kept = data.join(KEPT);
    let folder = args.policy.as_deref().unwrap_or(&kept);
    if args.policy.is_none() && !kept.is_dir() {
        let hint = say(
            lang,
            "宣言（ポリシー）の写しがありません。--policy にフォルダーを指定してください",
            "it keeps no copy of the declaration; give its folder with --policy",
        );
        return Err(Failure::misuse(format!("{}: {hint}", data.display())));
    }
    Ok(Arc::new(policy::load(folder, lang)?))
}

/// Where the data folder keeps the declaration that it runs under.
const KEPT: &str = "policy";

/// Copies the declaration's files into the data folder, for verbs that are called without `--policy`.
pub(crate) fn remember_policy(folder: &Path, data: &Path) -> Result<(), Failure> {
    let kept = data.join(KEPT);
    std::fs::create_dir_all(&kept)?;
    if folder.canonicalize()? == kept.canonicalize()? {
        return Ok(());
    }
    let mut names = BTreeSet::new();
    for path in declaration_files(folder)? {
        let Some(name) = path.file_name() else { continue };
        let (unfinished, target) = (kept.join(".unfinished"), kept.join(name));
        std::fs::copy(&path, &unfinished)?;
        std::fs::rename(&unfinished, &target)?;
        names.insert(name.to_owned());
    }
    for path in declaration_files(&kept)? {
        if path.file_name().is_some_and(|name| !names.contains(name)) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn declaration_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Opens existing data for reading, even while a server runs on it, even when it is damaged.
pub(crate) fn inspect(args: &DataArgs, lang: Lang) -> Result<Store, Failure> {
    Ok(Store::inspect(options(&args.data, &args.database, &origin_of(&args.data, lang)?)?)?)
}

/// Opens existing data for writing; refuses while a server runs on it.
pub(crate) fn open(args: &DataArgs, lang: Lang) -> Result<Store, Failure> {
    Ok(Store::open(options(&args.data, &args.database, &origin_of(&args.data, lang)?)?)?)
}

/// The ledger's origin as the key file names it, so that reading verbs need no policy.
pub(crate) fn origin_of(data: &Path, lang: Lang) -> Result<String, Failure> {
    let path = data.join("keys").join("ledger.key");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint =
            say(lang, "--data にデータフォルダーを指定してください", "give the data folder with --data");
        Failure::misuse(format!("{}: {error}; {hint}", path.display()))
    })?;
    let key = sekisho_ledger::SigningKey::from_text(text.trim_end()).map_err(Failure::refused)?;
    Ok(key.verifier().name().to_owned())
}

/// Policy, store and people, for verbs that act on people without a server.
pub(crate) fn people(args: &PlaceArgs, lang: Lang) -> Result<(Arc<Policy>, Identity), Failure> {
    let policy = Arc::new(policy::load(&args.policy, lang)?);
    let store = Store::open(options(&args.store.data, &args.store.database, &policy.municipality.origin)?)?;
    let identity = self::identity(&store, &policy, &args.store.data, Vec::new())?;
    Ok((policy, identity))
}

/// The identity service with sound settings.
pub(crate) fn identity(
    store: &Store,
    policy: &Arc<Policy>,
    data: &Path,
    zones: Vec<ZoneSite>,
) -> Result<Identity, Failure> {
    let issuer = format!("関所 {}", policy.municipality.name.ja);
    Ok(Identity::new(store.clone(), Arc::clone(policy), Config::new(data, issuer, zones))?)
}
