// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// The municipality's own side: its front page, and its administrator in WordPress.

import { randomBytes } from "node:crypto";
import { Person, expect } from "../person.mjs";
import { browser, checks, flotta, one, site, step, visit } from "./stage.mjs";

export async function frontPage() {
  await step("the operation's link leads to the municipality's front page, in Swedish", async () => {
    const status = await one.use("Titta på webbplatsen");
    expect(one.page.url() === site && status === 200, `${one.page.url()} answers ${status}`);
    expect((await one.language()) === "sv-SE", `its language is ${await one.language()}`);
    expect((await one.page.title()).includes("Lunds kommun"), `its title is ${await one.page.title()}`);
  });
}

export async function administrator() {
  let link, login;
  await step("the invitation is a link that is shown once and can be copied", async () => {
    await one.context.overridePermissions(new URL(flotta).origin, ["clipboard-read", "clipboard-write", "clipboard-sanitized-write"]);
    await one.open(new URL("/municipalities/lund", flotta).href);
    await one.use("Bjud in administratör");
    login = /Engångslänk för (\S+)/.exec(await one.read(".once h2"))?.[1];
    await one.tabTo("Kopiera");
    await one.page.keyboard.press("Enter");
    await one.sees("Kopierat", ".once button");
    link = await one.page.evaluate(() => navigator.clipboard.readText());
    expect(link.startsWith(`${site}wp-login.php?`) && login, "it is no link to WordPress");
    await one.open(new URL("/municipalities/lund", flotta).href);
    expect(!(await one.page.content()).includes("wp-login.php"), "it is shown again");
  });
  const other = await Person.arrive(browser, "sv");
  const secret = `${randomBytes(12).toString("base64url")}-Ån9!`;
  const theirs = (name, act) => checks.check(name, other, act);
  await theirs("opened elsewhere, the link lets the administrator set a password, in Swedish", async () => {
    expect((await other.open(link)) === 200, "it does not answer 200");
    expect((await other.language()) === "sv-SE", `its language is ${await other.language()}`);
    await other.sees("Nytt lösenord", "label");
    // WordPress proposes a password a moment after the page has loaded.
    await other.page.waitForFunction(() => document.getElementById("pass1").value !== "");
    await other.fill("#pass1", secret, { unseen: true });
    expect((await other.focus()).value === secret, "the field has another password than the one typed");
    await other.page.waitForFunction(() => !document.getElementById("wp-submit").disabled);
    await other.use("#wp-submit", { unseen: true });
    await other.sees("Ditt lösenord har återställts");
  });
  await theirs("the administrator logs in and arrives in wp-admin, in Swedish", async () => {
    await other.use("Logga in", { unseen: true });
    // WordPress moves the focus there a moment after the page has loaded.
    await other.page.waitForFunction(() => document.activeElement.id === "user_login");
    await other.retype(login);
    await other.fill("#user_pass", secret, { unseen: true });
    await other.enter();
    expect(other.path() === "/wp-admin/", `it leads to ${other.path()}`);
    // Adminpanel, or Panel in older translations.
    expect(/panel$/i.test(await other.read("h1")), `the heading is ${await other.read("h1")}`);
    expect((await other.language()) === "sv-SE", `its language is ${await other.language()}`);
    await other.sees("Lunds kommun", "#wpadminbar");
  });
  await theirs("what the administrator changes shows on the front page", async () => {
    await other.open(`${site}wp-admin/options-general.php`);
    await other.fill("#blogdescription", "Idéernas stad vid Höje å", { unseen: true });
    await other.enter();
    await other.sees("sparade", ".notice-success");
    await visit(site, 200, "Idéernas stad vid Höje å");
  });
  await theirs("used again, the link opens nothing", async () => {
    const third = await Person.arrive(browser, "sv");
    await third.open(link);
    expect((await third.page.$("#pass1")) === null, "a password can be set again");
    expect(new URL(third.page.url()).searchParams.get("error") === "invalidkey", `it leads to ${third.path()}`);
    await third.context.close();
  });
  await other.context.close();
}
