#!/usr/bin/env python3
"""What a disarmed file costs, beside other programs in the same run. `disarm.py --binary PATH [--quick] [--only docx,rss]`

Makes typical documents, puts N copies of each through `sekisho disarm` (sandbox and second reader included) and through
mat2, qpdf, a pikepdf script, LibreOffice, Ghostscript, gatekeeper-cdr and exiftool, and prints Markdown: CPU and wall time
a file. Every program gets its N copies in one call where it takes several, so that its start is paid once, as ours is.
Missing peers are installed (apt, PyPI) when this is root and otherwise named. Then: pixels a page, files a second for a
mix of large files, peak memory against the size of the input. docs/performance.md has the results of one run.
"""
import datetime, email.message, io, json, os, pathlib, platform, random, resource, shutil, statistics, subprocess, sys, tempfile, threading, time, zipfile

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(root / "e2e/disarm"))
cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "sekisho"
VENV = cache / "bench"
PEER_PYTHON = VENV / "bin/python"
NEEDED = ["python-docx==1.2.0", "openpyxl==3.1.5", "python-pptx==1.0.2", "pikepdf==10.18.0", "pillow", "gatekeeper-cdr"]
DEBIAN = {"mat2": "mat2", "qpdf": "qpdf", "gs": "ghostscript", "exiftool": "libimage-exiftool-perl", "soffice": "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui", "pdfinfo": "poppler-utils"}
quick = "--quick" in sys.argv


def option(name, fallback=None):
    return sys.argv[sys.argv.index(f"--{name}") + 1] if f"--{name}" in sys.argv else fallback


