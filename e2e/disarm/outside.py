#!/usr/bin/env python3
"""Every threat through `sekisho disarm`, then outside tools on every output. `outside.py --binary PATH [--corpus FOLDER]`

Nothing live may be left, the visible text must stay, sound files must not be refused, the second reader must refuse the
originals and accept the outputs. Ends with 1 and a list when any of that fails. `--only WORD` picks threats, `--work
FOLDER` keeps the files, `--table FILE` writes docs/formats/threats.md, `--findings FILE` writes the list as JSON lines.
Needs oletools, XLMMacroDeobfuscator, pikepdf and Pillow (PyPI), exiftool and pdftotext (Debian).
"""
import argparse, collections, concurrent.futures, json, logging, pathlib, re, shutil, signal, subprocess, sys, tempfile, time, warnings

import make_threats
import readers
from readers import pictures, unpacked

ASIDE = {"unsupported-format"}
BROKEN = {"worker-failed", "verify-failed"}


def disarm(binary, folder, out, report, jobs=2, timeout=900):
    started = time.monotonic()
    done = subprocess.run([binary, "--lang", "en", "disarm", folder, "-o", out, "--report", report, "--jobs", str(jobs)], capture_output=True, text=True, timeout=timeout)
    rows = [json.loads(line) for line in pathlib.Path(report).read_text("utf-8").splitlines()]
    return {row["input"]["path"]: row for row in rows}, done, time.monotonic() - started


def verify(binary, paths):
    """Path → None when accepted, else why not."""
    verdicts = {}
    for start in range(0, len(paths), 200):
        done = subprocess.run([binary, "--lang", "en", "verify", *map(str, paths[start:start + 200])], capture_output=True, text=True, errors="replace", timeout=600)
        for line in done.stdout.splitlines():
            path, _, verdict = line.partition(": ")
            verdicts[path] = None if verdict == "ok" else verdict
    return verdicts


CARRIERS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".svg", ".pdf", ".docx", ".xlsx", ".pptx", ".dotx", ".xltx", ".potx", ".ppsx", ".odt", ".ods", ".odp")


def metadata(paths):
    """What exiftool sees in files that carry metadata; a file on which it does not end is left out with its bundle."""
    rows, paths = [], [path for path in paths if path.lower().endswith(CARRIERS)]
    for start in range(0, len(paths), 100):
        try:
            done = subprocess.run(["exiftool", "-j", "-G1", "-a", "-u", "-q", "-charset", "filename=utf8", *paths[start:start + 100]], capture_output=True, timeout=60)
            rows += json.loads(done.stdout or b"[]")
        except subprocess.TimeoutExpired:
            print(f"exiftool did not end among {paths[start]} and the next hundred")
    return {str(pathlib.Path(row["SourceFile"])): [("", *finding) for finding in pictures.metadata(row)] for row in rows}


class Late(BaseException):
    """No Exception, so that no reader swallows it."""


def examine(job):
    """Runs in a process of its own: what outside readers find in one file, and whether the markers are in it."""
    path, live, keep = job
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")

    def late(*_):
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.alarm(25)
    try:
        data = pathlib.Path(path).read_bytes()
        if len(data) > 24 << 20:
            return path, [], [], True
        name = pathlib.Path(path).name
        found = readers.examine(name, data)
        left = unpacked.markers_left(data, name, {live: unpacked.Needle(live)}) if live else []
        return path, found, left, keep is None or has_text(path, data, name, keep)
    except Late:
        return path, [("", "outside", "a reader did not end")], [], True
    except Exception as error:
        return path, [("", "outside", f"a reader failed: {error!r}")], [], True
    finally:
        signal.alarm(0)


def has_text(path, data, name, keep):
    needle = unpacked.Needle(keep)
    for _, kind, content in unpacked.layers(data, name):
        if needle.within(content):
            return True
        if kind == "pdf":
            text = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, timeout=60).stdout
            if needle.within(re.sub(rb"\s+", b"", text)):
                return True
    return False


def examine_all(jobs):
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return {path: (found, left, kept) for path, found, left, kept in pool.map(examine, jobs, chunksize=8)}


