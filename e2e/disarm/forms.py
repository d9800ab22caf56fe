#!/usr/bin/env python3
"""Municipal forms before and after `sekisho disarm`. `forms.py --binary PATH [--screens FOLDER] [--work FOLDER]`

Text, merged cells, number formats, ruby, vertical writing, print areas and pictures must stay, and the pages, rendered by
LibreOffice and poppler at 80 dots an inch, must look alike (97 % of the inked blocks). `--screens` writes before|after as
small PNGs, `--work` keeps everything. Needs LibreOffice, poppler and, from PyPI, python-docx, openpyxl, python-pptx, Pillow.
"""
import io, json, pathlib, re, shutil, subprocess, sys, tempfile, unicodedata, zipfile

import municipal

LIKENESS = 97.0
# Old binary formats and RTF are converted, not rebuilt: their text and pages count, their look is only shown.
CONVERTED = {".doc", ".xls", ".ppt", ".rtf"}
passed, failures = 0, []


def option(name, fallback=None):
    return sys.argv[sys.argv.index(f"--{name}") + 1] if f"--{name}" in sys.argv else fallback


def check(file, what, holds, detail=""):
    global passed
    if holds:
        passed += 1
    else:
        failures.append(f"{file}: {what} {detail}")
        print(f"not ok - {file}: {what} {detail}", flush=True)


def same(file, what, before, after):
    check(file, what, before == after, f"\n    before {str(before)[:300]}\n    after  {str(after)[:300]}" if before != after else "")


def parts(data, pattern):
    package = zipfile.ZipFile(io.BytesIO(data))
    return {name: package.read(name) for name in sorted(package.namelist()) if re.fullmatch(pattern, name)}


def words(data, pattern, tag):
    """All texts of elements of that name, in order."""
    found = []
    for content in parts(data, pattern).values():
        found += re.findall(rf"<{tag}(?:\s[^>]*)?>([^<]*)</{tag}>", content.decode("utf-8"))
    return "".join(found)


def word(file, before, after):
    import docx
    opened = [docx.Document(io.BytesIO(data)) for data in (before, after)]
    same(file, "text in order", *(words(data, r"word/(document|header\d*|footer\d*)\.xml", "w:t") for data in (before, after)))
    same(file, "paragraphs", *([p.text for p in one.paragraphs] for one in opened))
    same(file, "table cells", *([[cell.text for cell in row.cells] for table in one.tables for row in table.rows] for one in opened))
    bodies = [data["word/document.xml"].decode("utf-8") for data in (parts(before, "word/document.xml"), parts(after, "word/document.xml"))]
    for what, pattern in {"ruby": r"<w:ruby>", "ruby height": r'<w:hpsRaise w:val="\d+"', "merged across": r'<w:gridSpan w:val="\d+"', "merged down": r"<w:vMerge[^>]*>", "direction of text": r'<w:textDirection w:val="\w+"', "upright numbers": r"<w:eastAsianLayout[^>]*w:vert=", "emphasis dots": r'<w:em w:val="\w+"', "justified labels": r'<w:jc w:val="distribute"', "row heights": r"<w:trHeight [^>]*>", "character grid": r"<w:docGrid [^>]*>", "columns": r"<w:cols [^>]*>", "page": r"<w:pgSz [^>]*>", "east-asian font": r'w:eastAsia="[^"]*"', "pictures over the text": r"<wp:anchor "}.items():
        normal = [sorted(" ".join(sorted(hit.strip("<>/ ").split())) for hit in re.findall(pattern, body)) for body in bodies]
        same(file, what, *normal)
    same(file, "number of pictures", *(len(parts(data, r"word/media/.*")) for data in (before, after)))


