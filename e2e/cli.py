#!/usr/bin/env python3
"""The command line as a stranger would use it: contracts, exit codes, bad input. `cli.py --binary PATH`"""
import hashlib, io, json, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile, zipfile

binary = sys.argv[sys.argv.index("--binary") + 1]
root = pathlib.Path(__file__).resolve().parents[1]
documents = root / "faces/sekisho/demo"
work = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-cli-"))
passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"not ok - {name} {detail}")


def run(*args, stdin=b"", timeout=180):
    done = subprocess.run([binary, *map(str, args)], input=stdin, capture_output=True, timeout=timeout)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def lines(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text("utf-8").splitlines()]


def disarm():
    folder = work / "in"
    (folder / "下位/深い").mkdir(parents=True)
    for name in ("answer.docm", "notice.pdf", "site.jpg", "estimate.zip"):
        shutil.copy(documents / name, folder / name)
    (folder / "下位/深い/一覧.csv").write_bytes("氏名,値\r\n山田,=cmd|'/c calc'!A1\r\n".encode("cp932"))
    (folder / "empty.txt").write_bytes(b"")
    (folder / "tool.exe").write_bytes(b"MZ\x90\x00" + bytes(60))
    out, report = work / "out", work / "report.jsonl"
    code, _, err = run("disarm", folder, "-o", out, "--report", report)
    check("a folder with refused files ends with 1", code == 1, err)
    by_name = {pathlib.Path(line["input"]["path"]).name: line for line in lines(report)}
    check("one line a file", len(by_name) == 7, str(len(by_name)))
    for line in by_name.values():
        keys = {"path", "sha256", "bytes", "declared", "detected"}
        check(f"report input of {line['input']['path']}", keys <= set(line["input"]))
        source = pathlib.Path(line["input"]["path"]).read_bytes()
        check("input hash", line["input"]["sha256"] == hashlib.sha256(source).hexdigest() and line["input"]["bytes"] == len(source))
        check("method and cost", line["method"] == "rebuild" and isinstance(line["cpu_ms"], int))
        if line["outcome"] == "rebuilt":
            data = pathlib.Path(line["output"]["path"]).read_bytes()
            check("output hash", line["output"]["sha256"] == hashlib.sha256(data).hexdigest() and line["output"]["bytes"] == len(data))
            check("verified", line["verify"]["ok"] is True)
            check("removed entries", all({"what", "where", "threat"} <= set(entry) for entry in line["removed"]))
        else:
            check("a refusal has reason and hint", bool(line["refused"]["reason"]) and bool(line["refused"]["hint"]))
    check("the layout is kept", (out / "下位/深い/一覧.csv").exists())
    check("nothing is written of what was refused", not (out / "tool.exe").exists() and not (out / "estimate.zip").exists())
    check("no unfinished file is left", not list(out.rglob("*.part")))
    check("the macro is named", any(e["what"] == "vba-macro" for e in by_name["answer.docm"]["removed"]))
    package = zipfile.ZipFile(out / "answer.docx")
    check("no macro is left", not any("vba" in name.lower() for name in package.namelist()) and b"vbaProject" not in package.read("[Content_Types].xml"))
    import docx
    text = "\n".join(p.text for p in docx.Document(str(out / "answer.docx")).paragraphs)
    check("the text stays, 異体字 too", "髙﨑" in text and "𠮷田" in text, text)
    body = package.read("word/document.xml").decode("utf-8")
    check("ruby and the merged cell stay", "<w:ruby>" in body and "gridSpan" in body)
    import pikepdf
    with pikepdf.open(out / "notice.pdf") as pdf:
        check("the PDF has no action", "/OpenAction" not in pdf.Root and "/Names" not in pdf.Root)
    check("qpdf finds nothing wrong", subprocess.run(["qpdf", "--check", out / "notice.pdf"], capture_output=True).returncode == 0)
    from PIL import Image
    check("the picture has no EXIF", not Image.open(out / "site.jpg").getexif())
    cells = (out / "下位/深い/一覧.csv").read_bytes().decode("utf-8-sig")
    check("a formula in CSV is inert", "'=cmd" in cells, cells)
    check("what is refused says so on the screen", "tool.exe" in err)
    code, _, _ = run("verify", out / "answer.docx", out / "notice.pdf", out / "site.jpg")
    check("the second reader accepts outputs", code == 0)
    code, _, _ = run("verify", documents / "answer.docm")
    check("the second reader refuses an input", code == 1)
    code, stdout, err = run("disarm", "-", stdin=(documents / "site.jpg").read_bytes())
    check("standard input to standard output", code == 0 and stdout[:2] == b"\xff\xd8", err)
    code, stdout, _ = run("disarm", "-", stdin=b"MZ\x90\x00" + bytes(60))
    check("a refused standard input writes nothing", code == 1 and stdout == b"")
    code, _, _ = run("disarm", documents / "site.jpg", "-o", work / "one.jpg")
    check("one file to one file", code == 0 and (work / "one.jpg").exists())
    code, _, _ = run("disarm", documents / "notice.pdf", "-o", work / "notice.txt", "--method", "text")
    check("text method", code == 0 and "説明会" in (work / "notice.txt").read_text("utf-8-sig"))
    for args in (["disarm"], ["disarm", work / "absent.pdf"], ["disarm", documents / "site.jpg", "--method", "magic"], ["disarm", documents / "site.jpg", "--jobs", "0"], ["disarm", "--explain", "no-such-code"], ["nonsense"]):
        code, _, err = run(*args)
        check(f"misuse {args} ends with 2 and says why", code == 2 and err.strip(), f"{code} {err}")
    code, stdout, _ = run("--lang", "ja", "disarm", "--explain", "vba-macro")
    check("a code is explained", code == 0 and "マクロ" in stdout.decode())
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(24):
            archive.writestr(f"{number}.txt", bytes(64 << 20))
    (work / "bomb.zip").write_bytes(bomb.getvalue())
    code, _, err = run("disarm", work / "bomb.zip", "-o", work / "bomb.out")
    check("a bomb is refused", code == 1 and not (work / "bomb.out").exists(), err)


