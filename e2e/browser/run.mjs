// The journey and every page in Chromium, on the demo's sample city.
//
//   node run.mjs --binary PATH [--port N] [--screens DIR]
//
// Prints one line a check and ends with 1 when any failed. Starts the demo itself and ends it.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { axe, freshCode, launch, option, watch as observe } from "./drive.mjs";
import { pages } from "./pages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const binary = option("binary");
const port = Number(option("port", "18441"));
const screens = option("screens");
const origins = { internet: `http://localhost:${port}`, lgwan: `http://localhost:${port + 1}`, mynumber: `http://localhost:${port + 2}` };
const documents = join(here, "../../faces/sekisho/demo");
const password = "imari-yaki no sato 2026";

let passed = 0;
let failed = 0;
function check(name, holds, detail = "") {
  if (holds) passed += 1;
  else { failed += 1; console.log(`not ok - ${name} ${detail}`); }
}

const data = mkdtempSync(join(tmpdir(), "sekisho-e2e-"));
const profile = mkdtempSync(join(tmpdir(), "sekisho-browser-"));
const demo = spawn(binary, ["demo", "--data", data, "--port", String(port)], { stdio: ["ignore", "ignore", "inherit"] });
let browser;
try {
  await play();
} catch (error) {
  failed += 1;
  console.log(`not ok - ${error.stack}`);
} finally {
  await browser?.close();
  demo.kill("SIGTERM");
  await new Promise((done) => { demo.on("exit", done); setTimeout(done, 12_000); });
  demo.kill("SIGKILL");
  rmSync(data, { recursive: true, force: true });
  rmSync(profile, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

async function play() {
  for (let i = 0; ; i += 1) {
    if (i > 120) throw new Error("the demo does not answer");
    try { if (existsSync(join(data, "demo-people.json")) && (await fetch(`${origins.internet}/login`)).ok) break; } catch { /* not yet */ }
    await new Promise((wait) => setTimeout(wait, 250));
  }
  const people = Object.fromEntries(JSON.parse(readFileSync(join(data, "demo-people.json"), "utf8")).members.map((m) => [m.login, { ...m, last: m.last_step }]));
  browser = await launch();
  const sessions = {};
  const windowOf = async (who, zone) => (sessions[`${who}@${zone}`] ??= await signIn(people[who], zone));

  // The journey, by hand as it were: upload, live state, approval, receipt.
  const yamada = await windowOf("yamada", "internet");
  await yamada.goto(`${origins.internet}/new`);
  await yamada.setInputFiles("#files", [join(documents, "answer.docm"), join(documents, "notice.pdf"), join(documents, "site.jpg"), join(documents, "estimate.zip")]);
  await yamada.fill("#purpose", "県からの照会への回答と資料の取込み");
  check("the chosen files are listed", (await yamada.locator("[data-chosen] li").count()) === 4);
  await yamada.click("form[data-upload] button");
  await yamada.waitForURL(/\/transfers\/t_/);
  const id = new URL(yamada.url()).pathname.split("/")[2];
  await yamada.locator(".state.awaiting").first().waitFor({ timeout: 60_000 });
  check("the live state reaches 承認待ち by itself", true);
  check("the removed macro is explained", (await yamada.textContent("main")).includes("マクロ（VBA）を取り除きました"));
  check("the encrypted ZIP is refused with a next step", (await yamada.textContent("main")).includes("パスワードを解除して送るよう"));

  for (const page of pages) await visit(page, id, windowOf);

  const suzuki = await windowOf("suzuki", "lgwan");
  await suzuki.goto(`${origins.lgwan}/transfers/${id}`);
  await suzuki.click("text=本人確認をする");
  await suzuki.fill("input[name=code]", await freshCode(people.suzuki));
  await suzuki.locator("form:has(input[name=code]) button").first().click();
  await suzuki.waitForURL(new RegExp(`/transfers/${id}`));
  await suzuki.fill("#comment", "内容を確認しました。");
  await suzuki.click("button[value=approve]");
  await suzuki.locator(".state.receivable").first().waitFor();
  check("the manager approves on the page", true);
  const inside = await windowOf("yamada", "lgwan");
  await inside.goto(`${origins.lgwan}/transfers/${id}`);
  const [download] = await Promise.all([inside.waitForEvent("download"), inside.locator("a.button", { hasText: "受け取る" }).first().click()]);
  check("the result downloads under its name", download.suggestedFilename() === "answer.docx", download.suggestedFilename());
  if (screens) await shoot(inside, "received");
  await visit({ name: "received", who: "yamada", zone: "lgwan", path: "/transfers/{id}" }, id, windowOf);

  await withPasskey(yamada, people.yamada);
  await withoutScripts(people.tanaka);
}

async function context(options = {}) {
  const made = await browser.newContext({ locale: "ja-JP", viewport: { width: 1280, height: 900 }, ...options });
  made.setDefaultTimeout(30_000);
  return made;
}

async function signIn(person, zone, options = {}) {
  const page = await (await context(options)).newPage();
  watch(page);
  await page.goto(`${origins[zone]}/login`);
  await page.fill("#login", person.login);
  await page.fill("#password", password);
  await page.locator("form:has(#password) button").click();
  await page.fill("#code", await freshCode(person));
  await page.locator("form:has(#code) button").click();
  await page.waitForURL(`${origins[zone]}/`);
  return page;
}

/** Every error that a page shows by itself is a failed check. */
function watch(page) {
  observe(page, (what, detail) => check(what, false, detail));
}

async function visit(entry, id, windowOf) {
  const zone = entry.zone ?? "internet";
  let page;
  if (entry.who) page = await windowOf(entry.who, zone);
  else { page = await (await context()).newPage(); watch(page); }
  for (const lang of ["ja", "en"]) {
    const path = entry.path.replace("{id}", id);
    const url = `${origins[zone]}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`;
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const answer = await page.goto(url);
      check(`${entry.name} ${lang}: status`, answer.status() === (entry.status ?? 200), String(answer.status()));
      check(`${entry.name} ${lang}: language`, (await page.getAttribute("html", "lang")) === lang);
      check(`${entry.name} ${lang} ${width}: nothing runs out of the window`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1));
      if (screens && lang === "ja") await shoot(page, `${entry.name}-${width}`);
      const found = await axe(page);
      check(`${entry.name} ${lang} ${width}: axe`, found.length === 0, JSON.stringify(found));
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${origins[zone]}/login?lang=ja`);
}

async function shoot(page, name) {
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
}

/** A passkey of a virtual authenticator: added on the account page, then used alone to sign in. */
async function withPasskey(page, person) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto(`${origins.internet}/step-up?next=/account`);
  await page.fill("input[name=code]", await freshCode(person));
  await page.locator("form:has(input[name=code]) button").first().click();
  await page.waitForURL(/\/account/);
  const box = page.locator("[data-passkey=create]");
  if (await box.locator("input").count()) await box.locator("input").first().fill("試験用の端末");
  await box.locator("button").first().click();
  for (let i = 0; i < 40; i += 1) {
    const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
    if (credentials.length) break;
    await page.waitForTimeout(250);
  }
  await page.waitForTimeout(1_000);
  check("a passkey is added", (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length === 1);
  await page.context().clearCookies();
  await page.goto(`${origins.internet}/login`);
  await page.locator("[data-passkey=get] button").click();
  await page.waitForURL(`${origins.internet}/`);
  check("the passkey alone signs in", true);
  await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.context().clearCookies();
  await page.goto(`${origins.internet}/login`);
  await page.locator("[data-passkey=get] button").click();
  await page.waitForTimeout(2_000);
  check("a passkey without user verification does not sign in", new URL(page.url()).pathname === "/login");
}

/** The same work with scripts switched off. */
async function withoutScripts(person) {
  const page = await signIn(person, "internet", { javaScriptEnabled: false });
  await page.goto(`${origins.internet}/new`);
  await page.setInputFiles("#files", [join(documents, "site.jpg")]);
  await page.fill("#purpose", "スクリプトなしの確認");
  await page.locator("form[data-upload] button").click();
  await page.waitForURL(/\/transfers\/t_/);
  for (let i = 0; i < 60 && !(await page.locator(".state.awaiting").count()); i += 1) {
    await page.waitForTimeout(500);
    await page.reload();
  }
  check("without scripts a file is sent and its state is seen", (await page.locator(".state.awaiting").count()) > 0);
}
