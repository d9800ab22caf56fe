#!/usr/bin/env python3
"""Sign-in against Debian's slapd and an OpenID provider written here, over HTTP. `directory.py --binary PATH`

Everything runs on loopback with its own folders and ends with this script. The provider shares no code with the product:
http.server and PyJWT. Prints `ok` or `FAILED` per case and ends with 1 when one failed."""
import base64, hashlib, http.client, http.server, json, os, pathlib, re, secrets, shutil, socket, sqlite3, subprocess, sys, tempfile, threading, time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
import datetime, ipaddress

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from load import Person, Window  # a browser window and an authenticator app

class FromEverywhere(http.client.HTTPConnection):
    """Connections from one loopback address after the other: so many failures from one address would lock it."""

    number = 0

    def __init__(self, *args, **kwargs):
        FromEverywhere.number += 1
        super().__init__(*args, source_address=(f"127.0.1.{FromEverywhere.number % 250 + 1}", 0), **kwargs)


http.client.HTTPConnection = FromEverywhere

binary = sys.argv[sys.argv.index("--binary") + 1]
root = pathlib.Path(__file__).resolve().parents[1]
work = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-directory-"))
FIRST, LDAP, LDAPS, ISSUER, ADMIN = 18561, 18570, 18571, 18572, 18573
passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
        print(f"ok      {name}", flush=True)
    else:
        failed += 1
        print(f"FAILED  {name} {detail}", flush=True)


def secret(name, text):
    path = work / name
    path.write_text(text)
    path.chmod(0o600)
    return path


# ---- a directory

BASE = "dc=imari,dc=example"
SERVICE = f"cn=sekisho,{BASE}"
SERVICE_PASSWORD = "service 4f0a"
PASSWORD = "Imari-yaki 2026 no sato"


class Slapd:
    """OpenLDAP with one database, some attributes of Active Directory, and a certificate of an authority of its own."""

    def __init__(self):
        self.folder = work / "slapd"
        (self.folder / "db").mkdir(parents=True)
        self.process = None
        self.certificates()
        modules = next(pathlib.Path("/usr/lib").glob("ldap"), None)
        schema = "\n".join(f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "nis", "inetorgperson"))
        (self.folder / "slapd.conf").write_text(f"""
{schema}
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.141 NAME 'department' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.6 NAME 'securityPrincipal' SUP top AUXILIARY MAY ( sAMAccountName $ userAccountControl $ department ) )
{f"modulepath {modules}" if modules else ""}
moduleload back_mdb
pidfile {self.folder}/slapd.pid
TLSCACertificateFile {self.folder}/ca.pem
TLSCertificateFile {self.folder}/cert.pem
TLSCertificateKeyFile {self.folder}/key.pem
# The trap: this server answers a bind with a name and no password with success.
allow bind_anon_dn bind_anon_cred
database mdb
suffix "{BASE}"
directory {self.folder}/db
rootdn "cn=root,{BASE}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{SERVICE}" read by self read by * none
""")
        people = "".join(
            f"""
dn: uid={uid},ou=people,{BASE}
objectClass: inetOrgPerson
objectClass: shadowAccount
objectClass: securityPrincipal
cn: {uid}
sn: {uid}
uid: {uid}
sAMAccountName: {uid}
department: 情報政策課
{more}userPassword: {PASSWORD}
"""
            for uid, more in (
                ("tanaka", "userAccountControl: 512\n"),
                ("closed", "userAccountControl: 514\n"),
                ("expired", "shadowExpire: 1\n"),
                ("outsider", ""),
            )
        )
        (self.folder / "city.ldif").write_text(
            f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: imari\no: Imari\n\n"
            f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: sekisho\nuserPassword: {SERVICE_PASSWORD}\n\n"
            f"dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\n{people}"
        )
        added = subprocess.run(["/usr/sbin/slapadd", "-f", self.folder / "slapd.conf", "-l", self.folder / "city.ldif"], capture_output=True, text=True)
        if added.returncode:
            raise RuntimeError(f"slapadd: {added.stderr}")

    def certificates(self):
        now = datetime.datetime.now(datetime.timezone.utc)

        def make(name, issuer, key, signer, authority):
            builder = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            builder = builder.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])).public_key(key.public_key())
            builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
            builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            if not authority:
                names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
                builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

        for folder, name in ((self.folder, "Imari test authority"), (work / "foreign", "Foreign authority")):
            folder.mkdir(exist_ok=True)
            authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
            (folder / "ca.pem").write_bytes(make(name, name, authority, authority, True))
            (folder / "cert.pem").write_bytes(make("localhost", name, own, authority, False))
            pem = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            (folder / "key.pem").write_bytes(pem)
            (folder / "key.pem").chmod(0o600)

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            ["/usr/sbin/slapd", "-d", "stats", "-f", self.folder / "slapd.conf", "-h", f"ldap://127.0.0.1:{LDAP} ldaps://127.0.0.1:{LDAPS}"],
            stdout=log, stderr=log,
        )
        for _ in range(100):
            if self.process.poll() is not None:
                raise RuntimeError(f"slapd ended: {self.log()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", LDAP)) == 0:
                    return self
            time.sleep(0.1)
        raise RuntimeError("slapd does not listen")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def log(self):
        return (self.folder / "log").read_text("utf-8", "replace")