def sheet(file, before, after):
    import openpyxl
    old, new = (openpyxl.load_workbook(io.BytesIO(data)) for data in (before, after))
    same(file, "sheets", old.sheetnames, new.sheetnames)
    for a, b in zip(old.worksheets, new.worksheets):
        same(file, "values and formulas", [[c.value for c in row] for row in a.iter_rows()], [[c.value for c in row] for row in b.iter_rows()])
        same(file, "number formats", [[c.number_format for c in row] for row in a.iter_rows()], [[c.number_format for c in row] for row in b.iter_rows()])
        look = lambda c: (c.alignment.horizontal, c.alignment.vertical, c.alignment.textRotation, c.alignment.wrap_text, c.alignment.shrink_to_fit, c.font.name, c.font.sz, c.font.b, c.border.left and c.border.left.style, c.border.top and c.border.top.style, c.fill.fgColor.rgb)
        same(file, "alignment, fonts, borders, fills", [[look(c) for c in row] for row in a.iter_rows()], [[look(c) for c in row] for row in b.iter_rows()])
        same(file, "merged cells", sorted(map(str, a.merged_cells.ranges)), sorted(map(str, b.merged_cells.ranges)))
        same(file, "print area", a.print_area, b.print_area)
        same(file, "print titles", a.print_title_rows, b.print_title_rows)
        paper = lambda s: (s.page_setup.paperSize, s.page_setup.orientation, s.page_setup.fitToWidth, s.page_setup.fitToHeight, s.sheet_properties.pageSetUpPr and s.sheet_properties.pageSetUpPr.fitToPage, s.print_options.horizontalCentered, s.oddHeader.right.text, s.oddFooter.center.text, s.freeze_panes)
        same(file, "paper, header, footer, panes", paper(a), paper(b))
        same(file, "column widths", {k: d.width for k, d in a.column_dimensions.items()}, {k: d.width for k, d in b.column_dimensions.items()})
        same(file, "pictures", len(a._images), len(b._images))
        same(file, "lists", [(v.type, v.formula1, str(v.sqref)) for v in a.data_validations.dataValidation], [(v.type, v.formula1, str(v.sqref)) for v in b.data_validations.dataValidation])
        same(file, "conditional formats", [str(r.sqref) for r in a.conditional_formatting], [str(r.sqref) for r in b.conditional_formatting])
    readings = [re.findall(r"<rPh[^>]*>.*?<t[^>]*>([^<]*)</t>", b"".join(parts(data, "xl/sharedStrings.xml").values()).decode("utf-8")) for data in (before, after)]
    same(file, "furigana", *readings)


def deck(file, before, after):
    same(file, "text in order", *(words(data, r"ppt/slides/slide\d+\.xml", "a:t") for data in (before, after)))
    same(file, "notes", *(words(data, r"ppt/notesSlides/.*\.xml", "a:t") for data in (before, after)))
    from pptx import Presentation
    opened = [Presentation(io.BytesIO(data)) for data in (before, after)]
    same(file, "places of shapes", *([(s.shape_type, s.left, s.top, s.width, s.height) for slide in one.slides for s in slide.shapes] for one in opened))
    for what, pattern in {"direction of text": r' vert="\w+"', "merged cells": r' (?:gridSpan|rowSpan|hMerge|vMerge)="\w+"'}.items():
        same(file, what, *(sum((re.findall(pattern, content.decode("utf-8")) for content in parts(data, r"ppt/slides/slide\d+\.xml").values()), []) for data in (before, after)))
    same(file, "number of pictures", *(len(parts(data, r"ppt/media/.*")) for data in (before, after)))
    chart_values = [[list(s.values) for slide in one.slides for shape in slide.shapes if shape.has_chart for s in shape.chart.plots[0].series] for one in opened]
    same(file, "chart values", *chart_values)


def extracted(binary, path, scratch):
    """What the text method sees, blanks aside."""
    out = scratch / f"{path.parent.name}-{path.name}.txt"
    done = subprocess.run([binary, "disarm", path, "--method", "text", "-o", out], capture_output=True, text=True)
    return re.sub(r"\s", "", out.read_text("utf-8")) if done.returncode == 0 else None


def pages(path):
    """pdftotext's words, page by page; what a reader of paper gets."""
    out = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode("utf-8")
    return [unicodedata.normalize("NFKC", re.sub(r"\s", "", page)) for page in out.split("\f")[:-1]]


