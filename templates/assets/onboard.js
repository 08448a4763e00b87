// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
// The onboarding form: a known code fills the rest, and the domain is checked while one types. Without this script, the
// button that shows the plan does both.

const form = document.querySelector("[data-onboard]");
const field = (name) => form.elements.namedItem(name);
const verdict = form.querySelector("[data-domain-check]");

// What the script filled may be filled again; what a person typed is left alone.
const filled = new Map();
function fill(name, value) {
  const input = field(name);
  if (input.value === "" || filled.get(name) === input.value) {
    input.value = value;
    filled.set(name, value);
  }
}

let known;
async function municipalities() {
  known ??= fetch(form.dataset.known).then((answer) => (answer.ok ? answer.json() : [])).catch(() => []);
  return known;
}

field("code").addEventListener("focus", municipalities, { once: true });
field("code").addEventListener("input", async () => {
  const typed = field("code").value.trim();
  if (!/^\d{4}$/.test(typed)) return;
  const found = (await municipalities()).find((one) => one.code === typed);
  if (!found || field("code").value.trim() !== typed) return;
  fill("name", found.name);
  fill("slug", found.slug);
  fill("domain", `${found.slug}.${form.dataset.suffix}`);
  check();
});

let timer;
let asked;
function check() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const domain = field("domain").value.trim();
    asked?.abort();
    if (domain.length < 4) {
      verdict.replaceChildren();
      return;
    }
    asked = new AbortController();
    try {
      const answer = await fetch(`/municipalities/new/domain?domain=${encodeURIComponent(domain)}`, { signal: asked.signal });
      if (answer.ok) verdict.innerHTML = await answer.text();
    } catch {
      // No verdict is shown; the server checks again when the form is sent.
    }
  }, 400);
}
field("domain").addEventListener("input", check);
