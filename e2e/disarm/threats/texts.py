"""Texts, tables, HTML, RTF, calendars, drawings as text, and what must never cross."""
import struct

from . import compound, either, refused, threat, unc, url

# CSV and TSV.
PREFIXES = [
    ("equals", "=", "=cmd|'/c echo {0}'!A1"), ("plus", "+", "+cmd|'/c echo {0}'!A1"), ("minus", "-", "-2+3+cmd|'/c echo {0}'!A1"), ("at", "@", "@SUM(1+1)*cmd|'/c echo {0}'!A1"), ("tab", "タブ", "\t=cmd|'{0}'!A1"),
    ("carriage-return", "CR", "\"\r=cmd|'{0}'!A1\""), ("full-width-equals", "全角＝", "＝cmd|'/c echo {0}'!A1"), ("full-width-plus", "全角＋", "＋cmd|'{0}'!A1"), ("full-width-minus", "全角－", "－cmd|'{0}'!A1"), ("full-width-at", "全角＠", "＠SUM(cmd|'{0}'!A1)"),
    ("quoted", "引用符の中", "\"=HYPERLINK(\"\"http://127.0.0.1/{0}\"\",\"\"x\"\")\""), ("after-space", "空白の後", " =cmd|'{0}'!A1"), ("after-wide-space", "全角空白の後", "　=cmd|'{0}'!A1"), ("webservice", "WEBSERVICE", "=WEBSERVICE(\"\"http://127.0.0.1/{0}\"\")"),
    ("newline", "セル内改行の後", "\"a\n=cmd|'{0}'!A1\""), ("nul", "NUL の後", "\0=cmd|'{0}'!A1"), ("zero-width", "見えない文字の後", "\u200b=cmd|'{0}'!A1"), ("quote-escape", "引用符で区切りを破る", "a\"\n=cmd|'{0}'!A1,\""),
]
for id, ja, text in PREFIXES:
    (either if id == "nul" else threat)("csv", f"formula-{id}", f"数式として動くセル（{ja}）", lambda live, keep, t=text: f"氏名,値\r\n山田 {keep},{t.format(live)}\r\n".encode(), live="inert")
threat("csv", "formula-semicolon", "セミコロン区切りの数式", lambda live, keep: f"氏名;値\r\n山田 {keep};=cmd|'{live}'!A1\r\n".encode(), live="inert")
threat("csv", "formula-shift-jis", "Shift_JIS の数式（髙、①）", lambda live, keep: f"氏名,値\r\n髙① {keep},=cmd|'{live}'!A1\r\n".encode("cp932"), live="inert")
threat("csv", "formula-utf16", "UTF-16 の数式", lambda live, keep: f"\ufeff氏名,値\r\n{keep},=cmd|'{live}'!A1\r\n".encode("utf-16-le"), live="inert")
threat("tsv", "formula", "TSV の数式", lambda live, keep: f"氏名\t値\r\n{keep}\t=cmd|'{live}'!A1\r\n".encode(), live="inert")
either("csv", "sylk", "CSV と名乗る SYLK（ID;）", lambda live, keep: f"ID;P\r\nO;E\r\nNN;NAuto_open;ER101C1;KOut Flank;F\r\nC;X1;Y101;EEXEC(\"{live}\")\r\nE\r\n".encode(), keep=False, live="inert")

# Plain text.
TRICKS = [
    ("escape", "端末制御（ESC）", "\x1b]0;x\x07\x1b[2J\x1b[31m"), ("clipboard", "端末制御（OSC 52）", "\x1b]52;c;AAAA\x07"), ("link", "端末制御（OSC 8）", "\x1b]8;;file:///x\x07x\x1b]8;;\x07"), ("c1", "C1 制御文字", "\x9b31m"), ("nul", "NUL", "\0\0"), ("backspace", "後退文字", "abc\x08\x08\x08"),
    ("right-to-left", "表示方向の上書き（RLO）", "\u202etxt.exe\u202c"), ("isolates", "表示方向の隔離", "\u2066\u2069"), ("zero-width", "見えない文字", "\u200b\u200d\u2060\ufeff"), ("tags", "見えないタグ文字", "\U000e0041\U000e0042"), ("separators", "行・段落区切り", "\u2028\u2029"),
]
for id, ja, text in TRICKS:
    (either if id == "nul" else threat)("txt", id, ja, lambda live, keep, t=text: f"お知らせ {keep}\r\n{t}{live}\r\n".encode(), live="inert")
