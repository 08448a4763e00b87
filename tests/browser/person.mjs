// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Somebody at a keyboard in a real browser: goes from control to control with Tab, reads where the focus is, types, and
// presses keys. There is no way to click. Controls are named as people and screen readers name them.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

/** How long to wait for what must come; generous, for a machine that does other things as well. */
export const PATIENCE = 120_000;

/** A browser that can reach this machine's own names and nothing else. */
export async function launch() {
  const executablePath = [process.env.CHROMIUM, "/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found; install the package chromium or set CHROMIUM");
  return puppeteer.launch({
    executablePath,
    acceptInsecureCerts: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
    ],
  });
}

/** Fails with what was wanted and what there was. */
export function expect(good, what) {
  if (!good) throw new Error(typeof what === "function" ? what() : what);
}

export class Person {
  /** A person with a browser of their own: no cookies, one language. */
  static async arrive(browser, language) {
    const context = await browser.createBrowserContext();
    const person = new Person();
    person.context = context;
    person.page = await context.newPage();
    person.page.setDefaultTimeout(PATIENCE);
    await person.page.setViewport({ width: 1280, height: 900 });
    await person.page.setExtraHTTPHeaders({ "Accept-Language": language });
    return person;
  }

  /** An address in the address bar. Answers with its status, or the way in which it did not load. */
  async open(address) {
    const answer = await this.page.goto(address, { waitUntil: "load" });
    return answer?.status();
  }

  /** What has the focus, as it is told to people: its name, what it is, whether one sees that it has the focus. */
  focus() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
      const labelled = (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => id && document.getElementById(id)?.innerText).join(" ");
      const name = element.getAttribute("aria-label") || plain(labelled) || plain(element.labels?.[0]?.innerText) ||
        plain(element.innerText) || (["submit", "button"].includes(element.type) ? element.value : "");
      const style = getComputedStyle(element);
      const seen = element.matches(":focus-visible") && (style.outlineStyle !== "none" || style.boxShadow !== "none");
      return { name: plain(name), tag: element.tagName.toLowerCase(), id: element.id, value: element.value, seen };
    });
  }

  /** The same on a page that puts the focus somewhere itself, which browsers do a moment after it has loaded. */
  async focusPut() {
    await this.page.waitForFunction(() => document.activeElement && document.activeElement !== document.body, { timeout: 15_000 }).catch(() => {});
    return this.focus();
  }

  /** Tab after Tab until something with this name (or #id) has the focus, at most once around the page. */
  async tabTo(wanted, { unseen = false } = {}) {
    const passed = [];
    for (let i = 0; i < 250; i++) {
      await this.page.keyboard.press("Tab");
      const at = await this.focus();
      const is = wanted.startsWith("#") ? `#${at.id}` === wanted : at.name === wanted || (at.tag !== "body" && at.name.startsWith(`${wanted} (`));
      if (is) {
        expect(unseen || at.seen, `one does not see that ${wanted} has the focus`);
        return at;
      }
      if (at.tag !== "body") passed.push(at.name || at.tag);
    }
    throw new Error(`Tab does not lead to ${wanted}, but to ${[...new Set(passed)].slice(0, 60).join(" | ")}`);
  }

  /** To a field by Tab, and writes in place of what stands there. */
  async fill(wanted, text, options) {
    await this.tabTo(wanted, options);
    await this.retype(text);
  }

  async retype(text) {
    await this.page.keyboard.down("Control");
    await this.page.keyboard.press("a");
    await this.page.keyboard.up("Control");
    await this.page.keyboard.press("Backspace");
    await this.page.keyboard.type(text);
  }

  /** To a control by Tab, and Enter; with `follow`, until the next page has loaded. Answers with its status. */
  async use(wanted, { follow = true, ...options } = {}) {
    await this.tabTo(wanted, options);
    return follow ? this.enter() : void (await this.page.keyboard.press("Enter"));
  }

  /** Enter, and the page that it leads to. */
  async enter() {
    const [answer] = await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), this.page.keyboard.press("Enter")]);
    return answer?.status();
  }

  path() {
    return new URL(this.page.url()).pathname;
  }

  /** All that one reads on the page. */
  read(selector = "body") {
    return this.page.$eval(selector, (element) => element.innerText.replace(/\s+/g, " ").trim()).catch(() => "");
  }

  /** Waits until a text can be read. */
  async sees(text, selector = "body") {
    const there = (selector, text) => [...document.querySelectorAll(selector)].some((one) => one.checkVisibility() && one.innerText.replace(/\s+/g, " ").includes(text));
    try {
      await this.page.waitForFunction(there, {}, selector, text);
    } catch {
      throw new Error(`“${text}” is not to be read in ${selector}, but: ${(await this.read(selector)).slice(0, 300)}`);
    }
  }

  language() {
    return this.page.$eval("html", (element) => element.lang);
  }
}

