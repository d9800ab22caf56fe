"""Word documents: DOCX and what carries code or templates."""
import io

from . import compound, either, refused, threat, unc, url
from .package import HEAD, MS, OFFICE, PIXEL, R, escape, package, quoteattr, repack

NS = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{R}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w10="urn:schemas-microsoft-com:office:word" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml" '
    'xmlns:wp15="http://schemas.microsoft.com/office/word/2012/wordprocessingDrawing" xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main"'
)
WORD = OFFICE + "wordprocessingml."
MAIN = WORD + "document.main+xml"


def run(text):
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*inner):
    return f"<w:p>{''.join(inner)}</w:p>"


def part(root, inner, more=""):
    return f"{HEAD}<w:{root} {NS} {more}>{inner}</w:{root}>"


def document(keep, body="", rels=(), parts=None, types=None, more_rels=None, main=MAIN, settings="", settings_rels=(), package_rels=(), head="", section="", defaults=None):
    """A DOCX whose first paragraph is the keep marker."""
    text = paragraph(run(f"令和8年度 回答書 {keep}"))
    parts = {
        "word/document.xml": head + part("document", f'<w:body>{text}{body}<w:sectPr>{section}<w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body>').removeprefix(HEAD if head else ""),
        **(parts or {}),
    }
    types = {"word/document.xml": main, **(types or {})}
    own = [("rIdDoc", "officeDocument", "word/document.xml"), *package_rels]
    mine = list(rels)
    every = {"": own, **(more_rels or {})}
    if settings or settings_rels:
        parts["word/settings.xml"] = part("settings", settings)
        types["word/settings.xml"] = WORD + "settings+xml"
        mine.append(("rIdSettings", "settings", "settings.xml"))
        if settings_rels:
            every["word/settings.xml"] = settings_rels
    every["word/document.xml"] = mine
    return package(parts, every, types, defaults)


def picture(rel, attribute="embed", extra="", inner="", before=""):
    size = '<wp:extent cx="914400" cy="914400"/>'
    blip = f'<a:blip r:{attribute}="{rel}">{inner}</a:blip>'
    return paragraph(
        f'<w:r><w:drawing><wp:inline>{size}<wp:docPr id="1" name="p">{extra}</wp:docPr><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="p">{before}</pic:cNvPr><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>{blip}<a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        '<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="914400"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'
    )


def field(instruction, result="結果", tag="instrText"):
    """A complex field; several strings put the instruction into several runs."""
    pieces = [instruction] if isinstance(instruction, str) else instruction
    runs = "".join(f'<w:r><w:{tag} xml:space="preserve">{escape(piece)}</w:{tag}></w:r>' for piece in pieces)
    return paragraph(f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>{runs}<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(result)}<w:r><w:fldChar w:fldCharType="end"/></w:r>')


def docx(id, ja, build, **more):
    threat("docx", id, ja, build, **more)


def cut(text, size):
    return [text[n:n + size] for n in range(0, len(text), size)]


# Remote content by relationship.
for id, ja, target in (
    ("remote-template-http", "外部テンプレート（attachedTemplate、http）", url),
    ("remote-template-unc", "外部テンプレート（attachedTemplate、UNC）", unc),
):
    docx(id, ja, lambda live, keep, t=target: document(keep, settings='<w:attachedTemplate r:id="rId1"/>', settings_rels=[("rId1", "attachedTemplate", t(live), "External")]))


def ole_object(kind, rel, prog="Package", link=""):
    return paragraph(
        f'<w:r><w:object w:dxaOrig="100" w:dyaOrig="100"><v:shape id="s1" style="width:50pt;height:50pt"><v:imagedata r:id="rIdPreview"/></v:shape>'
        f'<o:OLEObject Type="{kind}" ProgID="{prog}" ShapeID="s1" DrawAspect="Content" ObjectID="_1" r:id="{rel}" {link}/></w:object></w:r>'
    )


PREVIEW = ("rIdPreview", "image", "media/preview.png")
PREVIEW_PART = {"word/media/preview.png": PIXEL}
for id, ja, target in (
    ("linked-object-mhtml", "外部 OLE リンク（mhtml:…!x-usc:、CVE-2021-40444 型）", lambda live: f"mhtml:{url(live)}!x-usc:{url(live)}"),
    ("linked-object-msdt", "外部 OLE リンク（http…!、CVE-2022-30190 型）", lambda live: f"{url(live)}.html!"),
    ("linked-object-script", "外部 OLE リンク（script: モニカー）", lambda live: f"script:{url(live)}"),
    ("linked-object-unc", "外部 OLE リンク（UNC）", lambda live: "file:///" + unc(live)),
):
    docx(id, ja, lambda live, keep, t=target: document(
        keep, ole_object("Link", "rId1", "htmlfile", 'UpdateMode="Always"'), [("rId1", "oleObject", t(live), "External"), PREVIEW], PREVIEW_PART))
