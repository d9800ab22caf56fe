// One fiscal year in a generated city, lived by its people in Chromium: the April transfer, consents, training, a contract
// with its subcontract and its end, a USB memory overdue, a disposal, a social media account, an exception that expires,
// a revision of the policy, and the registers as a spreadsheet. At the end the ledger must verify, and so must the receipt
// of every decision.
//
//   node year.mjs --binary PATH [--port N] [--screens DIR]
//
// Needs python3 with openpyxl (a person's edits of a workbook). Prints one line a step and ends with 1 when one failed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { City, day, wareki } from "./city.mjs";
import { freshCode, option } from "./drive.mjs";

const began = Date.now();
let wrong = [];
let failed = 0;
const city = new City(option("binary"), Number(option("port", "18481")), (what, detail = "") => wrong.push(`${what} ${detail}`), option("screens"));

function check(what, holds, detail = "") {
  if (!holds) wrong.push(`${what} ${detail}`);
}

async function step(name, live) {
  const start = Date.now();
  wrong = [];
  city.step = name;
  try { await live(); } catch (error) { wrong.push(error.stack.split("\n").slice(0, 4).join("\n    ")); }
  const took = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${wrong.length ? "FAILED" : "ok"} ${name} (${took} s)`);
  for (const one of wrong) console.log(`  - ${one}`);
  failed += wrong.length ? 1 : 0;
}

const who = {};
const seen = {};
const CLAUSES = ["responsible-person", "policy", "service-level", "information-types", "training", "purpose", "confidentiality", "subcontract", "return-erase", "report", "audit", "publication", "damages", "copying", "jurisdiction"];

try {
  await step("a city of nine bodies, sixty units and six hundred people is set up by one command", setUp);
  if (!failed) for (const [name, live] of steps()) await step(name, live);
} finally {
  await city.end();
}
console.log(`${city.visited} pages looked at, ${city.decided.length} decisions, ${((Date.now() - began) / 1000).toFixed(0)} s; ${failed ? `${failed} steps FAILED` : "the year holds"}`);
process.exit(failed ? 1 : 0);

function steps() {
  return [
    ["the April transfer: list, preview, draft, decision, what follows from it", transfer],
    ["the newcomer and a manager enrol by links of the administrator", enrol],
    ["consents are asked for, and the newcomer consents", consents],
    ["training: course, plan, assignment; one fails, then passes; completion", training],
    ["a contract: procurement and contract by amount, subcontract with consent, inspection, end", contract],
    ["a USB memory is overdue, stands on the manager's page of today, and comes back", loan],
    ["a disposal: the wrong method is refused, the right one witnessed and certified", disposal],
    ["a social media account with one responsible person", socialMedia],
    ["an exception with a term that the CISO decides, found when it expires", exception],
    ["the policy is revised: draft, comparison, committee, CISO, public page, consents to the new version", revision],
    ["registers like a spreadsheet: paste, undo, save", grid],
    ["two people at one row: nothing is overwritten, the second sees the difference", conflict],
    ["Excel with a date that does not exist: sheet and cell are named; an individual number never enters", refusals],
    ["search, and a register as it was on a day in the past", past],
    ["the evidence: the ledger verifies, and every decision has its receipt", evidence],
  ];
}

async function setUp() {
  city.generate();
  who.ciso = city.cast("ciso");
  who.vice = city.cast("vice-ciso");
  who.chief = city.cast("chief-officer");
  who.head = city.cast("department-head");
  who.admin = city.cast("administrator");
  who.personnel = city.cast("general-affairs");
  who.officer = city.cast("public-relations");
  who.manager = city.cast("section-manager", (one) => one.unit === who.officer.unit);
  who.author = city.cast("staff", (one) => one.unit === who.admin.unit);
  await city.serve();
}

// The April transfer.

async function transfer() {
  const april = `${Number(day().slice(0, 4)) + (day().slice(5) >= "04-01" ? 1 : 0)}-04-01`;
  const page = await city.window(who.personnel);
  const staff = await page.context().request.get(`${city.origin}/registers/staff/export/xlsx?view=current`);
  const list = join(city.work, "職員名簿.xlsx");
  writeFileSync(list, await staff.body());
  const told = city.workbook(list, join(city.work, "人事異動名簿.xlsx"), `
rows = {str(sheet.cell(r, column('職員番号')).value): r for r in range(5, sheet.max_row + 1) if sheet.cell(r, column('職員番号')).value}
cell = lambda number, name: sheet.cell(rows[number], column(name))
a, b = '101190', '101203'
for name in ('所属', '職'):
    one, two = cell(a, name).value, cell(b, name).value
    cell(a, name).value, cell(b, name).value = two, one
first = sheet.max_row + 1
for name, value in {'職員番号': '901001', '氏名': '髙﨑　澪', '氏名（カナ）': 'タカサキ　ミオ', '所属': '広報広聴課', '職': '主事', '任用の区分': '正規職員', '利用者ID': 'm-takasaki', '特定個人情報取扱者': 'いいえ', '採用日': ${JSON.stringify(wareki(day()))}}.items():
    sheet.cell(first, column(name)).value = value
ending = [number for number in rows if number > '300000' and cell(number, '任用の区分').value == '会計年度任用職員'][:2]
print(len(rows), ending[0], cell(ending[0], '利用者ID').value)
for number in sorted((rows[number] for number in ending), reverse=True):
    sheet.delete_rows(number)`);
  const [people, leaver, login] = told.trim().split(" ");
  Object.assign(seen, { people: Number(people), leaver: login });
  check("six hundred people are in the list", seen.people > 540 && seen.people <= 600, told);

  await city.go(page, "/people/transfers");
  check("the next 1 April is proposed", (await page.inputValue("#effective")) === wareki(april), await page.inputValue("#effective"));
  await page.check("input[name=complete][value='1']");
  await page.setInputFiles("#file", join(city.work, "人事異動名簿.xlsx"));
  await city.send(page, page.locator("form:has(#file) button"));
  let text = await city.text(page);
  check("the preview has the join with its characters", text.includes("髙﨑　澪") && text.includes("m-takasaki"), text.slice(0, 400));
  check("the preview counts", /採用\s*1\s/.test(text) && /異動\s*2\s/.test(text) && /離任\s*2\s/.test(text), text.slice(0, 600));
  check("the end of the term is the reason", text.includes("任期満了"));
  check("nothing has changed yet", text.includes("まだ何も変わっていません"));

  // The machine's clock stands where it stands: what is decided here takes effect today, not on the next 1 April.
  await city.go(page, "/people/transfers");
  await page.fill("#effective", wareki(day()));
  await page.check("input[name=complete][value='1']");
  await page.setInputFiles("#file", join(city.work, "人事異動名簿.xlsx"));
  await city.send(page, page.locator("form:has(#file) button"));
  text = await city.text(page);
  check("before the end of the term they leave because the list lacks them", /離任\s*2\s/.test(text) && !text.includes("任期満了"), text.slice(0, 600));
  await page.fill("#reason", "定期人事異動");
  await city.send(page, page.locator("form[action$='/propose'] button"));
  const address = new URL(page.url()).pathname;
  check("a case is drafted", address.startsWith("/cases/"), address);
  await city.go(page, "/registers/staff?q=901001");
  check("before the decision the newcomer is not in the register", (await city.text(page)).includes("該当する行はありません"));

  const chief = await city.window(who.chief);
  await city.go(chief, "/");
  check("the chief officer has it on the page of today", (await city.text(chief)).includes("人事異動"));
  await city.approve(address, [who.chief], "人事異動");

  const newcomer = await city.find(who.personnel, "staff", "901001");
  await city.go(page, newcomer);
  text = await city.text(page);
  check("the staff register has the newcomer, exactly as written", text.includes("髙﨑　澪") && text.includes("m-takasaki"));
  await city.go(page, await city.find(who.personnel, "staff", "101190"));
  text = await city.text(page);
  check("the manager moved, with the history", text.includes("商工観光課") && text.includes("企画政策課"), text.slice(0, 300));
  check("the leaver's last day is the eve", (await city.key(who.personnel, await city.find(who.personnel, "staff", leaver), "離任日")) === wareki(day(-1)));
  await city.go(page, "/registers/consents?q=" + encodeURIComponent("髙﨑"));
  check("the newcomer is asked for consent", (await city.text(page)).includes("依頼中"));
  await city.go(page, "/registers/training-records?q=" + encodeURIComponent("髙﨑"));
  check("the newcomer has the training for newcomers", (await city.text(page)).includes("未受講"));
  await city.go(page, "/people/offices");
  await city.go(page, "/people");
  await city.go(page, "/people/transfers");
  check("the transfer is listed as decided", (await city.text(page)).includes("決裁済"));
}

/** Somebody gets a link from the administrator and registers password and authenticator. */
async function enrolled(login, name) {
  const admin = await city.window(who.admin);
  await city.go(admin, `/admin/people?q=${login}`);
  await city.send(admin, admin.locator("table.stack tbody a").first());
  const confirm = admin.locator('main a[href^="/step-up"]');
  if (await confirm.count()) {
    await city.send(admin, confirm.first());
    await city.stepUp(admin, who.admin);
  }
  await city.send(admin, admin.locator("form[action$='/link'] button"));
  const link = new URL((await admin.inputValue("#link")).trim());
  const page = await city.page();
  await city.go(page, link.pathname);
  check("the link is for this person", (await city.text(page)).replaceAll("　", " ").includes(name), name);
  const person = { login, name, password: "arita no sara to imari no tsubo", secret: (await page.innerText(".qr + p code")).replace(/\s+/g, "") };
  await page.fill("#password", person.password);
  await page.fill("#repeat", person.password);
  await page.fill("#code", await freshCode(person));
  await city.send(page, page.locator("form:has(#repeat) .actions button"));
  check("recovery codes are shown", (await page.locator("ol.codes li").count()) > 5);
  await page.context().close();
  return person;
}

async function enrol() {
  who.newcomer = await enrolled("m-takasaki", "髙﨑 澪");
  const admin = await city.window(who.admin);
  await city.go(admin, `/admin/people?q=${seen.leaver}`);
  check("the leaver's account is closed", (await city.text(admin)).includes("停止中"));
  await city.go(admin, "/admin/people?q=r-sakamoto");
  check("the manager's account moved with the post", (await admin.locator("table.stack tbody").innerText()).includes("商工観光課"));
  who.systems = { ...(await enrolled("m-yamaguchi", "山口 誠")), unit: who.admin.unit };
  const page = await city.window(who.newcomer);
  const text = await city.text(page);
  check("the newcomer finds consent and training on the page of today", text.includes("同意") && text.includes("研修"), text.slice(0, 300));
}

// Consent and training.

async function consents() {
  const page = await city.window(who.personnel);
  await city.go(page, "/people/consents");
  const figure = async () => Number(await page.locator(".figures li").nth(1).locator("strong").innerText());
  const before = await figure();
  await page.selectOption("#occasion", "april");
  await city.send(page, page.locator("form:has(#occasion) button"));
  check("who was asked already is not asked twice", /\d+人に同意を依頼しました/.test(await city.text(page)) || (await page.locator("[role=status]").innerText()).includes("同意を依頼しました"));

  const own = await city.window(who.newcomer);
  await city.go(own, "/consent");
  check("the text of the policy can be read", (await own.innerText(".policy-text")).length > 1000);
  await own.check("input[name=agree]");
  await city.send(own, own.locator("form:has(input[name=agree]) button").first());
  check("the consent is taken", (await own.innerText("[role=status]")).includes("同意を記録しました"));
  await city.go(page, "/people/consents");
  check("one more has consented", (await figure()) === before + 1, `${before} ${await figure()}`);
  const row = await city.find(who.personnel, "consents", "髙﨑");
  await city.go(page, row);
  check("the row says when and by whom", (await city.text(page)).includes("同意済") && (await city.text(page)).includes("本人の同意"));
  noted("遵守の同意", await city.text(page));
}

/** The newest entry of a row's history, for its receipt. */
function noted(name, text) {
  const found = /台帳の記録番号\s*(\d+)/.exec(text.slice(text.indexOf("履歴")));
  check(`${name} has an entry in the ledger`, found);
  if (found) city.decided.push({ name, entry: Number(found[1]) });
}

async function training() {
  const course = await city.add(who.admin, "courses", {
    name: "管理者のための委託先監督", kind: "role", audience: ["section-manager"], form: "screen", minutes: 20,
    summary: "委託先の監督と再委託の許諾の要点を学びます。", pass_score: 80, unit: who.admin.unit, review_due_on: day(300), state: "open",
  });
  const admin = await city.window(who.admin);
  await city.go(admin, "/training");
  await city.send(admin, admin.getByRole("link", { name: "管理者のための委託先監督" }));
  await admin.fill("#text", "# 監督\n契約の前と後に確かめます。\n\n? 再委託はいつ始められますか。\n- 委託先が決めた日\n+ 市が許諾した後\n> 許諾の前に情報を渡すことはできません。\n\n? 契約の終わりに受け取るものは何ですか。\n+ 消去の証明書\n- 口頭の報告\n> 証明書がない契約は終結できません。");
  await city.send(admin, admin.locator("form:has(#text) button"));
  check("the course is written", (await admin.innerText("[role=status]")).includes("教材を保存しました"));
  const number = await city.key(who.admin, course, "科目番号");
  const plan = await city.add(who.admin, "training-plans", {
    title: "情報セキュリティ管理者研修（委託）", course: number, unit: who.admin.unit, audience: ["section-manager"], starts_on: day(), ends_on: day(30),
    retry_starts_on: day(31), retry_ends_on: day(60), approved_on: day(), state: "approved",
  }, "waiting");
  await city.approve(plan, [who.systems, who.chief], "研修計画");
  const office = await city.window(who.personnel);
  await city.go(office, "/training");
  await city.send(office, office.getByRole("link", { name: "情報セキュリティ管理者研修（委託）" }));
  await city.send(office, office.locator("form[action$='/assign'] button"));
  const given = /(\d+)人に割り当てました/.exec(await office.innerText("[role=status]"));
  check("every section manager gets it", given && Number(given[1]) >= 40, await office.innerText("[role=status]"));

  const page = await city.window(who.manager);
  await city.go(page, "/");
  check("the manager finds it on the page of today", (await city.text(page)).includes("管理者のための委託先監督"));
  const take = async (...answers) => {
    await city.go(page, "/training");
    await city.send(page, page.getByRole("link", { name: "管理者のための委託先監督" }));
    for (const [index, answer] of answers.entries()) await page.locator(`fieldset.question >> nth=${index}`).getByLabel(answer).check();
    await city.send(page, page.getByRole("button", { name: "回答する" }));
    return city.text(page);
  };
  check("one wrong answer is not enough", (await take("委託先が決めた日", "消去の証明書")).includes("合格点に届きませんでした"));
  check("then it is passed", (await take("市が許諾した後", "消去の証明書")).includes("修了しました"));
  const chief = await city.window(who.chief);
  await city.go(chief, "/training/completion");
  check("the completion by unit names the unit", (await city.text(chief)).includes("広報広聴課"));
  const record = await city.find(who.admin, "training-records", who.manager.name.replace(" ", "　"), "&f=state:is:passed&f=assigned_on:is:" + day());
  await city.go(admin, record);
  const text = await city.text(admin);
  check("the record holds both attempts", text.includes("合格") && text.includes("不合格"), text.slice(0, 300));
  noted("研修の受講", text);
}

// A contract from the procurement to its end.

async function contract() {
  const buy = (title, amount) => ({ title, item_kind: "service", amount, way: "negotiated", requirements_in_spec: "1", registration: "out-of-scope", state: "judging" });
  const small = await city.add(who.officer, "procurements", buy("広報紙の校正支援", 330000), "waiting");
  await city.approve(small, [who.systems, who.manager], "少額の調達（課長専決）");
  const large = await city.add(who.officer, "procurements", buy("市公式ウェブサイトの再構築", 5280000), "waiting");
  const signers = [who.manager, who.systems, who.chief, who.ciso];
  await city.approve(large, signers, "500万円以上の調達（CISO決裁）");
  const bought = await city.find(who.officer, "procurements", "市公式ウェブサイトの再構築");
  const procurement = await city.key(who.officer, bought, "整理番号");

  const draft = await city.add(who.officer, "contracts", {
    title: "市公式ウェブサイト再構築業務", kind: "development", supervisor: who.officer.staff_number, procurement, amount: 5280000,
    contracted_on: day(-9), starts_on: day(-8), ends_on: day(), contractor: "有限会社うみやまデザイン", processing_place: "受託者の事務所（伊万里市内）",
    class_c: "c2", state: "confirming",
  }, "waiting");
  await city.approve(draft, signers, "契約（CISO決裁）");
  seen.contract = await city.find(who.officer, "contracts", "市公式ウェブサイト再構築業務");
  seen.contractNumber = await city.key(who.officer, seen.contract, "契約番号");
  check("without the check sheet it does not run", (await city.change(who.admin, seen.contract, { state: "running" }, "refused")).includes("チェックシートの確認日と結果"));
  const run = await city.change(who.admin, seen.contract, {
    checksheet_on: day(-8), checksheet_result: "met", clauses: CLAUSES, clauses_checked_by: who.manager.staff_number, clauses_checked_on: day(-8),
    report_due_on: day(30), state: "running",
  }, "waiting");
  await city.approve(run, [who.systems, who.chief, who.ciso], "契約の履行");

  const sub = {
    contract: seen.contractNumber, contractor: "合同会社かまどコード", scope: "画面部品の製作", reason: "専門の技術を要するため", processing_place: "再委託先の事務所（佐賀市内）",
    class_c: "c2", starts_on: day(), ends_on: day(), applied_on: day(-3), supervisor: who.officer.staff_number,
  };
  check("a subcontract without the city's consent does not run", (await city.add(who.officer, "subcontracts", { ...sub, state: "running" }, "refused")).includes("市の許諾がない再委託は履行できません"));
  const consent = await city.add(who.officer, "subcontracts", {
    ...sub, same_duties: "1", checksheet_on: day(-1), consent: "given", consented_on: day(), consent_document: "広報第41号", consented_by: who.manager.staff_number, state: "running",
  }, "waiting");
  await city.approve(consent, [who.manager, who.systems, who.chief], "再委託の許諾");
  await city.add(who.manager, "contract-inspections", {
    title: "完了時の書面検査", contract: seen.contractNumber, kind: "document", due_on: day(), done_on: day(), inspector: who.manager.staff_number,
    items: ["people", "copying", "subcontract", "erasure"], result: "good", report_place: "広報広聴課の簿冊", state: "done",
  });

  const officer = await city.window(who.officer);
  const refused = await city.change(who.admin, seen.contract, { state: "closed", closed_on: day() }, "refused");
  check("without the certificate of erasure it does not end", refused.includes("消去証明書と消去・廃棄日がない契約は終結できません"), refused);
  const certificate = join(city.work, "消去証明書.txt");
  writeFileSync(certificate, "消去証明書（試験用）\n");
  const end = await city.change(who.admin, seen.contract, {
    state: "closed", closed_on: day(), returned_on: day(), erased_on: day(), erasure_method: "erased", erasure_certificate_number: "消第2026-7号", erasure_certificate: certificate,
    erasure_checked_by: who.manager.staff_number, erasure_checked_on: day(), accounts_closed_on: day(),
  }, "waiting");
  await city.approve(end, [who.systems, who.chief, who.ciso], "契約の終結");
  await city.go(officer, seen.contract);
  const text = await city.text(officer);
  check("the contract is closed, with its certificate, its subcontract and its inspection", ["終結", "消去証明書.txt", "合同会社かまどコード", "完了時の書面検査"].every((one) => text.includes(one)), text.slice(0, 300));
}

// Media.

async function loan() {
  const row = await city.add(who.manager, "media", {
    media_name: "広報広聴課USBメモリ9", media_kind: "usb", keeper: who.officer.staff_number, zone: "lgwan", place: "鍵付きキャビネット", class_c: "c2", labelled: "1",
    encryption: "hardware", device_registered: "1", bought_on: day(-20), inventory_on: day(-12),
  });
  seen.media = row;
  const media = await city.key(who.manager, row, "管理番号");
  const lent = await city.add(who.manager, "usb-loans", {
    media, borrower: who.officer.staff_number, zone: "lgwan", purpose: "取材写真の持帰り整理", outline: "取材写真 120枚", class_c: "c2", lent_on: day(-9), due_on: day(-2),
    lent_by: who.manager.staff_number, encrypted: "1", checked_before: "1",
  });
  const page = await city.window(who.manager);
  await city.go(page, "/registers/usb-loans?view=overdue");
  check("the view of overdue loans has it", (await city.text(page)).includes("取材写真の持帰り整理"));
  const overdue = async () => {
    await city.go(page, "/");
    const told = /期限超過 (\d+)件/.exec(await city.text(page));
    const all = page.getByRole("link", { name: "全ての期限を見る" });
    if (await all.count()) await city.send(page, all);
    return [told ? Number(told[1]) : 0, (await city.text(page)).includes("取材写真の持帰り整理")];
  };
  const [late, named] = await overdue();
  check("the manager's page of today counts it as overdue, and its list names it", late > 0 && named, `${late} ${named}`);
  check("the borrower can't take it back", (await city.change(who.manager, lent, { returned_on: day(), received_by: who.officer.staff_number }, "refused")).includes("借受者と別の者"));
  await city.change(who.manager, lent, { returned_on: day(), received_by: who.manager.staff_number, checked_after: "1", erased: "1", erased_on: day(), condition: "good" });
  noted("USBメモリの返却", await city.text(page));
  const [after, still] = await overdue();
  check("then it is gone from there", after === late - 1 && !still, `${late} ${after} ${still}`);
}

async function disposal() {
  const item = {
    item_name: "故障したUSBメモリ", reason: "failure", media: await city.key(who.manager, seen.media, "管理番号"), media_kind: "usb", serials: "BK-9-0001", zone: "lgwan",
    class_c: "c3c", planned_on: day(), method: "overwrite",
  };
  const refused = await city.add(who.officer, "disposals", item, "refused");
  check("overwriting a USB memory is refused by 図表41", refused.includes("USBメモリ・SDカードは、記憶素子の破壊によってください（図表41）。"), refused);
  const asked = await city.add(who.officer, "disposals", { ...item, method: "destroy-chip" }, "waiting");
  await city.approve(asked, [who.manager, who.chief], "廃棄の申請");
  const row = await city.find(who.officer, "disposals", "故障したUSBメモリ");
  const done = { done_at: `${day(-0)} 00:05`, done_by: who.officer.staff_number, method_detail: "専用破砕機", verified: "sight", outcome: "done", register_updated: "1" };
  check("without a witness it is not done", (await city.change(who.officer, row, done, "refused")).includes("立会者と立会いの方法"));
  const certificate = join(city.work, "破壊証明書.txt");
  writeFileSync(certificate, "破壊証明書（試験用）\n");
  const report = await city.change(who.officer, row, {
    ...done, witness: who.manager.staff_number, witness_way: "present", certificate, certificate_number: "廃第12号", certificate_on: day(), serials_matched: "1",
  }, "waiting");
  await city.approve(report, [who.manager, who.chief], "廃棄の実施");
  const page = await city.window(who.officer);
  await city.go(page, row);
  const text = await city.text(page);
  check("the row has witness and certificate", text.includes(who.manager.name.split(" ")[0]) && text.includes("破壊証明書.txt") && text.includes("廃第12号"));
}

async function socialMedia() {
  const account = {
    service: "instagram", account_name: "伊万里のまちかど", url: "https://social.example/imari-machikado", responsible: who.officer.staff_number, posters: "広報広聴課 主事", purpose: "まちの風景を伝える",
    may_publish: "公開行事と風景の写真", class_c: "c2", procedure_place: "広報広聴課の簿冊", multi_factor: "1", hijack_contact: "広報広聴課長", permitted_on: day(), started_on: day(),
    announced_on: day(), announced_url: "https://city.imari.example/sns", check_due_on: day(90), state: "active",
  };
  const refused = await city.add(who.newcomer, "social-media", account, "refused");
  check("class 2 is never published there", refused.includes("自治体機密性2以上の情報はソーシャルメディアで発信できません"), refused);
  const asked = await city.add(who.newcomer, "social-media", { ...account, class_c: "c1" }, "waiting");
  await city.approve(asked, [who.manager, who.officer, who.chief], "ソーシャルメディアの利用");
  const row = await city.find(who.newcomer, "social-media", "伊万里のまちかど");
  const page = await city.window(who.newcomer);
  await city.go(page, row);
  check("one person is responsible", (await page.locator('dt:text-is("責任者") + dd').innerText()).includes(who.officer.name.split(" ")[0]));
  await city.go(page, "/registers/social-media?view=active");
  check("it is among the active accounts", (await city.text(page)).includes("伊万里のまちかど"));
}

// An exception that expires today.

async function exception() {
  const asked = await city.add(who.officer, "exceptions", {
    title: "取材端末の画面ロック時間の延長", rule_reference: "対策基準 6.1", subject: "physical", reason: "式典の中継中に画面が消えるため", scope: "取材用の端末1台", class_c: "c2",
    risk: "離席中の盗み見", compensating_measure: "端末に職員1人を付ける", starts_on: day(), ends_on: day(), decision: "permitted", decided_by: who.ciso.staff_number, decided_on: day(), state: "active",
  }, "waiting");
  await city.approve(asked, [who.manager, who.chief, who.ciso], "例外措置");
  const row = await city.find(who.officer, "exceptions", "取材端末の画面ロック時間の延長");
  const page = await city.window(who.officer);
  await city.go(page, "/registers/exceptions?view=active");
  check("it is in force", (await city.text(page)).includes("取材端末の画面ロック時間の延長"));
  await city.go(page, "/due?register=exceptions&mine=1");
  check("the applicant finds that it expires", (await city.text(page)).includes("例外措置の期限です"));
  const chief = await city.window(who.chief);
  await city.go(chief, "/due?register=exceptions&mine=1");
  check("the chief officer too", (await city.text(chief)).includes("例外措置の期限が来ました"), (await city.text(chief)).slice(0, 300));
  check("it does not end without a word", (await city.change(who.chief, row, { state: "ended" }, "refused")).includes("終了日と終了の状況"));
}

// The policy.

async function revision() {
  const page = await city.window(who.author);
  await city.go(page, "/documents");
  await city.send(page, page.locator("table.stack td:first-child a", { hasText: "情報セキュリティ基本方針" }).first());
  const document = new URL(page.url()).pathname;
  await city.go(page, `${document}/drafts/new`);
  const today = wareki(day());
  const text = await page.inputValue("#text");
  const changed = text.replace(/(1\.\s*目的[\s\S]*?)預かる/, "$1市民から預かる");
  check("the text of the version in force is there to be changed", changed !== text, text.slice(0, 200));
  await page.fill("#text", changed);
  await page.fill("#effective_from", today);
  await page.fill("#reason", "誰の情報かを明らかにするため");
  await city.send(page, page.getByRole("button", { name: "読み取りを確認する" }));
  await city.send(page, page.locator("button[name=step][value=save]"));
  const draft = new URL(page.url()).pathname;
  check("the comparison marks what changed", (await page.locator("table.versus ins").allInnerTexts()).some((one) => one.includes("市民から")), (await page.locator("table.versus").innerText()).slice(0, 300));
  check("and leaves out what did not", (await page.innerText("table.versus")).includes("（略）"));
  await city.send(page, page.locator("form[action$='/propose'] button"));
  const address = new URL(page.url()).pathname;

  const leader = await city.window(who.systems);
  await city.go(leader, draft);
  await leader.selectOption("#body", "education");
  await leader.fill("#on", today);
  await leader.fill("#note", "教育委員会会議");
  await city.send(leader, leader.locator("form:has(#body) button"));
  check("the consent of a body is recorded", (await leader.innerText("[role=status]")).includes("同意を記録しました"));

  await city.approve(address, [who.chief, who.vice, who.head, who.ciso], "基本方針の改正");
  await city.go(leader, `${document}/versions`);
  const place = leader.locator("details:has(form[action$='/publish'])").first();
  await place.locator("summary").click();
  await place.locator("input[name=on]").fill(today);
  await place.locator("input[name=at]").fill("市公式ウェブサイト");
  await city.send(leader, place.locator("button"));
  check("the publication is recorded", (await leader.innerText("[role=status]")).includes("公表を記録しました"));
  await city.go(leader, `${document}/compare`);

  const open = await city.page();
  await city.go(open, "/public/policy");
  const shown = await open.innerText("main");
  check("the public page shows the new text and its day", shown.includes("市民から預かる") && shown.includes(today), shown.slice(0, 300));
  await open.context().close();

  // The declaration names the version to which people consent; it changes with the policy, and the server reads it at its start.
  const file = join(city.policy, "municipality.toml");
  const version = `${today}改正`;
  writeFileSync(file, readFileSync(file, "utf8").replace(/^version = .*$/m, `version = "${version}"`).replace(/^effective_from = .*$/m, `effective_from = ${day()}`));
  await city.stop();
  await city.serve();
  const office = await city.window(who.personnel);
  await city.go(office, "/people/consents");
  check("nobody was asked for the new version yet", (await city.text(office)).includes("まだ誰にも依頼していません"));
  await office.selectOption("#occasion", "revision");
  await city.send(office, office.locator("form:has(#occasion) button"));
  const asked = /(\d+)人に同意を依頼しました/.exec(await office.innerText("[role=status]"));
  check("everybody in office is asked", asked && Number(asked[1]) >= seen.people - 1, await office.innerText("[role=status]"));
  await city.go(page, "/");
  check("it is on everybody's page of today", (await city.text(page)).includes(version));
  await city.go(page, "/consent");
  check("with the new text", (await city.text(page)).includes("市民から預かる"));
  await page.check("input[name=agree]");
  await city.send(page, page.locator("form:has(input[name=agree]) button").first());
  check("and is given", (await city.text(page)).includes(version));
}

// The registers as a spreadsheet.

async function grid() {
  const page = await city.window(who.manager);
  await city.go(page, "/registers/contract-clauses/grid");
  const heads = (await page.locator("table.grid thead th").allInnerTexts()).map((one) => one.replace("*", "").trim());
  const rows = [["秘密保持", "第5条"], ["再委託の制限", "第8条"], ["終了時の返還・消去", "第12条\n第13条"]].map(([clause, place]) => {
    const cells = { 契約: seen.contractNumber, 所管課: "広報広聴課", 条項: clause, 確認の結果: "あり", 契約書の箇所: place, 確認した人: who.manager.staff_number, 確認日: wareki(day()) };
    return heads.slice(2).map((head) => { const cell = cells[head] ?? ""; return cell.includes("\n") ? `"${cell}"` : cell; });
  });
  const pasted = `${rows.map((row) => row.join("\t")).join("\r\n")}\r\n`;
  const first = page.locator('[id="f-0.contract"]');
  const paste = () => first.evaluate((cell, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    cell.focus();
    cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, pasted);
  await paste();
  check("three rows are pasted", (await page.inputValue('[id="f-2.contract"]')) === seen.contractNumber && (await page.inputValue('[id="f-1.clause"]')) === "subcontract");
  await first.press("Control+z");
  check("Ctrl+Z takes them back", (await page.inputValue('[id="f-2.contract"]')) === "" && (await page.inputValue('[id="f-1.clause"]')) === "");
  await paste();
  await first.press("ArrowDown");
  check("an arrow leads to the next row", (await page.evaluate(() => document.activeElement.id)) === "f-1.contract");
  await city.send(page, page.getByRole("button", { name: "全て保存する" }));
  await city.go(page, `/registers/contract-clauses?f=contract:is:${seen.contractNumber}`);
  const text = await city.text(page);
  check("all three are saved", ["秘密保持", "再委託の制限", "終了時の返還・消去"].every((one) => text.includes(one)), text.slice(0, 400));
}

async function conflict() {
  const first = await city.window(who.manager);
  const second = await city.window(who.admin);
  await city.go(first, `${seen.media}/edit`);
  await city.go(second, `${seen.media}/edit`);
  await city.fill(first, { place: "課長席の金庫" });
  await city.save(first);
  await city.fill(second, { place: "情報政策課の保管庫", capacity: "16GB" });
  check("the second is stopped", (await city.save(second)) === "refused");
  let text = await city.text(second);
  check("and sees the difference", text.includes("何も上書きしていません") && text.includes("課長席の金庫") && (await second.inputValue('[id="f-place"]')) === "情報政策課の保管庫", text.slice(0, 400));
  await city.go(first, seen.media);
  text = await city.text(first);
  check("nothing is overwritten", text.includes("課長席の金庫") && !text.includes("情報政策課の保管庫"));
  await city.fill(second, { place: "課長席の金庫" });
  check("with what was seen it can be saved", (await city.save(second)) === "saved");
  noted("媒体台帳の変更", await city.text(second));
}

/** Twelve digits whose last is right (番号法の検査用数字). */
function individualNumber() {
  const digits = [2, 1, 9, 5, 7, 3, 0, 4, 8, 6, 1];
  const weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
  const left = 11 - (digits.reduce((sum, digit, index) => sum + digit * weights[index], 0) % 11);
  return [...digits, left > 9 ? 0 : left].join("");
}

async function refusals() {
  const page = await city.window(who.manager);
  const book = await page.context().request.get(`${city.origin}/registers/media/export/xlsx`);
  writeFileSync(join(city.work, "媒体台帳.xlsx"), await book.body());
  const edit = (name, script) => city.workbook(join(city.work, "媒体台帳.xlsx"), join(city.work, name), script).trim();
  const cell = edit("誤り.xlsx", "one = sheet.cell(5, column('取得日'))\none.value = '令和8年13月1日'\nprint(sheet.title + ' ' + one.coordinate)");
  const tryOut = async (name) => {
    await city.go(page, "/registers/media/import");
    await page.setInputFiles("#file", join(city.work, name));
    await city.send(page, page.getByRole("button", { name: "内容を確認する" }));
    return city.text(page);
  };
  let text = await tryOut("誤り.xlsx");
  check("sheet, cell and reason are named", cell.split(" ").every((one) => text.includes(one)) && text.includes("令和8年13月1日"), `${cell}: ${text.slice(0, 500)}`);
  check("and it can't be taken", (await page.getByRole("button", { name: "このとおり取り込む" }).count()) === 0);
  edit("直し.xlsx", "for row in range(5, sheet.max_row + 1):\n    if sheet.cell(row, column('媒体の名称')).value == '広報広聴課USBメモリ9':\n        sheet.cell(row, column('容量')).value = '32GB'");
  text = await tryOut("直し.xlsx");
  check("one cell is changed, and nothing else", /変更\s*1\s*か所/.test(text) && /追加\s*0/.test(text) && text.includes("32GB"), text.slice(0, 500));
  await city.send(page, page.getByRole("button", { name: "このとおり取り込む" }));
  check("then exactly that is taken", (await page.innerText("[role=status]")).includes("取り込みました"));

  const number = individualNumber();
  const refused = await city.change(who.manager, seen.media, { note: `申請書の番号 ${number}` }, "refused");
  check("an individual number is refused", refused.includes("個人番号"), refused);
  await city.go(page, seen.media);
  check("and is not in the row", !(await city.text(page)).includes(number));
}

async function past() {
  const page = await city.window(who.manager);
  await city.go(page, `/search?q=${encodeURIComponent("市公式ウェブサイト再構築")}`);
  check("the contract is found in all registers", (await city.text(page)).includes("市公式ウェブサイト再構築業務"));
  const before = day(-7);
  await city.go(page, `/registers/staff?q=101190&as_of=${before}`);
  let text = await city.text(page);
  check("a week ago the manager led the other section", text.includes("企画政策課") && !text.includes("商工観光課"), text.slice(0, 300));
  await city.go(page, "/registers/staff?q=101190");
  text = await city.text(page);
  check("now this one", text.includes("商工観光課"));
  await city.go(page, `/registers/staff?q=901001&as_of=${encodeURIComponent(wareki(before))}`);
  check("and the newcomer was not there", (await city.text(page)).includes("該当する行はありません"));
}

async function evidence() {
  const admin = await city.window(who.admin);
  await city.go(admin, "/admin/ledger");
  await city.stop();
  const told = city.cli("ledger", "verify", "--data", city.data);
  check("the ledger verifies", told.includes("合格") || told.includes("ok"), told);
  const key = city.cli("ledger", "key", "--data", city.data).trim();
  for (const { name, entry } of city.decided) {
    const receipt = join(city.work, `${entry}.tlog-proof`);
    city.cli("ledger", "receipt", "--data", city.data, entry, "-o", receipt);
    const shown = city.cli("ledger", "check", receipt, "--key", key);
    check(`the receipt of ${name}`, shown.includes(`entry ${entry} of`) && /approval\.|register\.row-/.test(shown), shown.slice(0, 300));
  }
}
