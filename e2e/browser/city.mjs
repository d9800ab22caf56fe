// A generated city with its server, and its people at their browsers: one context a person, forms filled as a person
// would, approvals given one after another. Whatever page is come to is looked at by axe.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { axe, freshCode, launch, watch } from "./drive.mjs";

/** The day in Japan, so many days from today, as `2026-11-24`. */
export function day(offset = 0) {
  return new Date(Date.now() + 9 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10);
}

/** A day as people write it: 令和8年11月24日. */
export function wareki(iso) {
  const [year, month, date] = iso.split("-").map(Number);
  const reiwa = year - 2018;
  return `令和${reiwa === 1 ? "元" : reiwa}年${month}月${date}日`;
}

export class City {
  /** `report(what, detail)` is told of every failure that a page shows by itself. */
  constructor(binary, port, report, screens) {
    Object.assign(this, { binary, port, report, screens, windows: new Map(), seen: new Set(), shots: 0, visited: 0, decided: [] });
    this.work = mkdtempSync(join(tmpdir(), "sekisho-year-"));
    this.data = join(this.work, "city");
    this.origin = `http://localhost:${port + 1}`;
    this.step = "";
  }

  cli(...args) {
    return execFileSync(this.binary, args.map(String), { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 26 });
  }

  /** A workbook changed as a person would, with openpyxl; `script` sees `book`, `sheet` and `column(heading)`. */
  workbook(from, to, script) {
    const before = ["import openpyxl, sys", `book = openpyxl.load_workbook(${JSON.stringify(from)})`, "sheet = next(s for s in book.worksheets if s.sheet_state == 'visible')", "heads = {c.value: c.column for c in sheet[4] if c.value}", "column = lambda name: heads[name]"];
    const after = [`book.save(${JSON.stringify(to)})`];
    return execFileSync("python3", ["-c", [...before, script, ...after].join("\n")], { encoding: "utf8", env: { ...process.env, PYTHONIOENCODING: "utf-8" } });
  }

  generate() {
    const cast = join(this.work, "cast.json");
    // Two weeks ago, so that there is a past to look at.
    this.cli("city", "generate", "--seed", 7, "--units", 60, "--people", 600, "--date", day(-14), "--data", this.data, "--enrol", cast);
    this.policy = join(this.data, "policy");
    const zones = join(this.policy, "zones.toml");
    let text = readFileSync(zones, "utf8");
    for (const index of [0, 1, 2]) text = text.replace(`port = ${8441 + index}`, `port = ${this.port + index}`);
    writeFileSync(zones, text);
    const { people } = JSON.parse(readFileSync(cast, "utf8"));
    this.people = people.map((one) => ({ ...one, name: one.name.replaceAll("　", " ") }));
    return this.people;
  }

  /** The first of a role who is not one of those already chosen. */
  cast(role, fits = () => true) {
    const found = this.people.find((one) => one.role === role && fits(one));
    if (!found) throw new Error(`nobody with the role ${role} is enrolled`);
    return found;
  }

  async serve() {
    this.log = "";
    const address = `127.0.0.1:${this.port + 3}`;
    this.server = spawn(this.binary, ["serve", "--http", "--policy", this.policy, "--data", this.data, "--bind", "127.0.0.1", "--admin", address], { stdio: ["ignore", "ignore", "pipe"] });
    this.server.stderr.on("data", (text) => { this.log += text; });
    this.gone = new Promise((done) => this.server.on("exit", done));
    for (let i = 0; ; i += 1) {
      if (i > 200 || this.server.exitCode !== null) throw new Error(`the server does not answer: ${this.log.slice(-1500)}`);
      try { if ((await fetch(`${this.origin}/login`)).ok) break; } catch { /* not yet */ }
      await new Promise((wait) => setTimeout(wait, 150));
    }
    this.browser ??= await launch();
  }

  async stop() {
    if (!this.server || this.server.exitCode !== null) return;
    this.server.kill("SIGTERM");
    const late = setTimeout(() => this.server.kill("SIGKILL"), 15_000);
    await this.gone;
    clearTimeout(late);
  }

  async end() {
    await this.browser?.close();
    await this.stop();
    rmSync(this.work, { recursive: true, force: true });
  }

  // People at their browsers.