# ---- an OpenID provider

CLIENT, CLIENT_SECRET = "sekisho", "client secret: 5%+&"


class Provider:
    """Authorization code flow with PKCE; `twist` says what is wrong with the next answer."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.issuer = f"http://127.0.0.1:{ISSUER}/city"
        self.codes, self.requests, self.fetched = {}, [], {"keys": 0, "description": 0}
        self.twist, self.login, self.subject, self.amr, self.algorithm = "", "sakai", "sub-1", None, "RS256"
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                path = urlsplit(self.path).path
                if path == "/city/.well-known/openid-configuration":
                    provider.fetched["description"] += 1
                    self.answer(200, provider.description())
                elif path == "/city/keys":
                    provider.fetched["keys"] += 1
                    self.answer(200, {"keys": provider.keys()})
                else:
                    self.answer(404, {})

            def do_POST(self):
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()}
                self.answer(*provider.token(form, self.headers.get("authorization", "")))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", ISSUER), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def description(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def keys(self):
        result = []
        for kid, key, algorithm in (("r1", self.rsa, jwt.algorithms.RSAAlgorithm), ("e1", self.ec, jwt.algorithms.ECAlgorithm)):
            entry = json.loads(algorithm.to_jwk(key.public_key()))
            result.append({**entry, "kid": kid, "use": "sig"})
        return result

    def authorize(self, location):
        """What the person does there: signs in and is sent back."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        if not location.startswith(f"{self.issuer}/authorize?") or "redirect_uri" not in query:
            raise RuntimeError(f"the browser was not sent to the provider: {location}")
        self.requests.append(query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        issuer = "http://127.0.0.1:1/other" if self.twist == "mixed up" else self.issuer
        return urlsplit(query["redirect_uri"]).path, {"code": code, "state": query["state"], "iss": issuer}

    def token(self, form, authorization):
        query = self.codes.pop(form.get("code"), None)
        if query is None or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        joined = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        name, _, password = joined.partition(":")
        if (name, {k: v[0] for k, v in parse_qs(f"p={password}").items()}.get("p")) != (CLIENT, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if challenge != query["code_challenge"] or query["code_challenge_method"] != "S256" or form["redirect_uri"] != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": self.subject, "preferred_username": self.login, "nonce": query["nonce"], "iat": now, "exp": now + 300}
        if self.amr:
            claims["amr"] = self.amr
        twist = self.twist
        changes = {
            "wrong nonce": {"nonce": "x" * 43},
            "wrong audience": {"aud": "another"},
            "two audiences without azp": {"aud": [CLIENT, "another"]},
            "another party": {"azp": "another"},
            "wrong issuer": {"iss": "http://127.0.0.1:1/other"},
            "expired": {"iat": now - 7200, "exp": now - 3600},
            "from the future": {"iat": now + 3600, "exp": now + 7200},
            "no subject": {"sub": ""},
        }
        claims.update(changes.get(twist, {}))
        if twist == "no nonce":
            del claims["nonce"]
        if twist == "algorithm none":
            token = jwt.encode(claims, None, algorithm="none", headers={"kid": "r1"})
        elif twist == "symmetric key":
            # The public key as an HMAC key: the oldest trick; PyJWT refuses to make it, so by hand.
            public = self.rsa.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
            signed = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'r1'}).encode())}.{b64(json.dumps(claims).encode())}"
            import hmac

            token = f"{signed}.{b64(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"
        elif twist == "foreign key":
            token = jwt.encode(claims, self.foreign, algorithm="RS256", headers={"kid": "r1"})
        elif twist == "unknown key":
            token = jwt.encode(claims, self.foreign, algorithm="RS256", headers={"kid": "r9"})
        elif twist == "changed afterwards":
            token = jwt.encode(claims, self.rsa, algorithm="RS256", headers={"kid": "r1"})
            head, body, mark = token.split(".")
            forged = base64.urlsafe_b64encode(json.dumps({**claims, "preferred_username": "tanaka"}).encode()).rstrip(b"=").decode()
            token = f"{head}.{forged}.{mark}"
        else:
            key, kid = (self.ec, "e1") if self.algorithm == "ES256" else (self.rsa, "r1")
            token = jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": kid})
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


