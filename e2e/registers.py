#!/usr/bin/env python3
"""Registers by the command line, as a clerk with Excel and a stranger with scripts meet them. `registers.py --binary PATH`

Makes a small sample city, exports every register, edits single cells in workbooks and expects exactly those back."""
import datetime, json, pathlib, shutil, subprocess, sys, tempfile
import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

binary = sys.argv[sys.argv.index("--binary") + 1]
root = pathlib.Path(__file__).resolve().parents[1]
work = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-registers-"))
city = work / "city"
DAY = "2026-11-24"
passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"not ok - {name} {detail}")


def run(*args, timeout=300):
    done = subprocess.run([binary, *map(str, args)], capture_output=True, timeout=timeout)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def export(register, name, *more):
    code, out, err = run("register", "export", register, "--data", city, "-o", work / name, *more)
    check(f"export {register} {name}", code == 0, out + err)
    return work / name


def dry(register, path, expect=0):
    code, out, err = run("register", "import", register, path, "--data", city, "--dry-run", "--json")
    check(f"dry run of {path.name} ends with {expect}", code == expect, f"{code} {out[:600]} {err[:600]}")
    try:
        return json.loads(out)
    except ValueError:
        check(f"dry run of {path.name} prints JSON", False, out[:300] + err[:300])
        return {"added": [], "changed": [], "removed": [], "refused": []}


class Table:
    """A register's sheet in a workbook: header → column, key → row."""

    def __init__(self, path, header_row=4):
        self.path, self.book = path, openpyxl.load_workbook(path)
        self.sheet = next(s for s in self.book.worksheets if s.sheet_state == "visible")
        self.first = header_row + 1
        self.columns = {c.value: c.column for c in self.sheet[header_row] if c.value}
        self.header_row = header_row

    def rows(self):
        for row in range(self.first, self.sheet.max_row + 1):
            if self.sheet.cell(row, 1).value:
                yield row

    def cell(self, row, header):
        return self.sheet.cell(row, self.columns[header])

    def save(self, name):
        path = work / name
        self.book.save(path)
        return path


def where(cell):
    return cell.coordinate


def individual_number():
    """Twelve digits whose last is right (番号法の検査用数字)."""
    digits = [2, 1, 9, 5, 7, 3, 0, 4, 8, 6, 1]
    weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]
    left = 11 - sum(d * w for d, w in zip(digits, weights)) % 11
    return "".join(map(str, digits)) + str(0 if left > 9 else left)


def generate():
    enrol = work / "cast.json"
    code, out, err = run("--lang", "en", "city", "generate", "--seed", 7, "--units", 12, "--people", 40, "--date", DAY, "--data", city, "--enrol", enrol)
    check("a small city", code == 0, out[-400:] + err[-1500:])
    if code:
        return False
    cast = json.loads(enrol.read_text("utf-8"))["people"]
    roles = [person["role"] for person in cast]
    check("a dozen roles are enrolled", len(roles) >= 12 and {"ciso", "administrator", "auditor", "deputy", "public-relations"} <= set(roles), str(roles))
    check("each with a password and a secret", all(person["password"] and person["secret"] for person in cast))
    code, out, err = run("city", "generate", "--data", city)
    check("a second city into the same folder is refused", code == 2, out + err)
    code, out, err = run("policy", "check", city / "policy")
    check("the declaration holds", code == 0, out + err)
    other = work / "twin"
    run("city", "generate", "--seed", 7, "--units", 12, "--people", 40, "--date", DAY, "--data", other)
    first, second = work / "first.csv", work / "second.csv"
    run("register", "export", "terminals", "--data", city, "-o", first)
    run("register", "export", "terminals", "--data", other, "-o", second)
    check("the same seed gives the same rows", first.read_bytes() == second.read_bytes())
    shutil.rmtree(other, ignore_errors=True)
    return True


def definitions():
    code, out, _ = run("register", "check")
    check("the built-in definitions hold", code == 0, out)
    code, out, err = run("register", "check", "--policy", root / "policies/imari")
    check("and the sample declaration knows their names", code == 0, out + err)
    wrong = work / "wrong"
    wrong.mkdir()
    text = (root / "catalog/registers/usb-loans.toml").read_text("utf-8")
    (wrong / "usb-loans.toml").write_text(text.replace('type = "date"', 'type = "dait"', 1), "utf-8")
    code, _, err = run("--lang", "ja", "register", "check", wrong)
    check("a wrong type is located", code == 1 and "usb-loans.toml:" in err, err)
    code, _, err = run("register", "check", work / "nowhere")
    check("a missing folder is misuse", code == 2, err)


