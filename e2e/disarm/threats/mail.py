"""Mail: EML, MSG, winmail.dat, OpenDocument and the old binary Office files as carriers of code."""
import base64, io, struct, zipfile

from . import compound, either, threat, unc, url
from .archives import locked, payload

BASE = "From: sender@example.com\r\nTo: clerk@example.com\r\nDate: Tue, 24 Nov 2026 09:00:00 +0900\r\nMessage-ID: <1@example.com>\r\nSubject: =?UTF-8?B?5Zue562U?=\r\nMIME-Version: 1.0\r\n"


def eml(keep, *parts, head="", kind="multipart/mixed", tail="", preamble=""):
    text = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n回答します。 {keep}\r\n"
    body = "".join(f"--b\r\n{part}\r\n" for part in (text, *parts))
    return f"{BASE}{head}Content-Type: {kind}; boundary=b\r\n\r\n{preamble}{body}--b--\r\n{tail}".encode()


def attached(name, data, type="application/octet-stream", more=""):
    return f"Content-Type: {type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n{base64.encodebytes(data).decode()}"


def html(body):
    return f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{body}</body></html>"


def docm(live):
    from .word import MACRO, with_vba
    return with_vba(live, "x", MACRO)


PARTS = [
    ("attachment-exe", "添付のプログラム", lambda live: attached("請求書.exe", b"MZ\x90\0" + payload(live))), ("attachment-macro", "添付のマクロ付き文書", lambda live: attached("回答.docm", docm(live))), ("attachment-disguised", "画像と名乗る添付のプログラム", lambda live: attached("写真.jpg", b"MZ\x90\0" + payload(live), "image/jpeg")),
    ("attachment-name", "表示を偽る添付名（RLO、RFC 2231）", lambda live: f"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*0*=utf-8''%E2%80%AEtxt; filename*1=.exe\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64.b64encode(b'MZ' + bytes([144, 0]) + payload(live)).decode()}"),
    ("html-script", "HTML 本文の script・イベント", lambda live: html(f"<script>{live}</script><p onclick='{live}'>a</p>")), ("html-tracking", "開封追跡の画像", lambda live: html(f"<img src='{url(live)}.gif' width=1>")), ("html-form", "HTML 本文のフォーム", lambda live: html(f"<form action='{url(live)}'><input type=password></form>")), ("html-smuggling", "HTML 本文のファイル持ち込み", lambda live: html(f"<a download='a.exe' href='data:application/octet-stream;base64,{base64.b64encode(live.encode()).decode()}'>a</a>")),
    ("amp", "AMP の本文", lambda live: f"Content-Type: text/x-amp-html\r\n\r\n<html amp4email><script>{live}</script></html>"), ("calendar", "予定の招待（UNC のアラーム）", lambda live: f"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261124T000000Z\r\nATTACH:file:{unc(live)}\r\nEND:VEVENT\r\nEND:VCALENDAR"),
    ("external-body", "外部本文（external-body）", lambda live: f"Content-Type: message/external-body; access-type=URL; URL=\"{url(live)}\"\r\n\r\nContent-Type: text/html\r\n\r\n"), ("partial", "分割されたメッセージ（partial）", lambda live: f"Content-Type: message/partial; id={live}; number=1; total=2\r\n\r\nFrom: x@example.com\r\n\r\n{live}"),
    ("nested", "入れ子のメッセージに隠したプログラム", lambda live: "Content-Type: message/rfc822\r\n\r\n" + eml("x", attached("a.exe", b"MZ\x90\0" + payload(live))).decode()), ("double-type", "二重の Content-Type", lambda live: f"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<script>{live}</script>"), ("base64-garbage", "壊れた base64 に隠したプログラム", lambda live: "Content-Type: application/octet-stream; name=a.exe\r\nContent-Transfer-Encoding: base64\r\n\r\n!!" + "*".join(base64.b64encode(b"MZ\x90\0" + payload(live)).decode())),
    ("uuencode", "本文中の uuencode", lambda live: "Content-Type: text/plain\r\n\r\nbegin 644 a.exe\r\n" + __import__("binascii").b2a_uu(payload(live)[:45]).decode() + "`\r\nend"), ("tnef", "winmail.dat（TNEF）", lambda live: attached("winmail.dat", struct.pack("<IH", 0x223E9F78, 1) + live.encode() * 3, "application/ms-tnef")), ("smime", "S/MIME の包み", lambda live: attached("smime.p7m", live.encode(), "application/pkcs7-mime")),
    ("windows-script", "種類と拡張子の不一致（text/plain の .js）", lambda live: attached("a.js", f"new ActiveXObject('{live}')".encode(), "text/plain")),
]
for id, ja, part in PARTS:
    (either if id in ("tnef", "smime") else threat)("eml", id, ja, lambda live, keep, p=part: eml(keep, p(live)), live="inert" if id == "uuencode" else "gone", active=id != "uuencode")