# ---- the product

class Server:
    """`sekisho serve` with a declaration of its own."""

    def __init__(self, name, sign_in):
        self.policy, self.data = work / f"policy-{name}", work / "data"
        shutil.copytree(root / "policies/imari", self.policy)
        zones = (self.policy / "zones.toml").read_text("utf-8")
        for number in (1, 2, 3):
            zones = zones.replace(f"port = 844{number}", f"port = {FIRST + number - 1}")
        (self.policy / "zones.toml").write_text(zones, "utf-8")
        (self.policy / "sign-in.toml").write_text(sign_in, "utf-8")
        self.process, self.lines = None, work / f"log-{name}"

    def run(self, *args):
        done = subprocess.run([binary, "--lang", "en", *map(str, args), "--data", self.data, "--policy", self.policy], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{args}: {done.stderr}")
        return done.stdout

    def add(self, login, role, way):
        link = self.run("user", "add", "--login", login, "--name", f"{login} 氏", "--unit", "joho-seisaku", "--role", role).split("/enrol/")[1].strip()
        if way != "local":
            self.run("user", "sign-in", login, way)
        return link

    def start(self):
        self.process = subprocess.Popen([binary, "--lang", "en", "serve", "--http", "--data", self.data, "--policy", self.policy, "--bind", "127.0.0.1", "--admin", f"127.0.0.1:{ADMIN}"], stderr=open(self.lines, "ab"))
        for _ in range(200):
            if self.process.poll() is not None:
                return False
            try:
                if Window(FIRST).get("/login").status == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.1)
        return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def log(self):
        return self.lines.read_text("utf-8", "replace") if self.lines.exists() else ""

    def events(self, kind):
        with sqlite3.connect(f"file:{self.data}/sekisho.sqlite?mode=ro", uri=True) as db:
            rows = db.execute("SELECT payload FROM events WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
        return [json.loads(payload)["body"] for (payload,) in rows]


def enrol(link, login, password):
    """Follows a link to its end, with a password of ours or without."""
    window = Window(FIRST + 1)
    page = window.get(f"/enrol/{link}")
    seed = "".join(re.search(r"<code>([A-Z2-7 ]{16,})</code>", page.text).group(1).split())
    check(f"{login}: the page of the link asks for a password only where it is ours", ('name="password"' in page.text) == bool(password))
    person = Person(login, seed)
    fields = {"code": person.code()}
    if password:
        fields |= {"password": password, "repeat": password}
    done = window.form(f"/enrol/{link}/totp", fields)
    if done.status != 200:
        raise RuntimeError(f"{login} could not enrol: {done.status} {done.text[:2000]}")
    return person


def first_step(login, password, zone=1):
    window = Window(FIRST + zone)
    return window, window.form("/login", {"login": login, "password": password, "next": "/account"})


def finish(window, page, person, method):
    pending = page.hidden("pending")
    done = window.form("/login/second", {"pending": pending, "code": person.code(), "next": "/account"})
    account = window.get("/account")
    return done.status == 303 and account.status == 200 and method in account.text


def banner(answer):
    found = re.search(r'role="alert">.*?<p[^>]*>(.*?)</p>', answer.text, re.S)
    return found.group(1) if found else ""


def directory_settings(**more):
    fields = {"kind": "openldap", "servers": [f"ldap://127.0.0.1:{LDAP}"], "base": f"ou=people,{BASE}", "bind_dn": SERVICE, "password_file": str(work / "ldap-secret"), "timeout_seconds": 3, **more}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items() if value is not None)
    return f"[sign-in.directory]\n{lines}"