def list_all():
    code, out, err = run("register", "list", "--data", city)
    lines = [line.split("\t") for line in out.splitlines()]
    check("list names every register", code == 0 and len(lines) == 45 and all(len(line) == 3 for line in lines), out + err)
    check("every register has rows", all(int(line[2]) > 0 for line in lines), str([line for line in lines if line[2] == "0"]))
    code, out, _ = run("register", "list", "--data", city, "--json")
    check("the same as JSON", [one["id"] for one in json.loads(out)] == [line[0] for line in lines])
    for register, _, rows in lines:
        path = export(register, f"all-{register}.xlsx")
        table = Table(path, header_of(path))
        check(f"{register} has its rows in the workbook", len(list(table.rows())) == int(rows), f"{len(list(table.rows()))} {rows}")
        report = dry(register, path)
        check(f"{register} unedited changes nothing", not (report["added"] or report["changed"] or report["removed"] or report["refused"]), json.dumps(report, ensure_ascii=False)[:700])


def header_of(path):
    sheet = next(s for s in openpyxl.load_workbook(path).worksheets if s.sheet_state == "visible")
    counts = [(sum(1 for cell in sheet[row] if cell.value), -row) for row in range(1, min(sheet.max_row, 8) + 1)]
    return -max(counts)[1]


def cells():
    """One workbook, one cell of each type and spelling, and nothing else comes back."""
    table = Table(export("terminals", "base.xlsx"))
    rows = list(table.rows())
    edits = {}

    def edit(row, header, field, value):
        cell = table.cell(row, header)
        cell.value = value
        edits[(table.cell(row, "管理番号").value, field)] = where(cell)

    spellings = ["令和8年4月2日", "R8.4.2", "r8/4/2", "令和８年４月２日", "2026/4/2", "2026-04-02", "令和八年四月二日", "㋿8年4月2日", "2026年4月2日"]
    for row, text in zip(rows, spellings):
        edit(row, "取得日", "bought_on", text)
    row = rows[len(spellings)]
    edit(row, "取得日", "bought_on", datetime.datetime(2026, 4, 2))
    row = rows[len(spellings) + 1]
    kind = table.cell(row, "種類").value
    edit(row, "種類", "terminal_kind", "サーバ" if kind != "サーバー" else "タブレット")
    shown = {str(table.cell(r, "種類").value) for r in rows}
    if "デスクトップ" in "".join(shown) and kind.startswith("ノート"):
        table.cell(row, "種類").value = next(k for k in shown if k and not k.startswith("ノート"))
    else:
        table.cell(row, "種類").value = next(k for k in shown if k and k != kind)
    row = rows[len(spellings) + 2]
    edit(row, "管理担当者", "keeper", "100612")
    row = rows[len(spellings) + 3]
    edit(row, "設置場所", "place", "髙﨑𠮷田の机　参加")
    path = table.save("edited.xlsx")
    report = dry("terminals", path)
    found = {(one["row"], one["field"]): one for one in report["changed"]}
    check("exactly the edited cells come back", set(found) == set(edits), f"{sorted(set(found) ^ set(edits))}")
    check("nothing else", not report["added"] and not report["removed"] and not report["refused"], json.dumps(report["refused"], ensure_ascii=False)[:500])
    check("the cells are named", all(found[key]["cell"] == cell for key, cell in edits.items() if key in found))
    check("keys come in the promised order", list(report)[:4] == ["added", "changed", "removed", "refused"] and all(list(one)[:4] == ["row", "field", "old", "new"] for one in report["changed"]))
    dates = {one["new"] for (_, field), one in found.items() if field == "bought_on"}
    check("every spelling is the same day", dates == {"令和8年4月2日"}, str(dates))
    check("異体字 come through whole", any(one["new"] == "髙﨑𠮷田の机　参加" for one in found.values()), str([one["new"] for one in found.values()]))
    code, out, err = run("--lang", "ja", "register", "import", "terminals", path, "--data", city)
    check("the import is applied", code == 0, out + err)
    check("the second time nothing is left to do", not dry("terminals", path)["changed"])
    again = Table(export("terminals", "again.xlsx"))
    check("the export holds the text", any(again.cell(r, "設置場所").value == "髙﨑𠮷田の机　参加" for r in again.rows()))
    code, out, err = run("register", "export", "terminals", "--data", city, "-o", work / "past.csv", "--as-of", "2000-01-01")
    check("before the city there was nothing", code == 0 and len((work / "past.csv").read_text("utf-8-sig").splitlines()) <= 5, out + err)