either("txt", "utf7", "UTF-7", lambda live, keep: f"お知らせ {keep} +ADw-script+AD4-{live}\r\n".encode(), live="inert", active=False)
threat("txt", "iso-2022-jp-escape", "ISO-2022-JP の切り替えに隠した文字", lambda live, keep: f"お知らせ {keep} ".encode("iso-2022-jp") + b"\x1b$B\x1b(B<script>\x1b(J" + live.encode() + b"\x1b(B\r\n", live="inert")
either("txt", "broken-utf8", "冗長な UTF-8・サロゲート", lambda live, keep: f"{keep} ".encode() + b"\xc0\xbc\xed\xa0\x80\xf8\x88\x80\x80\x80" + live.encode(), keep=False, live="inert")

# HTML.
HTML = [
    ("script", "script 要素", "<script>fetch('{u}')</script>"), ("events", "イベント属性", "<p onclick=\"x('{l}')\" onmouseover={l}>a</p><body onload={l}>"), ("iframe", "iframe・frame", "<iframe src='{u}'></iframe><iframe srcdoc='<script>{l}</script>'></iframe>"), ("object", "object・embed・applet", "<object data='{u}'><param name=x value='{l}'></object><embed src='{u}'><applet code='{l}'></applet>"),
    ("form", "フォーム", "<form action='{u}'><input name=p><button formaction='{u}'>a</button></form>"), ("refresh", "自動転送（meta refresh）", "<meta http-equiv=refresh content='0;url={u}'>"), ("base", "基点の変更（base）", "<base href='{u}'>"), ("stylesheet", "外部スタイル", "<link rel=stylesheet href='{u}'><style>@import url({u}); p{{background:url({u}/1)}}</style>"),
    ("remote-image", "外部画像（開封追跡）", "<img src='{u}.gif' width=1 srcset='{u}/2x.gif 2x'><table background='{u}/b'></table>"), ("smuggling", "data:・blob: によるファイルの持ち込み", "<a download='x.exe' href='data:application/octet-stream;base64,TVqQ' id='{l}'>a</a><script>URL.createObjectURL(new Blob(['{l}']))</script>"),
    ("javascript-link", "javascript: のリンク（空白・実体参照）", "<a href=' &#106;ava\tscript:x(\"{l}\")'>a</a><a href='vbscript:{l}'>b</a>"), ("mutation", "解釈の違いを突く入れ子（mXSS）", "<svg></p><style><a id=\"</style><img src=1 onerror='{l}'>\"></svg><math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={l}&gt;\"></table></math>"),
    ("noscript", "noscript・template・plaintext", "<noscript><p title=\"</noscript><img src=x onerror='{l}'>\"></noscript><template><script>{l}</script></template>"), ("css", "CSS による情報の送信・偽装", "<style>input[value^=a]{{background:url({u})}}</style><div style=\"background-image:url('{u}');position:fixed;top:0\">a</div><p style=\"width:expression({l})\">b</p>"),
    ("svg", "SVG・MathML", "<svg onload='{l}'><a xlink:href='javascript:{l}'><text>a</text></a><animate attributeName=href to='javascript:{l}'/></svg>"), ("conditional", "条件付きコメント・データアイランド", "<!--[if IE]><script>{l}</script><![endif]--><xml id=x><a>{l}</a></xml>"), ("lookalike", "紛らわしいリンク（表示と宛先の不一致）", "<a href='http://127.0.0.1/'>https://www.city.imari.saga.jp/</a><a href='file://127.0.0.1/{l}'>x</a>"),
    ("nul", "NUL を挟んだタグ", "<scr\0ipt>{l}</scr\0ipt><img src=x o\0nerror='{l}'>"), ("media", "動画・音声・吹き出し", "<video src='{u}' autoplay poster='{u}/p'></video><audio src='{u}/a'></audio><marquee onstart='{l}'>a</marquee>"), ("ping", "リンクの通知・印（ping、usemap）", "<a href='http://127.0.0.1/' ping='{u}'>a</a><map name=m><area href='javascript:{l}'></map>"),
    ("meta", "作成者などの付帯情報", "<meta name=author content='{l}'><!-- saved from url=(0014){l} -->"), ("processing", "処理命令・CDATA", "<?xml-stylesheet href='{u}'?><![CDATA[<script>{l}</script>]]>"),
]
# Where the marker may stay as text or as a name; the reader of HTML judges the markup.
AS_TEXT = {"smuggling", "noscript", "conditional", "processing", "mutation", "nul"}
for id, ja, body in HTML:
    (either if id == "nul" else threat)("html", id, ja, lambda live, keep, b=body: f"<!DOCTYPE html><html><head><meta charset=utf-8><title>案内</title></head><body><p>案内 {keep}</p>{b.replace('{l}', live).replace('{u}', url(live)).replace('{{', '{').replace('}}', '}')}</body></html>".encode(), live="inert" if id in AS_TEXT else "gone")
