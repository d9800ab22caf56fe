#!/usr/bin/env python3
"""Load and bad input over HTTP, against the demo's sample city. `load.py --binary PATH [--port N]`

Starts the demo itself, talks to loopback only, and ends with 1 when a check fails. Twenty clients send 95 MB each at the
same time while the server's memory is watched; then everything that a browser would never send is sent."""
import base64, hashlib, hmac, http.client, json, os, pathlib, re, shutil, signal, socket, sqlite3, struct, subprocess, sys, tempfile, threading, time
from urllib.parse import urlencode

PASSWORD = "imari-yaki no sato 2026"
BOUNDARY = "sekisho-load-boundary-41d7"
MIB = 1 << 20
CLIENTS = 20
EACH = 95_000_000


class Checks:
    """Counts outcomes; only what failed is printed."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok - {name} {detail}", flush=True)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def hidden(self, name):
        found = re.search(f'name="{name}" value="([^"]*)"', self.text)
        if not found:
            raise RuntimeError(f"the page (status {self.status}) has no field `{name}`")
        return found.group(1)


class Person:
    """Somebody with an authenticator app (RFC 6238); a code works once."""

    def __init__(self, login, secret, last_step=0):
        self.login, self.secret, self.last = login, secret, last_step

    def code(self):
        while True:
            now = int(time.time()) // 30
            step = max(self.last + 1, now - 1)
            # A code of the step before may have gone out of use by the time it arrives.
            if step <= now + 1 and not (step == now - 1 and time.time() % 30 > 26):
                self.last = step
                key = base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))
                digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
                at = digest[19] & 15
                return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
            time.sleep(0.5)


class Window:
    """A browser window on one zone: cookies and forms."""

    statuses = {}  # of every answer to every window

    def __init__(self, port):
        self.port, self.origin, self.cookies, self.line = port, f"http://localhost:{port}", {}, None

    def ask(self, method, path, body=None, headers=(), fresh=True):
        """One request. With `fresh=False` the connection stays open for the next one."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60) if fresh or self.line is None else self.line
        sent = {"Host": f"localhost:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if method not in ("GET", "HEAD"):
            sent["Origin"] = self.origin
        sent.update(headers)
        try:
            line.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused while it was still being sent; the answer is there all the same
        answer = line.getresponse()
        found = Answer(answer.status, answer.headers, answer.read())
        Window.statuses[found.status] = Window.statuses.get(found.status, 0) + 1
        if fresh:
            line.close()
        else:
            self.line = line
        for cookie in found.headers.get_all("set-cookie") or ():
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return found

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def form(self, path, fields, headers=()):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields).encode(), {**kind, **dict(headers)})

    def sign_in(self, person, password=PASSWORD):
        pending = self.form("/login", {"login": person.login, "password": password, "next": "/transfers"}).hidden("pending")
        done = self.form("/login/second", {"pending": pending, "code": person.code(), "next": "/transfers"})
        if done.status != 303:
            raise RuntimeError(f"{person.login} could not sign in: {done.status}")
        return self

    def csrf(self):
        return self.get("/new").hidden("csrf")

    def upload(self, name, data, fields=(), csrf=None, headers=()):
        """Sends one small file as the form does; `name` may hold any byte."""
        opening, closing = envelope(csrf or self.csrf(), name, dict(fields))
        return self.ask("POST", "/transfers", opening + data + closing, {**multipart(), **dict(headers)})


def multipart():
    return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def envelope(csrf, name, fields):
    """What surrounds the content of a file in an upload."""
    name = name if isinstance(name, bytes) else name.encode()
    fields = {"csrf": csrf, "conduit": "import", "purpose": "負荷試験", **fields}
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items()]
    parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="'.encode() + name)
    parts.append(b'"\r\nContent-Type: application/octet-stream\r\n\r\n')
    return b"".join(parts), f"\r\n--{BOUNDARY}--\r\n".encode()


def transfer_of(answer):
    return answer.headers.get("location", "").split("/")[-1].split("?")[0]


