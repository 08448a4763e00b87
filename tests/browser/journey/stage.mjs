// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Where the journey takes place: the browser, the one who sits at it, and what all its parts ask and wait for.

import { Checks, Person, Watch, expect, launch } from "../person.mjs";

export const { FLOTTA_URL: flotta, FLOTTA_EMAIL: email, FLOTTA_PASSWORD: password, FLOTTA_TOKEN: token } = process.env;
const shots = process.env.FLOTTA_JOURNEY_SHOTS;
export const site = `https://lund.localhost:${process.env.FLOTTA_HTTPS_PORT}/`;
export const checks = new Checks(process.argv[2] ?? ".");
export const browser = await launch();

/** What the API says, to see what a page's refusal left unchanged. */
export async function api(path) {
  const answer = await fetch(new URL(`/api/v1${path}`, flotta), { headers: { authorization: `Bearer ${token}` } });
  expect(answer.ok, `the API answers ${answer.status} for ${path}`);
  return answer.json();
}
export const slugs = async () => (await api("/municipalities")).items.map((one) => one.slug).sort().join();
export const operations = async () => (await api("/operations")).total;

export const one = await Person.arrive(browser, "sv");
export const watch = new Watch(one.page, new URL(flotta).host);
export const step = (name, act) => checks.check(name, one, act);

/** Waits on an operation's page until it has ended well. */
export async function ends(sentence) {
  await one.page.waitForSelector('[data-live][data-final="true"]');
  await one.sees(sentence, ".answer");
}
/** Somebody else looks at the municipality's address. */
export async function visit(address, status, text) {
  const visitor = await Person.arrive(browser, "sv");
  try {
    const got = await visitor.open(address);
    expect(got === status, `${address} answers ${got}, not ${status}`);
    await visitor.sees(text);
  } finally {
    await visitor.context.close();
  }
}
export async function shot(name) {
  if (shots) await one.page.screenshot({ path: `${shots}/${name}.png` });
}