  async page(options = {}) {
    const context = await this.browser.newContext({ locale: "ja-JP", viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    watch(page, this.report);
    return page;
  }

  async window(person) {
    if (!this.windows.has(person.login)) {
      const page = await this.page();
      await this.go(page, "/login");
      await page.fill("#login", person.login);
      await page.fill("#password", person.password);
      await this.send(page, page.locator("form:has(#password) button"));
      await page.fill("#code", await freshCode(person));
      await this.send(page, page.locator("form:has(#code) button").first());
      if (new URL(page.url()).pathname !== "/") throw new Error(`${person.login} does not get in: ${await this.said(page)}`);
      this.windows.set(person.login, page);
    }
    return this.windows.get(person.login);
  }

  /** Opens a page of the console and looks at it. */
  async go(page, path, status = 200) {
    const answer = await page.goto(`${this.origin}${path}`);
    if (answer.status() !== status) throw new Error(`${path}: ${answer.status()} instead of ${status}: ${await this.said(page)}`);
    await this.look(page);
    return answer;
  }

  /** Presses something that leads to another page, and looks at that. */
  async send(page, button) {
    const [answer] = await Promise.all([page.waitForNavigation(), button.click()]);
    await this.look(page);
    return answer.status();
  }

  /** axe, once for each kind of page in each step and once more where something is refused. */
  async look(page) {
    const path = new URL(page.url()).pathname.replace(/\/[a-z]_[0-9a-zA-Z]+/g, "/…").replace(/\/enrol\/.*/, "/enrol/…");
    const marks = await page.evaluate(() => [document.querySelectorAll("[role=alert]").length > 0, document.querySelector("dl.facts .state")?.className ?? ""]);
    const kind = [this.step, path, ...marks].join(" ");
    if (this.seen.has(kind)) return;
    this.seen.add(kind);
    this.visited += 1;
    const found = await axe(page);
    if (found.length) this.report("axe", `${page.url()} ${JSON.stringify(found)}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 1) this.report("the page runs out of the window", `${page.url()} by ${wide}`);
    if (this.screens) await this.shoot(page, `${this.step} ${path}`);
  }

  async shoot(page, name) {
    mkdirSync(this.screens, { recursive: true });
    this.shots += 1;
    await page.screenshot({ path: join(this.screens, `${String(this.shots).padStart(3, "0")} ${name.replace(/[^\p{L}\p{N}]+/gu, "-")}.png`), fullPage: true });
  }

  /** What the page says, for messages. */
  async said(page) {
    const banners = await page.locator(".banner, .wrong").allInnerTexts();
    return (banners.length ? banners : [await page.innerText("main")]).join(" / ").replace(/\s+/g, " ").slice(0, 700);
  }

  async text(page) {
    return page.innerText("main");
  }

  // Registers.

  /** Fills the inputs of a register's form; lists are given as lists. */
  async fill(page, values) {
    for (const [field, value] of Object.entries(values)) {
      const at = page.locator(`[id="f-${field}"]`);
      const kind = await at.evaluate((element) => (element.tagName === "INPUT" && element.type === "file" ? "file" : element.tagName.toLowerCase()));
      if (kind === "fieldset") for (const one of [value].flat()) await at.locator(`input[value="${one}"]`).check();
      else if (kind === "select") await at.selectOption(value);
      else if (kind === "file") await at.setInputFiles(value);
      else await at.fill(String(value));
    }
  }

  /** Sends the form; gives where it led: `saved`, `waiting` (a case was drafted) or `refused`. */
  async save(page) {
    const status = await this.send(page, page.locator("form.record > .actions button"));
    const url = new URL(page.url());
    if (status === 422) return "refused";
    if (status !== 200) throw new Error(`saving: ${status} ${await this.said(page)}`);
    return url.pathname.startsWith("/cases/") ? "waiting" : "saved";
  }

  /** Adds a row; gives its address, or that of the case that it waits in. */
  async add(person, register, values, expect = "saved") {
    const page = await this.window(person);
    await this.go(page, `/registers/${register}/new`);
    await this.fill(page, values);
    return this.expect(page, expect);
  }

  /** Changes a row. */
  async change(person, row, values, expect = "saved") {
    const page = await this.window(person);
    await this.go(page, `${row}/edit`);
    await this.fill(page, values);
    return this.expect(page, expect);
  }

  async expect(page, expect) {
    const outcome = await this.save(page);
    if (outcome !== expect) throw new Error(`${outcome} instead of ${expect}: ${await this.said(page)}`);
    return expect === "refused" ? this.said(page) : new URL(page.url()).pathname;
  }

  /** The row that a list finds with these words, as this person sees it. */
  async find(person, register, words, query = "") {
    const page = await this.window(person);
    await this.go(page, `/registers/${register}?q=${encodeURIComponent(words)}${query}`);
    const links = page.locator("table.stack tbody td:first-child a");
    const count = await links.count();
    if (count !== 1) throw new Error(`${register}: ${count} rows instead of one for ${words}`);
    return links.first().getAttribute("href");
  }

  /** The key of a row, as its page shows it. */
  async key(person, row, label) {
    const page = await this.window(person);
    await this.go(page, row);
    return (await page.locator(`dt:text-is("${label}") + dd`).first().innerText()).trim();
  }

  // Approvals.

  async stepUp(page, person) {
    await page.fill("#code", await freshCode(person));
    await this.send(page, page.locator("form:has(#code) button").first());
  }

  /** These people sign in this order; the last one decides. Gives the page of the decided case as the last one sees it. */
  async approve(address, people, name) {
    for (const [index, person] of people.entries()) {
      const page = await this.window(person);
      await this.go(page, address);
      const confirm = page.locator('a[href^="/step-up"]');
      if (await confirm.count()) {
        await this.send(page, confirm.first());
        await this.stepUp(page, person);
      }
      const button = page.locator("button[value=approve]");
      if (!(await button.count())) throw new Error(`${name}: ${person.name} is not asked: ${(await page.innerText(".route")).replace(/\s+/g, " ")}`);
      await this.send(page, button);
      const state = await page.locator("dl.facts .state").first().getAttribute("class");
      const last = index === people.length - 1;
      if (state !== (last ? "state approved" : "state open")) throw new Error(`${name}: ${state} after ${person.name}: ${await this.said(page)}`);
    }
    const page = await this.window(people.at(-1));
    const marks = await page.locator("section[aria-labelledby=marks] tbody").innerText();
    const entries = [...marks.matchAll(/台帳の記録番号\s*(\d+)/g)].map((found) => Number(found[1]));
    if (entries.length !== people.length) throw new Error(`${name}: ${entries.length} marks of ${people.length}`);
    this.decided.push({ name, entry: Math.max(...entries) });
    return page;
  }
}