def memory(pid):
    """VmRSS and VmHWM of a process in MB (10^6 bytes), proc_pid_status(5)."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"{key}:\s+(\d+) kB", text).group(1)) * 1024 / 1e6 for key in ("VmRSS", "VmHWM"))


def descendants(pid):
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    found, edge = [], [pid]
    while edge:
        edge = [child for child, parent in parents.items() if parent in edge]
        found += edge
    return found


class City:
    """The demo on ports of its own."""

    def __init__(self, binary, port):
        self.port, self.binary = port, binary
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-load-"))
        self.log = open(self.data.with_suffix(".log"), "wb")
        self.process = subprocess.Popen([binary, "demo", "--data", self.data, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=self.log)

    def wait(self):
        for _ in range(240):
            if self.process.poll() is not None:
                raise RuntimeError(f"the demo ended: {pathlib.Path(self.log.name).read_text()}")
            try:
                if (self.data / "demo-people.json").exists() and Window(self.port).get("/login").status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.125)
        else:
            raise RuntimeError("the demo does not answer")
        members = json.loads((self.data / "demo-people.json").read_text())["members"]
        return {m["login"]: Person(m["login"], m["secret"], m["last_step"]) for m in members}

    def healthz(self):
        return Window(self.port + 3).get("/healthz")

    def rows(self, sql, *params):
        with sqlite3.connect(f"file:{self.data}/sekisho.sqlite?mode=ro", uri=True) as db:
            return db.execute(sql, params).fetchall()

    def blobs(self):
        """Stored and unfinished content."""
        return {str(p.relative_to(self.data)) for p in (self.data / "blobs").rglob("*") if p.is_file()}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def remove(self):
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)
        pathlib.Path(self.log.name).unlink(missing_ok=True)


def lines_of_text(size):
    """`size` bytes of text that no compression helps with, piece by piece."""
    left = size
    while left > 0:
        text = os.urandom(MIB // 2).hex()
        piece = "\n".join(text[at:at + 127] for at in range(0, len(text), 127)).encode()[:left]
        left -= len(piece)
        yield piece


def send_large(window, csrf, number, size, outcome):
    """One client: streams its file with its length declared, and keeps what came of it."""
    opening, closing = envelope(csrf, f"負荷{number:02}.txt", {})
    try:
        line = http.client.HTTPConnection("127.0.0.1", window.port, timeout=80)
        line.putrequest("POST", "/transfers", skip_host=True)
        sent = {"Host": f"localhost:{window.port}", "Origin": window.origin, "Cookie": "; ".join(f"{k}={v}" for k, v in window.cookies.items()), **multipart()}
        for key, value in {**sent, "Content-Length": str(len(opening) + size + len(closing))}.items():
            line.putheader(key, value)
        line.endheaders()
        line.send(opening)
        try:
            for piece in lines_of_text(size):
                line.send(piece)
            line.send(closing)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The answer may be there all the same.
        answer = line.getresponse()
        outcome[number] = Answer(answer.status, answer.headers, answer.read())
        line.close()
    except OSError as error:
        outcome[number] = error


def load(check, city, windows):
    outcome = {}
    tokens = [window.csrf() for window in windows]
    started = time.monotonic()
    threads = [
        threading.Thread(target=send_large, args=(windows[n % len(windows)], tokens[n % len(windows)], n, EACH, outcome), daemon=True)
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    children = {}
    slowest = 0.0
    while any(thread.is_alive() for thread in threads) and time.monotonic() - started < 75:
        for child in descendants(city.process.pid):
            try:
                children[child] = max(children.get(child, 0), memory(child)[0])
            except (OSError, AttributeError):
                pass
        asked = time.monotonic()
        status = windows[0].get("/transfers").status
        slowest = max(slowest, time.monotonic() - asked)
        check("pages answer during the uploads", status == 200, str(status))
        time.sleep(0.5)
    took = time.monotonic() - started
    peak = memory(city.process.pid)[1]
    answers = [outcome.get(n) for n in range(CLIENTS)]
    statuses = sorted(a.status if isinstance(a, Answer) else str(a) for a in answers)
    check("each of the large uploads is accepted", statuses == [303] * CLIENTS, str(statuses))
    check("the server stays below 300 MB with 20 uploads of 95 MB", peak < 300, f"{peak:.0f} MB")
    print(f"# {CLIENTS} uploads of {EACH // 1_000_000} MB: {took:.1f} s, {CLIENTS * EACH / took / 1e6:.0f} MB/s; server peak {peak:.0f} MB; a page meanwhile {slowest * 1000:.0f} ms at worst; {len(children)} child processes, the largest {max(children.values(), default=0):.0f} MB", flush=True)
    for n, answer in enumerate(answers):
        if isinstance(answer, Answer) and answer.status == 303:
            window = windows[n % len(windows)]
            done = window.form(f"/transfers/{transfer_of(answer)}/withdraw", {"csrf": tokens[n % len(windows)], "reason": "負荷試験"})
            check("a large transfer is taken back", done.status in (303, 409), str(done.status))


def names(check, city, window):
    csrf = window.csrf()
    # The pairs: what is sent in the header, and the name under which it has to be kept.
    cases = [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\窓口\\計画.txt", "計画.txt"),
        ("a\u0085b\u009fc\td.txt", "a_b_c_d.txt"),
        ("請求書\u202etxt.txt", "請求書_txt.txt"),
        ("議" * 98 + "録.txt", None),
        ("髙﨑𠮷\ue000.txt", "髙﨑𠮷\ue000.txt"),
        ("NUL.txt", "_NUL.txt"),
        ("<script>alert(1)</script>.txt", "script_.txt"),
    ]
    for number, (given, kept) in enumerate(cases):
        answer = window.upload(given, f"名前の試験 {number}\n".encode(), csrf=csrf)
        check(f"the name {given!r:.40} is accepted", answer.status == 303, str(answer.status))
        if answer.status != 303:
            continue
        state = json.loads(window.get(f"/transfers/{transfer_of(answer)}/state").body)
        name = state["files"][0]["name"]
        check(f"the name {given!r:.40} is made harmless", name == kept if kept else len(name.encode()) <= 200 and name.endswith(".txt"), name)
        page = window.get(f"/transfers/{transfer_of(answer)}")
        check("its page shows it as text", page.status == 200 and "<script>alert" not in page.text)
    # Control characters inside a header break the form, or end the name; they never reach the store as they are.
    for given in (b"a\x01b\x1f\x7fc.txt", b"a\x00b.txt", b"a\r\nX-Evil: 1\r\n\r\nb.txt", b"a\nb.txt", b"\xff\xfe.txt"):
        status = window.upload(given, b"x\n", csrf=csrf).status
        check(f"the name {given!r} has a clear outcome", status in (303, 400, 422), str(status))
    kept = [name for (name,) in city.rows("SELECT name FROM transfer_files")]
    check("no stored name has a path or a control character", not any(re.search(r"[\x00-\x1f\x7f/\\]", name) for name in kept), str(kept))


def settled(window, transfer):
    for _ in range(100):
        state = json.loads(window.get(f"/transfers/{transfer}/state").body)
        if state["state"] not in ("received", "disarming"):
            return state
        time.sleep(0.1)
    return state


def contents(check, window):
    csrf = window.csrf()
    for label, name, data in (
        ("an empty file", "空.txt", b""),
        ("a wrong type", "計画.docx", b"MZ\x90\x00" + bytes(200)),
        ("a truncated ZIP", "計画.zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(30)),
        ("a truncated PDF", "通知.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog"),
    ):
        answer = window.upload(name, data, csrf=csrf)
        if answer.status == 303:
            state = settled(window, transfer_of(answer))
            refusal = state["files"][0].get("refusal") or {}
            check(f"{label} is refused with a reason", state["state"] == "refused" and refusal.get("reason_ja") and refusal.get("hint_ja"), json.dumps(state)[:300])
        else:
            check(f"{label} is refused with a reason", answer.status == 422 and "role=\"alert\"" in answer.text, str(answer.status))
    first = window.upload("二重.txt", "二重送信の試験\n".encode(), csrf=csrf)
    again = window.upload("二重.txt", "二重送信の試験\n".encode(), csrf=csrf)
    check("a duplicate is refused", (first.status, again.status) == (303, 409), f"{first.status} {again.status}")
    for label, fields, status in (
        ("no purpose", {"purpose": ""}, 422),
        ("a long purpose", {"purpose": "長" * 501}, 422),
        ("an oversized field", {"purpose": "x" * 20_000}, 413),
        ("an unknown conduit", {"conduit": "nowhere"}, 422),
        ("an unknown zone", {"conduit": "", "to": "nowhere"}, 403),
        ("a zone without conduit", {"conduit": "", "to": "mynumber"}, 403),
        ("a zone that is no name", {"conduit": "", "to": "../x"}, 422),
        ("an unknown recipient", {"recipient": "nobody"}, 422),
    ):
        answer = window.upload("送信.txt", f"{label}\n".encode(), fields, csrf=csrf)
        check(f"{label} is refused", answer.status == status, str(answer.status))
    return transfer_of(first)


def raw(port, request, cut=True, timeout=15):
    """Sends bytes as they are; gives the status of the answer, or 0 when the connection was just closed. With `cut` the
    sending side is closed, as when the sender disappears in the middle."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as line:
        try:
            line.sendall(request)
            if cut:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = b""
        try:
            while b"\r\n" not in answer:
                piece = line.recv(4096)
                if not piece:
                    break
                answer += piece
        except OSError:
            pass
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found.group(1)) if found else 0


