"""Slide shows: PPTX and what carries code, by hand."""
from . import compound, either, threat, unc, url
from .package import HEAD, MS, OFFICE, PIXEL, R, escape, package

NS = f'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{R}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main"'
SLIDE = OFFICE + "presentationml."
MAIN = SLIDE + "presentation.main+xml"
MACRO = "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"
TREE = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'


def box(text, id=2, link="", run=""):
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{id}" name="箱">{link}</p:cNvPr><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="3000000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f'<p:txBody><a:bodyPr/><a:p><a:r><a:rPr lang="ja-JP">{run}</a:rPr><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>'
    )


def picture(rel, nv="", blip="", attribute="embed", link=""):
    return (
        f'<p:pic><p:nvPicPr><p:cNvPr id="9" name="p">{link}</p:cNvPr><p:cNvPicPr/><p:nvPr>{nv}</p:nvPr></p:nvPicPr><p:blipFill><a:blip r:{attribute}="{rel}">{blip}</a:blip><a:stretch><a:fillRect/></a:stretch></p:blipFill>'
        '<p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="9" cy="9"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>'
    )


def part(root, inner="", more=""):
    return f"{HEAD}<p:{root} {NS} {more}>{inner}</p:{root}>"


def deck(keep, shapes="", rels=(), parts=None, types=None, more_rels=None, main=MAIN, timing="", transition="", show_rels=(), show="", master="", master_rels=(), package_rels=(), layout="", layout_rels=(), common="", slide_more=""):
    """A PPTX of one slide, one layout, one master, one theme."""
    tree = lambda inner: f'<p:cSld>{common}<p:spTree>{TREE}{inner}</p:spTree></p:cSld>'
    colours = "".join(f'<a:{name}><a:srgbClr val="{value}"/></a:{name}>' for name, value in (("dk1", "000000"), ("lt1", "FFFFFF"), ("dk2", "222222"), ("lt2", "EEEEEE"), *((f"accent{n}", "336699") for n in range(1, 7)), ("hlink", "0000FF"), ("folHlink", "800080")))
    theme = f'{HEAD}<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="T"><a:themeElements><a:clrScheme name="c">{colours}</a:clrScheme><a:fontScheme name="f"><a:majorFont><a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/></a:majorFont><a:minorFont><a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/></a:minorFont></a:fontScheme><a:fmtScheme name="f">' + "".join(
        f"<a:{list}>{item * 3}</a:{list}>" for list, item in (("fillStyleLst", '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'), ("lnStyleLst", '<a:ln><a:solidFill><a:schemeClr val="phClr"/></a:solidFill></a:ln>'), ("effectStyleLst", "<a:effectStyle><a:effectLst/></a:effectStyle>"), ("bgFillStyleLst", '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'))) + "</a:fmtScheme></a:themeElements></a:theme>"
    mapping = '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/>'
    parts = {
        "ppt/presentation.xml": part("presentation", f'<p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="rId2"/></p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/>{show}'),
        "ppt/slides/slide1.xml": part("sld", tree(box(f"説明資料 {keep}") + shapes) + "<p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr>" + transition + timing, slide_more),
        "ppt/slideLayouts/slideLayout1.xml": part("sldLayout", tree(layout)),
        "ppt/slideMasters/slideMaster1.xml": part("sldMaster", tree(master) + mapping + '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst>'),
        "ppt/theme/theme1.xml": theme,
        **(parts or {}),
    }
    types = {"ppt/presentation.xml": main, "ppt/slides/slide1.xml": SLIDE + "slide+xml", "ppt/slideLayouts/slideLayout1.xml": SLIDE + "slideLayout+xml", "ppt/slideMasters/slideMaster1.xml": SLIDE + "slideMaster+xml", "ppt/theme/theme1.xml": OFFICE + "theme+xml", **(types or {})}
    every = {
        "": [("rIdDeck", "officeDocument", "ppt/presentation.xml"), *package_rels],
        "ppt/presentation.xml": [("rId1", "slideMaster", "slideMasters/slideMaster1.xml"), ("rId2", "slide", "slides/slide1.xml"), *show_rels],
        "ppt/slides/slide1.xml": [("rIdL", "slideLayout", "../slideLayouts/slideLayout1.xml"), *rels],
        "ppt/slideLayouts/slideLayout1.xml": [("rId1", "slideMaster", "../slideMasters/slideMaster1.xml"), *layout_rels],
        "ppt/slideMasters/slideMaster1.xml": [("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml"), ("rId2", "theme", "../theme/theme1.xml"), *master_rels],
        **(more_rels or {}),
    }
    return package(parts, every, types)


def pptx(id, ja, build, **more):
    threat("pptx", id, ja, build, **more)


