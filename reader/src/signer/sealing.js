// The screen on which secrets are typed and sealed. They live in this module's memory until they are encrypted, and in nothing that the browser keeps.

import { encode } from "../base64.js";
import { hex, sha256 } from "../bytes.js";
import { kitKeyId } from "../keys.js";
import { encryptTo } from "../sealing/age.js";
import { MAX_FILE, MAX_NAME, bundleBytes } from "../sealing/bundle.js";
import { seal } from "../sealing/opening.js";
import { trialSets } from "../sealing/splitting.js";
import { at, onFile, onForm, onLeave, show, wrong } from "./screens.js";
import { say, told, visible } from "./words.js";
import { kindOf } from "./unsealing.js";

const FIELDS = ["secret-name", "secret-value"];
const dice = (size) => crypto.getRandomValues(new Uint8Array(size));
let sealing = null;
let secrets = [];
let finish = null;

/** What is done with the signed body: called with (reading, body, texts). */
export function whenSealed(work) {
  finish = work;
}

/** Ask for the secrets. */
export function askForSecrets(reading) {
  clear();
  sealing = reading;
  show("secrets");
}

/** Forget what was typed. */
export function clear() {
  sealing = null;
  secrets = [];
  for (const id of FIELDS) at(id).value = "";
  list();
}

function list() {
  at("secret-list").replaceChildren(
    ...secrets.map((secret) => {
      const line = document.createElement("li");
      const name = visible(secret.name);
      const remove = told("button", "secret-remove", { name });
      remove.type = "button";
      remove.addEventListener("click", () => {
        secrets = secrets.filter((other) => other !== secret);
        list();
        at("secret-name").focus();
      });
      const kind = at("secret-kind").querySelector(`[value=${secret.kind}]`).textContent;
      line.append(told("span", "secret-there", { name, kind }), " ", remove);
      return line;
    }),
  );
}

/** A secret's name from a file's, which may be longer, and hold what nobody sees. */
function nameFrom(name) {
  return Array.from(name.normalize("NFC").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "")).slice(0, MAX_NAME).join("");
}

/** Add one secret to those that will be sealed; refused as `bundleBytes` does, and then nothing that was typed is lost. */
function add(secret) {
  bundleBytes([...secrets, secret]);
  secrets = [...secrets, secret];
  for (const id of FIELDS) at(id).value = "";
  list();
}

onForm("secret-form", "secret-wrong", () => {
  add({ kind: at("secret-kind").value, name: at("secret-name").value.trim(), value: at("secret-value").value });
  at("secret-name").focus();
});
at("secret-see").addEventListener("change", () => at("secret-value").classList.toggle("veiled", !at("secret-see").checked));
onFile("secret-file", "secret-wrong", { most: MAX_FILE, tooLarge: "secret/too-large" }, (raw, { name }) =>
  add({ kind: "file", name: at("secret-name").value.trim() || nameFrom(name), value: encode(raw) }),
);
at("secrets-go").addEventListener("click", async () => {
  if (at("secret-value").value !== "") return void say(at("secrets-wrong"), "secrets-half");
  if (secrets.length === 0) return void say(at("secrets-wrong"), "secrets-none");
  say(at("secrets-wrong"), "");
  at("secrets-go").disabled = true;
  try {
    const made = await sealed();
    const reading = sealing;
    clear();
    finish(reading, made.body, made.texts);
    say(at("status"), "sealed-trial", { count: made.trials });
  } catch (error) {
    wrong("secrets-wrong", error);
    say(at("status"), "");
  } finally {
    at("secrets-go").disabled = false;
  }
});

/** The body of the proposal and its objects: sealed, opened once in every way, and each share encrypted to its holder's kit. */
async function sealed() {
  const { request, task } = sealing.review;
  const { body, org } = request;
  const { resource, seal: number } = body.payload;
  say(at("status"), "sealing");
  await shown();
  const made = seal(secrets, task.structure, { org, resource, seal: number }, dice);
  const people = task.structure.people();
  const envelopes = new Map();
  const texts = new Map([[hex(sha256(made.sealed)), made.sealed]]);
  for (const [at_, name] of people.entries()) {
    say(at("status"), "sealing-for", { member: name, done: at_ + 1, count: people.length });
    await shown();
    const raw = encryptTo(task.kits.get(name).age, made.envelope(name));
    envelopes.set(name, hex(sha256(raw)));
    texts.set(envelopes.get(name), raw);
  }
  const manifest = made.manifest(new Map(people.map((name) => [name, kitKeyId(task.kits.get(name).sign)])), envelopes);
  const shares = Object.fromEntries(manifest.holdings);
  const payload = { ...body.payload, shares, key: manifest.key, sealed: manifest.sealed };
  return { body: { ...body, payload }, texts, trials: trialSets(task.structure).length };
}

/** Once what was said can be seen. */
function shown() {
  return new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
}

for (const kind of ["password", "totp", "codes", "note"]) {
  const option = told("option", kindOf(kind));
  option.value = kind;
  at("secret-kind").append(option);
}
const file = told("option", kindOf("file"));
file.value = "file";
file.hidden = true;
at("secret-kind").append(file);
onLeave((next) => {
  if (next !== "secrets" && sealing !== null) clear();
});
// Closed in the middle, nothing has happened; but what was typed is gone, so it is asked once.
window.addEventListener("beforeunload", (event) => {
  if (secrets.length > 0) event.preventDefault();
});
