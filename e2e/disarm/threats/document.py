"""PDF documents, written object by object."""
import io, zlib

import pikepdf

from . import either, refused, threat, unc, url


def stream(data, more="", name=""):
    data = data.encode("latin-1") if isinstance(data, str) else data
    return f"<< /Length {len(data)} {more}>>\nstream\n".encode("latin-1") + data + b"\nendstream"


def pdf(keep, catalog="", page="", objects=(), content="", resources="", trailer="", annotations="", version="1.7", tail=b"", head=b""):
    """One page that shows the keep marker; more objects are numbered from 10."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    text = f"BT /F1 14 Tf 60 760 Td (Notice {keep}) Tj ET\n{content}"
    bodies = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>", 2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> {resources} >> /Contents 5 0 R {page} " + (f"/Annots [{annotations}]" if annotations else "") + " >>",
        4: font, 5: stream(text), **{10 + number: body for number, body in enumerate(objects)},
    }
    return assemble(bodies, trailer, version, head) + tail


def assemble(bodies, trailer="", version="1.7", head=b""):
    out = head + f"%PDF-{version}\n%\xe2\xe3\xcf\xd3\n".encode("latin-1")
    places = {}
    for number, body in bodies.items():
        places[number] = len(out)
        body = body.encode("latin-1") if isinstance(body, str) else body
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start, size = len(out), max(bodies) + 1
    table = "".join(f"{places[n]:010d} 00000 n \n" if n in places else "0000000000 65535 f \n" for n in range(size))
    return out + f"xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode("latin-1")


def doc(id, ja, build, **more):
    threat("pdf", id, ja, build, **more)


def string(text):
    return "(" + text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") + ")"


def javascript(live):
    return f"<< /S /JavaScript /JS (app.launchURL\\('{url(live)}'\\)) >>"


# Every action type, each on opening and on a click.
ACTIONS = {
    "javascript": ("JavaScript", javascript),
    "javascript-stream": ("JavaScript（ストリーム）", lambda live: "<< /S /JavaScript /JS 10 0 R >>"),
    "launch": ("プログラムの起動（Launch）", lambda live: f"<< /S /Launch /F (cmd.exe) /Win << /F (cmd.exe) /P (/c echo {live}) /O (open) >> >>"),
    "launch-unc": ("プログラムの起動（UNC）", lambda live: f"<< /S /Launch /F {string(unc(live))} /NewWindow true >>"),
    "gotor": ("別の PDF へ（GoToR、UNC）", lambda live: f"<< /S /GoToR /F {string(unc(live))} /D [0 /Fit] >>"),
    "gotoe": ("埋め込み PDF へ（GoToE）", lambda live: f"<< /S /GoToE /F ({url(live)}) /T << /R /C /N ({live}) >> /D [0 /Fit] >>"),
    "uri-javascript": ("URI（javascript:）", lambda live: f"<< /S /URI /URI (javascript:{live}) >>"),
    "uri-file": ("URI（file:）", lambda live: f"<< /S /URI /URI (file:///C:/{live}.exe) >>"),
    "uri-unc": ("URI（UNC）", lambda live: f"<< /S /URI /URI {string(unc(live))} >>"),
    "uri-custom": ("URI（vnd.sun.star.script:）", lambda live: f"<< /S /URI /URI (vnd.sun.star.script:{live}) >>"),
    "submitform": ("フォームの送信（SubmitForm）", lambda live: f"<< /S /SubmitForm /F << /FS /URL /F ({url(live)}) >> /Flags 4 >>"),
    "importdata": ("データの取り込み（ImportData）", lambda live: f"<< /S /ImportData /F {string(unc(live))} >>"),
    "resetform": ("フォームの初期化（ResetForm）", lambda live: f"<< /S /ResetForm /Fields [({live})] >>"),
    "thread": ("スレッド（Thread）", lambda live: f"<< /S /Thread /F ({url(live)}) /D 0 >>"),
    "sound": ("音（Sound）", lambda live: f"<< /S /Sound /Sound 10 0 R >>"),
    "movie": ("動画（Movie）", lambda live: f"<< /S /Movie /T ({live}) >>"),
    "hide": ("隠す（Hide）", lambda live: f"<< /S /Hide /T ({live}) >>"),
    "named": ("既定の動作（Named、印刷など）", lambda live: f"<< /S /Named /N /Print /X ({live}) >>"),
    "rendition": ("再生（Rendition と JS）", lambda live: f"<< /S /Rendition /OP 0 /JS (app.alert\\('{live}'\\)) /R << /S /MR /C << /S /MCD /D << /FS /URL /F ({url(live)}) >> >> >> >>"),
    "setocgstate": ("レイヤーの切り替え（SetOCGState）", lambda live: f"<< /S /SetOCGState /State [/ON 10 0 R] /X ({live}) >>"),
    "trans": ("画面の切り替え（Trans）", lambda live: f"<< /S /Trans /Trans << /S /R >> /X ({live}) >>"),
    "goto3d": ("3D の表示（GoTo3DView）", lambda live: f"<< /S /GoTo3DView /V ({live}) >>"),
    "richmedia": ("リッチメディアの実行（RichMediaExecute）", lambda live: f"<< /S /RichMediaExecute /CMD << /C ({live}) >> >>"),
    "unknown": ("未知の動作", lambda live: f"<< /S /Evil{live} /X ({live}) >>"),
}
LINK = "<< /Type /Annot /Subtype /Link /Rect [60 700 200 720] /Border [0 0 1] /A {0} >>"
for id, (ja, action) in ACTIONS.items():
    more = lambda live: [stream(f"app.alert('{live}')")]
    doc(f"open-{id}", f"開いたときの動作: {ja}", lambda live, keep, a=action, m=more: pdf(keep, f"/OpenAction {a(live)}", objects=m(live)))
    doc(f"click-{id}", f"リンクの動作: {ja}", lambda live, keep, a=action, m=more: pdf(keep, annotations=LINK.format(a(live)), objects=m(live)))
doc("action-chain", "許可された動作の次につなげた JavaScript（Next）", lambda live, keep: pdf(keep, f"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next [<< /S /GoTo /D [3 0 R /Fit] /Next {javascript(live)} >>] >>"))
doc("link-chain", "http リンクの次につなげた起動（Next）", lambda live, keep: pdf(keep, annotations=LINK.format(f"<< /S /URI /URI (http://127.0.0.1/) /Next << /S /Launch /F ({live}) >> >>")))

# Additional actions, wherever a trigger can be.
for trigger in ("WC", "WS", "DS", "WP", "DP"):
    doc(f"document-{trigger.lower()}", f"文書の追加動作（AA /{trigger}）", lambda live, keep, t=trigger: pdf(keep, f"/AA << /{t} {javascript(live)} >>"))
for trigger in ("O", "C"):
    doc(f"page-{trigger.lower()}", f"ページの追加動作（AA /{trigger}）", lambda live, keep, t=trigger: pdf(keep, page=f"/AA << /{t} {javascript(live)} >>"))
for trigger in ("E", "X", "D", "U", "Fo", "Bl", "PO", "PC", "PV", "PI"):
    doc(f"annotation-{trigger.lower()}", f"注釈の追加動作（AA /{trigger}）", lambda live, keep, t=trigger: pdf(keep, annotations=f"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /AA << /{t} {javascript(live)} >> >>"))
for trigger in ("K", "F", "V", "C"):
    doc(f"field-{trigger.lower()}", f"入力欄の追加動作（AA /{trigger}）", lambda live, keep, t=trigger: pdf(
        keep, "/AcroForm << /Fields [10 0 R] /CO [10 0 R] >>", annotations="10 0 R", objects=[f"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (value) /DA (/F1 9 Tf) /Rect [60 600 200 620] /AA << /{t} {javascript(live)} >> >>"]))
doc("outline-action", "しおりの動作", lambda live, keep: pdf(keep, "/Outlines 10 0 R", objects=["<< /Type /Outlines /First 11 0 R /Last 11 0 R /Count 1 >>", f"<< /Title (chapter) /Parent 10 0 R /A {javascript(live)} >>"]))
doc("names-javascript", "名前辞書の JavaScript", lambda live, keep: pdf(keep, f"/Names << /JavaScript << /Names [(a) {javascript(live)}] >> >>"))
doc("names-other", "名前辞書（URLS、Renditions、Pages、Templates）", lambda live, keep: pdf(keep, f"/Names << /URLS << /Names [(a) << /URI ({url(live)}) >>] >> /Renditions << /Names [(a) << /S /MR /N ({live}) >>] >> /Templates << /Names [({live}) 3 0 R] >> >>"))
FILESPEC = "<< /Type /Filespec /F (run.exe) /UF (run.exe) /EF << /F 11 0 R >> /AFRelationship /Data >>"
ATTACHED = lambda live: [FILESPEC, stream(f"MZ{live}", "/Type /EmbeddedFile /Subtype /application#2Fx-msdownload ")]
doc("names-embedded-files", "添付ファイル（EmbeddedFiles）", lambda live, keep: pdf(keep, "/Names << /EmbeddedFiles << /Names [(run.exe) 10 0 R] >> >>", objects=ATTACHED(live)))
doc("associated-files", "関連ファイル（AF）", lambda live, keep: pdf(keep, "/AF [10 0 R]", page="/AF [10 0 R]", objects=ATTACHED(live)))
doc("portfolio", "ポートフォリオ（Collection）", lambda live, keep: pdf(keep, "/Collection << /Type /Collection /View /T /D (run.exe) >> /Names << /EmbeddedFiles << /Names [(run.exe) 10 0 R] >> >>", objects=ATTACHED(live)))
doc("file-attachment", "添付ファイルの注釈（FileAttachment）", lambda live, keep: pdf(keep, annotations="<< /Type /Annot /Subtype /FileAttachment /Rect [60 600 80 620] /FS 10 0 R >>", objects=ATTACHED(live)))
doc("unreferenced-file", "どこからも参照されない添付の残骸", lambda live, keep: pdf(keep, objects=ATTACHED(live)), active=False)
doc("xfa", "XFA フォーム", lambda live, keep: pdf(keep, "/AcroForm << /Fields [] /XFA [(template) 10 0 R] >> /NeedsRendering true", objects=[stream(f'<template xmlns="http://www.xfa.org/schema/xfa-template/2.5/"><subform><event activity="initialize"><script contentType="application/x-javascript">app.alert("{live}")</script></event></subform></template>')]))
SUBTYPES = {
    "screen": ("画面の注釈（Screen、Rendition）", "/Subtype /Screen /A << /S /Rendition /OP 0 /R << /S /MR /C << /S /MCD /CT (video/mp4) /D << /Type /Filespec /FS /URL /F ({url}) >> >> >> >> /T ({live})"),
    "movie": ("動画の注釈（Movie）", "/Subtype /Movie /Movie << /F ({url}) /Poster true >> /T ({live})"),
    "sound": ("音の注釈（Sound）", "/Subtype /Sound /Sound 10 0 R /T ({live})"),
    "richmedia": ("リッチメディアの注釈（RichMedia、Flash）", "/Subtype /RichMedia /RichMediaContent << /Assets << /Names [(a.swf) 10 0 R] >> /Configurations [<< /Type /RichMediaConfiguration /Subtype /Flash /Instances [<< /Asset 10 0 R /Params << /FlashVars ({live}) >> >>] >>] >>"),
    "3d": ("3D の注釈（JavaScript 付き）", "/Subtype /3D /3DD << /Type /3D /Subtype /U3D /OnInstantiate 10 0 R >> /3DA << /A /PO >> /X ({live})"),
    "popup-rich-text": ("吹き出しの書式付き文章（RC、XHTML）", "/Subtype /FreeText /DA (/F1 9 Tf) /Contents (memo) /RC (<body xmlns=\"http://www.w3.org/1999/xhtml\"><p><a href=\"javascript:{live}\">x</a></p></body>)"),
    "watermark": ("透かし・プロジェクション", "/Subtype /Projection /ExData << /Type /ExData /Subtype /Markup3D /X ({live}) >>"),
    "unknown": ("未知の注釈", "/Subtype /Evil /Contents ({live}) /X ({live})"),
    "printer-mark": ("印刷用の注釈（TrapNet、PrinterMark）", "/Subtype /TrapNet /LastModified ({live})"),
    "link-pa": ("リンクの PA・URI 動作の重ね掛け", "/Subtype /Link /PA << /S /URI /URI (javascript:{live}) >> /Dest [3 0 R /Fit]"),
}
for id, (ja, body) in SUBTYPES.items():
    doc(f"annotation-{id}", ja, lambda live, keep, b=body: pdf(keep, annotations=f"<< /Type /Annot /Rect [60 600 160 640] {b.replace('{live}', live).replace('{url}', url(live))} >>", objects=[stream(f"app.alert('{live}')")]))
doc("widget-action", "ボタンの動作（Widget /A、/MK）", lambda live, keep: pdf(keep, "/AcroForm << /Fields [10 0 R] >>", annotations="10 0 R", objects=[f"<< /Type /Annot /Subtype /Widget /FT /Btn /Ff 65536 /T (b) /Rect [60 600 200 620] /A {javascript(live)} /MK << /CA (press) >> >>"]))
doc("form-calculation", "計算順序と親の入力欄に隠した JavaScript", lambda live, keep: pdf(keep, "/AcroForm << /Fields [10 0 R] /CO [11 0 R] >>", annotations="11 0 R", objects=[f"<< /T (p) /FT /Tx /Kids [11 0 R] /AA << /C {javascript(live)} >> >>", "<< /Type /Annot /Subtype /Widget /Parent 10 0 R /T (k) /V (1) /DA (/F1 9 Tf) /Rect [60 600 200 620] >>"]))

# Streams and objects that reach outside.
doc("external-stream", "外部ストリーム（/F）の画像", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream("", f"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray /F << /FS /URL /F ({url(live)}) >> /FFilter /FlateDecode ")]))
doc("external-content", "外部ストリーム（/F）の描画命令", lambda live, keep: pdf(keep, page="", resources="/XObject << /X 10 0 R >>", content="/X Do", objects=[stream("", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /F {string(unc(live))} ")]))
doc("reference-xobject", "参照 XObject（Ref）", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="/X Do", objects=[stream("0 0 9 9 re f", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Ref << /F ({url(live)}) /Page 0 >> ")]))
doc("postscript-xobject", "PostScript XObject（PS）", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="/X Do", objects=[stream(f"({live}) run", "/Type /XObject /Subtype /PS ")]))
doc("opi-and-alternates", "OPI・Alternates による外部画像", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream("\x80", f"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray /OPI << /2.0 << /Type /OPI /F ({url(live)}) >> >> /Alternates [<< /Image 10 0 R /DefaultForPrinting true /X ({live}) >>] ")]))
doc("uri-base", "リンクの基点（URI Base）", lambda live, keep: pdf(keep, f"/URI << /Base (javascript:{live}//) >>", annotations=LINK.format("<< /S /URI /URI (x) >>")))
doc("web-capture", "Web 取り込み情報（SpiderInfo、IDS）", lambda live, keep: pdf(keep, f"/SpiderInfo << /V 1.0 /C [<< /URL ({url(live)}) >>] >>"))
doc("requirements", "閲覧側への要求（Requirements、JS ハンドラー）", lambda live, keep: pdf(keep, f"/Requirements [<< /S /EnableJavaScripts /RH [<< /S /JS /Script ({live}) >>] >>]"))
doc("font-external", "外部フォント（FontFile の /F）", lambda live, keep: pdf(keep, resources="", content="", objects=[stream("", f"/Length1 0 /F ({url(live)}) ")], catalog="/X 10 0 R"))

# Hiding.
doc("object-stream", "オブジェクトストリームに隠した JavaScript", lambda live, keep: through_pikepdf(pdf(keep, f"/OpenAction 10 0 R", objects=[javascript(live)]), object_stream_mode=pikepdf.ObjectStreamMode.generate))
doc("hexadecimal-names", "#xx で書いた名前", lambda live, keep: pdf(keep, f"/#4f#70#65nAction << /#53 /J#61vaScript /#4a#53 (app.alert\\('{live}'\\)) >>"))
doc("hexadecimal-string", "16 進文字列と改行で書いた JavaScript", lambda live, keep: pdf(keep, f"/OpenAction << /S /JavaScript /JS <{' '.join(f'{b:02x}' for b in ('app.alert(' + repr(live) + ')').encode())}> >>"))
doc("utf16-string", "UTF-16 で書いた JavaScript", lambda live, keep: pdf(keep, f"/OpenAction << /S /JavaScript /JS <feff{live.encode('utf-16-be').hex()}> >>"))
doc("indirect-everything", "間接参照を重ねた動作", lambda live, keep: pdf(keep, "/OpenAction 10 0 R", objects=["11 0 R", "<< /S 12 0 R /JS 13 0 R >>", "/JavaScript", f"(app.alert\\('{live}'\\))"]))
doc("filter-cascade", "フィルターを重ねた JavaScript", lambda live, keep: pdf(keep, "/OpenAction << /S /JavaScript /JS 10 0 R >>", objects=[stream(zlib.compress(f"app.alert('{live}')".encode().hex().encode() + b">"), "/Filter [/FlateDecode /ASCIIHexDecode] ")]))
doc("incremental-update", "増分更新で差し替えた旧版（影の内容）", lambda live, keep: incremental(live, keep))
doc("empty-password", "空の閲覧パスワードで暗号化した PDF", lambda live, keep: through_pikepdf(pdf(keep, f"/OpenAction {javascript(live)}"), encryption=pikepdf.Encryption(owner="x", user="")))
refused("pdf", "user-password", "閲覧パスワードのかかった PDF", lambda live, keep: through_pikepdf(pdf(keep), encryption=pikepdf.Encryption(owner="x", user=live)))
doc("hybrid-xref", "ハイブリッド相互参照（XRefStm）", lambda live, keep: hybrid(live, keep))
doc("hidden-layer", "非表示のレイヤー", lambda live, keep: pdf(keep, "/OCProperties << /OCGs [10 0 R] /D << /OFF [10 0 R] >> >>", resources="/Properties << /L 10 0 R >>", content=f"/OC /L BDC BT /F1 9 Tf 60 500 Td ({live}) Tj ET EMC", objects=["<< /Type /OCG /Name (hidden) >>"]), live="reported")
doc("invisible-text", "見えない文字（描画モード 3）", lambda live, keep: pdf(keep, content=f"BT 3 Tr /F1 9 Tf 60 500 Td ({live}) Tj ET"), live="inert", active=False)
doc("outside-page", "ページの外の文字", lambda live, keep: pdf(keep, content=f"BT /F1 9 Tf -900 -900 Td ({live}) Tj ET"), live="inert", active=False)
doc("comments-in-stream", "描画命令の中のコメント・未知の命令", lambda live, keep: pdf(keep, content=f"%{live}\nBX ({live}) /Evil {live.replace('-', '')} EX\n/P << /X ({live}) >> BDC EMC"))
doc("metadata", "XMP・文書情報", lambda live, keep: pdf(keep, "/Metadata 10 0 R", objects=[stream(f'<?xpacket begin=""?><!DOCTYPE x [<!ENTITY e SYSTEM "{url(live)}">]><x:xmpmeta xmlns:x="adobe:ns:meta/">{live}</x:xmpmeta>', "/Type /Metadata /Subtype /XML "), f"<< /Author ({live}) /Creator ({live}) >>"], trailer="/Info 11 0 R"))
doc("piece-info", "アプリ固有のデータ（PieceInfo、Thumb）", lambda live, keep: pdf(keep, f"/PieceInfo << /X << /Private ({live}) >> >>", page=f"/PieceInfo << /X << /Private ({live}) >> >> /Thumb 10 0 R /LastModified ({live})", objects=[stream(live, "/Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray ")]))
doc("structure-tree", "タグ構造に隠したデータ（ActualText、AF、属性）", lambda live, keep: pdf(keep, "/MarkInfo << /Marked true >> /StructTreeRoot 10 0 R", objects=[f"<< /Type /StructTreeRoot /K << /S /P /ActualText ({live}) /A << /O /UserProperties /P [<< /N ({live}) /V 1 >>] >> >> >>"]))
doc("signature", "電子署名と許諾（Sig、Perms、DSS）", lambda live, keep: pdf(keep, "/AcroForm << /SigFlags 3 /Fields [10 0 R] >> /Perms << /DocMDP 11 0 R >> /DSS << /Certs [12 0 R] >>", annotations="10 0 R", objects=["<< /Type /Annot /Subtype /Widget /FT /Sig /T (s) /V 11 0 R /Rect [0 0 0 0] >>", f"<< /Type /Sig /Filter /Adobe.PPKLite /Contents <{live.encode().hex()}> /ByteRange [0 1 2 3] /Reason ({live}) >>", stream(live)]))
doc("tail", "末尾の余分なデータ（ZIP）", lambda live, keep: pdf(keep, tail=b"PK\x03\x04" + live.encode() * 4))
either("pdf", "head-html", "先頭に HTML を置いた PDF", lambda live, keep: pdf(keep, head=f"<html><script>{live}</script>\n".encode()))
doc("icc-profile", "ICC プロファイルに隠したデータ", lambda live, keep: pdf(keep, resources="/ColorSpace << /C [/ICCBased 10 0 R] >>", content="/C cs 0 0 0 sc 0 0 9 9 re f", objects=[stream(live * 8, "/N 3 /Alternate /DeviceRGB ")]))
doc("output-intent", "出力インテント", lambda live, keep: pdf(keep, f"/OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier ({live}) /RegistryName ({url(live)}) /DestOutputProfile 10 0 R >>]", objects=[stream(live * 8, "/N 3 ")]))
doc("viewer-and-extensions", "拡張・独自キー・法的表示", lambda live, keep: pdf(keep, f"/Extensions << /EVIL << /BaseVersion /1.7 /ExtensionLevel 1 /URL ({url(live)}) >> >> /Legal << /Attestation ({live}) >> /Evil << /JS ({live}) >> /Lang ({live})"))
doc("destination-names", "名前付き宛先に隠したデータ", lambda live, keep: pdf(keep, f"/Dests << /a << /D [3 0 R /Fit] /X ({live}) >> >> /PageLabels << /Nums [0 << /S /D /P (p) /X ({live}) >>] >>"))

# The reader's parser.
PARSER = [
    ("nested-arrays", "深い配列の入れ子（スタック枯渇）", lambda live, keep: pdf(keep, "/X " + "[" * 20000 + f"({live})" + "]" * 20000)),
    ("nested-dictionaries", "深い辞書の入れ子", lambda live, keep: pdf(keep, "/X " + "<< /A " * 20000 + f"({live})" + " >>" * 20000)),
    ("page-loop", "ページ木の循環", lambda live, keep: assemble({1: "<< /Type /Catalog /Pages 2 0 R >>", 2: f"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 99999999 /X ({live}) >>"})),
    ("reference-loop", "間接参照の循環", lambda live, keep: pdf(keep, "/Names 10 0 R", objects=["11 0 R", "10 0 R", f"({live})"])),
    ("xref-loop", "相互参照の循環（Prev）", lambda live, keep: pdf(keep, trailer=f"/Prev 15 /X ({live})")),
    ("form-recursion", "自分を描く XObject", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="/X Do", objects=[stream("/X Do /X Do /X Do", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Y ({live}) /Resources << /XObject << /X 10 0 R >> >> ")])),
    ("form-fan-out", "指数的に増える XObject", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="/X Do", objects=[stream("/X Do " * 12, f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Y ({live}) /Resources << /XObject << /X {11 + n} 0 R >> >> ") for n in range(12)] + [stream("0 0 9 9 re f", "/Type /XObject /Subtype /Form /BBox [0 0 9 9] ")])),
    ("image-huge", "巨大な画像の寸法", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream(zlib.compress(bytes(999)), f"/Type /XObject /Subtype /Image /Width 2000000000 /Height 2000000000 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode /Y ({live}) ")])),
    ("predictor-huge", "異常な予測子の引数", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream(zlib.compress(bytes(99)), f"/Type /XObject /Subtype /Image /Width 3 /Height 3 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 2147483647 /BitsPerComponent 16 >> /Y ({live}) ")])),
    ("jbig2-broken", "壊れた JBIG2 画像", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream(b"\0\0\0\0\x30\0\x01\xff\xff\xff\xff" + bytes(range(256)) + live.encode(), "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode ")])),
    ("jpx-broken", "壊れた JPEG 2000 画像", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream(bytes.fromhex("ff4fff51002f0000ffffffffffffffff") + bytes(80) + live.encode(), "/Type /XObject /Subtype /Image /Width 9 /Height 9 /Filter /JPXDecode ")])),
    ("ccitt-huge", "異常な CCITT の引数", lambda live, keep: pdf(keep, resources="/XObject << /X 10 0 R >>", content="q 9 0 0 9 0 0 cm /X Do Q", objects=[stream(b"\xff" * 99 + live.encode(), "/Type /XObject /Subtype /Image /Width 2147483647 /Height 9 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 2147483647 /Rows -5 >> ")])),
    ("type1-matrix", "FontMatrix への文字列の注入（CVE-2024-4367 型）", lambda live, keep: pdf(keep, resources="", objects=["<< /Type /Font /Subtype /Type1 /BaseFont /Evil /FontDescriptor 11 0 R /FirstChar 65 /LastChar 65 /Widths [500] >>", f"<< /Type /FontDescriptor /FontName /Evil /Flags 4 /FontBBox [0 0 1 1] /ItalicAngle 0 /Ascent 1 /Descent 0 /CapHeight 1 /StemV 1 /FontFile 12 0 R >>", stream(f"%!PS-AdobeFont-1.0: Evil\n/FontMatrix [1 2 3 4 5 (1\\); alert\\('{live}'\\)] readonly def\ncurrentfile eexec\n")], content="BT /F9 9 Tf (A) Tj ET", page="").replace(b"/F1 4 0 R >>", b"/F1 4 0 R /F9 10 0 R >>")),
    ("type4-calculator", "PostScript 計算関数（CVE-2018-5158 型）", lambda live, keep: pdf(keep, resources="/ColorSpace << /C [/Separation /X /DeviceGray 10 0 R] >>", content="/C cs 1 sc 0 0 9 9 re f", objects=[stream("{ " + "dup " * 50 + f"%{live}\n" + "}", "/FunctionType 4 /Domain [0 1] /Range [0 1] ")])),
    ("many-objects", "多すぎる宣言（Size、Count、Kids）", lambda live, keep: pdf(keep, f"/X [{' '.join(['3 0 R'] * 40000)}] /Y ({live})")),
    ("colour-space-loop", "自分を参照する色空間", lambda live, keep: pdf(keep, resources="/ColorSpace << /C 10 0 R >>", content="/C cs 0 sc 0 0 9 9 re f", objects=[f"[/Indexed 10 0 R 255 ({live})]"])),
    ("pattern-recursion", "自分を塗るパターン", lambda live, keep: pdf(keep, resources="/Pattern << /P 10 0 R >>", content="/Pattern cs /P scn 0 0 500 500 re f", objects=[stream(f"%{live}\n/Pattern cs /P scn 0 0 1 1 re f", "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.0001 /YStep 0.0001 /Resources << /Pattern << /P 10 0 R >> >> ")])),
    ("huge-page", "異常な用紙寸法・繰り返し", lambda live, keep: pdf(keep, page="/UserUnit 99999999 /CropBox [-1e30 -1e30 1e30 1e30]", content=f"%{live}\n" + "q " * 30000)),
]
for id, ja, build in PARSER:
    either("pdf", id, ja, build, keep=False, active=False)
refused("pdf", "flate-bomb", "伸長爆弾（Flate を二重に掛けた 1.25 GiB）", lambda live, keep: bomb(live, keep))


def through_pikepdf(data, **how):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as source:
        source.save(out, static_id=True, **how)
    return out.getvalue()


def incremental(live, keep):
    first = pdf(live, objects=[javascript(live)])
    start = first.rindex(b"startxref\n") + 10
    before = int(first[start:].split()[0])
    body = stream(f"BT /F1 14 Tf 60 760 Td (Notice {keep}) Tj ET")
    place = len(first)
    second = first + b"5 0 obj\n" + body + b"\nendobj\n"
    table = len(second)
    return second + f"xref\n5 1\n{place:010d} 00000 n \ntrailer\n<< /Size 11 /Root 1 0 R /Prev {before} >>\nstartxref\n{table}\n%%EOF\n".encode()


def hybrid(live, keep):
    """Old readers see a free object 10, new ones the action in an object stream."""
    bodies = {
        1: "<< /Type /Catalog /Pages 2 0 R /OpenAction 10 0 R >>", 2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>", 4: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", 5: stream(f"BT /F1 14 Tf 60 760 Td (Notice {keep}) Tj ET"),
        6: stream(f"10 0 {javascript(live)}", "/Type /ObjStm /N 1 /First 5 "),
    }
    rows = b"\x02\0\x06\0"
    bodies[7] = stream(rows, "/Type /XRef /Size 11 /W [1 2 1] /Index [10 1] ")
    data = assemble(bodies)
    place = data.index(b"7 0 obj")
    return data.replace(b"/Root 1 0 R", f"/XRefStm {place} /Root 1 0 R".encode())


def bomb(live, keep):
    worker = zlib.compressobj(1)
    big = b"".join(worker.compress(bytes(64 << 20)) for _ in range(20)) + worker.flush()
    return pdf(keep, resources="/XObject << /X 10 0 R >>", content="/X Do", objects=[stream(zlib.compress(big, 9), f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter [/FlateDecode /FlateDecode] /Y ({live}) ")])