click = lambda rel, action="": f'<a:hlinkClick r:id="{rel}" action="{action}"/>'
ACTIONS = [
    ("program", "プログラムの実行", "ppaction://program", "file:///C:/{0}/run.exe"), ("macro", "マクロの実行", "ppaction://macro?name={0}", None), ("ole", "OLE 動詞の実行", "ppaction://ole?verb=0&amp;x={0}", None),
    ("file", "ファイルを開く", "ppaction://hlinkfile", "file:///C:/{0}.vbs"), ("presentation", "別の発表を開く", "ppaction://hlinkpres?slideindex=1", "file://127.0.0.1/{0}/x.ppsm"), ("unc", "UNC 先を開く", "ppaction://hlinkfile", r"\\127.0.0.1\{0}\x.exe"),
]
for id, ja, action, target in ACTIONS:
    for how in ("click", "hover"):
        tag = "hlinkClick" if how == "click" else "hlinkHover"
        pptx(f"action-{id}-{how}", f"動作設定: {ja}（{'クリック' if how == 'click' else '通過'}）", lambda live, keep, a=action, t=target, g=tag: deck(
            keep, box("押す", 3, f'<a:{g} r:id="{"rId9" if t else ""}" action="{a.format(live)}"/>'), [("rId9", "hyperlink", t.format(live), "External")] if t else []))
pptx("action-on-run", "文字列の動作設定", lambda live, keep: deck(keep, box("押す", 3, run=f'<a:hlinkClick r:id="rId9" action="ppaction://program"/><a:hlinkMouseOver r:id="rId9"/>'), [("rId9", "hyperlink", f"file:///C:/{live}.exe", "External")]))
pptx("action-sound", "動作設定の音（外部）", lambda live, keep: deck(keep, box("押す", 3, f'<a:hlinkClick r:id="rId9"><a:snd r:embed="rId8" name="{live}.wav"/></a:hlinkClick>'), [("rId9", "hyperlink", "http://127.0.0.1/", "External"), ("rId8", "audio", "../media/a.wav")], {"ppt/media/a.wav": live}))
for id, target in (("javascript", "javascript:{0}"), ("ms-msdt", "ms-msdt:{0}"), ("relative", "{0}.exe"), ("script-moniker", "script:http://127.0.0.1/{0}")):
    pptx(f"hyperlink-{id}", f"許可されていない宛先のハイパーリンク（{id}）", lambda live, keep, t=target: deck(keep, box("押す", 3, click("rId9")), [("rId9", "hyperlink", t.format(live), "External")]))
pptx("action-in-master", "マスターの動作設定", lambda live, keep: deck(keep, master=box("押す", 3, click("rId9", "ppaction://program")), master_rels=[("rId9", "hyperlink", f"file:///C:/{live}.exe", "External")]))
pptx("action-in-layout", "レイアウトの動作設定", lambda live, keep: deck(keep, layout=box("押す", 3, click("rId9", "ppaction://program")), layout_rels=[("rId9", "hyperlink", f"file:///C:/{live}.exe", "External")]))
IMAGE = ("rIdP", "image", "../media/p.png")
PARTS = {"ppt/media/p.png": PIXEL}
pptx("video-external", "外部の動画（r:link）", lambda live, keep: deck(keep, picture("rIdP", '<a:videoFile r:link="rId9"/>', link=click("", "ppaction://media")), [IMAGE, ("rId9", "video", url(live, "a.mp4"), "External")], PARTS))
pptx("video-unc", "外部の動画（UNC、自動再生）", lambda live, keep: deck(keep, picture("rIdP", '<a:videoFile r:link="rId9"/>'), [IMAGE, ("rId9", "video", "file:///" + unc(live), "External")], PARTS, timing='<p:timing><p:tnLst><p:par><p:cTn id="1" dur="indefinite" nodeType="tmRoot"><p:childTnLst><p:video><p:cMediaNode vol="80000"><p:cTn id="2" fill="hold"/><p:tgtEl><p:spTgt spid="9"/></p:tgtEl></p:cMediaNode></p:video></p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>'))
pptx("video-embedded", "埋め込みの動画・音声", lambda live, keep: deck(
    keep, picture("rIdP", '<a:videoFile r:link="rId9"/><p:extLst><p:ext uri="{DAA4B4D4-6D71-4841-9C94-3DE7FCFB9230}"><p14:media r:embed="rId8"/></p:ext></p:extLst>'),
    [IMAGE, ("rId9", "video", "../media/a.mp4"), ("rId8", f"{MS}/2007/relationships/media", "../media/a.mp4")], {**PARTS, "ppt/media/a.mp4": "\0\0\0\x18ftypmp42" + live}))