def head(window, path, length, headers=(), method="POST"):
    fields = {"Host": f"localhost:{window.port}", "Origin": window.origin, "Cookie": "; ".join(f"{k}={v}" for k, v in window.cookies.items()), **multipart(), **dict(headers)}
    if length is not None:
        fields["Content-Length"] = str(length)
    return (f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items() if v is not None) + "\r\n").encode()


def broken_bodies(check, city, window):
    csrf = window.csrf()
    opening, closing = envelope(csrf, "途中.txt", {})
    count = lambda: city.rows("SELECT count(*) FROM transfers")[0][0]
    transfers, blobs = count(), city.blobs()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    complete = ("a body without its end", "a body of another boundary", "a body that is no form")
    cases = [
        ("4 GiB declared and cut off", head(window, "/transfers", 4 << 30) + opening + b"x" * 5000, {0, 400, 413}),
        ("4 GiB declared and cut off before the file", head(window, "/transfers", 4 << 30) + opening[:200], {0, 400, 413}),
        ("2^64 bytes declared", head(window, "/transfers", 1 << 64) + opening, {0, 400, 413}),
        ("a length that is no number", head(window, "/transfers", "lots") + opening, {0, 400}),
        ("4 GiB declared on a form", head(window, "/login", 4 << 30, form) + b"login=x", {413}),
        ("a body cut in the middle", head(window, "/transfers", len(opening) + 9000 + len(closing)) + opening + b"y" * 4000, {0, 400}),
        ("a body without its end", head(window, "/transfers", len(opening) + 9000) + opening + b"z" * 9000, {400}),
        ("a body of another boundary", head(window, "/transfers", 11, {"Content-Type": "multipart/form-data; boundary=other"}) + b"--x\r\n\r\n\r\n--", {400, 403}),
        ("a body that is no form", head(window, "/transfers", 2, {"Content-Type": "application/json"}) + b"{}", {400, 415}),
        ("chunks that are none", head(window, "/transfers", None, {"Transfer-Encoding": "chunked"}) + b"zz\r\nhello\r\n", {0, 400}),
        ("two lengths", head(window, "/transfers", 10, {"content-length": "20"}) + opening, {0, 400}),
        ("a line that is no request", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), {0, 400}),
        ("a header of 1 MiB", head(window, "/login", None, {"X-Long": "x" * MIB}, "GET"), {0, 400, 431}),
    ]
    for label, request, expected in cases:
        status = raw(window.port, request, cut=label not in complete)
        check(f"{label} has a clear outcome", status in expected, str(status))
    line = socket.create_connection(("127.0.0.1", window.port), timeout=15)
    line.sendall(head(window, "/transfers", 4 << 30) + opening + b"x" * 5000)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()  # a reset, as when the cable is drawn
    outcome = {}
    send_large(window, csrf, 99, 101 * MIB, outcome)
    answer = outcome[99]
    check("more than the limit is refused", isinstance(answer, Answer) and answer.status == 413, str(getattr(answer, "status", answer)))
    for _ in range(50):
        left = city.blobs() - blobs
        if not left:
            break
        time.sleep(0.1)
    check("nothing of it is stored", not left and count() == transfers, f"{sorted(left)[:3]} {count() - transfers}")