docx("frameset", "外部フレーム（webSettings の frameset）", lambda live, keep: document(
    keep, rels=[("rId1", "webSettings", "webSettings.xml")],
    parts={"word/webSettings.xml": part("webSettings", '<w:frameset><w:frame><w:sourceFileName r:id="rId1"/><w:linkedToFile/></w:frame></w:frameset>')},
    types={"word/webSettings.xml": WORD + "webSettings+xml"}, more_rels={"word/webSettings.xml": [("rId1", "frame", url(live), "External")]}))
for id, ja, target in (("external-picture-http", "外部画像（http）", url), ("external-picture-unc", "外部画像（UNC）", lambda live: "file:///" + unc(live))):
    docx(id, ja, lambda live, keep, t=target: document(keep, picture("rId1", "link"), [("rId1", "image", t(live), "External")]))
docx("external-picture-vml", "VML の外部画像・塗り（v:imagedata r:href、v:fill）", lambda live, keep: document(
    keep, paragraph(f'<w:r><w:pict><v:shape style="width:10pt;height:10pt" href="{url(live, "h")}"><v:imagedata r:href="rId1" src="{url(live, "s")}" o:title="t"/><v:fill type="frame" src="{url(live, "f")}" r:href="rId1"/></v:shape></w:pict></w:r>'),
    [("rId1", "image", url(live), "External")]))
SCHEMES = [
    ("javascript", "javascript:alert('{0}')"), ("vbscript", "vbscript:msgbox({0})"), ("file", "file:///C:/{0}/run.cmd"), ("file-host", "file://127.0.0.1/{0}/run.hta"),
    ("unc", r"\\127.0.0.1\{0}\run.exe"), ("ms-msdt", "ms-msdt:/id PCWDiagnostic /param {0}"), ("search-ms", "search-ms:query={0}&crumb=location:\\\\127.0.0.1\\x"),
    ("ms-word", "ms-word:ofe|u|http://127.0.0.1/{0}.docm"), ("mhtml", "mhtml:http://127.0.0.1/{0}.mht"), ("data", "data:text/html,<script>'{0}'</script>"),
    ("relative", "{0}/run.cmd"), ("ms-settings", "ms-settings:{0}"), ("tab-scheme", "java\tscript:alert('{0}')"), ("calculator", "calculator:{0}"),
]
for id, target in SCHEMES:
    docx(f"hyperlink-{id}", f"許可されていない宛先のハイパーリンク（{id}）", lambda live, keep, t=target: document(
        keep, paragraph(f'<w:hyperlink r:id="rId1">{run("こちら")}</w:hyperlink>'), [("rId1", "hyperlink", t.format(live), "External")]))
docx("subdocument", "外部の下位文書（subDoc）", lambda live, keep: document(keep, paragraph('<w:subDoc r:id="rId1"/>'), [("rId1", "subDocument", url(live), "External")]))
docx("xslt-and-schemas", "保存時の XSLT、外部スキーマ、スマートタグ", lambda live, keep: document(
    keep, settings=f'<w:saveThroughXslt r:id="rId1" w:solutionID="{live}"/><w:attachedSchema w:val="{url(live)}"/><w:smartTagType w:namespaceuri="urn:x" w:name="x" w:url="{url(live)}"/><w:docVars><w:docVar w:name="p" w:val="{live}"/></w:docVars>',
    settings_rels=[("rId1", "transform", url(live), "External")]))
docx("mail-merge", "差し込み印刷のデータソース（接続文字列、外部ファイル）", lambda live, keep: document(
    keep, settings=f'<w:mailMerge><w:mainDocumentType w:val="formLetters"/><w:dataType w:val="odbc"/><w:connectString w:val="DSN={live};SERVER=127.0.0.1"/><w:query w:val="SELECT * FROM x"/><w:dataSource r:id="rId1"/><w:odso><w:udl w:val="{live}"/><w:src r:id="rId1"/></w:odso></w:mailMerge>',
    settings_rels=[("rId1", "mailMergeSource", "file:///" + unc(live), "External")]))