either("html", "utf7", "UTF-7 の HTML", lambda live, keep: f"<html><head><meta charset=utf-7></head><body>{keep}+ADw-script+AD4-{live}+ADw-/script+AD4-</body></html>".encode(), live="inert")
either("html", "utf16", "UTF-16 の HTML", lambda live, keep: f"\ufeff<html><body>{keep}<script>{live}</script></body></html>".encode("utf-16-le"))
either("html", "deep", "深すぎる入れ子", lambda live, keep: f"<html><body>{keep}{'<div>' * 100000}<script>{live}</script></body></html>".encode(), keep=False)
either("mht", "archive", "Web アーカイブ（MHT）", lambda live, keep: f"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Location: http://127.0.0.1/\r\n\r\n<p>{keep}</p><script>{live}</script>\r\n--b--\r\n".encode(), keep=False)


# RTF.
def rtf(keep, body="", head=r"{\rtf1\ansi\ansicpg932\deff0", fonts=r"{\fonttbl{\f0\fnil\fcharset128 MS Mincho;}}", tail=""):
    notice = "".join(f"\\'{byte:02x}" for byte in "案内".encode("cp932"))
    return f"{head}{fonts}\\pard\\f0\\fs21 {notice} {keep}\\par {body}}}{tail}".encode("latin-1")


def objdata(live, name="Package", content=None, format=2):
    data = compound.ole10native(live) if content is None else content
    label = name.encode() + b"\0"
    return (struct.pack("<III", 0x501, format, len(label)) + label + struct.pack("<II", 0, 0) + struct.pack("<I", len(data)) + data + struct.pack("<II", 0x501, 0)).hex()