def authority(check, city, window, own, stranger):
    csrf = window.csrf()
    data = "権限の試験\n".encode()
    check("a wrong CSRF token is refused", window.upload("a.txt", data, csrf="forged").status == 403)
    check("a missing CSRF token is refused", raw(window.port, head(window, "/transfers", len(f"--{BOUNDARY}--\r\n")) + f"--{BOUNDARY}--\r\n".encode(), cut=False) == 403)
    check("a foreign token is refused", window.upload("a.txt", data, csrf=stranger.get("/transfers").hidden("csrf")).status == 403)
    for origin in ("http://evil.example", "null", f"http://localhost:{window.port + 1}"):
        check(f"the origin {origin} is refused", window.upload("a.txt", data, csrf=csrf, headers={"Origin": origin}).status == 403)
    check("a cross-site request without origin is refused", window.upload("a.txt", data, csrf=csrf, headers={"Origin": None, "Sec-Fetch-Site": "cross-site"}).status == 403)
    for path in ("/transfers/t_00000000000000000000", "/transfers/t_zz", "/transfers/..%2f..%2fetc", "/transfers/%ff%fe", "/transfers/" + "9" * 3000, f"/transfers/{own}/files/f_00000000000000000000", "/no-such-page"):
        status = window.get(path).status
        check(f"GET {path[:40]} is answered", status in (400, 404), str(status))
    for tail in ("", "/state", "/receipt"):
        status = stranger.get(f"/transfers/{own}{tail}").status
        check(f"someone else's transfer{tail} is not found", status == 404, str(status))
    taken = stranger.form(f"/transfers/{own}/withdraw", {"csrf": stranger.get("/transfers").hidden("csrf"), "reason": ""}).status
    check("someone else's transfer can't be taken back", taken in (403, 404), str(taken))
    check("the attempts are in the ledger", len(city.rows("SELECT seq FROM events WHERE kind = 'access.denied' AND subject = ?", own)) >= 3)
    check("the crossing without conduit is in the ledger", city.rows("SELECT seq FROM events WHERE kind = 'transfer.denied' AND subject = 'zone:mynumber'"))
    for value in ("", "garbage", "A" * 8000, "s_" + "0" * 64, "%00%ff"):
        other = Window(window.port)
        other.cookies = {name: value for name in window.cookies}
        page, sent = other.get("/transfers"), other.upload("a.txt", data, csrf=csrf)
        check(f"the cookie {value[:12]!r} is nobody's", page.status == 303 and page.headers["location"].startswith("/login"), str(page.status))
        check(f"an upload with the cookie {value[:12]!r} is refused", sent.status == 401, str(sent.status))
    lgwan = Window(window.port + 1)
    lgwan.cookies = {"sekisho_lgwan": next(v for k, v in window.cookies.items() if k.startswith("sekisho_"))}
    check("a session of another zone is nobody's", lgwan.get("/transfers").status == 303)
    wrong = Window(window.port).form("/login", {"login": "nobody", "password": "wrong password", "next": "https://evil.example/"})
    check("a wrong password is refused", wrong.status == 401, str(wrong.status))
    check("an oversized form is refused", window.form("/login", {"login": "x" * (5 * MIB)}).status == 413)
    for method, path, expected in (("BREW", "/transfers", {405}), ("PUT", "/transfers", {405}), ("DELETE", f"/transfers/{own}", {405}), ("TRACE", "/", {405}), ("POST", "/healthz", {404, 405})):
        status = window.ask(method, path).status
        check(f"{method} {path[:12]} is not allowed", status in expected, str(status))
    leaving = Window(window.port)
    leaving.cookies = dict(stranger.cookies)
    out = leaving.form("/logout", {"csrf": stranger.get("/transfers").hidden("csrf")})
    check("signing out ends the session for every window", out.status == 303 and stranger.get("/transfers").status == 303)