OIDC = f"""[sign-in.oidc]
issuer = "http://127.0.0.1:{ISSUER}/city"
client_id = "{CLIENT}"
secret_file = "{work}/client-secret"
label_ja = "職員認証基盤"
label_en = "City sign-in"
mfa_amr = ["mfa"]
mfa_zones = ["internet"]
"""

SYSTEM = "another phrase of ours 77"


def ldap_cases(server, slapd, people):
    window, page = first_step("tanaka", PASSWORD)
    check("the directory's password and our code sign in", finish(window, page, people["tanaka"], "庁内ディレクトリ"), page.text[:300])
    check("the ledger names the method", server.events("login.succeeded")[-1]["method"] == "directory-totp")
    wrong = first_step("tanaka", "not this one")[1]
    refusal = banner(wrong)
    check("a wrong password is refused", wrong.status == 401 and "サインインできませんでした" in refusal, wrong.status)
    empty = first_step("tanaka", "")[1]
    check("an empty password is refused although the server would accept it", empty.status == 401 and banner(empty) == refusal, empty.status)
    check("and no bind was tried with it", server.events("login.failed")[-1]["factor"] == "directory-empty", server.events("login.failed")[-1])
    for login in ("closed", "expired"):
        answer = first_step(login, PASSWORD)[1]
        check(f"an account that the directory has closed is refused ({login})", answer.status == 401 and banner(answer) == refusal, answer.status)
        check("the ledger says why", server.events("login.failed")[-1]["factor"] == "directory-disabled", server.events("login.failed")[-1])
    outsider = first_step("outsider", PASSWORD)[1]
    check("somebody in the directory who is not in the personnel list is nobody", outsider.status == 401 and banner(outsider) == refusal)
    check("nobody was created", "outsider" not in people_list(server))
    mark = len(slapd.log())
    for login in ("*)(uid=*", "tanaka)(|(uid=*", "tanaka*", "*", "tanaka\x00", "\\2a", "uid=tanaka,ou=people"):
        answer = first_step(login, PASSWORD)[1]
        check(f"a filter in the log-in name finds nobody: {login!r}", answer.status == 401, answer.status)
    asked = [line for line in slapd.log()[mark:].splitlines() if "filter=" in line]
    check("what was typed reached the directory escaped", asked and any("\\2A\\29\\28uid=\\2A" in line.upper().replace("UID", "uid") for line in asked), "\n".join(asked[:3]))
    check("no search matched more than an exact name", all("nentries=0" in line for line in slapd.log()[mark:].splitlines() if "SEARCH RESULT" in line and "nentries=" in line))
    local = first_step("sato", SYSTEM)
    check("a local account signs in as before", finish(*local, people["sato"], "パスワードと認証コード"))
    check("its password is not the directory's", first_step("sato", PASSWORD)[1].status == 401)