OBJECT = r"{\object\objemb\objw100\objh100{\*\objclass Package}{\*\objdata %s}{\result{\pard x\par}}}"
RTF = [
    ("object", "埋め込み OLE（objdata）", lambda live: OBJECT % objdata(live)), ("object-equation", "数式 OLE（Equation.3）", lambda live: r"{\object\objemb{\*\objclass Equation.3}{\*\objdata %s}}" % objdata(live, "Equation.3", compound.write(compound.equation(live)))),
    ("object-autolink", "自動更新リンク（objautlink、objupdate）", lambda live: r"{\object\objautlink\objupdate\rsltpict{\*\objclass htmlfile}{\*\objdata %s}}" % objdata(live, "OLE2Link", compound.ole_link(live, url(live)))), ("object-ocx", "ActiveX（objocx）", lambda live: r"{\object\objocx{\*\objclass Forms.CommandButton.1}{\*\objdata %s}}" % objdata(live, "Forms.CommandButton.1", live.encode())),
    ("object-split", "空白・改行・制御語で切った objdata", lambda live: OBJECT % "".join(f"{pair}{{\\v}}\r\n\\par " if n % 3 == 0 else pair + " " for n, pair in enumerate(cut(objdata(live), 2)))), ("object-quote", "\\'hh・\\bin を挟んだ objdata", lambda live: OBJECT % (objdata(live)[:20] + "\\'20\\bin0 " + objdata(live)[20:])),
    ("object-no-star", "\\* のない objdata、未知の囲み", lambda live: r"{\object\objemb{\objdata{\*\evilword %s}%s}}" % (live, objdata(live))), ("object-in-destination", "無視される囲みに隠した OLE", lambda live: r"{\*\company{\*\zzz" + OBJECT % objdata(live) + "}}"),
    ("template", "外部テンプレート（\\*\\template）", lambda live: r"{\*\template http://127.0.0.1/%s.dotm}" % live), ("field-ddeauto", "DDEAUTO フィールド", lambda live: field(r'DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/c echo ' + live + '"')),
    ("field-includepicture", "INCLUDEPICTURE フィールド", lambda live: field(f'INCLUDEPICTURE "{url(live)}" \\\\d')), ("field-includetext", "INCLUDETEXT フィールド", lambda live: field(f'INCLUDETEXT "{url(live)}"')), ("field-link", "LINK フィールド", lambda live: field(f'LINK htmlfile "{url(live)}" "" \\\\a')),
    ("field-hyperlink", "HYPERLINK フィールド（file:）", lambda live: field(f'HYPERLINK "file:///C:/{live}.exe"')), ("field-split", "分割した DDE フィールド", lambda live: r"{\field{\*\fldinst{D}{D}{\b E}{ cmd %s}}{\fldrslt x}}" % live),
    ("datastore", "データストア（\\*\\datastore）", lambda live: r"{\*\datastore %s}{\*\themedata %s}{\*\colorschememapping %s}" % ((live.encode().hex(),) * 3)), ("listoverride", "listoverridecount（CVE-2014-1761 型）", lambda live: r"{\*\listoverridetable{\listoverride\listoverridecount25\ls1{\lfolevel{\*\x %s}}}}" % live),
    ("fragments", "pFragments（CVE-2010-3333 型）", lambda live: r"{\shp{\*\shpinst{\sp{\sn pFragments}{\sv 1;1;11111111%s}}}}" % (live.encode().hex() * 20)), ("shape-picture", "図形の外部画像（pibName、pihlShape）", lambda live: r"{\shp{\*\shpinst{\sp{\sn pibName}{\sv http://127.0.0.1/%s}}{\sp{\sn pihlShape}{\sv {\*\hl{\hlfr x}{\hlsrc file:///C:/%s.exe}}}}}}" % (live, live)),
    ("fonts", "壊れたフォント表（CVE-2023-21716 型）", lambda live: r"{\fonttbl" + "".join(r"{\f%d;}" % n for n in range(33000)) + r"{\f1 %s}}" % live), ("picture-wmf", "WMF・EMF 画像", lambda live: r"{\pict\wmetafile8\picw100\pich100 %s}" % (b"\x01\0\x09\0\0\x03" + live.encode()).hex()), ("binary", "\\bin の生データ", lambda live: f"{{\\pict\\pngblip\\bin{len(live)} {live}}}"),
    ("information", "作成者などの付帯情報", lambda live: r"{\info{\author %s}{\operator %s}{\company %s}}{\*\generator %s;}{\*\userprops{\propname x}\proptype30{\staticval %s}}" % ((live,) * 5)), ("html", "HTML の埋め込み（htmltag）", lambda live: r"{\*\htmltag64 <script>%s</script>}" % live), ("xml", "独自 XML・差し込み・パスワード", lambda live: r"{\*\xmlopen\xmlns1{\factoidname %s}}{\*\passwordhash %s}{\*\mailmerge{\mmconnectstr %s}}" % ((live,) * 3)),
    ("file-table", "ファイル表・下位文書・続きのファイル", lambda live: r"{\*\filetbl{\file\fid1 \\\\127.0.0.1\\%s}}\subdocument1{\*\nextfile %s}" % (live, live)), ("hidden-text", "隠し文字（\\v）", lambda live: r"{\v %s}" % live), ("revision", "変更履歴の削除文字", lambda live: r"{\*\revtbl{%s;}}{\deleted x}" % live),
]


def field(instruction):
    return r"{\field\flddirty{\*\fldinst %s}{\fldrslt x}}" % instruction


def cut(text, size):
    return [text[n:n + size] for n in range(0, len(text), size)]


for id, ja, body in RTF:
    threat("rtf", id, ja, lambda live, keep, b=body: rtf(keep, b(live)), live="reported" if id == "hidden-text" else "gone")
for id, ja, head in (("header-short", "短い先頭（{\\rt）", r"{\rt"), ("header-odd", "変わった先頭（{\\rtf\\x）", r"{\rtf\ansi\ansicpg932"), ("header-prefix", "先頭の空白", "\r\n {\\rtf1\\ansi\\ansicpg932")):
    either("rtf", id, f"RTF の{ja}と OLE", lambda live, keep, h=head: rtf(keep, OBJECT % objdata(live), h), keep=False)
