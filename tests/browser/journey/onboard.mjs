// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// From the log-in page to a municipality that is there.

import { Person, expect } from "../person.mjs";
import { browser, email, ends, flotta, one, operations, password, shot, site, slugs, step, watch } from "./stage.mjs";

export async function logIn() {
  await step("the log-in page is in the language that the browser asks for", async () => {
    const english = await Person.arrive(browser, "en");
    await english.open(flotta);
    expect((await english.language()) === "en" && english.path() === "/login", "an English browser does not get the English log-in page");
    await english.context.close();
    await one.open(flotta);
    expect((await one.language()) === "sv", `the page is in ${await one.language()}`);
    expect((await one.read("h1")) === "Logga in", `the heading is ${await one.read("h1")}`);
  });
  await step("a wrong password is refused, and the message has the focus", async () => {
    await one.fill("E-postadress", email);
    await one.fill("Lösenord", "fel häst batteri häftstift");
    watch.refusal(401);
    expect((await one.enter()) === 401, "the answer is not 401");
    const at = await one.focusPut();
    expect(at.name.includes("E-postadressen eller lösenordet stämmer inte"), `the focus is at ${at.tag} ${at.name}`);
    expect((await one.page.$eval("#f-email", (field) => field.value)) === email, "the address is not kept");
    expect((await one.page.$eval("#f-password", (field) => field.value)) === "", "the password is kept");
  });
  await step("the right password leads to the fleet", async () => {
    await one.fill("E-postadress", email);
    await one.fill("Lösenord", password);
    expect((await one.enter()) === 200 && one.path() === "/", `it leads to ${one.path()}`);
    expect((await one.read("h1")) === "Flottan", "the heading is not Flottan");
    await one.sees("1 av 1 kommun är i drift", ".answer");
  });
}

export async function onboard() {
  await step("Skip to content is the first stop, and leads there", async () => {
    await one.page.keyboard.press("Tab");
    expect((await one.focus()).name === "Hoppa till innehållet", "it is not the first");
    await one.page.keyboard.press("Enter");
    await one.page.keyboard.press("Tab");
    expect((await one.focus()).name === "Anslut kommun", `the next stop is ${(await one.focus()).name}`);
    await one.enter();
    expect((await one.read("h1")) === "Anslut en kommun", "it does not lead to the form");
  });
  await step("a municipality's code fills in the rest", async () => {
    await one.fill("Kommunkod", "1281");
    await one.page.waitForFunction(() => document.getElementById("f-domain").value !== "");
    const fields = await one.page.evaluate(() => ["name", "slug", "domain"].map((field) => document.getElementById(`f-${field}`).value).join());
    expect(fields === "Lunds kommun,lund,lund.localhost", `it fills in ${fields}`);
    const choices = await one.page.$$eval("#known option", (all) => all.map((each) => `${each.value} ${each.label || each.textContent}`));
    expect(choices.some((each) => each.startsWith("1281 ") && each.includes("Lund")), "Lund is not among the suggestions");
    expect(!choices.some((each) => each.startsWith("1283")), "Helsingborg is suggested, which the fleet has");
  });
  await step("a taken domain is told while one types", async () => {
    await one.fill("Domän", "helsingborg.localhost");
    await one.sees("används redan av en kommun", "[data-domain-check]");
  });
  let before;
  await step("sent all the same, it is refused: the summary has the focus and names the field", async () => {
    before = [await slugs(), await operations()];
    await one.fill("Administratörens e-postadress", "webb@lund.se");
    watch.refusal(409);
    expect((await one.enter()) === 409, "the answer is not 409");
    const at = await one.focusPut();
    expect(at.id === "errors" && at.name.includes("En kommun i flottan använder redan den domänen"), `the focus is at ${at.tag} ${at.name}`);
  });
  await step("nothing was changed by it, and what was typed is kept", async () => {
    expect([await slugs(), await operations()].join() === before.join(), "the fleet is another");
    const fields = await one.page.evaluate(() => ["code", "slug", "domain", "admin_email"].map((field) => document.getElementById(`f-${field}`).value).join());
    expect(fields === "1281,lund,helsingborg.localhost,webb@lund.se", `the form has ${fields}`);
  });
  await step("the summary's link leads to the field, which says what is wrong", async () => {
    await one.use("En kommun i flottan använder redan den domänen.", { follow: false });
    const at = await one.focusPut();
    expect(at.id === "f-domain", `the focus is at ${at.tag} ${at.id}`);
    const told = await one.page.$eval("#f-domain", (field) => field.getAttribute("aria-invalid") + field.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).innerText).join(" "));
    expect(told.startsWith("true") && told.includes("Välj en annan domän"), `it says ${told}`);
  });
  await step("a free domain is told, and the plan shown", async () => {
    await one.retype("lund.localhost");
    await one.sees("lund.localhost är ledig", "[data-domain-check]");
    await one.use("Visa planen");
    const plan = await one.read("#plan");
    expect(plan.includes(site) && plan.includes("Installation av WordPress"), `the plan is ${plan}`);
    expect((await slugs()) === before[0], "showing the plan changed the fleet");
  });
  await step("arrow keys choose in a list", async () => {
    await one.tabTo("Miljö");
    await one.page.keyboard.press("ArrowDown");
    expect((await one.focus()).value === "staging", "down is not the test copy");
    await one.page.keyboard.press("ArrowUp");
    expect((await one.focus()).value === "production", "up is not production");
  });
  await step("onboarding starts and its page comes", async () => {
    await one.page.evaluateOnNewDocument(() => {
      document.addEventListener("DOMContentLoaded", () => {
        const area = document.querySelector("[data-operation]");
        if (!area) return;
        const seen = globalThis.journeySeen = [];
        const told = globalThis.journeyTold = [];
        const look = () => {
          const done = Number(area.querySelector("progress")?.value);
          if (seen.at(-1) !== done) seen.push(done);
        };
        look();
        new MutationObserver(look).observe(area, { childList: true, subtree: true });
        const announcer = document.getElementById("announce");
        new MutationObserver(() => told.push(announcer.textContent)).observe(announcer, { childList: true, characterData: true, subtree: true });
      });
    });
    await one.use("Anslut kommun");
    expect(/^\/operations\/[0-9a-f-]{36}$/.test(one.path()), `it leads to ${one.path()}`);
    expect((await one.read("h1")) === "Ansluta Lunds kommun", `the heading is ${await one.read("h1")}`);
  });
  await step("its steps arrive while one watches, without another page load", async () => {
    let loads = 0;
    const count = (frame) => { if (frame === one.page.mainFrame()) loads += 1; };
    one.page.on("framenavigated", count);
    await one.page.waitForFunction(() => globalThis.journeySeen.length > 1);
    await shot("operation-live");
    await ends("Klart. Alla steg är gjorda.");
    one.page.off("framenavigated", count);
    const { seen, told, total } = await one.page.evaluate(() => ({ seen: globalThis.journeySeen, told: globalThis.journeyTold, total: document.querySelector("progress").max }));
    expect(loads === 0, `the page was loaded ${loads} times more`);
    expect(seen[0] < total && seen.at(-1) === total && seen.length > 1, `steps done, as seen: ${seen} of ${total}`);
    expect(told.at(-1)?.includes("Klart"), `told to screen readers: ${told.join(" | ")}`);
  });
}