def prepare():
    """Peers and libraries; returns names of what is missing after all."""
    lacking = [packages for program, packages in DEBIAN.items() if not shutil.which(program)]
    if lacking and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *" ".join(lacking).split()], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.DEVNULL)
    if not PEER_PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        for package in NEEDED:
            subprocess.run([VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check", package])
    return [program for program in DEBIAN if not shutil.which(program)]


# ---- typical documents

def photograph(width, height, seed, quality=88):
    """Gradients, shapes and grain: compresses as a photograph does."""
    from PIL import Image, ImageDraw, ImageFilter
    rng = random.Random(seed)
    picture = Image.effect_noise((width // 4, height // 4), 60).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = rng.randrange(width), rng.randrange(height)
        draw.ellipse((x, y, x + rng.randrange(40, width // 4), y + rng.randrange(40, height // 4)), fill=tuple(rng.randrange(256) for _ in range(3)))
    picture = Image.blend(picture.filter(ImageFilter.GaussianBlur(2)), Image.effect_noise((width, height), 30).convert("RGB"), 0.12)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, exif=exif())
    return out.getvalue()


def exif():
    from PIL import Image
    made = Image.Exif()
    made[0x010F], made[0x0110] = "Sekisho bench maker", "Sekisho bench camera"
    return made


def screenshot():
    from PIL import Image, ImageDraw, ImageFont
    picture = Image.new("RGB", (1280, 800), (250, 250, 250))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 18)
    for row in range(32):
        draw.text((20, row * 25), f"{row:02d}　窓口の受付件数は前年度と比べて増加した。単価 {row * 137:,} 円　担当課　市民課", font=font, fill=(30, 30, 40))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def docx(paragraphs, pictures):
    import docx as library
    made = library.Document()
    made.add_heading("地域福祉計画　実績報告", 0)
    for number in range(paragraphs):
        if number % 12 == 0:
            made.add_heading(f"{number // 12 + 1}　施策の状況", 1)
        made.add_paragraph(f"第{number}項　髙﨑市の窓口における相談件数は前年度と比べて増加しており、次のとおり対応した。" * 3)
    table = made.add_table(rows=30, cols=6, style="Table Grid")
    for row in range(30):
        for column, cell in enumerate(table.rows[row].cells):
            cell.text = f"{row}－{column}"
    for picture in pictures:
        made.add_picture(io.BytesIO(picture), width=5000000)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def xlsx(rows, columns=10):
    import openpyxl
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([f"項目{column}" for column in range(columns)])
    for row in range(2, rows + 1):
        sheet.append([f"第{row}号", "佐賀県伊万里市立花町", datetime.date(2026, 4, 1), row * 137, row * 0.25, f"=D{row}*E{row}", "済" if row % 3 else "未", row, f"備考{row % 40}", f"=IF(G{row}=\"済\",F{row},0)"][:columns])
    for row in sheet.iter_rows(min_row=2, min_col=3, max_col=3):
        row[0].number_format = '[$-411]ggge"年"m"月"d"日"'
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def pptx(slides, pictures):
    from pptx import Presentation
    from pptx.util import Mm
    deck = Presentation()
    for number in range(slides):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"{number + 1}　事業の概要"
        slide.placeholders[1].text = "\n".join(f"第{line}項　住民説明会における意見とその対応" for line in range(7))
        if number < len(pictures):
            slide.shapes.add_picture(io.BytesIO(pictures[number]), Mm(150), Mm(90), width=Mm(90))
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def csv(rows):
    return ("﻿番号,氏名,住所,金額,備考\r\n" + "".join(f"{row},髙﨑{row},伊万里市立花町{row}番地,{row * 137},済\r\n" for row in range(rows))).encode("utf-8")


def eml(attachments):
    made = email.message.EmailMessage()
    made["From"], made["To"], made["Subject"], made["Date"], made["Message-ID"] = "業者 <a@example.jp>", "財政課 <b@example.jp>", "見積書の送付について", "Tue, 24 Nov 2026 09:00:00 +0900", "<1@example.jp>"
    made.set_content("お世話になっております。見積書をお送りします。\n" * 20)
    made.add_alternative("<html><body>" + "<p>お世話になっております。<b>見積書</b>をお送りします。</p>" * 20 + "</body></html>", subtype="html")
    for name, data in attachments.items():
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def packed(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def pdf(source, folder):
    path = folder / "source.docx"
    path.write_bytes(source)
    subprocess.run(["soffice", f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", "pdf", "--outdir", folder, path], check=True, capture_output=True)
    return (folder / "source.pdf").read_bytes()


def typical(folder):
    """Name → bytes, of the size that offices send daily."""
    small = photograph(1200, 900, 1)
    files = {"report.docx": docx(72, [small]), "text.docx": docx(72, []), "sheet.xlsx": xlsx(500), "slides.pptx": pptx(10, [small, photograph(1000, 700, 2)]), "notice.pdf": pdf(docx(30, [photograph(1000, 700, 3)]), folder), "photo.jpg": photograph(1632, 1224, 4), "screen.png": screenshot(), "list.csv": csv(1000)}
    files["several.zip"] = packed({name: files[name] for name in ("report.docx", "sheet.xlsx", "notice.pdf", "photo.jpg")})
    files["mail.eml"] = eml({"report.docx": files["report.docx"], "photo.jpg": files["photo.jpg"]})
    return files


def large(folder):
    """A mix with a mean of about 3.7 MB."""
    photos = [photograph(3000, 2000, seed, 90) for seed in range(10, 14)]
    big = photograph(4000, 3000, 20, 92)
    return {"large.docx": docx(150, photos[:3]), "large.pptx": pptx(20, photos), "large.pdf": pdf(docx(60, photos[:3]), folder), "large.xlsx": xlsx(30_000), "large.jpg": big, "scans.zip": packed({f"{index}.jpg": data for index, data in enumerate(photos[:3])})}


# ---- measuring

def cost(command, **more):
    """(CPU seconds, wall seconds, whether it ended well) of a command and all its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        good = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900, **more).returncode == 0
    except subprocess.TimeoutExpired:
        good = False
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, good


def copies(data, name, count, folder):
    folder.mkdir(parents=True)
    stem, extension = name.rsplit(".", 1)
    paths = [folder / f"{stem}{index:03d}.{extension}" for index in range(count)]
    for path in paths:
        path.write_bytes(data)
    return paths


def ours(binary, data, name, count, scratch, method="rebuild", jobs=1):
    """A row of ours: CPU by our own report, CPU and wall of the whole command divided by files."""
    paths = copies(data, name, count, scratch / "in")
    report = scratch / "report.jsonl"
    cpu, wall, good = cost([binary, "disarm", paths[0].parent, "-o", scratch / "out", "--report", report, "--jobs", jobs, "--method", method])
    rows = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    reported = statistics.median(row["cpu_ms"] for row in rows)
    refused = next((row["refused"]["code"] for row in rows if row["outcome"] != "rebuilt"), None)
    return {"reported": reported, "cpu": cpu / count * 1000, "wall": wall / count * 1000, "refused": refused}


PIKEPDF = """
import sys, pikepdf
for path in sys.argv[2:]:
    with pikepdf.open(path) as pdf:
        for key in ("/OpenAction", "/AA", "/AcroForm", "/Names", "/AF"):
            if key in pdf.Root: del pdf.Root[key]
        for page in pdf.pages:
            for key in ("/AA", "/Annots"):
                if key in page: del page[key]
        pdf.save(sys.argv[1] + "/" + path.rsplit("/", 1)[1])
"""
GATEKEEPER = """
import sys, gatekeeper_cdr
for path in sys.argv[2:]:
    done = gatekeeper_cdr.disarm(open(path, "rb").read())
    open(sys.argv[1] + "/" + path.rsplit("/", 1)[1], "wb").write(bytes(done.buffer))
"""


def office(target):
    return lambda paths, out: [["soffice", f"-env:UserInstallation=file://{out.parent / 'profile'}", "--headless", "--convert-to", target, "--outdir", out, *paths]]


# name → (formats, paths and output folder → commands)
PEERS = {
    "mat2": ("docx xlsx pptx pdf jpg png zip", lambda paths, out: [["mat2", *paths]]),
    "gatekeeper-cdr": ("docx xlsx pptx pdf jpg png", lambda paths, out: [[PEER_PYTHON, "-c", GATEKEEPER, out, *paths]]),
    "LibreOffice → same": ("docx xlsx pptx", None),
    "LibreOffice → PDF": ("docx xlsx pptx", office("pdf")),
    "qpdf": ("pdf", lambda paths, out: [["qpdf", "--object-streams=generate", path, out / path.name] for path in paths]),
    "pikepdf, keys deleted": ("pdf", lambda paths, out: [[PEER_PYTHON, "-c", PIKEPDF, out, *paths]]),
    "Ghostscript pdfimage24 -r150": ("pdf", lambda paths, out: [["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfimage24", "-r150", "-o", out / path.name, path] for path in paths]),
    "exiftool -all=": ("pdf jpg png", lambda paths, out: [["exiftool", "-q", "-all=", "-o", f"{out}/", *paths]]),
}


def peer(name, data, file, count, scratch):
    """(CPU ms, wall ms) a file, or why not."""
    extension = file.rsplit(".", 1)[1]
    paths = copies(data, file, count, scratch / "in")
    out = scratch / "out"
    out.mkdir(parents=True)
    build = PEERS[name][1] or office(extension)
    if name.startswith("LibreOffice"):  # its profile is made once on a machine
        cost(office("txt" if extension == "docx" else "pdf")(paths[:1], scratch / "first")[0])
        (scratch / "first").mkdir(exist_ok=True)
    total = [0.0, 0.0]
    for command in build(paths, out):
        cpu, wall, good = cost(command)
        if not good:
            return None
        total = [total[0] + cpu, total[1] + wall]
    return total[0] / count * 1000, total[1] / count * 1000


def by_format(binary, files, work, wanted):
    print("| 種類 / file | 方法 / program | CPU ms | 経過 wall ms | 比 / peer ÷ ours (CPU) | 1件ずつ CPU ms / one a call | 比 / ratio |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for file, data in files.items():
        extension = file.rsplit(".", 1)[1]
        if wanted and extension not in wanted:
            continue
        count = 10 if quick else 40
        row = ours(binary, data, file, count, work / f"{file}-ours")
        single = statistics.median(ours(binary, data, file, 1, work / f"{file}-single{turn}")["cpu"] for turn in range(3))
        note = f"（拒否 refused: {row['refused']}）" if row["refused"] else ""
        print(f"| **{file}** {len(data) / 1e6:.2f} MB | **sekisho**{note} | **{row['cpu']:.1f}** (report: {row['reported']:.0f}) | **{row['wall']:.1f}** | | **{single:.1f}** | |", flush=True)
        for name, (formats, _) in PEERS.items():
            if extension not in formats.split():
                continue
            few = (2 if quick else 5) if "LibreOffice" in name or name == "mat2" else (4 if quick else 10)
            try:
                place = work / f"{file}-{name.split()[0]}{len(name)}"
                done = peer(name, data, file, few, place)
                alone = peer(name, data, file, 1, place / "single") if done else None
            except FileNotFoundError:
                done = None
            if done and alone:
                print(f"| | {name} | {done[0]:.1f} | {done[1]:.1f} | {done[0] / row['cpu']:.1f} | {alone[0]:.1f} | {alone[0] / single:.1f} |", flush=True)
            else:
                print(f"| | {name} | – | – | 失敗・不在 fails or absent | – | – |", flush=True)


def pixels(binary, files, work):
    """Method `image` on the PDF and the photograph."""
    for file in ("notice.pdf", "photo.jpg"):
        row = ours(binary, files[file], file, 4 if quick else 10, work / f"image-{file}", method="image")
        path = work / file
        path.write_bytes(files[file])
        count = 1
        if file.endswith("pdf"):
            shown = subprocess.run(["pdfinfo", path], capture_output=True, text=True).stdout
            count = int(shown.split("Pages:")[1].split()[0])
        if row["refused"]:
            print(f"- 画像化 image method, {file}: refused ({row['refused']})")
        else:
            print(f"- 画像化 image method, {file}: {row['cpu'] / count:.1f} ms CPU, {row['wall'] / count:.1f} ms wall a page ({count} pages)", flush=True)


def throughput(binary, files, work):
    folder, rounds = work / "mix", 1 if quick else 4
    folder.mkdir()
    for turn in range(rounds):
        for name, data in files.items():
            (folder / f"{turn}-{name}").write_bytes(data)
    number, size = rounds * len(files), sum(map(len, files.values())) / len(files) / 1e6
    report = work / "mix.jsonl"
    cpu, wall, good = cost([binary, "disarm", folder, "-o", work / "mix-out", "--report", report, "--jobs", 2])
    rows = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    refused = [row["input"]["path"].rsplit("/", 1)[1] for row in rows if row["outcome"] != "rebuilt"]
    print(f"- 混在 mix of {number} files, mean {size:.2f} MB, 2 jobs: {number / wall:.2f} files/s, {cpu / number * 1000:.0f} ms CPU a file, refused {refused or 'none'}")
    for row in rows[:0 if quick else len(files)]:
        print(f"  - {row['input']['path'].rsplit('/', 1)[1]}: {row['input']['bytes'] / 1e6:.1f} MB, {row['cpu_ms']} ms CPU")


def tree(pid):
    """A process and its descendants."""
    found, parents = [pid], {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def peak_memory(command):
    """Highest resident set of one descendant and of the parent, in MB, polled every 2 ms (VmHWM)."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    highest = {}
    while process.poll() is None:
        for pid in tree(process.pid):
            try:
                for line in open(f"/proc/{pid}/status"):
                    if line.startswith("VmHWM"):
                        highest[pid] = max(highest.get(pid, 0), int(line.split()[1]))
            except OSError:
                pass
        time.sleep(0.002)
    parent = highest.pop(process.pid, 0)
    return max(highest.values(), default=0) / 1024, parent / 1024


def memory(binary, files, work):
    print("\n| 入力 / input | MB | 子の最大 RSS / child's peak MB | 目標 8 × + 64 MB | |")
    print("|---|---|---|---|---|")
    place = work / "rss"
    place.mkdir()
    for name, data in files.items():
        path = place / name
        path.write_bytes(data)
        child, parent = peak_memory([binary, "disarm", path, "-o", place / f"out-{name}", "--jobs", 1])
        goal = 8 * len(data) / 2**20 + 64
        print(f"| {name} | {len(data) / 2**20:.2f} | {child:.0f} | {goal:.0f} | {'✓' if child <= goal else '✗'} |", flush=True)


def main():
    binary = str(pathlib.Path(option("binary")).resolve())
    absent = prepare()
    site = next((VENV / "lib").glob("python3*/site-packages"))
    sys.path.append(str(site))
    wanted = (option("only") or "").split(",") if option("only") else None
    work = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-bench-"))
    try:
        print(f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.platform()}, load before {os.getloadavg()[0]:.1f}, absent: {', '.join(absent) or 'none'}\n", flush=True)
        files, heavy = typical(work), None
        by_format(binary, files, work, wanted)
        print()
        if not wanted or "image" in wanted:
            pixels(binary, files, work)
        if not wanted or {"mix", "rss"} & set(wanted):
            heavy = large(work)
        if not wanted or "mix" in wanted:
            throughput(binary, heavy, work)
        if not wanted or "rss" in wanted:
            memory(binary, {**files, **heavy}, work)
        print(f"\nload after {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