threat("rtf", "tail", "末尾の余分なデータ", lambda live, keep: rtf(keep, tail="PK\x03\x04" + live))
either("rtf", "deep", "深すぎる入れ子", lambda live, keep: rtf(keep, "{" * 100000 + live + "}" * 100000), keep=False, live="inert")
threat("doc", "rtf-renamed", "doc と名乗る RTF（OLE 入り）", lambda live, keep: rtf(keep, OBJECT % objdata(live)))
either("doc", "html-renamed", "doc と名乗る HTML", lambda live, keep: f"<html><body>{keep}<script>{live}</script></body></html>".encode(), keep=False)
either("doc", "mht-renamed", "doc と名乗る MHT（ActiveMime のマクロ）", lambda live, keep: f"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>{keep}</p>\r\n--b\r\nContent-Type: application/x-mso\r\nContent-Location: editdata.mso\r\n\r\nActiveMime{live}\r\n--b--\r\n".encode(), keep=False)
either("xls", "html-renamed", "xls と名乗る HTML 表", lambda live, keep: f"<html><body><table><tr><td>{keep}</td><td>=cmd|'{live}'!A1</td></tr></table><script>{live}</script></body></html>".encode(), keep=False, live="inert")
either("xls", "xml-2003", "XML スプレッドシート 2003（外部参照の数式）", lambda live, keep: f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table><Row><Cell ss:Formula="=cmd|&apos;{live}&apos;!A1"><Data ss:Type="String">{keep}</Data></Cell></Row></Table></Worksheet></Workbook>'.encode(), keep=False)

# Calendars and cards.
ICS = [
    ("attach", "外部添付（ATTACH）", "ATTACH:{u}\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:TVqQ{l}"), ("alarm-procedure", "アラームによるプログラム実行", "BEGIN:VALARM\r\nACTION:PROCEDURE\r\nTRIGGER:-PT5M\r\nATTACH:file:///C:/{l}.exe\r\nEND:VALARM"), ("alarm-audio", "アラームの音（UNC、CVE-2023-23397 型）", "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nATTACH:\\\\\\\\127.0.0.1\\\\{l}\r\nEND:VALARM"),
    ("alarm-mail", "アラームによるメール送信", "BEGIN:VALARM\r\nACTION:EMAIL\r\nTRIGGER:-PT5M\r\nATTENDEE:mailto:{l}@example.com\r\nSUMMARY:x\r\nDESCRIPTION:x\r\nEND:VALARM"), ("html-description", "HTML の説明（X-ALT-DESC、ALTREP）", "X-ALT-DESC;FMTTYPE=text/html:<script>{l}</script>\r\nDESCRIPTION;ALTREP=\"{u}\":x"), ("url", "危険な URL・会議 URL", "URL:file://127.0.0.1/{l}\r\nCONFERENCE;VALUE=URI:javascript:{l}"), ("vendor", "独自の項目（X-MICROSOFT…）", "X-MICROSOFT-SKYPETEAMSMEETINGURL:{u}\r\nX-EVIL:{l}"), ("folded", "折り返しで隠した ATTACH", "ATT\r\n ACH:{u}"),
]
for id, ja, body in ICS:
    threat("ics", id, ja, lambda live, keep, b=body: f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//JA\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTAMP:20261124T000000Z\r\nDTSTART:20261124T000000Z\r\nSUMMARY:会議 {keep}\r\n{b.replace('{l}', live).replace('{u}', url(live))}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode())
for id, ja, body in (("photo", "外部写真・ロゴ・音", "PHOTO;VALUE=URI:{u}\r\nLOGO;VALUE=URI:{u}\r\nSOUND:{u}"), ("key", "鍵・埋め込みデータ", "KEY;ENCODING=b:TVqQ\r\nAGENT:{l}\r\nX-EVIL:{l}"), ("url", "危険な URL", "URL:javascript:{l}\r\nSOURCE:{u}")):
    threat("vcf", id, ja, lambda live, keep, b=body: f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田 {keep}\r\nN:山田;太郎;;;\r\n{b.replace('{l}', live).replace('{u}', url(live))}\r\nEND:VCARD\r\n".encode())

# Engineering drawings.
DXF = "0\r\nSECTION\r\n2\r\nHEADER\r\n9\r\n$ACADVER\r\n1\r\nAC1015\r\n0\r\nENDSEC\r\n0\r\nSECTION\r\n2\r\nBLOCKS\r\n{0}0\r\nENDSEC\r\n0\r\nSECTION\r\n2\r\nENTITIES\r\n0\r\nTEXT\r\n8\r\n0\r\n10\r\n0.0\r\n20\r\n0.0\r\n40\r\n2.5\r\n1\r\n{1}\r\n{2}0\r\nENDSEC\r\n{3}0\r\nEOF\r\n"
for id, ja, blocks, entities, objects in (
    ("external-reference", "外部参照（XREF）", "0\r\nBLOCK\r\n8\r\n0\r\n2\r\nX\r\n70\r\n4\r\n10\r\n0.0\r\n20\r\n0.0\r\n1\r\n{u}\r\n0\r\nENDBLK\r\n8\r\n0\r\n", "", ""), ("ole-frame", "OLE の枠（OLE2FRAME）", "", "0\r\nOLE2FRAME\r\n8\r\n0\r\n70\r\n2\r\n3\r\n{l}\r\n310\r\n{h}\r\n1\r\nOLE\r\n", ""),
    ("image-definition", "外部画像・PDF 下敷き", "", "", "0\r\nSECTION\r\n2\r\nOBJECTS\r\n0\r\nIMAGEDEF\r\n1\r\n{u}\r\n0\r\nPDFDEFINITION\r\n1\r\n{u}\r\n0\r\nENDSEC\r\n"), ("vba", "VBA（VBA_PROJECT）", "", "", "0\r\nSECTION\r\n2\r\nOBJECTS\r\n0\r\nVBA_PROJECT\r\n90\r\n4\r\n310\r\n{h}\r\n0\r\nENDSEC\r\n"), ("hyperlink", "拡張データのハイパーリンク（PE_URL）", "", "0\r\nLINE\r\n8\r\n0\r\n10\r\n0.0\r\n20\r\n0.0\r\n11\r\n1.0\r\n21\r\n1.0\r\n1001\r\nPE_URL\r\n1000\r\nfile:///C:/{l}.exe\r\n", ""), ("comment", "コメント（999）", "", "999\r\n{l}\r\n", ""),
):
    fill = lambda text, live: text.replace("{l}", live).replace("{u}", unc(live)).replace("{h}", live.encode().hex().upper())
    threat("dxf", id, f"DXF の{ja}", lambda live, keep, b=blocks, e=entities, o=objects: DXF.format(fill(b, live), keep, fill(e, live), fill(o, live)).encode("cp932"))
STEP = "ISO-10303-21;\r\nHEADER;\r\nFILE_DESCRIPTION(('SCADEC level2 feature_mode'),'2;1');\r\nFILE_NAME('x.sfc','2026-11-24T00:00:00',('{1}'),(''),'SCADEC_API_Ver3.30','{1}','');\r\nFILE_SCHEMA(('ASSOCIATIVE_DRAUGHTING'));\r\nENDSEC;\r\nDATA;\r\n/*SXF\r\n#10=drawing_sheet_feature('{0}','3','1','420','297')\r\nSXF*/\r\n/*{1}*/\r\n#1=EXTERNAL_SOURCE('http://127.0.0.1/{1}');\r\nENDSEC;\r\nEND-ISO-10303-21;\r\n"
for extension in ("sfc", "p21"):
    either(extension, "external-source", "SXF の外部参照・作成者・コメント", lambda live, keep: STEP.format(keep, live).encode("cp932"), keep=False)
either("jww", "linked-picture", "JWW の画像参照", lambda live, keep: b"JwwData." + struct.pack("<I", 600) + unc(live).encode() * 3, keep=False)
either("dwg", "vba", "DWG（VBA・OLE）", lambda live, keep: b"AC1027" + bytes(200) + live.encode() * 3, keep=False)

# Never.
BLOCKED = {
    "exe": b"MZ\x90\0", "scr": b"MZ\x90\0", "dll": b"MZ\x90\0", "cpl": b"MZ\x90\0", "xll": b"MZ\x90\0", "elf": b"\x7fELF\2\1\1\0", "class": b"\xca\xfe\xba\xbe\0\0\0\x34", "url": b"[InternetShortcut]\r\nURL=file://127.0.0.1/", "hta": b"<html><HTA:APPLICATION></html><script>", "js": b"var a = new ActiveXObject('WScript.Shell');//",
    "vbs": b"Set a = CreateObject(\"WScript.Shell\")'", "wsf": b"<job><script language=JScript>", "ps1": b"Invoke-Expression #", "bat": b"@echo off\r\nrem ", "cmd": b"@echo off\r\nrem ", "sh": b"#!/bin/sh\n# ", "py": b"#!/usr/bin/env python3\n# ", "chm": b"ITSF\3\0\0\0", "one": bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"),
    "rdp": b"full address:s:127.0.0.1\r\nremoteapplicationprogram:s:", "library-ms": b"<?xml version=\"1.0\"?><libraryDescription xmlns=\"http://schemas.microsoft.com/windows/2009/library\"><url>\\\\127.0.0.1\\", "search-ms": b"<?xml version=\"1.0\"?><persistedQuery version=\"1.0\">", "SettingContent-ms": b"<?xml version=\"1.0\"?><PCSettings><SearchableContent><DeepLink>cmd.exe ",
    "iqy": b"WEB\r\n1\r\nhttp://127.0.0.1/", "slk": b"ID;P\r\nO;E\r\nC;X1;Y1;EEXEC(\"", "reg": b"Windows Registry Editor Version 5.00\r\n[HKEY_CURRENT_USER\\", "inf": b"[Version]\r\nSignature=\"$CHICAGO$\"\r\n;", "sct": b"<?xml version=\"1.0\"?><scriptlet><script>", "scf": b"[Shell]\r\nIconFile=\\\\127.0.0.1\\", "desktop": b"[Desktop Entry]\nExec=",
    "accdb": b"\0\1\0\0Standard ACE DB\0", "mdb": b"\0\1\0\0Standard Jet DB\0", "sqlite": b"SQLite format 3\0", "swf": b"FWS\x0a\0\1\0\0", "ttf": b"\0\1\0\0\0\x0c\0\x80", "otf": b"OTTO\0\x0c\0\x80", "mp3": b"ID3\3\0\0\0\0\0\x40PRIV", "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0", "wav": b"RIFF\0\1\0\0WAVEfmt ", "xdw": b"\x60\xe0\1\1",
    "pst": b"!BDN\0\0\0\0", "ps": b"%!PS-Adobe-3.0\n%", "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%", "wasm": b"\0asm\1\0\0\0", "msc": b"<?xml version=\"1.0\"?><MMC_ConsoleFile>", "application": b"<?xml version=\"1.0\"?><asmv1:assembly xmlns:asmv1=\"urn:schemas-microsoft-com:asm.v1\">", "xps-magic": b"PK\3\4",
}
for extension, head in BLOCKED.items():
    refused("blocked", extension, f"取り込まない種類（{extension}）", lambda live, keep, h=head: h + live.encode() * 4, name=f"blocked.{extension}")
# What is plain text to every reader may become plain text.
for extension, head in (("m3u8", b"#EXTM3U\r\nhttp://127.0.0.1/"), ("torrent", b"d8:announce"), ("theme", b"[Theme]\r\nWallpaper=\\\\127.0.0.1\\"), ("vbe", b"#@~^AAAAAA=="), ("mof", b"instance of __EventFilter as $x {};")):
    either("blocked", extension, f"設定・再生リストなど（{extension}）", lambda live, keep, h=head: h + live.encode() * 4, name=f"blocked.{extension}", keep=False, live="inert", active=False)
refused("pdf", "program-renamed", "PDF と名乗るプログラム", lambda live, keep: b"MZ\x90\0" + live.encode() * 9)
refused("blocked", "jar", "Java の書庫", lambda live, keep: jar(live))
refused("blocked", "msi", "MSI インストーラー", lambda live, keep: compound.write({"__clsid__": compound.clsid("000C1084-0000-0000-C000-000000000046"), "\u4840\u3f3f\u4577\u446c\u3b6a": live.encode() * 9, "\x05SummaryInformation": compound.properties({3: live})}))


def jar(live):
    from .archives import archive, local
    return archive(live, local("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\nMain-Class: A\r\n"), local("A.class", b"\xca\xfe\xba\xbe" + live.encode()))