def people_list(server):
    with sqlite3.connect(f"file:{server.data}/sekisho.sqlite?mode=ro", uri=True) as db:
        return [login for (login,) in db.execute("SELECT login FROM people")]


def down_cases(server, slapd, people):
    slapd.stop()
    answer = first_step("tanaka", PASSWORD)[1]
    check("with the directory down its people read that", answer.status == 503 and "庁内ディレクトリに接続できない" in banner(answer), answer.status)
    unknown = first_step("nobody-here", PASSWORD)[1]
    check("an unknown name reads the same sentence", unknown.status == 503 and banner(unknown) == banner(answer), unknown.status)
    check("a local account signs in all the same", finish(*first_step("sato", SYSTEM), people["sato"], "パスワードと認証コード"))
    check("the ledger has it once", len(server.events("directory.unreachable")) == 1)
    slapd.start()
    time.sleep(5.5)
    window, page = first_step("tanaka", PASSWORD)
    check("when it is back, so are its people", finish(window, page, people["tanaka"], "庁内ディレクトリ"), page.status)
    check("the ledger has that too", len(server.events("directory.reachable")) == 1)


def at_provider(provider, zone=1):
    """From the button to the return, as a browser does it whose Strict cookie does not come along at first."""
    window = Window(FIRST + zone)
    page = window.get("/login")
    address = re.search(r'href="(/login/oidc[^"]*)"', page.text).group(1).replace("&amp;", "&")
    away = window.get(address)
    if away.status != 303:
        return window, away, None
    path, back = provider.authorize(away.headers["location"])
    crossing = window.ask("GET", f"{path}?{urlencode(back)}", headers={"Cookie": None})
    onward = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', crossing.text)
    if not onward:
        return window, crossing, back
    address = onward.group(1).replace("&amp;", "&").replace("&#38;", "&")
    return window, window.get(address), address