pptx("sound-transition", "画面切り替えの音", lambda live, keep: deck(keep, rels=[("rId9", "audio", "../media/a.wav")], parts={"ppt/media/a.wav": live}, transition=f'<p:transition><p:sndAc><p:stSnd><p:snd r:embed="rId9" name="{live}"/></p:stSnd></p:sndAc></p:transition>'))
FRAME = '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="7" name="o"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr><p:xfrm><a:off x="0" y="0"/><a:ext cx="9" cy="9"/></p:xfrm><a:graphic><a:graphicData uri="{0}">{1}</a:graphicData></a:graphic></p:graphicFrame>'
OLE = "http://schemas.openxmlformats.org/presentationml/2006/ole"
VERB = '<p:timing><p:tnLst><p:par><p:cTn id="1" dur="indefinite" nodeType="tmRoot"><p:childTnLst><p:cmd type="verb" cmd="0"><p:cBhvr><p:cTn id="2" fill="hold"/><p:tgtEl><p:spTgt spid="7"/></p:tgtEl></p:cBhvr></p:cmd></p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>'
pptx("ole-verb", "OLE を自動実行するアニメーション（cmd type=verb）", lambda live, keep: deck(
    keep, FRAME.format(OLE, f'<p:oleObj name="{live}" r:id="rId9" progId="Package"><p:embed/>{picture("rIdP")}</p:oleObj>'), [IMAGE, ("rId9", "oleObject", "../embeddings/oleObject1.bin")], {**PARTS, "ppt/embeddings/oleObject1.bin": compound.ole_package(live)}, timing=VERB))
pptx("ole-link", "リンク OLE（script:、自動更新）", lambda live, keep: deck(
    keep, FRAME.format(OLE, f'<p:oleObj name="x" r:id="rId9" progId="htmlfile"><p:link updateAutomatic="1"/>{picture("rIdP")}</p:oleObj>'), [IMAGE, ("rId9", "oleObject", f"script:{url(live)}", "External")], PARTS, timing=VERB))
pptx("activex", "ActiveX コントロール", lambda live, keep: deck(
    keep, rels=[("rId9", "control", "../activeX/activeX1.xml")], common="", parts={"ppt/activeX/activeX1.xml": f'{HEAD}<ax:ocx xmlns:ax="{MS}/2006/activeX" ax:classid="{{D27CDB6E-AE6D-11CF-96B8-444553540000}}"><ax:ocxPr ax:name="Movie" ax:value="{url(live)}"/></ax:ocx>'},
    types={"ppt/activeX/activeX1.xml": "application/vnd.ms-office.activeX+xml"}, shapes=f'<mc:AlternateContent><mc:Choice xmlns:v="urn:schemas-microsoft-com:vml" Requires="v"><p:control spid="1" name="{live}" r:id="rId9"/></mc:Choice></mc:AlternateContent>'))


def with_vba(live, keep, main):
    return deck(keep, show_rels=[("rId9", f"{MS}/2006/relationships/vbaProject", "vbaProject.bin")], parts={"ppt/vbaProject.bin": compound.vba_bin(live, "Auto_Open")}, types={"ppt/vbaProject.bin": "application/vnd.ms-office.vbaProject"}, main=main)


