//! The command line, defined once: parsing, help, man page and completions all come from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// 関所: 自治体の情報セキュリティポリシーを実行します。Runs a municipality's information-security policy.
#[derive(Debug, Parser)]
#[command(
    name = "sekisho",
    version,
    propagate_version = true,
    after_help = "終了コード Exit codes: 0 成功 success, 1 拒否・不合格 refused or failed, 2 使い方の誤り misuse."
)]
pub(crate) struct Cli {
    /// Language of messages: ja or en (default: from LANG)
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<LangArg>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangArg {
    /// 日本語
    Ja,
    /// English
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start a sample city on this machine and show the journey of a file (with --once: by itself, then stop)
    Demo(DemoArgs),
    /// Run the server: one listener for each zone
    Serve(ServeArgs),
    /// Disarm files or folders without a server
    Disarm(DisarmArgs),
    /// Check disarmed files with the second reader
    Verify(VerifyArgs),
    /// Check or show a municipality's declaration
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// Verify, rebuild and read the ledger
    #[command(subcommand)]
    Ledger(LedgerVerb),
    /// Copy everything to a folder, consistently
    Backup(BackupArgs),
    /// Restore a backup into an empty data folder, verified
    Restore(RestoreArgs),
    /// Encrypt every stored file anew under a new key; the old key is retired
    RotateKey(DataArgs),
    /// Add people and issue enrolment links on the server
    #[command(subcommand)]
    User(UserVerb),
    /// Registers: check definitions, list, export, import, adopt changed definitions
    #[command(subcommand)]
    Register(RegisterVerb),
    /// Documents: import, list, export what is public
    #[command(subcommand)]
    Document(DocumentVerb),
    /// A sample city, for trying out and for tests
    #[command(subcommand)]
    City(CityVerb),
    /// The sandboxed worker
    #[command(subcommand)]
    Worker(WorkerVerb),
    /// Print the man page or shell completions
    #[command(subcommand)]
    Generate(GenerateVerb),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Perform the whole journey over HTTP, print what happened, and stop
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the data here instead of in a temporary folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Save the receipt and the verifier key of the journey here (with --once)
    #[arg(long, value_name = "DIR")]
    pub(crate) keep_receipt: Option<PathBuf>,
    /// First of the four ports (internet, lgwan, mynumber, administration)
    #[arg(long, default_value_t = 8441)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// `sqlite`, or a PostgreSQL address such as postgres://user@host/db
    #[arg(long, value_name = "URL", default_value = "sqlite")]
    pub(crate) database: String,
}

#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    #[command(flatten)]
    pub(crate) store: DataArgs,
    /// The folder with the municipality's declaration
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DeclaredArgs {
    #[command(flatten)]
    pub(crate) store: DataArgs,
    /// The folder with the municipality's declaration (default: the copy in the data folder)
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Address of the zone listeners; each zone's port comes from the policy
    #[arg(long, value_name = "IP", default_value = "0.0.0.0")]
    pub(crate) bind: std::net::IpAddr,
    /// The name under which browsers reach this server (passkeys are bound to it)
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub(crate) host: String,
    /// Administration listener (health, metrics)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8440")]
    pub(crate) admin: std::net::SocketAddr,
    /// Certificate chain (PEM); without it a self-signed one is made in the data folder
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve plain HTTP, for a proxy on the same machine that does TLS
    #[arg(long)]
    pub(crate) http: bool,
    /// Mail relay of the closed network for notices; without it notices are only in the pages
    #[arg(long, value_name = "HOST[:PORT]", requires = "mail_from")]
    pub(crate) mail_relay: Option<String>,
    /// Sender of the notices
    #[arg(long, value_name = "ADDRESS", requires = "mail_relay")]
    pub(crate) mail_from: Option<String>,
    /// Have this clamd (path of its socket, or HOST:PORT) scan originals and results; unreachable, files wait
    #[arg(long, value_name = "SOCKET")]
    pub(crate) clamd: Option<String>,
    /// Number of files disarmed at the same time
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) jobs: usize,
    /// Disarm without a sandbox where the kernel offers none (logged; not for production)
    #[arg(long)]
    pub(crate) unsandboxed: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DisarmArgs {
    /// Files or folders; `-` is standard input
    #[arg(value_name = "IN", required_unless_present_any = ["explain", "watch"])]
    pub(crate) inputs: Vec<PathBuf>,
    /// Output file, or folder for several inputs; `-` is standard output
    #[arg(short, long, visible_alias = "out", value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Write one JSON line a file here; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write a page for people here: what was removed, where, why, and what to do
    #[arg(long, value_name = "FILE")]
    pub(crate) report_html: Option<PathBuf>,
    /// The method, or a chain such as rebuild,image,text: the next is tried when one refuses the content
    #[arg(long, value_enum, value_delimiter = ',', default_value = "rebuild")]
    pub(crate) method: Vec<MethodArg>,
    /// Files at the same time (default: number of processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Leave out files that the report of an earlier run (--report) already has, unchanged
    #[arg(long)]
    pub(crate) skip_done: bool,
    /// Watch this folder and disarm whatever is put into it, into --out
    #[arg(long, value_name = "DIR", conflicts_with_all = ["inputs", "skip_done", "compare", "report_html"])]
    pub(crate) watch: Option<PathBuf>,
    /// Measure what survives: text, pages, look (needs LibreOffice and poppler for the last two); writes no output
    #[arg(long, conflicts_with = "output")]
    pub(crate) compare: bool,
    /// Password of encrypted documents and archives (other users of this machine may see it; see --password-file)
    #[arg(long, value_name = "TEXT", conflicts_with = "password_file")]
    pub(crate) password: Option<String>,
    /// File that holds the password in its first line
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Scan inputs and outputs with this clamd (path of its socket, or HOST:PORT); if it can't be reached, files are held
    #[arg(long, value_name = "SOCKET")]
    pub(crate) clamd: Option<String>,
    /// Keep a VBA project with this SHA-256 (approved by two people); everything else is still rebuilt
    #[arg(long, value_name = "SHA256")]
    pub(crate) approved_macro: Vec<String>,
    /// Drop web and mail links too, keeping their text
    #[arg(long)]
    pub(crate) drop_links: bool,
    /// Keep the character code of texts (CP932, EUC-JP) instead of writing UTF-8
    #[arg(long)]
    pub(crate) keep_encoding: bool,
    /// With the method image: pixels only, without the invisible text for search and copying
    #[arg(long)]
    pub(crate) no_text_layer: bool,
    /// With the method image: pixels an inch
    #[arg(long, value_name = "N", default_value_t = 150, value_parser = clap::value_parser!(u16).range(36..=600))]
    pub(crate) dpi: u16,
    /// Lay noise of this seed over pictures, against messages hidden in pixels
    #[arg(long, value_name = "SEED")]
    pub(crate) noise: Option<u64>,
    /// Print hash and source of the macros in the files, for those who approve them; writes no output
    #[arg(long, conflicts_with_all = ["output", "compare", "watch"])]
    pub(crate) macros: bool,
    /// Explain a code of the report and stop; `all` lists every code
    #[arg(long, value_name = "CODE")]
    pub(crate) explain: Option<String>,
    /// Work without a sandbox where the kernel offers none
    #[arg(long)]
    pub(crate) unsandboxed: bool,
}

/// A method of disarming, by the guideline's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArg {
    /// サニタイズ処理: same or successor format
    Rebuild,
    /// 画像化: pixels only
    Image,
    /// テキスト抽出: text only
    Text,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Disarmed files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Work without a sandbox where the kernel offers none
    #[arg(long)]
    pub(crate) unsandboxed: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// Find every error in a declaration
    Check {
        /// The folder
        dir: PathBuf,
    },
    /// Show zones and conduits
    Show {
        /// The folder
        dir: PathBuf,
        /// Write a drawing (SVG) here
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// Print the JSON Schema for editors
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerVerb {
    /// Verify rows, entries, tiles, blobs and projections against the signed checkpoint
    Verify(DataArgs),
    /// Rebuild the projections from the events and compare
    Rebuild(DataArgs),
    /// Write the receipt of an entry
    Receipt {
        #[command(flatten)]
        store: DataArgs,
        /// Number of the entry
        entry: u64,
        /// Output file (default: standard output)
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check a receipt with the public key of the ledger
    Check {
        /// The receipt
        receipt: PathBuf,
        /// The verifier key, as text or as a file
        #[arg(long, value_name = "KEY")]
        key: String,
    },
    /// Print the verifier key
    Key(DataArgs),
    /// Print the signed checkpoint
    Checkpoint(DataArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Where to; must not exist or be empty
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) store: DataArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) store: DataArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// List people
    List(PlaceArgs),
    /// Add a person and print their enrolment link
    Add {
        #[command(flatten)]
        place: PlaceArgs,
        /// Login name
        #[arg(long)]
        login: String,
        /// Name
        #[arg(long)]
        name: String,
        /// Reading in kana
        #[arg(long, default_value = "")]
        kana: String,
        /// Unit, as in the policy
        #[arg(long)]
        unit: String,
        /// Roles, as in the policy
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
    },
    /// Print a new enrolment link (completing it replaces the person's factors)
    Link {
        #[command(flatten)]
        place: PlaceArgs,
        /// Login name
        login: String,
    },
    /// Say how a person signs in: local, directory or oidc; their sessions end
    SignIn {
        #[command(flatten)]
        place: PlaceArgs,
        /// Login name
        login: String,
        /// local, directory or oidc
        #[arg(value_parser = ["local", "directory", "oidc"])]
        way: String,
    },
    /// Deactivate a person; their sessions and tokens end
    Deactivate {
        #[command(flatten)]
        place: PlaceArgs,
        /// Login name
        login: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkerVerb {
    /// Prove that a confined worker can't open, connect, execute or fork
    SelfTest {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The process that forks the workers; started by sekisho itself
    #[command(hide = true)]
    Zygote {
        /// The control socket
        #[arg(long)]
        fd: i32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenerateVerb {
    /// The man page (roff)
    Man,
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterVerb {
    /// Find every error in register definitions (without DIR: in the built-in ones)
    Check {
        /// The folder with the definitions
        dir: Option<PathBuf>,
        /// Check their roles, units, classes and routes against this declaration
        #[arg(long, value_name = "DIR")]
        policy: Option<PathBuf>,
    },
    /// List the registers and how many rows they have
    List {
        #[command(flatten)]
        place: DeclaredArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Export a register in the municipality's own layout
    Export {
        /// The register
        name: String,
        #[command(flatten)]
        place: DeclaredArgs,
        /// Output file; its ending says the format (.xlsx or .csv)
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Encoding of CSV
        #[arg(long, value_enum, default_value_t = EncodingArg::Utf8)]
        encoding: EncodingArg,
        /// The register as it was at the end of this day (2026-04-01, R8.4.1, 令和8年4月1日)
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
    },
    /// Import a workbook or CSV: all rows or none
    Import {
        /// The register
        name: String,
        /// The file (.xlsx, .xls, .ods or .csv)
        file: PathBuf,
        #[command(flatten)]
        place: DeclaredArgs,
        /// Only say what would be added, changed, removed and refused
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Remove the rows that are missing in the file
        #[arg(long)]
        remove_missing: bool,
        /// Read the file without a sandbox where the kernel offers none
        #[arg(long)]
        unsandboxed: bool,
    },
    /// Adopt changed definitions, or name the rows that would not fit
    Migrate {
        #[command(flatten)]
        place: DeclaredArgs,
        /// Only compare
        #[arg(long)]
        dry_run: bool,
    },
}

/// How CSV is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncodingArg {
    /// UTF-8 with a mark (BOM), as Excel expects it
    #[value(name = "utf-8")]
    Utf8,
    /// CP932 (Windows-31J)
    Cp932,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DocumentVerb {
    /// Import a document (DOCX, Markdown or text) with its structure
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        place: DeclaredArgs,
        /// Tier (default: from the title)
        #[arg(long, value_enum)]
        tier: Option<TierArg>,
        /// Title (default: from the text)
        #[arg(long)]
        title: Option<String>,
        /// The unit in charge (default: 情報政策課 `joho-seisaku`, else the first unit)
        #[arg(long)]
        unit: Option<String>,
        /// Take it as in force already: the first version, without a new decision
        #[arg(long)]
        enact: bool,
        /// Read the file without a sandbox where the kernel offers none
        #[arg(long)]
        unsandboxed: bool,
    },
    /// List the documents
    List {
        #[command(flatten)]
        place: DeclaredArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the public documents as web pages
    Export {
        #[command(flatten)]
        place: DeclaredArgs,
        /// Only the public tier (基本方針); nothing else is ever exported by this command
        #[arg(long, required = true)]
        public: bool,
        /// Output folder
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

/// The tier of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierArg {
    /// 基本方針
    Public,
    /// 対策基準
    Standard,
    /// 実施手順
    Procedure,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CityVerb {
    /// Write a sample city into an empty data folder: declaration, people, every register, documents, courses
    Generate(GenerateCityArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GenerateCityArgs {
    /// The same seed gives the same city
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Units (at least the 40 of the sample declaration)
    #[arg(long, default_value_t = 60)]
    pub(crate) units: usize,
    /// People (at least the 42 of the sample rows)
    #[arg(long, default_value_t = 600)]
    pub(crate) people: usize,
    #[command(flatten)]
    pub(crate) store: DataArgs,
    /// The day on which the city stands (default: today in Japan)
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<String>,
    /// Enrol a dozen named roles and write their passwords and authenticator secrets here (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) enrol: Option<PathBuf>,
}