# Whole documents inside.
for id, ext, content in (
    ("altchunk-html", "html", lambda live: f"<html><script>location='{url(live)}'</script></html>"),
    ("altchunk-rtf", "rtf", lambda live: rf"{{\rtf1{{\object\objautlink{{\*\objdata {live.encode().hex()}}}}}}}"),
    ("altchunk-mht", "mht", lambda live: f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>'{live}'</script>"),
    ("altchunk-docx", "docx", lambda live: document("x", field(f" DDEAUTO cmd {live} ")) ),
):
    docx(id, f"altChunk による {ext} の取り込み", lambda live, keep, e=ext, c=content: document(
        keep, '<w:altChunk r:id="rId1"/>', [("rId1", "aFChunk", f"afchunk.{e}")], {f"word/afchunk.{e}": c(live)}))
docx("ole-package", "埋め込み OLE（Packager、実行ファイル）", lambda live, keep: document(
    keep, ole_object("Embed", "rId1"), [("rId1", "oleObject", "embeddings/oleObject1.bin"), PREVIEW], {"word/embeddings/oleObject1.bin": compound.ole_package(live), **PREVIEW_PART}))
docx("ole-equation", "埋め込み数式（Equation Native、CVE-2017-11882 型）", lambda live, keep: document(
    keep, ole_object("Embed", "rId1", "Equation.3"), [("rId1", "oleObject", "embeddings/oleObject1.bin"), PREVIEW],
    {"word/embeddings/oleObject1.bin": compound.write(compound.equation(live)), **PREVIEW_PART}))
docx("ole-inside-renamed", "別の拡張子で置いた OLE（embeddings/a.png）", lambda live, keep: document(
    keep, ole_object("Embed", "rId1"), [("rId1", "oleObject", "embeddings/a.png"), PREVIEW], {"word/embeddings/a.png": compound.ole_package(live), **PREVIEW_PART}))
docx("embedded-workbook", "埋め込みブック（package）", lambda live, keep: document(
    keep, ole_object("Embed", "rId1", "Excel.Sheet.12"), [("rId1", "package", "embeddings/b.xlsx"), PREVIEW],
    {"word/embeddings/b.xlsx": document(live), **PREVIEW_PART}))
docx("activex", "ActiveX コントロール", lambda live, keep: document(
    keep, paragraph('<w:r><w:object><v:shape id="c1" style="width:9pt;height:9pt"/><w:control r:id="rId1" w:name="Btn" w:shapeid="c1"/></w:object></w:r>'),
    [("rId1", "control", "activeX/activeX1.xml")],
    {"word/activeX/activeX1.xml": f'{HEAD}<ax:ocx xmlns:ax="{MS}/2006/activeX" xmlns:r="{R}" ax:classid="{{8BD21D40-EC42-11CE-9E0D-00AA006002F3}}" ax:persistence="persistStreamInit" r:id="rId1"><ax:ocxPr ax:name="Caption" ax:value="{live}"/></ax:ocx>', "word/activeX/activeX1.bin": live},
    {"word/activeX/activeX1.xml": "application/vnd.ms-office.activeX+xml", "word/activeX/activeX1.bin": "application/vnd.ms-office.activeX"},
    {"word/activeX/activeX1.xml": [("rId1", f"{MS}/2006/relationships/activeXControlBinary", "activeX1.bin")]}))


# Code.
def with_vba(live, keep, main, project="word/vbaProject.bin", type="application/vnd.ms-office.vbaProject", kind=f"{MS}/2006/relationships/vbaProject"):
    folder = project.rpartition("/")[2]
    return document(keep, rels=[("rId1", kind, folder)],
        parts={project: compound.vba_bin(live), "word/vbaData.xml": f'{HEAD}<wne:vbaSuppData xmlns:wne="{MS}/word/2006/wordml"><wne:mcds><wne:mcd wne:macroName="{live}" wne:name="PROJECT.X"/></wne:mcds></wne:vbaSuppData>'},
        types={project: type, "word/vbaData.xml": "application/vnd.ms-word.vbaData+xml"}, main=main,
        more_rels={project: [("rId1", f"{MS}/2006/relationships/wordVbaData", "vbaData.xml")]})


MACRO = "application/vnd.ms-word.document.macroEnabled.main+xml"
TEMPLATE = "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"
threat("docm", "vba", "VBA マクロ（自動実行）", lambda live, keep: with_vba(live, keep, MACRO))
threat("dotm", "vba-template", "マクロ付きテンプレート", lambda live, keep: with_vba(live, keep, TEMPLATE))
threat("dotx", "plain-template", "テンプレート（外部テンプレートの参照つき）", lambda live, keep: document(
    keep, main=WORD + "template.main+xml", settings='<w:attachedTemplate r:id="rId1"/>', settings_rels=[("rId1", "attachedTemplate", url(live), "External")]))
docx("vba-renamed", "docx と名乗るマクロ付き文書", lambda live, keep: with_vba(live, keep, MACRO))
docx("vba-in-plain-type", "種類は docx のままマクロを含む文書", lambda live, keep: with_vba(live, keep, MAIN))
docx("vba-as-theme", "テーマに見せかけたマクロ（theme9.xml）", lambda live, keep: with_vba(live, keep, MAIN, "word/theme9.xml"))
docx("vba-absolute-target", "絶対パスで参照したマクロ", lambda live, keep: document(
    keep, rels=[("rId1", f"{MS}/2006/relationships/vbaProject", "/x/evil.bin")], parts={"x/evil.bin": compound.vba_bin(live)}, types={"x/evil.bin": "application/vnd.ms-office.vbaProject"}, main=MACRO))
docx("vba-default-type", "既定の種類として残る vbaProject（[Content_Types].xml）", lambda live, keep: document(
    keep, parts={"word/x.bin": compound.vba_bin(live)}, defaults={"bin": "application/vnd.ms-office.vbaProject", f"{live.lower()}": "application/x-msdownload"}))
docx("keymap-and-toolbars", "キー割り当てとツールバー（マクロの呼び出し）", lambda live, keep: document(
    keep, rels=[("rId1", f"{MS}/2006/relationships/keyMapCustomizations", "customizations.xml")],
    parts={"word/customizations.xml": f'{HEAD}<wne:tcg xmlns:wne="{MS}/word/2006/wordml" xmlns:r="{R}"><wne:keymaps><wne:keymap wne:kcmPrimary="0253"><wne:macro wne:macroName="{live}"/></wne:keymap></wne:keymaps><wne:toolbars><wne:toolbarData r:id="rId1"/></wne:toolbars></wne:tcg>', "word/attachedToolbars.bin": live},
    types={"word/customizations.xml": "application/vnd.ms-word.keyMapCustomizations+xml", "word/attachedToolbars.bin": "application/vnd.ms-word.attachedToolbars"},
    more_rels={"word/customizations.xml": [("rId1", f"{MS}/2006/relationships/attachedToolbars", "attachedToolbars.bin")]}))
docx("ribbon", "リボンの独自 UI（customUI の onLoad）", lambda live, keep: document(
    keep, package_rels=[("rIdUi", f"{MS}/2007/relationships/ui/extensibility", "customUI/customUI14.xml")],
    parts={"customUI/customUI14.xml": f'<customUI xmlns="{MS}/2009/07/customui" onLoad="{live}"/>'}))
docx("web-extension", "Office アドインの作業ウィンドウ（webextension）", lambda live, keep: document(
    keep, package_rels=[("rIdWe", f"{MS}/2011/relationships/webextensiontaskpanes", "word/webextensions/taskpanes.xml")],
    parts={"word/webextensions/taskpanes.xml": f'{HEAD}<wetp:taskpanes xmlns:wetp="{MS}/webextensions/taskpanes/2010/11" xmlns:r="{R}"><wetp:taskpane dockstate="right" visibility="1"><wetp:webextensionref r:id="rId1"/></wetp:taskpane></wetp:taskpanes>',
           "word/webextensions/webextension1.xml": f'{HEAD}<we:webextension xmlns:we="{MS}/webextensions/webextension/2010/11" id="x"><we:reference id="{live}" store="{url(live)}" storeType="OMEX"/></we:webextension>'},
    types={"word/webextensions/taskpanes.xml": "application/vnd.ms-office.webextensiontaskpanes+xml", "word/webextensions/webextension1.xml": "application/vnd.ms-office.webextension+xml"},
    more_rels={"word/webextensions/taskpanes.xml": [("rId1", f"{MS}/2011/relationships/webextension", "webextension1.xml")]}))

# Fields.
FIELDS = [
    ("dde", "DDE フィールド", " DDE cmd.exe \"/c echo {0}\" "),
    ("ddeauto", "DDEAUTO フィールド", " DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe \"/k echo {0}\" "),
    ("includetext", "INCLUDETEXT フィールド", " INCLUDETEXT \"http://127.0.0.1/{0}\" "),
    ("includepicture", "INCLUDEPICTURE フィールド", " INCLUDEPICTURE \"http://127.0.0.1/{0}.png\" \\d "),
    ("link", "LINK フィールド", " LINK Excel.Sheet.12 \"\\\\\\\\127.0.0.1\\\\{0}\\\\x.xlsx\" \"Sheet1!R1C1\" \\a \\f 0 \\p "),
    ("import", "IMPORT フィールド", " IMPORT \"http://127.0.0.1/{0}.gif\" "),
    ("macrobutton", "MACROBUTTON フィールド", " MACROBUTTON {0} クリック "),
    ("database", "DATABASE フィールド", " DATABASE \\d \"\\\\\\\\127.0.0.1\\\\{0}.mdb\" \\c \"DSN={0}\" \\s \"SELECT * FROM x\" "),
    ("autotext", "AUTOTEXT・GLOSSARY フィールド", " AUTOTEXT {0} "),
    ("ask-and-fillin", "ASK・FILLIN フィールド", " ASK x \"{0}\" "),
    ("hyperlink-file", "HYPERLINK フィールド（file:）", " HYPERLINK \"file:///C:/{0}/x.cmd\" "),
    ("hyperlink-script", "HYPERLINK フィールド（javascript:）", " HYPERLINK \"javascript:{0}\" \\t _blank "),
    ("rd", "RD（外部文書から目次を作る）フィールド", " RD \"\\\\\\\\127.0.0.1\\\\{0}\\\\a.docx\" "),
    ("private", "PRIVATE・ADDIN フィールド（隠しデータ）", " ADDIN {0} "),
    ("unknown", "未知のフィールド", " ZZZ {0} "),
]
for id, ja, instruction in FIELDS:
    docx(f"field-{id}", ja, lambda live, keep, i=instruction: document(keep, field(i.format(live))))
DDE = FIELDS[1][2]
docx("field-simple", "DDEAUTO（fldSimple）", lambda live, keep: document(keep, paragraph(f"<w:fldSimple w:instr={quoteattr(DDE.format(live))}>{run('結果')}</w:fldSimple>")))
docx("field-split-runs", "1 文字ずつ run に分けた DDEAUTO", lambda live, keep: document(keep, field(cut(DDE.format(live), 1))))
docx("field-split-paragraphs", "段落をまたぐ DDEAUTO", lambda live, keep: document(
    keep, paragraph('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> DDEAU</w:instrText></w:r>')
    + paragraph(f'<w:r><w:instrText>TO cmd "/c {live}" </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("結果")}<w:r><w:fldChar w:fldCharType="end"/></w:r>')))
docx("field-quote", "QUOTE と入れ子で組み立てる DDE", lambda live, keep: document(
    keep, paragraph('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> DDE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    f'<w:r><w:instrText xml:space="preserve"> QUOTE 99 109 100 {live} </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>')))
docx("field-nested-in-page", "許可された PAGE の中の DDE", lambda live, keep: document(
    keep, paragraph('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    f'<w:r><w:instrText xml:space="preserve">{escape(DDE.format(live))}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("1")}<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("1")}<w:r><w:fldChar w:fldCharType="end"/></w:r>')))
docx("field-date-with-tail", "許可された DATE の引数に続く外部参照", lambda live, keep: document(keep, field(f' DATE \\@ "yyyy" INCLUDETEXT "{url(live)}" ')))
docx("field-deleted", "削除履歴の中の DDE（delInstrText）", lambda live, keep: document(
    keep, '<w:p><w:del w:id="1" w:author="x" w:date="2026-11-24T00:00:00Z"><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    f'<w:r><w:delInstrText xml:space="preserve">{escape(DDE.format(live))}</w:delInstrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:del></w:p>'))
docx("field-unclosed", "閉じていない DDE フィールド", lambda live, keep: document(
    keep, paragraph(f'<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r><w:instrText>{escape(DDE.format(live))}</w:instrText></w:r>')))
docx("field-in-header", "ヘッダーの中の DDE", lambda live, keep: document(
    keep, rels=[("rIdH", "header", "header1.xml")], section='<w:headerReference w:type="default" r:id="rIdH"/>',
    parts={"word/header1.xml": part("hdr", field(DDE.format(live)))}, types={"word/header1.xml": WORD + "header+xml"}))
docx("field-in-footnote", "脚注の中の DDE", lambda live, keep: document(
    keep, paragraph('<w:r><w:footnoteReference w:id="2"/></w:r>'), [("rIdF", "footnotes", "footnotes.xml")],
    {"word/footnotes.xml": part("footnotes", f'<w:footnote w:id="2">{field(DDE.format(live))}</w:footnote>')}, {"word/footnotes.xml": WORD + "footnotes+xml"}))
docx("field-in-textbox", "テキストボックスの中の DDE", lambda live, keep: document(
    keep, paragraph(f'<w:r><w:pict><v:shape style="width:99pt;height:99pt"><v:textbox><w:txbxContent>{field(DDE.format(live))}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>')))
docx("field-in-style-link", "リンクの吹き出し・対象枠（tooltip、tgtFrame）", lambda live, keep: document(
    keep, paragraph(f'<w:hyperlink r:id="rId1" w:tgtFrame="{live}" w:docLocation="{live}">{run("こちら")}</w:hyperlink>'), [("rId1", "hyperlink", "http://127.0.0.1/", "External")]), active=False)

# What hides or leaks.
docx("custom-xml", "独自 XML とデータ連結", lambda live, keep: document(
    keep, f'<w:sdt><w:sdtPr><w:dataBinding w:xpath="/x" w:storeItemID="{{{live}}}"/></w:sdtPr><w:sdtContent>{paragraph(run("値"))}</w:sdtContent></w:sdt>',
    [("rIdX", "customXml", "../customXml/item1.xml")], {"customXml/item1.xml": f"<x>{live}</x>"}))
docx("embedded-font", "埋め込みフォント（odttf）", lambda live, keep: document(
    keep, rels=[("rIdT", "fontTable", "fontTable.xml")],
    parts={"word/fontTable.xml": part("fonts", '<w:font w:name="Evil"><w:embedRegular r:id="rId1" w:fontKey="{00000000-0000-0000-0000-000000000000}"/></w:font>'), "word/fonts/font1.odttf": live.encode() * 20},
    types={"word/fontTable.xml": WORD + "fontTable+xml"}, more_rels={"word/fontTable.xml": [("rId1", "font", "fonts/font1.odttf")]}))
docx("deleted-text", "変更履歴に残る削除済みの文章", lambda live, keep: document(
    keep, f'<w:p><w:del w:id="1" w:author="x"><w:r><w:delText>{live}</w:delText></w:r></w:del></w:p>'), live="reported")
docx("hidden-text", "隠し文字（vanish）", lambda live, keep: document(keep, paragraph(f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>{live}</w:t></w:r>")), live="reported")
docx("comment", "コメントの作成者", lambda live, keep: document(
    keep, paragraph('<w:r><w:commentReference w:id="0"/></w:r>'), [("rIdC", "comments", "comments.xml")],
    {"word/comments.xml": part("comments", f'<w:comment w:id="0" w:author="a" w:initials="a">{paragraph(run(live))}</w:comment>')}, {"word/comments.xml": WORD + "comments+xml"}), live="inert", active=False)
docx("core-properties", "作成者・会社名などの付帯情報", lambda live, keep: document(
    keep, package_rels=[("rIdCore", "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties", "docProps/core.xml"), ("rIdApp", "extended-properties", "docProps/app.xml"), ("rIdCustom", "custom-properties", "docProps/custom.xml")],
    parts={"docProps/core.xml": f'{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{live}</dc:creator><cp:lastModifiedBy>{live}</cp:lastModifiedBy></cp:coreProperties>',
           "docProps/app.xml": f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Company>{live}</Company><Template>{live}</Template><HyperlinkBase>{url(live)}</HyperlinkBase></Properties>',
           "docProps/custom.xml": f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"><property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name="_x"><vt:lpwstr>{live}</vt:lpwstr></property></Properties>'},
    types={"docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml", "docProps/app.xml": OFFICE + "extended-properties+xml", "docProps/custom.xml": OFFICE + "custom-properties+xml"}))
docx("thumbnail-and-signature", "縮小画像と電子署名", lambda live, keep: document(
    keep, package_rels=[("rIdT", "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail", "docProps/thumbnail.emf"), ("rIdS", "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin", "_xmlsignatures/origin.sigs")],
    parts={"docProps/thumbnail.emf": live, "_xmlsignatures/origin.sigs": live}, defaults={"sigs": "application/vnd.openxmlformats-package.digital-signature-origin"}))
docx("glossary", "クイックパーツ（glossary）の中の DDE", lambda live, keep: document(
    keep, rels=[("rIdG", "glossaryDocument", "glossary/document.xml")],
    parts={"word/glossary/document.xml": part("glossaryDocument", f"<w:docParts><w:docPart><w:docPartBody>{field(DDE.format(live))}</w:docPartBody></w:docPart></w:docParts>")},
    types={"word/glossary/document.xml": WORD + "document.glossary+xml"}))
docx("unknown-parts", "参照されていない未知の部品", lambda live, keep: document(keep, parts={"word/evil.exe": "MZ" + live, "trash/0000.dat": live, "word/media/unreferenced.png": live}, defaults={"exe": "application/x-msdownload", "dat": "application/octet-stream"}))
docx("xml-comments", "XML のコメント・処理命令に隠したデータ", lambda live, keep: document(keep, f"<!-- {live} --><?evil {live}?>"))

# Drawings.
docx("drawing-actions", "図形のクリック動作・音（hlinkClick、hlinkHover、snd）", lambda live, keep: document(
    keep, picture("rIdP", extra=f'<a:hlinkClick r:id="rId1" action="ppaction://program"><a:snd r:embed="rId2" name="{live}"/></a:hlinkClick><a:hlinkHover r:id="rId1"/>'),
    [("rId1", "hyperlink", f"file:///C:/{live}.exe", "External"), ("rId2", "audio", "media/a.wav"), ("rIdP", "image", "media/p.png")],
    {"word/media/p.png": PIXEL, "word/media/a.wav": live}))
docx("web-video", "オンラインビデオの埋め込み HTML（webVideoPr）", lambda live, keep: document(
    keep, picture("rIdP", extra=f'<a:extLst><a:ext uri="{{C809E66F-F1BF-436E-b5F7-EEA9579F0CBA}}"><wp15:webVideoPr embeddedHtml="&lt;iframe src=&quot;{url(live)}&quot;&gt;" h="10" w="10"/></a:ext></a:extLst>'),
    [("rIdP", "image", "media/p.png")], {"word/media/p.png": PIXEL}))
docx("svg-picture", "スクリプト入り SVG 画像（svgBlip）", lambda live, keep: document(
    keep, picture("rIdP", inner='<a:extLst><a:ext uri="{96DAC541-7B7A-43D3-8B79-37D633B846F1}"><asvg:svgBlip r:embed="rIdS"/></a:ext></a:extLst>'),
    [("rIdP", "image", "media/p.png"), ("rIdS", "image", "media/s.svg")],
    {"word/media/p.png": PIXEL, "word/media/s.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><script>{live}</script></svg>'}))
docx("emf-picture", "EMF 画像の拡張命令・コメント", lambda live, keep: document(keep, picture("rIdP"), [("rIdP", "image", "media/p.emf")], {"word/media/p.emf": metafile(live)}))
docx("png-with-payload", "データを隠した PNG（tEXt、末尾）", lambda live, keep: document(keep, picture("rIdP"), [("rIdP", "image", "media/p.png")], {"word/media/p.png": PIXEL + b"PK\x03\x04" + live.encode()}))
docx("alternate-content", "AlternateContent の選ばれない側の OLE", lambda live, keep: document(
    keep, paragraph(f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:t>図</w:t></mc:Choice><mc:Fallback><w:object><o:OLEObject Type="Link" ProgID="htmlfile" r:id="rId1" UpdateMode="Always"/></w:object><w:instrText>DDEAUTO {live}</w:instrText></mc:Fallback></mc:AlternateContent></w:r>'),
    [("rId1", "oleObject", url(live), "External")]))
docx("chart-external-data", "グラフの外部データ（externalData）", lambda live, keep: document(
    keep, paragraph('<w:r><w:drawing><wp:inline><wp:extent cx="9144" cy="9144"/><wp:docPr id="1" name="c"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="rIdC"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'),
    [("rIdC", "chart", "charts/chart1.xml")],
    {"word/charts/chart1.xml": chart(live)}, {"word/charts/chart1.xml": OFFICE + "drawingml.chart+xml"},
    {"word/charts/chart1.xml": [("rId1", "oleObject", "file:///" + unc(live), "External"), ("rId2", "package", "../embeddings/b.xlsx")]}))
docx("smartart-link", "SmartArt の外部リンク", lambda live, keep: document(
    keep, paragraph('<w:r><w:drawing><wp:inline><wp:extent cx="9144" cy="9144"/><wp:docPr id="1" name="d"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/diagram"><dgm:relIds xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="rIdD" r:lo="rIdD" r:qs="rIdD" r:cs="rIdD"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'),
    [("rIdD", "diagramData", "diagrams/data1.xml")],
    {"word/diagrams/data1.xml": f'{HEAD}<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{R}"><dgm:ptLst><dgm:pt modelId="1"><dgm:prSet><a:hlinkClick r:id="rId1" action="ppaction://program"/></dgm:prSet></dgm:pt></dgm:ptLst><dgm:bg><a:blipFill><a:blip r:link="rId2"/></a:blipFill></dgm:bg></dgm:dataModel>'},
    {"word/diagrams/data1.xml": OFFICE + "drawingml.diagramData+xml"},
    {"word/diagrams/data1.xml": [("rId1", "hyperlink", f"file:///C:/{live}.exe", "External"), ("rId2", "image", url(live), "External")]}))
docx("vml-events", "VML の属性（イベント、外部参照、スクリプト）", lambda live, keep: document(
    keep, paragraph(f'<w:r><w:pict><v:shape onmouseover="{live}" href="javascript:{live}" o:bullet="t" style="width:9pt;height:9pt;behavior:url({url(live)})"><w:movie r:id="rId1"/><o:script>{live}</o:script></v:shape><w:scriptAnchor><w:scriptText>{live}</w:scriptText></w:scriptAnchor></w:pict></w:r>'),
    [("rId1", "video", url(live), "External")]))

# The reader's parser.
XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1/{0}"><!ENTITY % p SYSTEM "file:///etc/passwd">]>'
either("docx", "xxe", "外部実体（XXE）", lambda live, keep: document(keep, paragraph("<w:r><w:t>&e;</w:t></w:r>"), head=XXE.format(live)), keep=False)
LAUGHS = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "{0}">' + "".join(f'<!ENTITY a{n} "' + f"&a{n - 1};" * 10 + '">' for n in range(1, 10)) + "]>"
either("docx", "entity-bomb", "実体の爆弾（billion laughs）", lambda live, keep: document(keep, paragraph("<w:r><w:t>&a9;</w:t></w:r>"), head=LAUGHS.format(live)), keep=False)
either("docx", "deep-xml", "深すぎる入れ子の XML", lambda live, keep: document(keep, "<w:sdt>" * 60000 + f"<!--{live}-->" + "</w:sdt>" * 60000), keep=False)
either("docx", "utf16-xml", "UTF-16 で書いた XML（検査のすり抜け）", lambda live, keep: repack(
    document(keep, field(DDE.format(live))), lambda name, data: b"\xff\xfe" + data.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16-le") if name == "word/document.xml" else data))
refused("docx", "xml-bomb", "数百 MiB に展開される部品", lambda live, keep: document(keep, "<w:p/>" * 30 + " " * (600 << 20)))
either("docx", "duplicate-relationships", "同じ Id の関係が 2 つ", lambda live, keep: document(
    keep, paragraph(f'<w:hyperlink r:id="rId1">{run("こちら")}</w:hyperlink>'), [("rId1", "hyperlink", "http://127.0.0.1/", "External"), ("rId1", "hyperlink", f"javascript:{live}", "External")]))
either("docx", "target-traversal", "パッケージの外を指す参照（../../..）", lambda live, keep: document(keep, picture("rId1"), [("rId1", "image", f"../../../../{live}/etc/passwd")]))
docx("relationship-case", "大文字小文字・空白を変えた TargetMode", lambda live, keep: repack(
    document(keep, picture("rId1", "link"), [("rId1", "image", url(live), "External")]), lambda name, data: data.replace(b'TargetMode="External"', b'TargetMode="&#69;xternal"')))
refused("docx", "two-documents", "同じ名前の部品が 2 つ（document.xml）", lambda live, keep: repack(document(keep), add={"word/document.xml": part("document", f"<w:body>{field(DDE.format(live))}</w:body>")}))
either("xml", "flat-opc", "マクロ入り Flat OPC", lambda live, keep: flat_opc(live, keep), name="flat-opc.xml")
either("xml", "wordml-2003", "WordML 2003（binData のマクロ）", lambda live, keep: (
    f'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" w:macrosPresent="yes"><w:docSuppData><w:binData w:name="editdata.mso">{live}</w:binData></w:docSuppData><w:body><w:p><w:r><w:t>{keep}</w:t></w:r></w:p></w:body></w:wordDocument>').encode(), name="wordml.xml")


def flat_opc(live, keep):
    import base64
    parts = f'<pkg:part pkg:name="/word/vbaProject.bin" pkg:contentType="application/vnd.ms-office.vbaProject"><pkg:binaryData>{base64.b64encode(compound.vba_bin(live)).decode()}</pkg:binaryData></pkg:part>'
    return f'{HEAD}<?mso-application progid="Word.Document"?><pkg:package xmlns:pkg="{MS}/2006/xmlPackage">{parts}<pkg:part pkg:name="/word/document.xml" pkg:contentType="{MAIN}"><pkg:xmlData>{part("document", paragraph(run(keep))).removeprefix(HEAD)}</pkg:xmlData></pkg:part></pkg:package>'.encode()


def metafile(live):
    from .pictures import emf
    return emf(live)


def chart(live):
    return (
        f'{HEAD}<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{R}"><c:chart><c:plotArea><c:layout/><c:barChart><c:barDir val="col"/>'
        f'<c:ser><c:idx val="0"/><c:order val="0"/><c:val><c:numRef><c:f>&apos;[{url(live)}]Sheet1&apos;!$A$1</c:f><c:numCache><c:ptCount val="1"/><c:pt idx="0"><c:v>4</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>'
        '<c:axId val="1"/><c:axId val="2"/></c:barChart><c:catAx><c:axId val="1"/><c:crossAx val="2"/></c:catAx><c:valAx><c:axId val="2"/><c:crossAx val="1"/></c:valAx></c:plotArea></c:chart><c:externalData r:id="rId1"><c:autoUpdate val="1"/></c:externalData></c:chartSpace>'
    )


def encrypted(plain, password):
    """The package under a password, by msoffcrypto-tool, which writes streams below 4096 bytes wrongly: hence the padding."""
    import hashlib
    from msoffcrypto.format.ooxml import OOXMLFile
    out = io.BytesIO()
    plain = repack(plain, add={"docProps/padding.dat": b"".join(hashlib.sha256(bytes([n])).digest() for n in range(200))})
    OOXMLFile(io.BytesIO(plain)).encrypt(password, out)
    return out.getvalue()


refused("docx", "password", "開くためのパスワードがかかった文書", lambda live, keep: encrypted(document(keep), live))


# Japanese office work: nothing dangerous but one thing, much that must stay.
def municipal(live, keep):
    vertical = '<w:textDirection w:val="tbRl"/><w:docGrid w:type="linesAndChars" w:linePitch="360"/>'
    ruby = f'<w:r><w:ruby><w:rubyPr><w:rubyAlign w:val="distributeSpace"/><w:hps w:val="10"/><w:hpsRaise w:val="18"/><w:hpsBaseText w:val="21"/><w:lid w:val="ja-JP"/></w:rubyPr><w:rt>{run("いまり")}</w:rt><w:rubyBase>{run("伊万里")}</w:rubyBase></w:ruby></w:r>'
    cell = lambda text, more="": f'<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/>{more}</w:tcPr>{paragraph(run(text))}</w:tc>'
    first, wide, name = '<w:vMerge w:val="restart"/>', '<w:gridSpan w:val="2"/>', "髙﨑 𠮷田 葛\U000E0100 \ue000"
    form = f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid><w:gridCol w:w="2000"/><w:gridCol w:w="2000"/></w:tblGrid><w:tr>{cell("申請者", first)}{cell(name)}</w:tr><w:tr>{cell("", "<w:vMerge/>")}{cell("令和8年11月24日（明治・大正・昭和・平成）")}</w:tr><w:tr>{cell("備考㈱①Ⅳ", wide)}</w:tr></w:tbl>'
    styled = '<w:r><w:rPr><w:em w:val="dot"/><w:eastAsianLayout w:id="1" w:combine="1"/><w:fitText w:val="1000" w:id="2"/></w:rPr><w:t>圏点と割注</w:t></w:r>'
    return document(keep, paragraph(ruby, styled) + form + field(DDE.format(live)), section=vertical)


docx("municipal-form", "日本の様式（ルビ、縦書き、外字、和暦、結合セル、圏点）の中の DDE", municipal)