def oidc_cases(server, provider, people):
    window, page, used = at_provider(provider)
    check("the OpenID provider's account and our code sign in", page.status == 200 and finish(window, page, people["sakai"], "認証基盤"), page.text[:600])
    check("the ledger names the method", server.events("login.succeeded")[-1]["method"] == "oidc-totp")
    query = provider.requests[-1]
    check("PKCE, state and nonce are sent, and the zone's own return address", query["code_challenge_method"] == "S256" and len(query["state"]) >= 43 and len(query["nonce"]) >= 43 and query["redirect_uri"] == f"http://localhost:{FIRST + 1}/login/oidc/return", query)
    check("nothing is asked in another way", query["response_type"] == "code" and query["scope"] == "openid profile" and query["client_id"] == CLIENT)
    replayed = window.get(used)
    check("a state works once", replayed.status == 401, replayed.status)
    provider.algorithm = "ES256"
    window, page, _ = at_provider(provider)
    check("a token signed with P-256 is accepted", page.status == 200 and 'name="pending"' in page.text, page.status)
    provider.algorithm = "RS256"
    keys = provider.fetched["keys"]
    for twist, word in (
        ("wrong nonce", "nonce"), ("no nonce", "nonce"), ("wrong audience", "audience"), ("two audiences without azp", "authorized-party"),
        ("another party", "authorized-party"), ("wrong issuer", "issuer"), ("expired", "expired"), ("from the future", "not-yet-valid"), ("no subject", "subject"),
        ("algorithm none", "algorithm"), ("symmetric key", "algorithm"), ("foreign key", "signature"), ("unknown key", "key"), ("changed afterwards", "signature"), ("mixed up", "issuer"),
    ):
        provider.twist = twist
        window, page, _ = at_provider(provider)
        check(f"refused: {twist}", page.status == 401 and "pending" not in page.text, page.status)
        found = server.events("login.failed")[-1]["factor"]
        check("the ledger says why", found == f"oidc-{word}", found)
    provider.twist = ""
    check("the keys are kept and not asked for each time", provider.fetched["keys"] <= keys + 2 and provider.fetched["description"] == 1, str(provider.fetched))

    mine = Window(FIRST + 1)
    away = mine.get("/login/oidc?next=/account")
    path, back = provider.authorize(away.headers["location"])
    stranger = Window(FIRST + 1)
    stranger.get("/login/oidc?next=/account")
    answer = stranger.get(f"{path}?{urlencode(back)}")
    check("an answer in another browser is refused", answer.status == 401, answer.status)
    elsewhere = Window(FIRST)
    elsewhere.cookies = {name.replace("lgwan", "internet"): value for name, value in mine.cookies.items()}
    answer = elsewhere.get(f"{path}?{urlencode(back)}")
    check("an answer in another zone is refused", answer.status == 401, answer.status)
    answer = mine.get(f"{path}?{urlencode({**back, 'state': 'x' * 43})}")
    check("a state of somebody's own making is refused", answer.status == 401, answer.status)
    answer = mine.get(f"{path}?{urlencode(back)}")
    check("and the right one still works, its cookie sent at once", answer.status == 200 and 'name="pending"' in answer.text, answer.status)
    answer = mine.get(f"{path}?{urlencode({'error': 'access_denied', 'state': 'x', 'again': '1'})}")
    check("a refusal at the provider is told", answer.status == 401, answer.status)

    provider.subject = "sub-2"
    page = at_provider(provider)[1]
    check("the same name with another account behind it is refused", page.status == 401, page.status)
    provider.subject = "sub-1"
    for login in ("sato", "tanaka", "nobody-at-all"):
        provider.login, provider.subject = login, f"sub-{login}"
        page = at_provider(provider)[1]
        check(f"the provider can not vouch for {login}", page.status == 401 and "情報システム担当" in page.text, page.status)
    provider.login, provider.subject = "sakai", "sub-1"
    check("no password opens the account either", first_step("sakai", PASSWORD)[1].status == 401 and first_step("sakai", "")[1].status == 401)

    provider.amr = ["pwd", "mfa"]
    window, page, _ = at_provider(provider, zone=0)
    check("evidence of several factors is enough where the declaration says so", page.status == 303 and window.get("/account").status == 200, page.status)
    check("the ledger names the method", server.events("login.succeeded")[-1]["method"] == "oidc")
    page = at_provider(provider, zone=1)[1]
    check("and nowhere else", page.status == 200 and 'name="pending"' in page.text, page.status)
    provider.amr = ["pwd"]
    page = at_provider(provider, zone=0)[1]
    check("one factor is no evidence", page.status == 200 and 'name="pending"' in page.text, page.status)
    provider.amr = None
    provider.stop()
    page = at_provider(provider)
    check("with the provider down that is told", page[1].status == 503 or page[1].status == 401, page[1].status)
    check("a local account signs in all the same", finish(*first_step("sato", SYSTEM), people["sato"], "パスワードと認証コード"))


def policy_of_secrets(server):
    told = server.log() + json.dumps([server.events(kind) for kind in ("login.failed", "login.succeeded", "directory.unreachable", "person.sign-in-changed")], ensure_ascii=False)
    raw = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    for name, value in (("the bind password", SERVICE_PASSWORD), ("the client secret", CLIENT_SECRET), ("a person's password", PASSWORD)):
        check(f"{name} is in no log, event or file", value not in told and value.encode() not in raw)