threat("eml", "headers", "追跡・受領通知・独自のヘッダー", lambda live, keep: eml(keep, head=f"Disposition-Notification-To: <{live}@example.com>\r\nReturn-Receipt-To: <{live}@example.com>\r\nList-Unsubscribe: <{url(live)}>\r\nX-Evil: {live}\r\nReceived: from {live} by x; Tue, 24 Nov 2026 09:00:00 +0900\r\nX-Mailer: {live}\r\n"))
threat("eml", "header-injection", "符号化した件名による改行の注入", lambda live, keep: eml(keep).replace(b"Subject: =?UTF-8?B?5Zue562U?=", f"Subject: =?UTF-8?B?{base64.b64encode(f'a{chr(13)}{chr(10)}Bcc: {live}@example.com'.encode()).decode()}?=".encode()), live="inert")
threat("eml", "hidden-text", "区切りの前後に隠したデータ", lambda live, keep: eml(keep, preamble=f"{live}\r\n", tail=f"MZ{live}\r\n"))
either("eml", "deep", "深すぎる入れ子", lambda live, keep: deep(live, keep), keep=False)
either("eml", "broken-boundary", "終わりのない区切り・重なる区切り", lambda live, keep: eml(keep, "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + attached("a.exe", b"MZ\x90\0" + payload(live))).replace(b"--b--", b""), keep=False, live="inert")
threat("eml", "password-mail", "ISO-2022-JP の本文とパスワード付き ZIP（いわゆる PPAP）", lambda live, keep: (BASE + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n").encode() + f"パスワードは別便で送ります。 {keep}\r\n".encode("iso-2022-jp") + f"--b\r\n{attached('見積書.zip', locked(live, live), 'application/zip')}\r\n--b--\r\n".encode(), active=False)


def deep(live, keep):
    data = eml(keep, attached("a.exe", b"MZ\x90\0" + payload(live))).decode()
    for level in range(120):
        data = f"{BASE}Content-Type: message/rfc822\r\n\r\n{data}"
    return data.encode()


# MSG: properties as streams.
def msg(live, keep, props=(), attachments=()):
    wide = lambda text: text.encode("utf-16-le")
    content = {"__substg1.0_001A001F": wide("IPM.Note"), "__substg1.0_0037001F": wide(f"回答 {keep}"), "__substg1.0_1000001F": wide(f"回答します。 {keep}"), "__substg1.0_0C1A001F": wide("sender"), "__nameid_version1.0": {"__substg1.0_00020102": b"", "__substg1.0_00030102": b"", "__substg1.0_00040102": b""}}
    listed = [0x001A001F, 0x0037001F, 0x1000001F, 0x0C1A001F]
    for tag, data in props:
        content[f"__substg1.0_{tag:08X}"] = data
        listed.append(tag)
    for number, (name, data) in enumerate(attachments):
        content[f"__attach_version1.0_#{number:08X}"] = {"__substg1.0_37010102": data, "__substg1.0_3707001F": wide(name), "__properties_version1.0": bytes(8) + struct.pack("<IIII", 0x37050003, 6, 1, 0) + struct.pack("<IIII", 0x37010102, 6, len(data), 0) + struct.pack("<IIII", 0x3707001F, 6, len(wide(name)) + 2, 0)}
    rows = b"".join(struct.pack("<IIII", tag, 6, len(content[f"__substg1.0_{tag:08X}"]) + 2, 0) for tag in listed)
    content["__properties_version1.0"] = bytes(8) + struct.pack("<IIII", 0, len(attachments), 0, len(attachments)) + bytes(8) + rows
    return compound.write({"__clsid__": compound.clsid("00020D0B-0000-0000-C000-000000000046"), **content})


threat("msg", "attachment-macro", "添付のマクロ付き文書", lambda live, keep: msg(live, keep, attachments=[("回答.docm", docm(live))]))
threat("msg", "attachment-exe", "添付のプログラム", lambda live, keep: msg(live, keep, attachments=[("a.exe", b"MZ\x90\0" + payload(live))]))
threat("msg", "reminder-unc", "通知音の UNC（CVE-2023-23397）", lambda live, keep: msg(live, keep, props=[(0x851F001F, unc(live).encode("utf-16-le"))]))
threat("msg", "html-body", "HTML 本文の script", lambda live, keep: msg(live, keep, props=[(0x10130102, f"<html><script>{live}</script><p>{keep}</p></html>".encode())]))


# OpenDocument.
ODF = "urn:oasis:names:tc:opendocument:xmlns:"
NS = " ".join(f'xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "text", "table", "draw", "style", "script", "form", "presentation", "meta", "manifest")) + f' xmlns:svg="{ODF}svg-compatible:1.0" xmlns:fo="{ODF}xsl-fo-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xforms="http://www.w3.org/2002/xforms"'
KINDS = {"odt": "text", "ods": "spreadsheet", "odp": "presentation", "ott": "text-template", "odg": "graphics"}


def odf(kind, keep, body="", head="", parts=None, settings="", meta="", entries=""):
    type = f"application/vnd.oasis.opendocument.{KINDS[kind]}"
    inner = {
        "odt": f"<office:text><text:p>案内 {keep}</text:p>{body}</office:text>", "ott": f"<office:text><text:p>案内 {keep}</text:p>{body}</office:text>",
        "ods": f'<office:spreadsheet><table:table table:name="一覧"><table:table-row><table:table-cell office:value-type="string"><text:p>案内 {keep}</text:p></table:table-cell>{body}</table:table-row></table:table></office:spreadsheet>',
        "odp": f'<office:presentation><draw:page draw:name="p" draw:master-page-name="m"><draw:frame svg:width="9cm" svg:height="2cm"><draw:text-box><text:p>案内 {keep}</text:p></draw:text-box></draw:frame>{body}</draw:page></office:presentation>',
        "odg": f'<office:drawing><draw:page draw:name="p" draw:master-page-name="m"><draw:frame svg:width="9cm" svg:height="2cm"><draw:text-box><text:p>案内 {keep}</text:p></draw:text-box></draw:frame>{body}</draw:page></office:drawing>',
    }[kind]
    files = {"content.xml": f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NS} office:version="1.3">{head}<office:body>{inner}</office:body></office:document-content>', **(parts or {})}
    if settings:
        files["settings.xml"] = f'<office:document-settings {NS} xmlns:config="{ODF}config:1.0" office:version="1.3"><office:settings><config:config-item-set config:name="ooo:configuration-settings">{settings}</config:config-item-set></office:settings></office:document-settings>'
    if meta:
        files["meta.xml"] = f'<office:document-meta {NS} office:version="1.3"><office:meta>{meta}</office:meta></office:document-meta>'
    listed = "".join(f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{"text/xml" if name.endswith(".xml") else "application/octet-stream"}"/>' for name in files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("mimetype", type, zipfile.ZIP_STORED)
        for name, data in files.items():
            new.writestr(name, data)
        new.writestr("META-INF/manifest.xml", f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{ODF}manifest:1.0" manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:media-type="{type}"/>{listed}{entries}</manifest:manifest>')
    return out.getvalue()


BASIC = lambda live: {"Basic/Standard/Module1.xml": f'<script:module xmlns:script="http://openoffice.org/2000/script" script:name="M">Sub Main: Shell "{live}": End Sub</script:module>', "Basic/script-lc.xml": f"<x>{live}</x>"}
ODT = [
    ("odt", "basic", "Basic マクロと開いたときのイベント", lambda l: dict(parts=BASIC(l), head=f'<office:scripts><office:event-listeners><script:event-listener script:language="ooo:script" script:event-name="dom:load" xlink:href="vnd.sun.star.script:Standard.Module1.Main?x={l}"/></office:event-listeners></office:scripts>')), ("odt", "python", "Python スクリプト", lambda l: dict(parts={"Scripts/python/a.py": f"import os #{l}"})),
    ("odt", "external-picture", "外部画像・UNC", lambda l: dict(body=f'<text:p><draw:frame svg:width="1cm" svg:height="1cm"><draw:image xlink:href="{url(l)}.png"/></draw:frame><draw:frame svg:width="1cm" svg:height="1cm"><draw:image xlink:href="file://127.0.0.1/{l}"/></draw:frame></text:p>')), ("odt", "links", "危険な宛先のリンク", lambda l: dict(body=f'<text:p><text:a xlink:href="vnd.sun.star.script:{l}?language=Basic">a</text:a><text:a xlink:href="file:///C:/{l}.exe">b</text:a><text:a xlink:href="javascript:{l}">c</text:a></text:p>')),
    ("odt", "dde", "DDE の節", lambda l: dict(body=f'<text:section text:name="s"><office:dde-source office:dde-application="cmd" office:dde-topic="{l}" office:dde-item="x" office:automatic-update="true"/><text:p>x</text:p></text:section>')), ("odt", "linked-section", "外部文書の節", lambda l: dict(body=f'<text:section text:name="s"><text:section-source xlink:href="{url(l)}"/><text:p>x</text:p></text:section>')),
    ("odt", "objects", "プラグイン・アプレット・OLE", lambda l: dict(body=f'<text:p><draw:frame><draw:plugin xlink:href="{url(l)}"/></draw:frame><draw:frame><draw:applet draw:code="{l}"/></draw:frame><draw:frame><draw:object-ole xlink:href="./Object 1"/></draw:frame><draw:frame><draw:floating-frame xlink:href="{url(l)}"/></draw:frame></text:p>', parts={"Object 1": compound.ole_package(l)})), ("odt", "macro-field", "マクロを実行するフィールド・script 要素", lambda l: dict(body=f'<text:p><text:execute-macro text:name="{l}">x</text:execute-macro><text:script script:language="JavaScript">{l}</text:script></text:p>')),
    ("odt", "reload", "自動再読み込み・雛形・作成者", lambda l: dict(meta=f'<meta:auto-reload xlink:href="{url(l)}" meta:delay="PT1S"/><meta:template xlink:href="{url(l)}"/><dc:creator>{l}</dc:creator><meta:user-defined meta:name="x">{l}</meta:user-defined>')), ("odt", "expand", "環境変数の展開（CVE-2024-12426 型）", lambda l: dict(body=f'<text:p><draw:frame svg:width="1cm" svg:height="1cm"><draw:image xlink:href="vnd.sun.star.expand:${{{l}}}"/></draw:frame></text:p>')),
    ("odt", "form", "フォームの送信・イベント", lambda l: dict(body=f'<office:forms><form:form form:name="f" xlink:href="{url(l)}"><form:button form:name="{l}" form:button-type="submit"/></form:form></office:forms>')), ("odt", "configuration", "独自のツールバー・縮小画像・設定", lambda l: dict(parts={"Configurations2/accelerator/current.xml": f"<x>{l}</x>", "Thumbnails/thumbnail.png": l, "META-INF/documentsignatures.xml": f"<x>{l}</x>"}, settings=f'<config:config-item config:name="PrinterSetup" config:type="base64Binary">{base64.b64encode(l.encode()).decode()}</config:config-item>')),
    ("ods", "formula", "WEBSERVICE・DDE の数式", lambda l: dict(body=f'<table:table-cell table:formula="of:=WEBSERVICE(&quot;{url(l)}&quot;)" office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell><table:table-cell table:formula="of:=DDE(&quot;cmd&quot;;&quot;{l}&quot;;&quot;x&quot;)" office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>')), ("ods", "external", "外部ブックの参照（table-source）", lambda l: dict(body=f'<table:table-cell table:formula="of:=[&apos;{url(l)}&apos;#$S.A1]" office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell><table:table-cell><table:cell-range-source table:name="x" xlink:href="{url(l)}"/></table:table-cell>')),
    ("odp", "actions", "クリックのイベント（プログラム、マクロ）", lambda l: dict(body=f'<draw:rect svg:width="1cm" svg:height="1cm"><office:event-listeners><presentation:event-listener script:event-name="dom:click" presentation:action="execute" xlink:href="file:///C:/{l}.exe"/></office:event-listeners></draw:rect>')), ("ott", "template", "テンプレート（Basic マクロ）", lambda l: dict(parts=BASIC(l))),
]
for kind, id, ja, more in ODT:
    threat(kind, id, ja, lambda live, keep, k=kind, m=more: odf(k, keep, **m(live)))
either("fodt", "basic", "平らな ODF（Basic マクロ）", lambda live, keep: f'<?xml version="1.0"?><office:document {NS} office:mimetype="application/vnd.oasis.opendocument.text"><office:scripts><office:script script:language="ooo:Basic">{live}</office:script></office:scripts><office:body><office:text><text:p>{keep}</text:p></office:text></office:body></office:document>'.encode(), keep=False)


# The old binary files.
def biff(id, data=b""):
    return struct.pack("<HH", id, len(data)) + data


def xls(live, keep, macro=None, extra=b"", streams=None):
    """BIFF8 with one sheet, and a macro sheet in the state asked for (0 visible, 1 hidden, 2 very hidden)."""
    text = f"令和8年度 {keep}"
    head = biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6)) + biff(0x42, struct.pack("<H", 1200)) + biff(0x31, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + b"\x05\0Arial") * 4
    head += biff(0xE0, struct.pack("<HHHBBIIH", 0, 0, 0xFFF5, 0x20, 0, 0, 0, 0x20C0)) * 15 + biff(0xE0, struct.pack("<HHHBBIIH", 0, 0, 1, 0x20, 0, 0, 0, 0x20C0))
    string = struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")
    tail = extra + biff(0xFC, struct.pack("<II", 1, 1) + string) + biff(0x0A)
    sheet = biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x0DBB, 0x07CC, 0, 6)) + biff(0x200, struct.pack("<IIHHH", 0, 1, 0, 1, 0)) + biff(0xFD, struct.pack("<HHHI", 0, 0, 15, 0)) + biff(0x23E, struct.pack("<HIHHHI", 0x6B6, 0, 0, 0, 0, 0)[:10]) + biff(0x0A)
    call = f"cmd /c echo {live}".encode()
    tokens = b"\x17" + bytes([len(call), 0]) + call + b"\x42\x01" + struct.pack("<H", 0x806E)
    code = biff(0x809, struct.pack("<HHHHII", 0x600, 0x40, 0x0DBB, 0x07CC, 0, 6)) + biff(0x06, struct.pack("<HHHdHIH", 0, 0, 15, 0.0, 0, 0, len(tokens)) + tokens) + biff(0x0A)
    rows = [("Sheet1", 0, 0, sheet)] + ([("Macro1", macro, 1, code)] if macro is not None else [])
    entries = lambda places: b"".join(biff(0x85, struct.pack("<IBBBB", place, state, kind, len(name), 0) + name.encode()) for place, (name, state, kind, _) in zip(places, rows))
    start = len(head) + len(entries([0] * len(rows))) + len(tail)
    places = [start, start + len(sheet)]
    book = head + entries(places) + tail + b"".join(row[3] for row in rows)
    return compound.write({"__clsid__": compound.clsid("00020820-0000-0000-C000-000000000046"), "Workbook": book.ljust(4096, b"\0"), "\x05SummaryInformation": compound.properties({4: live, 8: live}), **(streams or {})})


for state, ja in ((0, "表示"), (1, "非表示"), (2, "veryHidden")):
    threat("xls", f"xlm-{state}", f"Excel 4.0 マクロシート（{ja}）", lambda live, keep, s=state: xls(live, keep, s))
threat("xls", "vba", "VBA マクロ", lambda live, keep: xls(live, keep, streams={"_VBA_PROJECT_CUR": compound.vba_project(live, "Workbook_Open")}))
threat("xls", "ole", "埋め込み OLE（MBD）", lambda live, keep: xls(live, keep, streams={"MBD00000001": {"\x01Ole10Native": compound.ole10native(live), "\x01CompObj": compound.COMPOBJ}}))
threat("xls", "dde", "DDE リンク（SUPBOOK）", lambda live, keep: xls(live, keep, extra=biff(0x1AE, struct.pack("<HHB", 0, len(f"cmd\3{live}"), 0) + f"cmd\3{live}".encode()) + biff(0x23, struct.pack("<HIBB", 0x1, 0, 2, 0) + b"A0")))
either("doc", "vba-storage", "本文のない Word 文書と VBA の格納庫", lambda live, keep: compound.write({"__clsid__": compound.clsid("00020906-0000-0000-C000-000000000046"), "WordDocument": (b"\xec\xa5\xc1\0" + bytes(4200)), "1Table": bytes(4200), "Macros": compound.vba_project(live), "ObjectPool": {"_1": compound.equation(live)}}), keep=False)
either("ppt", "vba-storage", "本文のない PowerPoint と VBA の格納庫", lambda live, keep: compound.write({"__clsid__": compound.clsid("64818D10-4F9B-11CF-86EA-00AA00B929E8"), "PowerPoint Document": bytes(16) + live.encode() * 300, "Current User": bytes(40), "_VBA_PROJECT_CUR": compound.vba_project(live)}), keep=False)
either("jtd", "macro", "一太郎の文書（マクロ、埋め込み）", lambda live, keep: compound.write({"DocumentText": f"{keep}".encode("utf-16-be"), "Macro": live.encode() * 9, "EmbedItems": {"Object 1": compound.ole_package(live)}}), keep=False)