class Judge:
    """Collects what is wrong, and the summary by format."""

    def __init__(self):
        self.wrong, self.table, self.details, self.bearable = [], collections.OrderedDict(), [], []
        listed = (pathlib.Path(__file__).parent / "known.txt").read_text("utf-8").splitlines()
        self.known = {tuple(line.split()[:2]) for line in listed if line and not line.startswith("#")}

    @staticmethod
    def known_as(file):
        return pathlib.Path(file).name.rsplit(".", 1)[0]

    def row(self, format):
        return self.table.setdefault(format, collections.Counter())

    def say(self, kind, format, file, what):
        if (self.known_as(file), kind) in self.known:
            self.bearable.append(f"{kind}: {file}: {what[:120]}")
            return
        self.row(format)[f"wrong {kind}"] += 1
        self.wrong.append({"kind": kind, "format": format, "file": file, "what": what})


def judge_threat(judge, entry, row, before, after, verdict_before, verdict_after, work):
    format, file, counts = entry["format"], entry["file"], judge.row(entry["format"])
    counts["files"] += 1
    say = lambda kind, what: judge.say(kind, format, file, what)
    if row is None:
        return say("crash", "no line in the report")
    if row["outcome"] == "rebuilt":
        counts["rebuilt"] += 1
        if entry["expected"] == "refused":
            say("passed", f"should be refused; removed: {codes(row)}")
        found, left, kept = after
        for layer, reader, what in found:
            say("live", f"{reader}: {what} ({layer})")
        if left and (entry["live_must_be"] == "gone" or entry["live_must_be"] == "reported" and not row["removed"]):
            say("marker", f"{entry['live']} in {left[0][1]}" + ("" if row["removed"] else ", nothing reported"))
        if not kept:
            say("text", f"{entry['keep']} is not in the output")
        if entry["keep"]:
            counts["text wanted"] += 1
            counts["text kept"] += kept
        if verdict_after is not None:
            say("verify", f"the second reader refuses the output: {verdict_after}")
        counts["clean"] += not found and not left
    else:
        code = row["refused"].get("code", "?")
        counts["refused"] += 1
        counts[f"code {code}"] += 1
        if not row["refused"].get("reason") or not row["refused"].get("hint"):
            say("reason", f"refused without reason or hint ({code})")
        if code in ASIDE:
            counts["unsupported"] += 1
        elif entry["expected"] == "rebuilt":
            say("refused", f"{code}: {row['refused']['reason']}")
    if row["outcome"] != "rebuilt" and row["refused"].get("code") in BROKEN:
        say("crash", row["refused"]["reason"])
    if entry["active"] and verdict_before is None:
        say("accepted", "the second reader accepts the original")


def control(judge, entry, before):
    """A reader that no longer sees what it is for would find every output clean."""
    found, left, _ = before
    if not found and not left and entry["active"]:
        judge.say("control", entry["format"], entry["file"], "no reader sees the threat in the original")


def codes(row):
    return ", ".join(sorted({entry["what"] for entry in row["removed"]})) or "nothing"


def threats(binary, work, only, judge):
    entries = make_threats.make(work, only)
    rows, done, seconds = disarm(binary, work / "in", work / "out", work / "report.jsonl")
    print(f"{len(entries)} threats, disarmed in {seconds:.0f} s", flush=True)
    if done.returncode not in (0, 1):
        judge.say("crash", "all", "-", f"sekisho disarm ended with {done.returncode}: {done.stderr[-400:]}")
    jobs, outputs = [], {}
    for entry in entries:
        path = str(work / "in" / entry["file"])
        row = rows.get(path)
        jobs.append((path, entry["live"], None))
        if row and row["outcome"] == "rebuilt":
            outputs[path] = row["output"]["path"]
            jobs.append((row["output"]["path"], entry["live"], entry["keep"]))
    looked = examine_all(jobs)
    pictures_in = [path for path, *_ in jobs if not path.endswith(".pdf")]
    leaks = metadata(sorted({*pictures_in, *outputs.values()}))
    for path, more in leaks.items():
        if path in looked:
            looked[path][0].extend(more)
    verdicts = verify(binary, [work / "in" / entry["file"] for entry in entries] + list(outputs.values()))
    for entry in entries:
        path = str(work / "in" / entry["file"])
        output = outputs.get(path)
        judge_threat(judge, entry, rows.get(path), looked[path], looked.get(output), verdicts.get(path, "no verdict"), verdicts.get(output, "no verdict") if output else None, work)
        control(judge, entry, looked[path])
        judge.details.append((entry, rows.get(path), looked[path]))