threat("pptm", "vba", "VBA マクロ", lambda live, keep: with_vba(live, keep, MACRO))
threat("potm", "vba-template", "マクロ付きテンプレート", lambda live, keep: with_vba(live, keep, "application/vnd.ms-powerpoint.template.macroEnabled.main+xml"))
threat("ppsm", "vba-show", "マクロ付きスライドショー", lambda live, keep: with_vba(live, keep, "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml"))
threat("ppsx", "show", "すぐに始まるスライドショー（動作設定つき）", lambda live, keep: deck(keep, box("押す", 3, click("rId9", "ppaction://program")), [("rId9", "hyperlink", f"file:///C:/{live}.exe", "External")], main=SLIDE + "slideshow.main+xml"))
threat("potx", "template", "テンプレート（外部画像つき）", lambda live, keep: deck(keep, picture("rId9", attribute="link"), [("rId9", "image", url(live), "External")], main=SLIDE + "template.main+xml"))
either("ppam", "vba-addin", "アドイン（ppam）", lambda live, keep: with_vba(live, keep, "application/vnd.ms-powerpoint.addin.macroEnabled.main+xml"), keep=False)
pptx("linked-picture", "外部画像", lambda live, keep: deck(keep, picture("rId9", attribute="link"), [("rId9", "image", url(live), "External")]))
pptx("linked-background", "背景の外部画像", lambda live, keep: deck(keep, common='<p:bg><p:bgPr><a:blipFill><a:blip r:link="rId9"/><a:stretch/></a:blipFill><a:effectLst/></p:bgPr></p:bg>', rels=[("rId9", "image", url(live), "External")], show_rels=[]))
pptx("external-slide", "外部のスライド・マスター", lambda live, keep: deck(keep, rels=[("rId9", "slideUpdateInfo", "../slideUpdateInfo/s1.xml"), ("rId8", "slide", url(live), "External")], parts={"ppt/slideUpdateInfo/s1.xml": f'{HEAD}<p:sldSyncPr {NS} serverSldId="{live}"/>'}, types={"ppt/slideUpdateInfo/s1.xml": SLIDE + "slideUpdateInfo+xml"}))
pptx("tags", "タグ・独自データ（custDataLst）", lambda live, keep: deck(keep, rels=[("rId9", "tags", "../tags/tag1.xml")], parts={"ppt/tags/tag1.xml": part("tagLst", f'<p:tag name="X" val="{live}"/>')}, types={"ppt/tags/tag1.xml": SLIDE + "tags+xml"}))
pptx("comments", "コメントと投稿者", lambda live, keep: deck(
    keep, rels=[("rId9", "comments", "../comments/comment1.xml")], show_rels=[("rId9", "commentAuthors", "commentAuthors.xml")],
    parts={"ppt/comments/comment1.xml": part("cmLst", f'<p:cm authorId="0" idx="1"><p:pos x="1" y="1"/><p:text>{live}</p:text></p:cm>'), "ppt/commentAuthors.xml": part("cmAuthorLst", f'<p:cmAuthor id="0" name="{live}" initials="a" lastIdx="1" clrIdx="0"/>')},
    types={"ppt/comments/comment1.xml": SLIDE + "comments+xml", "ppt/commentAuthors.xml": SLIDE + "commentAuthors+xml"}), live="inert")
pptx("embedded-font", "埋め込みフォント", lambda live, keep: deck(keep, show='<p:embeddedFontLst><p:embeddedFont><p:font typeface="E"/><p:regular r:id="rId9"/></p:embeddedFont></p:embeddedFontLst>', show_rels=[("rId9", "font", "fonts/font1.fntdata")], parts={"ppt/fonts/font1.fntdata": live * 9}))
pptx("hidden-slide", "非表示のスライド", lambda live, keep: deck(keep, box(live, 4), slide_more='show="0"'), live="reported")
pptx("off-slide", "画面の外に置いた文字", lambda live, keep: deck(keep, box(live, 4).replace('<a:off x="0" y="0"/>', '<a:off x="-99999999" y="0"/>')), live="inert", active=False)
pptx("model-and-ink", "3D モデル・インク（contentPart）", lambda live, keep: deck(keep, f'<p:contentPart r:id="rId9"/>', [("rId9", "customXml", "../ink/ink1.xml"), ("rId8", f"{MS}/2017/06/relationships/model3d", "../media/model3d1.glb")], {"ppt/ink/ink1.xml": f"<inkml:ink xmlns:inkml='http://www.w3.org/2003/InkML'>{live}</inkml:ink>", "ppt/media/model3d1.glb": live}, {"ppt/ink/ink1.xml": "application/inkml+xml", "ppt/media/model3d1.glb": "model/gltf.binary"}))
pptx("custom-show-macro", "図形のマクロ名・アニメーションの命令（call）", lambda live, keep: deck(keep, timing=VERB.replace('type="verb" cmd="0"', f'type="call" cmd="{live}"')))
pptx("web-video", "Web 動画・アドイン（webextension）", lambda live, keep: deck(keep, FRAME.format(f"{MS}/webextensions/webextension/2010/11", f'<we:webextensionref xmlns:we="{MS}/webextensions/webextension/2010/11" r:id="rId9"/>'), [("rId9", f"{MS}/2011/relationships/webextension", "../webextensions/w.xml")], {"ppt/webextensions/w.xml": f'<we:webextension xmlns:we="{MS}/webextensions/webextension/2010/11" id="{live}"/>'}, {"ppt/webextensions/w.xml": "application/vnd.ms-office.webextension+xml"}))
either("pptx", "xxe", "外部実体（XXE）", lambda live, keep: deck(keep, parts={"ppt/slides/slide1.xml": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{url(live)}">]>' + part("sld", f"<p:cSld><p:spTree>{TREE}{box('&e;')}</p:spTree></p:cSld>").removeprefix(HEAD)}), keep=False)
pptx("municipal-slide", "日本の様式（縦書き、ルビ風の文字、外字）の中の動作設定", lambda live, keep: deck(
    keep, box("髙﨑 𠮷田 葛\U000E0100 \ue000 ㈱①", 3, click("rId9", "ppaction://program")).replace("<a:bodyPr/>", '<a:bodyPr vert="eaVert"/>'), [("rId9", "hyperlink", f"file:///C:/{live}.exe", "External")]))