def policy():
    code, stdout, err = run("policy", "check", root / "policies/imari")
    check("the example has no errors", code == 0, err)
    broken = work / "policy"
    shutil.copytree(root / "policies/imari", broken)
    text = (broken / "conduits.toml").read_text("utf-8")
    (broken / "conduits.toml").write_text(text.replace('to = "lgwan"', 'to = "lgwna"', 1), "utf-8")
    code, _, err = run("--lang", "en", "policy", "check", broken)
    check("a wrong zone is located and corrected", code == 1 and "did you mean `lgwan`" in err and "conduits.toml:" in err, err)
    code, stdout, _ = run("policy", "show", root / "policies/imari", "--svg", work / "zones.svg")
    check("show", code == 0 and b"lgwan" in stdout and (work / "zones.svg").read_text("utf-8").startswith("<svg"))
    code, stdout, _ = run("policy", "schema")
    check("the schema is JSON", code == 0 and json.loads(stdout))
    code, _, _ = run("policy", "check", work / "nowhere")
    check("a missing folder is misuse", code == 2)


def ledger():
    data = work / "data"
    code, stdout, err = run("--lang", "en", "demo", "--once", "--data", data, "--port", 18471)
    check("demo --once", code == 0, stdout.decode("utf-8", "replace")[-2000:] + err[-2000:])
    code, stdout, err = run("ledger", "verify", "--data", data)
    check("the ledger verifies", code == 0, stdout.decode() + err)
    code, stdout, err = run("ledger", "rebuild", "--data", data)
    check("projections are rebuilt byte for byte", code == 0, stdout.decode() + err)
    key = run("ledger", "key", "--data", data)[1].decode().strip()
    receipt = work / "r.tlog-proof"
    code, _, err = run("ledger", "receipt", "--data", data, 3, "-o", receipt)
    check("a receipt of any entry", code == 0, err)
    check("it is valid", run("ledger", "check", receipt, "--key", key)[0] == 0)
    bad = bytearray(receipt.read_bytes())
    bad[100] ^= 1
    (work / "bad").write_bytes(bad)
    check("a changed one is not", run("ledger", "check", work / "bad", "--key", key)[0] == 1)
    check("backup", run("backup", work / "backup", "--data", data)[0] == 0)
    code, stdout, err = run("restore", work / "backup", "--data", work / "restored")
    check("restore", code == 0, err)
    check("the restored ledger verifies", run("ledger", "verify", "--data", work / "restored")[0] == 0)
    check("the restored data has every key", (work / "restored/keys/identity.key").exists())
    code, stdout, err = run("rotate-key", "--data", work / "restored")
    check("the key is rotated and everything still verifies", code == 0 and run("ledger", "verify", "--data", work / "restored")[0] == 0, err)
    check("a backup never overwrites", run("backup", work / "backup", "--data", data)[0] == 1)

    def tampered(name, change, names):
        copy = work / f"tampered-{name}"
        shutil.copytree(data, copy)
        change(copy)
        code, stdout, err = run("ledger", "verify", "--data", copy)
        check(f"a tampered {name} is found and named", code == 1 and names in stdout.decode() + err, f"{code} {stdout.decode()} {err}")

    def row(copy):
        database = sqlite3.connect(next(copy.glob("*.sqlite*")))
        database.execute("DROP TRIGGER IF EXISTS events_no_update")
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE events SET payload = CAST(replace(CAST(payload AS TEXT), 'a', 'b') AS BLOB) WHERE seq = 5")
        database.commit()
        database.close()

    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    tampered("row", row, "5")
    tampered("tile", lambda copy: flip(sorted((copy / "ledger/tile/0").rglob("*"), key=lambda p: p.is_file())[-1]), "tile")
    tampered("blob", lambda copy: flip(next(p for p in sorted((copy / "blobs").rglob("*")) if p.is_file())), "blob")