def csv_files():
    for encoding, codec in (("utf-8", "utf-8-sig"), ("cp932", "cp932")):
        path = export("facilities", f"facilities-{encoding}.csv", "--encoding", encoding)
        text = path.read_bytes().decode(codec)
        report = dry("facilities", path)
        check(f"{encoding} unedited changes nothing", not report["changed"] and not report["added"], json.dumps(report, ensure_ascii=False)[:500])
        check(f"{encoding} holds 玄海電機", "玄海電機" in text)
        edited = work / f"edited-{encoding}.csv"
        edited.write_bytes(text.replace("玄海電機 UPX-6000", "玄海電機 表示能力増加", 1).encode(codec))
        changed = dry("facilities", edited)["changed"]
        check(f"{encoding} edited: one cell", [(one["field"], one["new"]) for one in changed] == [("maker", "玄海電機 表示能力増加")], str(changed)[:500])


def refusals():
    def refused(name, register, change, cell=True, say=None):
        table = Table(export(register, f"{name}.xlsx"))
        expected = change(table)
        report = dry(register, table.save(f"{name}-edited.xlsx"), expect=1)
        places = {one["cell"] for one in report["refused"]}
        check(f"{name}: refused", bool(report["refused"]))
        if cell:
            check(f"{name}: the cell is named", expected in places, f"{expected} {report['refused'][:3]}")
        if say:
            check(f"{name}: {say}", any(say in one["message"] for one in report["refused"]), str(report["refused"][:3]))
        return report

    def put(header, value, at=0):
        def change(table):
            cell = table.cell(list(table.rows())[at], header)
            cell.value = value
            return where(cell)
        return change

    report = refused("bad-date", "terminals", put("取得日", "令和8年2月30日", 2), say="シート「")
    check("the sheet stands beside the cell", all(one["sheet"] for one in report["refused"]))
    refused("individual-number", "terminals", put("設置場所", f"個人番号 {individual_number()}"))
    check("the ledger keeps no number", individual_number() not in subprocess.run(["grep", "-rla", individual_number(), city], capture_output=True, text=True).stdout)
    refused("formula", "terminals", put("製造番号", "=CONCATENATE(\"A\",\"B\")"))
    refused("person", "terminals", put("管理担当者", "知らない人"))
    refused("choice", "terminals", put("種類", "洗濯機"))

    def header(table):
        table.sheet.cell(table.header_row, table.columns["設置場所"]).value = "おき場所"
        return ""
    refused("header", "terminals", header, cell=False)

    def merged(table):
        first, second = list(table.rows())[:2]
        column = table.columns["製造番号"]
        table.sheet.merge_cells(start_row=first, end_row=second, start_column=column, end_column=column)
        return ""
    refused("merged", "terminals", merged, cell=False)

    def duplicate(table):
        first, second = list(table.rows())[:2]
        cell = table.cell(second, "管理番号")
        cell.value = table.cell(first, "管理番号").value
        return where(cell)
    refused("duplicate", "terminals", duplicate, cell=False)

    def hidden(table):
        table.book.create_sheet("メモ")
        table.sheet.sheet_state = "hidden"
        table.book.active = len(table.book.worksheets) - 1
        return ""
    refused("hidden", "terminals", hidden, cell=False)

    before = export("terminals", "before.csv").read_bytes()
    table = Table(export("terminals", "half.xlsx"))
    first, second = list(table.rows())[:2]
    table.cell(first, "設置場所").value = "よい変更"
    table.cell(second, "取得日").value = "いつか"
    code, out, _ = run("--lang", "ja", "register", "import", "terminals", table.save("half-edited.xlsx"), "--data", city)
    check("one bad row stops all", code == 1 and where(table.cell(second, "取得日")) in out, out)
    check("and nothing is written", export("terminals", "after.csv").read_bytes() == before)

    table = Table(export("terminals", "plain.xlsx"))
    table.book.epoch = CALENDAR_MAC_1904
    report = dry("terminals", table.save("mac.xlsx"))
    check("a workbook of 1904 has the same days", not report["changed"], str(report["changed"][:3]))

    table = Table(export("area-entries", "gone.xlsx", ), 4)
    last = list(table.rows())[-1]
    key = table.sheet.cell(last, 1).value
    table.sheet.delete_rows(last)
    path = table.save("gone-edited.xlsx")
    report = dry("area-entries", path)
    check("a deleted row is named", [one["key"] for one in report["removed"]] == [key], str(report["removed"])[:300])
    code, out, err = run("register", "import", "area-entries", path, "--data", city)
    check("without --remove-missing it stays", [one["key"] for one in dry("area-entries", path)["removed"]] == [key], out + err)
    code, out, err = run("register", "import", "area-entries", path, "--data", city, "--remove-missing")
    check("with it the row goes", code == 0 and not dry("area-entries", path)["removed"], out + err)

    code, _, err = run("register", "import", "usb-loan", work / "plain.xlsx", "--data", city)
    check("an unknown register: the nearest is named", code == 2 and "usb-loans" in err, err)
    code, _, err = run("register", "import", "terminals", work / "none.xlsx", "--data", city)
    check("a missing file is misuse", code == 2, err)
    code, _, err = run("register", "list", "--data", work / "nowhere")
    check("no data folder is misuse", code == 2, err)
    code, _, err = run("register", "export", "terminals", "--data", city, "-o", work / "x.pdf")
    check("an unknown ending is misuse", code == 2, err)
    (work / "broken.xlsx").write_bytes(b"PK\x03\x04" + bytes(200))
    code, out, err = run("register", "import", "terminals", work / "broken.xlsx", "--data", city, "--dry-run", "--json")
    check("a broken workbook is refused", code == 1, out + err)