/** Counts checks, one line each; the first that fails ends the journey, with a picture and the page kept in a folder. */
export class Checks {
  constructor(folder) {
    this.folder = folder;
    this.number = 0;
  }

  async check(name, person, act) {
    this.number += 1;
    try {
      await act();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${String(error.message ?? error).replace(/\s+/g, " ")}`);
      if (person) await this.keep(person.page).catch((problem) => console.error(`nothing kept: ${problem}`));
      throw new Stopped();
    }
  }

  /** Links and passwords that open something are no part of what is kept. */
  async keep(page) {
    const base = `${this.folder}/journey-${String(this.number).padStart(2, "0")}`;
    mkdirSync(this.folder, { recursive: true });
    await page.evaluate(() => {
      for (const secret of document.querySelectorAll(".once [data-copy-text]")) secret.textContent = "…";
      for (const input of document.querySelectorAll("input[type=password], [data-pw], [name=rp_key], [name=csrf]")) {
        for (const attribute of ["value", "data-pw"]) if (input.hasAttribute(attribute)) input.setAttribute(attribute, "…");
        input.value = "…";
      }
    });
    writeFileSync(`${base}.html`, `<!-- ${page.url().replace(/key=[^&]*/, "key=…")} -->\n${await page.content()}`);
    await page.screenshot({ path: `${base}.png`, fullPage: true });
    console.log(`kept ${base}.png and .html`);
  }
}

/** A failed check has been told already. */
export class Stopped extends Error {}

/** Watches a page for what Flotta's own pages must not do. Refusals that a step provokes are said beforehand. */
export class Watch {
  constructor(page, host) {
    this.problems = [];
    this.refusals = [];
    const ours = (address) => URL.canParse(address) && new URL(address).host === host;
    page.on("console", (message) => {
      if (message.type() !== "error" || !ours(message.location().url || page.url())) return;
      const status = /status of (\d+)/.exec(message.text())?.[1];
      const place = this.refusals.indexOf(Number(status));
      if (place >= 0) this.refusals.splice(place, 1);
      else this.problems.push(`console: ${message.text()} (${message.location().url ?? ""})`);
    });
    page.on("pageerror", (error) => { if (ours(page.url())) this.problems.push(`script: ${error}`); });
    page.on("request", (request) => {
      const from = request.frame()?.url() ?? "";
      if (request.isNavigationRequest() || !ours(from) || !/^(http|ws)/.test(request.url())) return;
      if (!ours(request.url())) this.problems.push(`${from} asks another host: ${request.url()}`);
    });
    page.on("requestfailed", (request) => {
      // What is still under way when one leaves a page is broken off by the browser.
      if (ours(request.url()) && request.failure()?.errorText !== "net::ERR_ABORTED") this.problems.push(`failed: ${request.url()}: ${request.failure()?.errorText}`);
    });
  }

  refusal(status) {
    this.refusals.push(status);
  }
}
