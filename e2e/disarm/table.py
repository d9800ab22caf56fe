"""Writes docs/formats/threats.md from what happened. `outside.py --binary PATH --table docs/formats/threats.md`"""
HEAD = """# 危険な仕掛けと、その扱い / Threats and what becomes of them

`e2e/disarm/outside.py --binary PATH --table docs/formats/threats.md` が、試験の結果から書き出した表です。手で直さないでください。
一行が試験用の一ファイルで、中身は無害です（宛先は 127.0.0.1）。「検査」は元のファイルで仕掛けに気づいた外部の道具です。
無害化した後のファイルでは、どの道具も何も見つけないこと、仕掛けに入れた目印が残らないこと、本文の目印が残ることを確かめます。

Written by the test from what happened; don't edit by hand. One line is one file with an inert payload (call-backs go to
127.0.0.1). “Checks” are the outside readers that saw the threat in the original; on the output all of them must see
nothing, the marker inside the threat must be gone, and the marker in the visible text must still be there.
"""


def write(details, path):
    lines, format = [HEAD], None
    for entry, row, before in details:
        if entry["format"] != format:
            format = entry["format"]
            lines.append(f"\n## {format}\n\n| 仕掛け / Threat | 結果 / Outcome | 取り除いたもの・拒否の理由 / Removed, or why refused | 検査 / Checks |\n|---|---|---|---|")
        found, left, _ = before
        checks = sorted({reader for _, reader, _ in found} | ({"marker"} if left else set()))
        if row is None:
            outcome, why = "—", "—"
        elif row["outcome"] == "rebuilt":
            outcome, why = "作り直し / rebuilt", ", ".join(f"`{code}`" for code in sorted({item["what"] for item in row["removed"]})) or "—"
        else:
            outcome, why = "拒否 / refused", f"`{row['refused']['code']}`"
        lines.append(f"| {entry['threat'].replace('|', '&#124;')}（`{entry['id']}`） | {outcome} | {why} | {', '.join(checks) or '—'} |")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
