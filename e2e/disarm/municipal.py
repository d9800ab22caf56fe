"""Japanese municipal forms as town halls send them: merged cells, ruby, vertical writing, user-defined characters, wareki
dates, seals as transparent pictures, print areas, justified names. Every one is benign, so every one must survive.

Needs python-docx, openpyxl, python-pptx and Pillow (PyPI); `old_formats` needs LibreOffice.
"""
import copy, io, pathlib, re, subprocess, zipfile

FONT = "ＭＳ 明朝"
GOTHIC = "ＭＳ ゴシック"
WAREKI = '[$-411]ggge"年"m"月"d"日"'
# A character of the user-defined plane, one beyond the BMP, one with a variation selector: names of people hold them.
NAME = "髙﨑　葛\U000e0100城　𠮷田\ue000"


def seal(text="伊万里市長之印", side=160):
    """A square official seal in red on nothing."""
    from PIL import Image, ImageDraw, ImageFont
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((4, 4, side - 5, side - 5), outline=(200, 30, 30, 230), width=6)
    font = ImageFont.truetype("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", side // 4)
    for index, sign in enumerate(text):
        column, row = divmod(index, 3)
        draw.text((side - 18 - (column + 1) * side // 3.4, 10 + row * side // 3.4), sign, font=font, fill=(200, 30, 30, 220))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def map_picture(width=640, height=420):
    """A sketch of a site with lines and areas, as a photograph or a scanned plan would be pasted in."""
    from PIL import Image, ImageDraw
    picture = Image.new("RGB", (width, height), (244, 240, 228))
    draw = ImageDraw.Draw(picture)
    for step in range(9):
        draw.line((0, 40 + step * 48, width, 20 + step * 52), fill=(150, 150, 140), width=3)
        draw.line((30 + step * 75, 0, 10 + step * 79, height), fill=(170, 160, 150), width=4)
    draw.polygon([(140, 90), (330, 110), (320, 250), (150, 240)], fill=(240, 190, 120), outline=(180, 60, 20))
    draw.ellipse((430, 200, 560, 330), fill=(140, 190, 230), outline=(30, 70, 140))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


# ---- Word

def w(xml):
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    head, rest = re.match(r"(<[\w:]+)(.*)", xml, re.S).groups()
    return parse_xml(f"{head} {nsdecls('w')}{rest}")


def run(text, extra=""):
    return f'<w:r><w:rPr><w:rFonts w:ascii="Century" w:hAnsi="Century" w:eastAsia="{FONT}" w:hint="eastAsia"/>{extra}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def ruby(base, reading, size=21):
    plain = lambda text, half: f'<w:r><w:rPr><w:rFonts w:eastAsia="{FONT}" w:hint="eastAsia"/><w:sz w:val="{half}"/></w:rPr><w:t>{text}</w:t></w:r>'
    return f'<w:r><w:ruby><w:rubyPr><w:rubyAlign w:val="distributeSpace"/><w:hps w:val="{size // 2}"/><w:hpsRaise w:val="{size - 3}"/><w:hpsBaseText w:val="{size}"/><w:lid w:val="ja-JP"/></w:rubyPr><w:rt>{plain(reading, size // 2)}</w:rt><w:rubyBase>{plain(base, size)}</w:rubyBase></w:ruby></w:r>'


def paragraph(*runs, jc=None, indent=None):
    properties = (f'<w:ind w:firstLineChars="{indent}" w:firstLine="{indent * 2}"/>' if indent else "") + (f'<w:jc w:val="{jc}"/>' if jc else "")
    return w(f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>")


def plain_docx():
    """A document on A4 with Japanese text styles and a character grid."""
    import docx
    from docx.oxml.ns import qn
    made = docx.Document()
    normal = made.styles["Normal"]
    normal.font.name = "Century"
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    from docx.shared import Mm, Pt
    normal.font.size = Pt(10.5)
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin = section.bottom_margin = Mm(22)
    section._sectPr.append(w('<w:docGrid w:type="linesAndChars" w:linePitch="360"/>'))
    return made


def add(made, element):
    made.element.body.insert(len(made.element.body) - 1, element)
    return element


def place_seal(made, picture, x_mm, y_mm, side_mm):
    """Over the text, as seals are."""
    from docx.oxml import parse_xml
    from docx.shared import Mm
    holder = made.add_paragraph()
    inline = holder.add_run().add_picture(io.BytesIO(picture), width=Mm(side_mm))._inline
    graphic, extent, properties = inline.graphic, inline.extent, inline.docPr
    space = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    anchor = parse_xml(
        f'<wp:anchor {space} distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="251659264" behindDoc="1" locked="0" layoutInCell="1" allowOverlap="1">'
        f'<wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="page"><wp:posOffset>{x_mm * 36000}</wp:posOffset></wp:positionH>'
        f'<wp:positionV relativeFrom="page"><wp:posOffset>{y_mm * 36000}</wp:posOffset></wp:positionV>'
        f'<wp:extent cx="{extent.cx}" cy="{extent.cy}"/><wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/><wp:docPr id="{properties.id}" name="公印"/><wp:cNvGraphicFramePr/></wp:anchor>')
    anchor.append(copy.deepcopy(graphic))
    inline.getparent().replace(inline, anchor)


def application_docx():
    """住民票の写し等交付申請書: nested merges, exact rows, boxes to tick, ruby over names, a seal over the date."""
    made = plain_docx()
    add(made, paragraph(run("様式第１号（第３条関係）", '<w:sz w:val="18"/>')))
    add(made, paragraph(run("住民票の写し等交付申請書", '<w:b/><w:spacing w:val="40"/><w:sz w:val="32"/>'), jc="center"))
    add(made, paragraph(run("令和８年１１月２４日"), jc="right"))
    add(made, paragraph(run("（宛先）"), ruby("伊万里", "いまり"), run("市長"), indent=100))
    place_seal(made, seal(), 150, 44, 22)
    border = "".join(f'<w:{side} w:val="single" w:sz="{8 if side in ("top", "bottom", "left", "right") else 4}" w:space="0" w:color="000000"/>' for side in ("top", "left", "bottom", "right", "insideH", "insideV"))
    widths = [900, 1500, 2400, 1300, 2900]

    def cell(content, span=1, merge=None, at=0, direction=None, jc="left", shade=None):
        properties = f'<w:tcW w:w="{sum(widths[at:at + span])}" w:type="dxa"/>'
        properties += f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
        properties += {None: "", "start": '<w:vMerge w:val="restart"/>', "on": "<w:vMerge/>"}[merge]
        properties += f'<w:shd w:val="clear" w:color="auto" w:fill="{shade}"/>' if shade else ""
        properties += f'<w:textDirection w:val="{direction}"/>' if direction else ""
        return f'<w:tc><w:tcPr>{properties}<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr><w:jc w:val="{jc}"/></w:pPr>{content}</w:p></w:tc>'

    def row(*cells, height=520):
        return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}" w:hRule="exact"/></w:trPr>{"".join(cells)}</w:tr>'

    label = lambda text: run(text)
    rows = [
        row(cell(label("窓口に来た人"), merge="start", direction="tbRlV", jc="center", shade="E7E6E6"), cell(label("ふりがな"), at=1, jc="distribute"), cell(run("たかさき　よしだ"), span=3, at=2)),
        row(cell("", merge="on"), cell(label("氏名"), at=1, jc="distribute"), cell(ruby("髙﨑", "たかさき") + run(f"　{NAME}"), span=3, at=2), height=760),
        row(cell("", merge="on"), cell(label("住所"), at=1, jc="distribute"), cell(run("佐賀県伊万里市立花町１３５５番地１　㈱前田ビル①号室"), span=3, at=2), height=640),
        row(cell("", merge="on"), cell(label("生年月日"), at=1, jc="distribute"), cell(run("□明治　□大正　☑昭和　□平成　５８年　３月　９日"), span=3, at=2)),
        row(cell("", merge="on"), cell(label("電話番号"), at=1, jc="distribute"), cell(run("０９５５－２３－２１１１"), at=2), cell(label("続柄"), at=3, jc="distribute"), cell(run("本人・世帯主"), at=4)),
        row(cell(label("必要なもの"), merge="start", span=2, jc="center", shade="E7E6E6"), cell(run("☑世帯全員"), at=2), cell(run("３　通"), at=3, jc="right"), cell(run("手数料　￥９００"), at=4, jc="right")),
        row(cell("", merge="on", span=2), cell(run("□世帯の一部"), at=2), cell(run("　　通"), at=3, jc="right"), cell(run("□本籍 □続柄 □個人番号"), at=4)),
        row(cell(label("使いみち"), span=2, jc="distribute"), cell(run("□運転免許　☑年金　□登記　□その他（　　　　　　　　　　）"), span=3, at=2)),
        row(cell(label("本人確認"), span=2, jc="distribute"), cell(run("□運転免許証　□マイナンバーカード　□旅券　□その他"), span=2, at=2), cell(run("確認者印　", ) + run("㊞", '<w:bdr w:val="single" w:sz="4" w:space="0" w:color="auto"/>'), at=4), height=700),
    ]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    add(made, w(f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{border}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(rows)}</w:tbl>'))
    add(made, paragraph(run("備考　１　偽りその他不正の手段により交付を受けたときは、"), ruby("過料", "かりょう"), run("に処せられます。"), indent=100))
    add(made, paragraph(run("　　　２　", ), run("太枠", '<w:em w:val="dot"/>'), run("の中を"), run("黒のボールペン", '<w:u w:val="wave"/>'), run("で記入してください。"), indent=100))
    made.add_picture(io.BytesIO(map_picture()), width=3000000)
    section = made.sections[0]
    section.header.paragraphs[0].text = "伊万里市　市民課　第１２３４号"
    section.footer.paragraphs[0].text = "保存年限　５年"
    return saved(made)


def vertical_docx():
    """告示: the page runs from top to bottom and right to left, with upright numbers, ruby and two columns."""
    made = plain_docx()
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm
    section = made.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    settings = section._sectPr
    for grid in settings.findall("{*}docGrid"):
        settings.remove(grid)
    for columns in settings.findall("{*}cols"):
        settings.remove(columns)
    for extra in ('<w:cols w:num="2" w:space="720" w:sep="1"/>', '<w:textDirection w:val="tbRl"/>', '<w:docGrid w:type="linesAndChars" w:linePitch="400"/>'):
        settings.append(w(extra))
    upright = lambda digits: run(digits, '<w:eastAsianLayout w:id="-1234567" w:vert="1"/>')
    add(made, paragraph(ruby("伊万里", "いまり"), run("市告示第"), upright("45"), run("号"), jc="right"))
    add(made, paragraph(run("伊万里市議会臨時会の招集について", '<w:b/><w:sz w:val="28"/>')))
    for number in range(1, 15):
        add(made, paragraph(run("地方自治法（昭和"), upright("22"), run("年法律第"), upright("67"), run("号）第百一条の規定により、次のとおり市議会臨時会を招集する。「"), ruby("付議事件", "ふぎじけん"), run(f"」第{'〇一二三四五六七八九'[number % 10]}号　令和八年度一般会計補正予算（第三号）について、"), run("議決", '<w:em w:val="comma"/>'), run("を求める――提出者、深浦　弘信。"), indent=100))
    add(made, paragraph(run("令和八年十一月二十四日　　伊万里市長　深浦　弘信　印"), jc="right"))
    return saved(made)


def saved(made):
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


# ---- Excel

def expenditure_xlsx():
    """支出負担行為書: the sheet drawn as paper, every box merged, with print area, wareki, a seal, readings, lists."""
    import datetime
    import openpyxl
    from openpyxl.drawing.image import Image as Picture
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.worksheet.datavalidation import DataValidation
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "支出負担行為書"
    for column in range(1, 27):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].width = 3.4
    thin, thick, hair = Side(style="thin"), Side(style="medium"), Side(style="hair")

    def put(area, value=None, size=10, bold=False, align="center", direction=None, format=None, fill=None, shrink=False, border=thin):
        if ":" in area:
            sheet.merge_cells(area)
        first = area.split(":")[0]
        cell = sheet[first]
        cell.value = value
        cell.font = Font(name=FONT, size=size, bold=bold)
        cell.alignment = Alignment(horizontal=align, vertical="center", wrap_text=not shrink, shrink_to_fit=shrink, textRotation=direction or 0)
        if format:
            cell.number_format = format
        if border:
            for line in sheet[area] if ":" in area else ((cell,),):
                for one in line:
                    one.border = Border(left=border, right=border, top=border, bottom=border)
                    if fill:
                        one.fill = PatternFill("solid", fgColor=fill)

    put("A1:Z2", "支 出 負 担 行 為 書", size=18, bold=True, border=None)
    put("S3:Z3", datetime.date(2026, 11, 24), format=WAREKI, align="right", border=None)
    for index, post in enumerate(["市長", "副市長", "部長", "課長", "係長", "起案"]):
        start = openpyxl.utils.get_column_letter(1 + index * 3)
        end = openpyxl.utils.get_column_letter(3 + index * 3)
        put(f"{start}4:{end}4", post, size=9, fill="DDEBF7")
        put(f"{start}5:{end}7")
    put("S4:Z7", "第　　　　号\n決裁区分　甲・乙・丙", align="left")
    put("A8:A13", "予算科目", direction=255, fill="DDEBF7")
    for row, (name, value) in enumerate([("会計", "一般会計"), ("款", "２　総務費"), ("項", "１　総務管理費"), ("目", "５　財産管理費"), ("節", "１３　使用料及び賃借料"), ("細節", "システム借上料")], 8):
        put(f"B{row}:E{row}", name, align="distributed")
        put(f"F{row}:Z{row}", value, align="left")
    put("A14:E15", "契約の相手方", fill="DDEBF7", align="distributed")
    put("F14:Z15", f"佐賀県伊万里市立花町１３５５番地１　㈱髙﨑商店　代表取締役　{NAME}", align="left")
    put("A16:E17", "負担行為額", fill="DDEBF7", align="distributed")
    put("F16:Z17", "=SUM(V20:V31)", size=16, format='"金"#,##0"円也";[Red]"△"#,##0"円"', align="right", bold=True)
    for area, name in (("A19:B19", "番号"), ("C19:L19", "品名・規格"), ("M19:O19", "数量"), ("P19:Q19", "単位"), ("R19:U19", "単価"), ("V19:Z19", "金額")):
        put(area, name, fill="DDEBF7", size=9)
    for row in range(20, 32):
        number = row - 19
        put(f"A{row}:B{row}", number, size=9, border=hair)
        put(f"C{row}:L{row}", f"ノート型パーソナルコンピューター　第{number}種（令和８年度調達分・保守込み）", align="left", size=9, shrink=True, border=hair)
        put(f"M{row}:O{row}", number * 3 % 17 - 2, size=9, format="#,##0;[Red]△#,##0", align="right", border=hair)
        put(f"P{row}:Q{row}", "台", size=9, border=hair)
        put(f"R{row}:U{row}", 1234 * number, size=9, format="#,##0.00_ ", align="right", border=hair)
        put(f"V{row}:Z{row}", f"=M{row}*R{row}", size=9, format='#,##0_ ;[Red]"△"#,##0 ', align="right", border=hair)
    put("A33:E33", "履行期間", fill="DDEBF7", align="distributed")
    put("F33:N33", datetime.date(2026, 12, 1), format=WAREKI + '"から"', align="left")
    put("O33:Z33", datetime.date(2027, 3, 31), format='[$-411]gge.m.d"まで";@', align="left")
    put("A34:Z37", "備考\n　偶数月の末日に検収し、翌月の１０日までに支払うものとする。", align="left", size=9)
    for column in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        sheet[f"{column}1"].border = Border(top=thick)
    picture = Picture(io.BytesIO(seal("㈱髙﨑商店之印")))
    picture.width = picture.height = 70
    sheet.add_image(picture, "W12")
    sheet.add_data_validation(list_rule := DataValidation(type="list", formula1='"台,本,式,か月"', allow_blank=True))
    list_rule.add("P20:P31")
    sheet.conditional_formatting.add("V20:Z31", CellIsRule(operator="lessThan", formula=["0"], fill=PatternFill("solid", bgColor="FFFFC7CE"), font=Font(color="FF9C0006")))
    sheet.print_area = "A1:Z37"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    sheet.oddHeader.right.text = "財政課　保存年限５年"
    sheet.oddFooter.center.text = "&P／&N"
    sheet.freeze_panes = "A4"
    notes = book.create_sheet("記入要領")
    for row in range(1, 25):
        notes.cell(row, 1, f"{row}　金額は税込みとし、{'契約書' if row % 2 else '請書'}の写しを添えること。").font = Font(name=GOTHIC, size=11)
    notes.column_dimensions["A"].width = 70
    notes.print_area = "A1:A12"
    out = io.BytesIO()
    book.save(out)
    return with_readings(out.getvalue(), {"予算科目": "ヨサンカモク", "契約の相手方": "ケイヤクノアイテカタ"})


def with_readings(data, readings):
    """openpyxl does not write furigana, so it goes into the shared strings by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "xl/sharedStrings.xml":
                text = content.decode("utf-8")
                for base, reading in readings.items():
                    text = re.sub(rf"<si><t([^>]*)>{base}</t></si>", rf'<si><t\1>{base}</t><rPh sb="0" eb="{len(base)}"><t>{reading}</t></rPh><phoneticPr fontId="1" type="fullwidthKatakana" alignment="noControl"/></si>', text)
                content = text.encode("utf-8")
            new.writestr(item, content)
    return out.getvalue()


# ---- PowerPoint

def briefing_pptx():
    """住民説明会資料: vertical text, a table with merged cells, a plan, a seal, a chart."""
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.oxml.ns import qn
    from pptx.util import Mm, Pt
    deck = Presentation()
    deck.slide_width, deck.slide_height = Mm(297), Mm(210)

    def text(slide, x, y, width, height, words, size=18, vertical=False):
        box = slide.shapes.add_textbox(Mm(x), Mm(y), Mm(width), Mm(height)).text_frame
        box.word_wrap = True
        box.text = words
        if vertical:
            box._txBody.bodyPr.set("vert", "eaVert")
        for line in box.paragraphs:
            for piece in line.runs:
                piece.font.size = Pt(size)
                properties = piece._r.get_or_add_rPr()
                properties.append(properties.makeelement(qn("a:ea"), {"typeface": FONT}))
        return box

    first = deck.slides.add_slide(deck.slide_layouts[6])
    text(first, 20, 20, 220, 20, "都市計画道路　立花松島線　住民説明会", 30)
    text(first, 250, 20, 25, 150, "令和八年十一月二十四日\n伊万里市都市政策課", 16, vertical=True)
    first.shapes.add_picture(io.BytesIO(map_picture()), Mm(20), Mm(50), width=Mm(150))
    first.shapes.add_picture(io.BytesIO(seal()), Mm(205), Mm(150), width=Mm(28))
    text(first, 20, 160, 180, 30, f"担当：{NAME}（内線２２１１）", 14)
    second = deck.slides.add_slide(deck.slide_layouts[6])
    text(second, 20, 12, 250, 15, "１　事業の概要", 24)
    table = second.shapes.add_table(6, 5, Mm(20), Mm(40), Mm(255), Mm(120)).table
    for row in range(6):
        for column in range(5):
            table.cell(row, column).text = f"第{row}工区 {column}" if row else ["区分", "延長（ｍ）", "幅員（ｍ）", "事業費", "備考"][column]
            for piece in table.cell(row, column).text_frame.paragraphs[0].runs:
                piece.font.size = Pt(14)
    table.cell(1, 0).merge(table.cell(3, 0))
    table.cell(5, 1).merge(table.cell(5, 4))
    table.cell(1, 4)._tc.get_or_add_tcPr().set("vert", "eaVert")
    third = deck.slides.add_slide(deck.slide_layouts[6])
    text(third, 20, 12, 250, 15, "２　交通量の見込み", 24)
    figures = CategoryChartData()
    figures.categories = ["令和６年", "令和７年", "令和８年"]
    figures.add_series("自動車（台／日）", (8200, 8900, 9400))
    figures.add_series("歩行者（人／日）", (1200, 1500, 1900))
    third.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Mm(20), Mm(40), Mm(250), Mm(150), figures)
    third.notes_slide.notes_text_frame.text = "質問は最後にまとめて受ける。"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def converted(path, extension, folder):
    """By LibreOffice, with a profile of its own."""
    folder = pathlib.Path(folder)
    subprocess.run(["soffice", f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", extension, "--outdir", folder, path], check=True, capture_output=True, timeout=180)
    return folder / f"{pathlib.Path(path).stem}.{extension.split(':')[0]}"


FORMS = {"申請書.docx": application_docx, "縦書き告示.docx": vertical_docx, "支出負担行為書.xlsx": expenditure_xlsx, "説明会資料.pptx": briefing_pptx}
# What LibreOffice makes of those, as other towns and older machines send them: name → (source, target format).
OTHERS = {"申請書.pdf": "申請書.docx", "申請書（旧）.doc": "申請書.docx", "申請書.odt": "申請書.docx", "支出負担行為書（旧）.xls": "支出負担行為書.xlsx", "支出負担行為書.ods": "支出負担行為書.xlsx", "説明会資料（旧）.ppt": "説明会資料.pptx", "申請書.rtf": "申請書.docx"}


def make(folder):
    """All forms into a folder; returns their paths."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in FORMS.items():
        (folder / name).write_bytes(build())
    scratch = folder.parent / "converting"
    scratch.mkdir(exist_ok=True)
    for name, source in OTHERS.items():
        made = converted(folder / source, name.rsplit(".", 1)[1], scratch)
        made.replace(folder / name)
    return [folder / name for name in (*FORMS, *OTHERS)]