def render(sources, folder):
    """PDFs by one run of LibreOffice, then pages as grey pictures. Returns name → list of pictures."""
    from PIL import Image
    folder.mkdir()
    numbered = {}
    for index, path in enumerate(sources):
        numbered[path] = folder / f"{index:02d}{path.suffix}"
        shutil.copy(path, numbered[path])
    others = [copy for copy in numbered.values() if copy.suffix != ".pdf"]
    subprocess.run(["soffice", f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", "pdf", "--outdir", folder, *others], check=True, capture_output=True, timeout=300)
    shown = {}
    for path, copy in numbered.items():
        pdf = copy.with_suffix(".pdf")
        if not pdf.exists():
            shown[path] = None
            continue
        subprocess.run(["pdftoppm", "-r", "80", "-png", pdf, folder / copy.stem], check=True)
        shown[path] = (pdf, [Image.open(page).convert("RGB") for page in sorted(folder.glob(f"{copy.stem}-*.png"))])
    return shown


def likeness(before, after, block=4):
    """Percent; mean difference over blocks in which either page has ink, so that white paper counts for nothing."""
    from PIL import Image, ImageOps
    width, height = max(before.width, after.width), max(before.height, after.height)
    small = []
    for page in (before, after):
        sheet = Image.new("L", (-(-width // block) * block, -(-height // block) * block), 255)
        sheet.paste(ImageOps.grayscale(page))
        small.append(sheet.reduce(block).tobytes())
    differences = [abs(a - b) for a, b in zip(*small) if min(a, b) < 252]
    return 100 - 100 * sum(differences) / (255 * len(differences)) if differences else 100.0


def side_by_side(before, after, path):
    """Before left, after right, in 64 colours."""
    from PIL import Image
    height = max(before.height, after.height)
    sheet = Image.new("RGB", (before.width + after.width + 24, height), (90, 90, 90))
    sheet.paste(before, (0, 0))
    sheet.paste(after, (before.width + 24, 0))
    sheet.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def main():
    binary, screens = str(pathlib.Path(option("binary")).resolve()), option("screens")
    work = pathlib.Path(option("work") or tempfile.mkdtemp(prefix="sekisho-forms-"))
    source = work / "in"
    forms = municipal.make(source)
    out, report = work / "out", work / "report.jsonl"
    subprocess.run([binary, "disarm", source, "-o", out, "--report", report], capture_output=True)
    rows = {pathlib.Path(row["input"]["path"]).name: row for row in map(json.loads, report.read_text("utf-8").splitlines())}
    made = {}
    for path in forms:
        row = rows[path.name]
        check(path.name, "is not refused", row["outcome"] == "rebuilt", row.get("refused", ""))
        if row["outcome"] == "rebuilt":
            made[path] = pathlib.Path(row["output"]["path"])
    for path, after in made.items():
        reader = {".docx": word, ".xlsx": sheet, ".pptx": deck}.get(path.suffix)
        if reader:
            reader(path.name, path.read_bytes(), after.read_bytes())
        texts = [extracted(binary, one, work) for one in (path, after)]
        check(path.name, "has text", bool(texts[0]))
        if path.suffix not in CONVERTED:
            same(path.name, "text by the text method", *texts)
    old, new = render(made, work / "before"), render(made.values(), work / "after")
    for path, after in made.items():
        check(path.name, "LibreOffice opens the output", new[after] is not None)
        if not (old[path] and new[after]):
            continue
        (pdf_old, pages_old), (pdf_new, pages_new) = old[path], new[after]
        looks = [likeness(a, b) for a, b in zip(pages_old, pages_new)]
        converted = path.suffix in CONVERTED
        print(f"{path.name}: {len(pages_old)}→{len(pages_new)} pages, look {min(looks):.2f} % (worst page)", flush=True)
        check(path.name, "keeps its pages, or one more where it is converted", 0 <= len(pages_new) - len(pages_old) <= converted, f"{len(pages_old)}→{len(pages_new)}")
        if not converted:
            same(path.name, "words on the pages", pages(pdf_old), pages(pdf_new))
            check(path.name, "looks alike", min(looks) >= LIKENESS, f"{looks}")
        if screens:
            pathlib.Path(screens).mkdir(parents=True, exist_ok=True)
            side_by_side(pages_old[0], pages_new[0], pathlib.Path(screens) / f"{SCREENS[path.name]}.png")
    if not option("work"):
        shutil.rmtree(work)
    print(f"forms: {passed} checks hold, {len(failures)} do not")
    sys.exit(1 if failures else 0)


SCREENS = {"申請書.docx": "application-docx", "縦書き告示.docx": "vertical-docx", "支出負担行為書.xlsx": "expenditure-xlsx", "説明会資料.pptx": "briefing-pptx", "申請書.pdf": "application-pdf", "申請書（旧）.doc": "application-doc", "申請書.odt": "application-odt", "支出負担行為書（旧）.xls": "expenditure-xls", "支出負担行為書.ods": "expenditure-ods", "説明会資料（旧）.ppt": "briefing-ppt", "申請書.rtf": "application-rtf"}

if __name__ == "__main__":
    main()