def main():
    binary = sys.argv[sys.argv.index("--binary") + 1]
    port = int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 18481
    check = Checks()
    started = time.monotonic()
    city = City(binary, port)
    try:
        people = city.wait()
        time.sleep(1)
        idle = memory(city.process.pid)
        check("the idle server stays below 100 MB", idle[0] <= 100, f"{idle[0]:.0f} MB")
        print(f"# idle: {idle[0]:.0f} MB, peak {idle[1]:.0f} MB; child processes {[round(memory(p)[0]) for p in descendants(city.process.pid)]} MB", flush=True)
        windows = [Window(port).sign_in(people[login]) for login in ("yamada", "suzuki", "tanaka")]
        stranger = Window(port).sign_in(people["joho"])
        names(check, city, windows[0])
        own = contents(check, windows[0])
        broken_bodies(check, city, windows[0])
        authority(check, city, windows[0], own, stranger)
        load(check, city, windows)
        health = city.healthz()
        check("the server is well afterwards", health.status == 200 and json.loads(health.body)["status"] == "ok", health.text[:300])
        check("the sandbox did not have to restart", json.loads(health.body)["sandbox"]["restarts"] == 0, health.text[:300])
        check("no answer was a fault of the server", all(status < 500 for status in Window.statuses), str(Window.statuses))
        check("it stops when asked", city.stop() == 0)
        done = subprocess.run([binary, "ledger", "verify", "--data", city.data], capture_output=True, text=True)
        check("the ledger verifies", done.returncode == 0, done.stdout + done.stderr)
        text = pathlib.Path(city.log.name).read_text("utf-8", "replace")
        check("the log has no panic and no error", "panicked" not in text and '"level":"error"' not in text, text[-600:])
    finally:
        if city.process.poll() is None:
            city.stop()
        city.remove()
    print(f"{check.passed} passed, {check.failed} failed ({time.monotonic() - started:.0f} s)")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