def migrate():
    code, out, err = run("register", "migrate", "--data", city, "--dry-run")
    check("nothing to adopt", code == 0, out + err)
    own = city / "registers"
    own.mkdir(exist_ok=True)
    text = (root / "catalog/registers/facilities.toml").read_text("utf-8")
    new = text.replace('label_ja = "製造者・型式"', 'label_ja = "製造者"', 1)
    check("the definition was changed for the test", new != text and 'id = "fire"' in new)
    (own / "facilities.toml").write_text(new, "utf-8")
    code, out, err = run("register", "migrate", "--data", city, "--dry-run")
    check("a changed label fits every row", code == 0 and "facilities" in out, out + err)
    code, out, err = run("register", "migrate", "--data", city)
    check("and is adopted", code == 0, out + err)
    code, out, err = run("register", "migrate", "--data", city)
    check("once", code == 0 and "facilities" not in out, out + err)
    (own / "facilities.toml").write_text(new.replace('id = "fire"', 'id = "flame"'), "utf-8")
    code, out, err = run("--lang", "ja", "register", "migrate", "--data", city)
    check("a choice in use can't go; the rows are named", code == 1 and "FAC-" in err and "flame" not in err, out + err)
    (own / "facilities.toml").write_text(new, "utf-8")
    code, out, err = run("register", "list", "--data", city)
    check("with the earlier definition all is as before", code == 0, out + err)


def documents():
    code, out, err = run("document", "list", "--data", city)
    check("three documents", code == 0 and len(out.splitlines()) == 3, out + err)
    site = work / "site"
    code, out, err = run("document", "export", "--public", "-o", site, "--data", city)
    check("the public one is exported", code == 0 and (site / "basic-policy.html").exists(), out + err)
    public = "".join(path.read_text("utf-8") for path in site.iterdir())
    folder = root / "catalog/city/documents"
    for name in ("taisaku-kijun.md", "jisshi-tejun-usb.md"):
        secret = [line.strip() for line in (folder / name).read_text("utf-8").splitlines() if len(line.strip()) > 14]
        basic = (folder / "kihon-hoshin.md").read_text("utf-8")
        leaked = [line for line in secret if line in public and line not in basic]
        check(f"no sentence of {name} is public", secret and not leaked, str(leaked))
    code, _, err = run("document", "export", "-o", site, "--data", city)
    check("without --public nothing is exported", code == 2, err)
    note = work / "手順.md"
    note.write_text("# 窓口の端末取扱手順\n\n令和8年4月1日施行\n\n## 1. 施錠\n\n(1) 離席\n\n離席するときは画面を施錠する。\n", "utf-8")
    code, out, err = run("document", "import", note, "--data", city, "--tier", "procedure", "--enact")
    check("a procedure is imported and in force", code == 0 and "窓口の端末取扱手順" in out, out + err)
    code, out, err = run("document", "list", "--data", city)
    check("and listed", "窓口の端末取扱手順" in out, out + err)


def ledger():
    code, out, err = run("ledger", "verify", "--data", city)
    check("the ledger verifies", code == 0, out + err)
    code, out, err = run("backup", work / "copy", "--data", city)
    check("a backup", code == 0, out + err)
    code, out, err = run("restore", work / "copy", "--data", work / "back")
    check("and its restoration", code == 0, out + err)
    code, out, err = run("ledger", "rebuild", "--data", city)
    check("rebuilding finds no difference", code == 0, out + err)


try:
    if generate():
        for part in (definitions, list_all, cells, csv_files, refusals, documents, migrate, ledger):
            part()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