def other_ways(slapd, people):
    """The same directory by other settings, each with a server of its own over the same data."""
    ca, foreign = slapd.folder / "ca.pem", work / "foreign/ca.pem"
    for name, settings, works in (
        ("ldaps", directory_settings(servers=[f"ldaps://localhost:{LDAPS}"], ca_file=str(ca)), True),
        ("starttls", directory_settings(servers=[f"ldap://localhost:{LDAP}"], start_tls=True, ca_file=str(ca)), True),
        ("foreign-authority", directory_settings(servers=[f"ldaps://localhost:{LDAPS}"], ca_file=str(foreign)), False),
        ("second-server", directory_settings(servers=["ldap://127.0.0.1:1", f"ldap://127.0.0.1:{LDAP}"]), True),
        ("active-directory", directory_settings(kind="active-directory"), True),
        ("template", directory_settings(user_dn=f"uid={{login}},ou=people,{BASE}", base=None, bind_dn=None, password_file=None), True),
        ("filter", directory_settings(filter="(department=税務課)"), False),
    ):
        server = Server(name, settings)
        try:
            if not server.start():
                check(f"{name}: the server starts", False, server.log()[-500:])
                continue
            window, page = first_step("tanaka", PASSWORD)
            if works:
                check(f"{name}: signs in", finish(window, page, people["tanaka"], "庁内ディレクトリ"), f"{page.status} {server.log()[-300:]}")
                check(f"{name}: a wrong password is refused", first_step("tanaka", "wrong")[1].status == 401)
                check(f"{name}: an empty password is refused", first_step("tanaka", "")[1].status == 401)
                closed = first_step("expired" if name == "template" else "closed", PASSWORD)[1]  # five failures would lock the account
                check(f"{name}: a closed account is refused", closed.status == 401, closed.status)
            else:
                check(f"{name}: refused", page.status in (401, 503), page.status)
                check(f"{name}: a local account signs in all the same", finish(*first_step("sato", SYSTEM), people["sato"], "パスワードと認証コード"))
        finally:
            server.stop()


def settings_are_strict():
    open_secret = secret("open-secret", "x\n")
    open_secret.chmod(0o644)
    for name, settings, word in (
        ("secret-open", directory_settings(password_file=str(open_secret)), "chmod 600"),
        ("secret-absent", directory_settings(password_file=str(work / "nowhere")), "nowhere"),
        ("authority-absent", directory_settings(servers=["ldaps://localhost"], ca_file=str(work / "nowhere.pem")), "nowhere.pem"),
        ("plain", directory_settings(servers=["ldap://dc1.imari.example"]), "sign-in-plain"),
    ):
        server = Server(name, settings)
        started = server.start()
        server.stop()
        check(f"the server does not start: {name}", not started and word in server.log(), server.log()[-300:])


def main():
    secret("ldap-secret", SERVICE_PASSWORD + "\n")
    secret("client-secret", CLIENT_SECRET + "\n")
    slapd = Slapd().start()
    provider = Provider()
    server = Server("main", directory_settings() + OIDC)
    try:
        links = {
            login: server.add(login, role, way)
            for login, role, way in (
                ("sato", "administrator", "local"), ("tanaka", "staff", "directory"), ("closed", "staff", "directory"),
                ("expired", "staff", "directory"), ("sakai", "staff", "oidc"),
            )
        }
        check("the server starts", server.start(), server.log()[-800:])
        # The server gives an administrator whom nobody has enrolled yet the first link anew.
        links["sato"] = re.search(r"/enrol/(\S+)", server.log()).group(1)
        people = {login: enrol(link, login, SYSTEM if login == "sato" else "") for login, link in links.items()}
        ldap_cases(server, slapd, people)
        down_cases(server, slapd, people)
        oidc_cases(server, provider, people)
        policy_of_secrets(server)
        server.stop()
        settings_are_strict()
        other_ways(slapd, people)
    finally:
        server.stop()
        slapd.stop()


try:
    main()
except Exception as error:  # what broke the run is a failure of its own
    import traceback

    traceback.print_exc()
    check("the run came to its end", False, repr(error))
finally:
    if "--keep" not in sys.argv:
        shutil.rmtree(work, ignore_errors=True)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
