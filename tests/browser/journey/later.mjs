// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// What comes after onboarding: pauses, preferences, the end, and the log of it all.

import { Person, expect } from "../person.mjs";
import { api, browser, email, ends, flotta, one, operations, shot, site, slugs, step, visit, watch } from "./stage.mjs";

/** Somebody who looks at the health board all the while; only events can change it there, since its clock does not run. */
async function colleague() {
  const other = await Person.arrive(browser, "sv");
  await other.page.evaluateOnNewDocument(() => { globalThis.setInterval = () => 0; });
  await other.page.setCookie(...(await one.page.cookies()));
  await other.open(new URL("/health", flotta).href);
  await other.page.evaluate(() => { globalThis.opened = true; });
  return other;
}

export async function pause() {
  let other;
  const tile = '.tiles a[href="/health/lund"]';
  await step("a colleague's health board says that Lund serves", async () => {
    other = await colleague();
    await other.sees("fungerar", tile);
  });
  const home = new URL("/municipalities/lund", flotta).href;
  await step("the municipality's page says that it runs", async () => {
    await one.open(flotta);
    await shot("overview");
    await one.open(home);
    await one.sees("Webbplatsen är i drift på utgåva", ".answer");
    await one.sees("i drift", ".card-head .state");
  });
  await step("suspending says first what it means, then does it", async () => {
    await one.use("Pausa webbplatsen", { follow: false });
    await one.sees("Besökare får se en sida som säger att webbplatsen är pausad");
    expect((await api("/municipalities/lund")).instances[0].state === "running", "it is suspended already");
    await one.use("Pausa nu");
    expect((await one.read("h1")) === "Pausa Lunds kommun", `it leads to ${await one.read("h1")}`);
    await ends("Klart. Alla steg är gjorda.");
  });
  await step("the colleague's board tells so by itself", () => other.sees("okänt", tile));
  await step("visitors see a friendly page, with 503", () => visit(site, 503, "Webbplatsen är stängd för tillfället"));
  await step("resumed, it answers 200 again, with its content", async () => {
    await one.use("Till kommunen");
    await one.sees("Webbplatsen är pausad", ".answer");
    await one.use("Återuppta");
    await ends("Klart. Alla steg är gjorda.");
    await visit(site, 200, "Idéernas stad vid Höje å");
  });
  await step("the colleague's board tells that too, without being loaded again", async () => {
    await other.sees("fungerar", tile);
    expect(await other.page.evaluate(() => globalThis.opened), "it was loaded again");
    await other.context.close();
  });
}

export async function preferences() {
  await step("the other language: the page and those after it follow", async () => {
    await one.open(new URL("/municipalities/lund", flotta).href);
    await one.use("English");
    expect((await one.language()) === "en" && one.path() === "/municipalities/lund", `${one.path()} is in ${await one.language()}`);
    await one.sees("The site is running on release", ".answer");
    await one.use("Operations");
    expect((await one.language()) === "en" && (await one.read("h1")) === "Operations", "the next page does not follow");
  });
  await step("the dark theme: the page and those after it follow", async () => {
    const look = () => one.page.evaluate(() => [document.documentElement.dataset.theme, /\d+/.exec(getComputedStyle(document.documentElement).backgroundColor)?.[0]]);
    const light = await look();
    await one.use("Dark");
    const dark = await look();
    expect(one.path() === "/operations" && dark[0] === "dark" && Number(dark[1]) < 80 && Number(light[1]) > 200, `from ${light} to ${dark}`);
    await one.use("Fleet");
    expect((await look()).join() === dark.join(), "the next page does not follow");
    expect((await one.page.$eval("[name=theme][value=dark]", (button) => button.ariaPressed)) === "true", "the button does not tell that it is chosen");
  });
}

export async function offboard() {
  await step("the fleet's list is filtered with arrow keys, and finds Lund", async () => {
    await one.tabTo("Show as");
    await one.page.keyboard.press("ArrowDown");
    await one.use("Show");
    expect(new URL(one.page.url()).searchParams.get("view") === "list", "the address does not tell the view");
    await one.sees("lund.localhost", "tbody");
    await one.use("Lund");
    expect(one.path() === "/municipalities/lund", `it leads to ${one.path()}`);
  });
  await step("offboarding with a wrong slug is refused, and changes nothing", async () => {
    await one.use("Offboard the municipality…");
    await one.sees("What is lost");
    const before = await operations();
    await one.fill("Type the municipality’s slug to confirm", "lunda");
    watch.refusal(400);
    const status = await one.enter();
    expect(status === 400, `the answer is ${status}`);
    const at = await one.focusPut();
    expect(at.id === "errors", `the focus is at ${at.tag} ${at.id}`);
    expect((await operations()) === before, "an operation was begun");
    await visit(site, 200, "Lunds kommun");
  });
  await step("with the right slug it is offboarded, step by step", async () => {
    await one.fill("Type the municipality’s slug to confirm", "lund");
    await one.use("Offboard the municipality");
    expect((await one.read("h1")).startsWith("Offboard Lund"), `it leads to ${await one.read("h1")}`);
    await ends("Done. Every step is done.");
  });
  await step("the fleet no longer has it", async () => {
    await one.use("Fleet");
    await one.sees("1 of 1 municipality is running", ".answer");
    expect(!(await one.read("main")).includes("Lund"), "Lund is on the page");
    expect((await slugs()) === "helsingborg", `the API has ${await slugs()}`);
  });
  await step("its address answers with the page for unknown hosts", () => visit(`http://lund.localhost:${process.env.FLOTTA_HTTP_PORT}/`, 404, "Ingen webbplats här"));
}

export async function farewell() {
  await step("the audit log tells who did all this", async () => {
    await one.use("Audit log");
    const rows = await one.page.$$eval("tbody tr", (all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.replace(/\s+/g, " ").trim())));
    const wanted = [
      ["anonymous", "Logged in", email, "refused"], [email, "Logged in", email, "done"],
      [email, "Onboarded municipality", "lund", "refused"], [email, "Onboarded municipality", "lund", "done"],
      [email, "Invited administrator", "lund", "done"], [email, "Suspended municipality", "lund", "done"], [email, "Resumed municipality", "lund", "done"],
      [email, "Offboarded municipality", "lund", "refused"], [email, "Offboarded municipality", "lund", "done"],
    ];
    const is = (row, [actor, action, target, result]) => row[1] === actor && row[2].startsWith(action) && row[3] === target && row[4] === result;
    const missing = wanted.filter((event) => !rows.some((row) => is(row, event)));
    expect(missing.length === 0, () => `missing: ${missing.join(" | ")}; there is ${rows.slice(0, 20).map((row) => row.slice(1, 5).join(",")).join(" | ")}`);
    expect(!(await one.page.content()).includes("wp-login.php"), "the invitation's link is in the log");
  });
  await step("logging out ends it: every page leads to log-in", async () => {
    await one.page.keyboard.press("Tab");
    const name = await one.page.$eval("[data-menu] summary", (summary) => summary.innerText.trim());
    await one.use(name, { follow: false });
    await one.use("Log out");
    expect(one.path() === "/login", `it leads to ${one.path()}`);
    await one.sees("You are logged out", ".notice");
    await one.open(new URL("/audit", flotta).href);
    expect(one.path() === "/login" && (await one.page.$("#f-password")), `the audit log is at ${one.path()}`);
  });
  await step("no error on the console, no failed request and no other host on Flotta's pages", async () => {
    expect(watch.problems.length === 0, () => watch.problems.join(" | "));
    expect(watch.refusals.length === 0, () => `expected refusals did not come: ${watch.refusals}`);
  });
}
