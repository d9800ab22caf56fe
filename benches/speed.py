#!/usr/bin/env python3
"""The promised figures, measured on this machine. `speed.py --binary PATH [--fill PATH] [--only docx,history,ledger,peers]`

Needs python-docx. Starts servers of its own on loopback and removes their data. Prints one line a figure; docs/speed.md
says what was measured, where and when. Medians; p95 where a limit is promised as p95."""
import io, json, os, pathlib, random, re, resource, shutil, sqlite3, statistics, struct, subprocess, sys, tempfile, threading, time, zlib

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(root / "e2e"))
import load as house

CLIENTS = 10
ROUNDS = 10


def option(name, fallback=None):
    return sys.argv[sys.argv.index(f"--{name}") + 1] if f"--{name}" in sys.argv else fallback


def summary(label, seconds):
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{label}: median {statistics.median(ordered) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms, worst {ordered[-1] * 1000:.1f} ms ({len(ordered)} times)", flush=True)


def noise_png(side, seed):
    """A picture that no compression helps with."""
    rows = random.Random(seed).randbytes(side * (side * 3 + 1))
    rows = b"".join(b"\0" + rows[at + 1:at + side * 3 + 1] for at in range(0, len(rows), side * 3 + 1))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def document(seed):
    """A report of about 1 MB: headings, 300 paragraphs, a table and a picture."""
    import docx
    made = docx.Document()
    made.add_heading(f"地域福祉計画 実績報告（第{seed}号）", 0)
    for number in range(300):
        made.add_paragraph(f"第{number}項 {seed} 髙﨑市の窓口における相談件数は前年度と比べて増加しており、次のとおり対応した。" * 2)
    table = made.add_table(rows=30, cols=6)
    for row, cells in enumerate(table.rows):
        for column, cell in enumerate(cells.cells):
            cell.text = f"{row}-{column}"
    made.add_picture(io.BytesIO(noise_png(580, seed)))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def policy_without_approval(folder, port):
    """The example, with an import that asks for no approval and ports of our own."""
    shutil.copytree(root / "policies/imari", folder)
    conduits = folder / "conduits.toml"
    text = conduits.read_text("utf-8")
    first, rest = text.split('id = "import-text"', 1)
    conduits.write_text(first.replace('approval = "section-manager"\n', "", 1) + 'id = "import-text"' + rest, "utf-8")
    zones = folder / "zones.toml"
    text = zones.read_text("utf-8")
    for offset in range(3):
        text = text.replace(f"port = {8441 + offset}", f"port = {port + offset}")
    zones.write_text(text, "utf-8")


class Serving:
    """`sekisho serve` with people of its own."""

    def __init__(self, binary, port, count):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-speed-"))
        self.data, self.port = self.folder / "data", port
        policy_without_approval(self.folder / "policy", port)
        place = ["--data", self.data, "--policy", self.folder / "policy"]
        links = []
        for number in range(count):
            done = subprocess.run([binary, "--lang", "en", "user", "add", *place, "--login", f"bench{number}", "--name", f"計測 {number}", "--unit", "fukushi", "--role", "staff"], capture_output=True, text=True, check=True)
            links.append(re.search(r"/enrol/\S+", done.stdout).group(0))
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([binary, "serve", *place, "--http", "--host", "localhost", "--bind", "127.0.0.1", "--admin", f"127.0.0.1:{port + 3}"], stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                if house.Window(port).get("/login").status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        time.sleep(1)
        self.idle = house.memory(self.process.pid)[0]
        try:
            self.people = [self.enrol(f"bench{number}", link) for number, link in enumerate(links)]
        except BaseException:
            self.stop()
            raise

    def enrol(self, login, link):
        window = house.Window(self.port)
        secret = re.search(r"<br><code>([A-Z2-7 ]+)</code>", window.get(link).text).group(1).replace(" ", "")
        person = house.Person(login, secret)
        done = window.form(f"{link}/totp", {"password": house.PASSWORD, "repeat": house.PASSWORD, "code": person.code()})
        if done.status != 200:
            raise RuntimeError(f"{login} could not enrol: {done.status}")
        return person

    def times(self):
        """When each step of each transfer became durable, by the ledger."""
        with sqlite3.connect(f"file:{self.data}/sekisho.sqlite?mode=ro", uri=True) as db:
            found = {}
            for subject, kind, time_ms in db.execute("SELECT subject, kind, time_ms FROM events WHERE kind LIKE 'transfer.%' OR kind LIKE 'file.%'"):
                found.setdefault(subject, {})[kind] = time_ms / 1000
            return found

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.folder)


def docx(binary):
    """From the first byte of the upload to the ledger's time of release; both clocks are this machine's."""
    serving = Serving(binary, 18491, CLIENTS)
    try:
        docx_at(serving)
    finally:
        serving.stop()


def docx_at(serving):
    print(f"idle `serve`: {serving.idle:.0f} MB resident", flush=True)
    windows = [house.Window(serving.port).sign_in(person) for person in serving.people]
    tokens = [window.csrf() for window in windows]
    files = [document(seed) for seed in range(8)]
    print(f"the document: {len(files[0]):,} bytes", flush=True)
    for label, clients, rounds in (("one client", 1, 20), (f"{CLIENTS} clients at once", CLIENTS, ROUNDS)):
        begun, answered, ids = {}, [], []
        gate = threading.Barrier(clients)

        def client(number):
            for turn in range(rounds):
                gate.wait()
                content = stamped(files[(number + turn) % len(files)], f"{label}-{number}-{turn}")
                started, clock = time.time(), time.monotonic()
                answer = windows[number].upload(f"報告{number}-{turn}.docx", content, csrf=tokens[number])
                answered.append(time.monotonic() - clock)
                transfer = house.transfer_of(answer)
                begun[transfer] = started
                for _ in range(200):
                    state = json.loads(windows[number].get(f"/transfers/{transfer}/state").body)
                    if state["state"] not in ("received", "disarming"):
                        break
                    time.sleep(0.04)
                ids.append((transfer, state["state"]))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wrong = [entry for entry in ids if entry[1] != "receivable"]
        if wrong:
            raise RuntimeError(f"not released: {wrong[:3]}")
        times = serving.times()
        summary(f"1 MB DOCX, upload to receivable, {label}", [times[transfer]["transfer.released"] - begun[transfer] for transfer, _ in ids])
        summary(f"  of that until the answer to the upload, {label}", answered)
        for name, first, last in (("waiting for a worker", "transfer.submitted", "file.disarming"), ("disarming", "file.disarming", "file.disarmed"), ("verifying and releasing", "file.disarmed", "transfer.released")):
            summary(f"  {name}, {label}", [times[transfer][last] - times[transfer][first] for transfer, _ in ids])
    print(f"after it: {house.memory(serving.process.pid)[0]:.0f} MB resident, peak {house.memory(serving.process.pid)[1]:.0f} MB", flush=True)


def stamped(content, text):
    """The same document under another hash: a comment at the end of the ZIP."""
    import zipfile
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = text.encode()
    return out.getvalue()


def history(binary, fill, count):
    """The pages of a console behind which years of transfers lie."""
    city = house.City(binary, 18501)
    people = city.wait()
    city.stop()
    print(subprocess.run([fill, city.data, "imari.example/sekisho", str(count)], capture_output=True, text=True, check=True).stdout.strip(), flush=True)
    city.process = subprocess.Popen([binary, "demo", "--data", city.data, "--port", str(city.port)], stdout=subprocess.DEVNULL, stderr=city.log)
    city.wait()
    time.sleep(2)
    print(f"idle server with {count:,} transfers: {house.memory(city.process.pid)[0]:.0f} MB resident", flush=True)
    staff = house.Window(city.port).sign_in(people["yamada"])
    auditor = house.Window(city.port).sign_in(people["kansa"])
    manager = house.Window(city.port + 1).sign_in(people["suzuki"])
    some = city.rows("SELECT id FROM transfers WHERE applicant = (SELECT id FROM people WHERE login = 'yamada') LIMIT 1")
    pages = [
        ("a page without data (the floor of this measurement)", auditor, "/new", 50),
        ("history, all, first page", auditor, "/transfers", 50),
        ("history, own, first page", staff, "/transfers", 50),
        ("history, own unit, first page", manager, "/transfers", 50),
        ("history, page 100", auditor, "/transfers?page=100", 20),
        ("history, page 1,500", auditor, "/transfers?page=1500", 10),
        ("history by state, common", auditor, "/transfers?state=receivable", 20),
        ("history by state, rare", auditor, "/transfers?state=awaiting", 20),
        ("history by state that no transfer has", auditor, "/transfers?state=rejected", 20),
        ("search, a word of every sixth", auditor, "/transfers?q=%E7%85%A7%E4%BC%9A", 20),
        ("search, a word of one transfer", auditor, "/transfers?q=%E7%AC%AC77777%E5%8F%B7", 10),
        ("search, own, a word of no transfer", staff, "/transfers?q=zzzz", 10),
        ("one transfer", staff, f"/transfers/{some[0][0]}", 30),
        ("what waits for approval", manager, "/approvals", 20),
    ]
    for label, window, path, times in pages:
        taken = []
        for turn in range(times + 3):
            started = time.perf_counter()
            answer = window.get(path, fresh=False)
            if turn >= 3:
                taken.append(time.perf_counter() - started)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
        summary(label, taken)
    city.stop()
    city.remove()


def ledger():
    done = subprocess.run(["cargo", "test", "--release", "--offline", "-q", "-p", "sekisho-store", "--", "--ignored", "--nocapture", "speed_of_durable"], cwd=root, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if "entries/s" in line or "each" in line:
            print(f"ledger: {line}", flush=True)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


def peers(binary, folder):
    """CPU of one file each, ours against a rewrite by another tool. They solve other tasks; the ratio is a yardstick only."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-peers-"))
    made = work / "in"
    made.mkdir()
    (made / "report.docx").write_bytes(document(1))
    for name in ("answer.docm", "notice.pdf"):
        shutil.copy(root / "faces/sekisho/demo" / name, made / name)
    for extra in folder or ():
        shutil.copy(extra, made / pathlib.Path(extra).name)
    times = {}
    for turn in range(7):
        subprocess.run([binary, "disarm", made, "-o", work / f"out{turn}", "--report", work / "report", "--jobs", "1"], capture_output=True)
        for line in (work / "report").read_text("utf-8").splitlines():
            entry = json.loads(line)
            times.setdefault(pathlib.Path(entry["input"]["path"]).name, []).append((entry["cpu_ms"], entry["outcome"]))
    for name, taken in sorted(times.items()):
        ours = statistics.median(ms for ms, _ in taken)
        print(f"disarm {name} ({(made / name).stat().st_size:,} bytes): {ours:.0f} ms CPU, {taken[0][1]}", flush=True)
        peer = None
        if name.endswith(".pdf") and shutil.which("qpdf"):
            peer = ("qpdf rewrite", ["qpdf", "--object-streams=generate", made / name, work / "peer.pdf"], 7)
        if name.endswith((".docx", ".docm")) and shutil.which("soffice"):
            peer = ("LibreOffice round trip", ["soffice", f"-env:UserInstallation=file://{work}/profile", "--headless", "--convert-to", "docx:MS Word 2007 XML", "--outdir", work / "peer", made / name], 3)
        if peer:
            label, command, turns = peer
            subprocess.run([*map(str, command)], capture_output=True)  # the first run makes caches and a profile
            cpu = []
            for _ in range(turns):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([*map(str, command)], capture_output=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
            theirs = statistics.median(cpu)
            print(f"  {label}: {theirs:.0f} ms CPU with its start; ratio {theirs / max(ours, 1):.1f}", flush=True)
    shutil.rmtree(work)


def main():
    binary = option("binary") or sys.exit(__doc__)
    only = (option("only") or "docx,history,ledger,peers").split(",")
    if "docx" in only:
        docx(binary)
    if "history" in only:
        history(binary, option("fill") or str(pathlib.Path(binary).with_name("sekisho-fill")), int(option("count", "100000")))
    if "ledger" in only:
        ledger()
    if "peers" in only:
        peers(binary, [word for word in sys.argv[1:] if word.endswith((".pdf", ".docx", ".xlsx", ".pptx")) and os.path.exists(word)])


if __name__ == "__main__":
    main()