def corpus(binary, folder, work, judge):
    """Files of others: nothing live in the outputs, no crash; what is live in an original must not verify."""
    rows, done, seconds = disarm(binary, folder, work / "corpus-out", work / "corpus.jsonl", timeout=3600)
    print(f"{len(rows)} files of others, disarmed in {seconds:.0f} s", flush=True)
    rebuilt = {path: row["output"]["path"] for path, row in rows.items() if row["outcome"] == "rebuilt"}
    looked = examine_all([(output, None, None) for output in rebuilt.values()])
    for path, more in metadata(list(rebuilt.values())).items():
        if path in looked:
            looked[path][0].extend(more)
    verdicts = verify(binary, [*rebuilt, *rebuilt.values()])
    originals = examine_all([(path, None, None) for path in rebuilt if verdicts.get(path, "") is None])
    for path, row in rows.items():
        format = "corpus " + (row["input"].get("detected") or pathlib.Path(path).suffix.lstrip(".") or "?")
        counts, file = judge.row(format), str(pathlib.Path(path).relative_to(folder))
        counts["files"] += 1
        if row["outcome"] == "rebuilt":
            counts["rebuilt"] += 1
            found = looked[rebuilt[path]][0]
            counts["clean"] += not found
            for layer, reader, what in found:
                judge.say("live", format, file, f"{reader}: {what} ({layer})")
            if verdicts.get(rebuilt[path], "no verdict") is not None:
                judge.say("verify", format, file, f"the second reader refuses the output: {verdicts.get(rebuilt[path])}")
            if path in originals and originals[path][0]:
                judge.say("accepted", format, file, f"the second reader accepts the original, in which {originals[path][0][0]}")
        else:
            code = row["refused"].get("code", "?")
            counts["refused"] += 1
            counts[f"code {code}"] += 1
            if code in BROKEN:
                judge.say("crash", format, file, row["refused"]["reason"])
            if code in ASIDE:
                counts["unsupported"] += 1


def summary(judge):
    print(f"\n{'format':<26}{'files':>6}{'rebuilt':>8}{'refused':>8}{'live':>6}{'text':>10}  refused with")
    for format, counts in judge.table.items():
        live = counts["wrong live"] + counts["wrong marker"]
        text = f"{counts['text kept']}/{counts['text wanted']}" if counts["text wanted"] else "-"
        why = ", ".join(f"{key[5:]} {value}" for key, value in counts.items() if key.startswith("code "))
        print(f"{format:<26}{counts['files']:>6}{counts['rebuilt']:>8}{counts['refused']:>8}{live:>6}{text:>10}  {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--corpus", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--findings", type=pathlib.Path)
    chosen = parser.parse_args()
    started = time.monotonic()
    work = chosen.work or pathlib.Path(tempfile.mkdtemp(prefix="sekisho-threats-"))
    if chosen.work and work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    judge = Judge()
    try:
        threats(chosen.binary, work, chosen.only, judge)
        if chosen.corpus:
            corpus(chosen.binary, chosen.corpus, work, judge)
    finally:
        if not chosen.work:
            shutil.rmtree(work, ignore_errors=True)
    for entry in judge.wrong:
        print(f"not ok - {entry['kind']}: {entry['file']}: {entry['what']}")
    for line in judge.bearable:
        print(f"known - {line}")
    summary(judge)
    if chosen.findings:
        chosen.findings.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in judge.wrong), "utf-8")
    if chosen.table:
        import table
        table.write(judge.details, chosen.table)
    print(f"\n{len(judge.wrong)} findings, {len(judge.bearable)} known ones, in {time.monotonic() - started:.0f} s")
    sys.exit(1 if judge.wrong else 0)


if __name__ == "__main__":
    main()