def https():
    """The real server with TLS and HTTP/2, its first link, and a form over it."""
    data = work / "served"
    server = subprocess.Popen([binary, "--lang", "en", "serve", "--data", data, "--policy", root / "policies/imari", "--bind", "127.0.0.1", "--admin", "127.0.0.1:18475"], stderr=subprocess.PIPE, text=True)
    try:
        address = ""
        for line in server.stderr:
            if "/enrol/" in line:
                address = line.split()[-1]
            if '"administration"' in line:
                break
        curl = lambda *args: subprocess.run(["curl", "-sk", "--max-time", "20", *args], capture_output=True, text=True).stdout
        for _ in range(50):
            if curl("-o", "/dev/null", "-w", "%{http_code}", "https://localhost:8441/login") == "200":
                break
        check("every zone answers over TLS", all(curl("-o", "/dev/null", "-w", "%{http_code}", f"https://localhost:{port}/login") == "200" for port in (8441, 8442, 8443)))
        check("the first link opens", "最初の管理者" in curl(address))
        post = ["-o", "/dev/null", "-w", "%{http_code} %{http_version}", "-d", "login=x&password=y", "https://localhost:8441/login"]
        check("a form of our own works over HTTP/2", curl("-H", "Origin: https://localhost:8441", *post) == "401 2")
        check("a foreign one does not", curl("-H", "Origin: https://example.com", *post) == "403 2")
        check("health", json.loads(curl("http://127.0.0.1:18475/healthz"))["status"] == "ok")
    finally:
        server.terminate()
        check("it stops by itself when asked", server.wait(timeout=20) == 0)


def rest():
    code, stdout, err = run("worker", "self-test")
    check("the sandbox refuses what it must", code == 0, stdout.decode() + err)
    code, stdout, _ = run("generate", "man")
    check("man page", code == 0 and b".TH" in stdout)
    code, stdout, _ = run("generate", "completions", "bash")
    check("completions", code == 0 and b"sekisho" in stdout)
    code, stdout, _ = run("--help")
    check("help", code == 0 and b"disarm" in stdout)


try:
    for part in (disarm, policy, ledger, https, rest):
        part()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
