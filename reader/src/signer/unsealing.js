// The screens of whoever asks for a release: its one-off key goes into a file, and later opens what the custodians gave. What is opened shows when it is
// pressed, and is gone when the screen is left, or after five minutes.

import { decode } from "../base64.js";
import { ownTexts } from "./entry.js";
import { reasonOf } from "./refusals.js";
import { MAX_KEY_FILE, keyIn, newKey, openRelease } from "./releasing.js";
import { at, onLeave, onTextFile, saveBytes, saveFile, show } from "./screens.js";
import { recipientFact } from "./sealfacts.js";
import { codeAt } from "./totp.js";
import { say, told, visible } from "./words.js";

const SHOWN_SECONDS = 300;
const VERDICTS = {
  __proto__: null,
  used: "share-used",
  surplus: "share-surplus",
  "share/forged": "refused-forged",
  "share/envelope": "refused-broken",
  "share/other-member": "refused-other",
  "share/other-release": "refused-stale",
  "share/other-org": "refused-stale",
  "share/other-resource": "refused-stale",
  "share/stale": "refused-stale",
  "share/duplicate": "refused-twice",
};
const KINDS = { __proto__: null, password: "kind-password", totp: "kind-totp", codes: "kind-codes", note: "kind-note", file: "kind-file" };
let asking = null;
let opening = null;
let finish = null;
let timers = [];

/** What is done with the signed body: called with (reading, body, texts). */
export function whenAsked(work) {
  finish = work;
}

/** The sentence for a kind of secret. */
export function kindOf(kind) {
  return KINDS[kind];
}

/** Make the one-off key, and have it kept before anything is signed. */
export function askForRelease(reading) {
  const { review, kit } = reading;
  asking = { reading, key: newKey(kit, review.task.manifest.about), isSaved: false };
  const { with: values } = recipientFact(asking.key.recipient);
  say(at("onekey-six"), "key-six", values);
  show("onekey");
}

/** Ask for the key of the release under review. */
export function askForKey(reading) {
  opening = reading;
  show("openkey");
}

/** Forget every key and secret. */
export function clear() {
  asking = null;
  opening = null;
  for (const timer of timers) clearInterval(timer);
  timers = [];
  for (const id of ["verdicts", "secrets-shown"]) at(id).replaceChildren();
}

at("onekey-save").addEventListener("click", () => {
  const { resource, seal } = asking.reading.review.task.manifest.about;
  saveFile(`${resource}-${seal}.release-key`, asking.key.file);
  asking.isSaved = true;
  say(at("onekey-wrong"), "");
});
at("onekey-go").addEventListener("click", () => {
  if (!asking.isSaved) return void say(at("onekey-wrong"), "key-first");
  const { reading, key } = asking;
  clear();
  const { body } = reading.review.request;
  finish(reading, { ...body, payload: { ...body.payload, recipient: key.recipient } }, ownTexts(reading.review.request));
});

onTextFile("openkey-file", "openkey-wrong", { most: MAX_KEY_FILE, noText: "unseal/key-file" }, (text) => {
  const { review, kit } = opening;
  const found = openRelease(review, keyIn(text, kit, review.task.recipient));
  show("opened");
  at("verdicts").replaceChildren(...found.verdicts.map(({ member, code }) => told("p", VERDICTS[code] ?? verdictOf(code), { member })));
  const isOpen = found.secrets !== null;
  for (const id of ["opened-lead", "opened-next"]) at(id).hidden = !isOpen;
  if (!isOpen) {
    const reason = reasonOf(found.refusal);
    return void say(at("opened-wrong"), reason.say, reason.with);
  }
  at("secrets-shown").replaceChildren(...found.secrets.map(secretNode));
  timers.push(
    setTimeout(() => {
      show("request");
      say(at("status"), "opened-cleared");
    }, SHOWN_SECONDS * 1_000),
  );
});

function verdictOf(code) {
  return code.startsWith("sealed/") || code.startsWith("base64/") ? "refused-broken" : "refused-wrong";
}

/** One secret, which shows when its button is pressed. */
function secretNode({ kind, name, value }) {
  const node = document.createElement("div");
  node.className = "kept";
  const title = document.createElement("h2");
  title.textContent = visible(name);
  const buttons = document.createElement("p");
  buttons.className = "ways";
  node.append(title, told("p", KINDS[kind]), buttons);
  if (kind === "file") {
    buttons.append(button("secret-file-save", name, () => saveBytes(name.replace(/[^\w.-]/g, "_"), decode(value))));
    return node;
  }
  const text = document.createElement("pre");
  text.dir = "auto";
  text.hidden = true;
  const press = button("secret-show", name, () => {
    text.hidden = !text.hidden;
    text.textContent = text.hidden ? "" : visible(value);
    say(press, text.hidden ? "secret-show" : "secret-hide", { name: visible(name) });
  });
  buttons.append(press, button("secret-copy", name, () => copy(value)));
  node.append(text);
  if (kind === "totp") node.append(codeNode(value));
  return node;
}

/** The code of a second factor, as it stands now. */
function codeNode(seed) {
  const line = document.createElement("p");
  line.className = "now";
  const tick = async () => {
    const values = await codeAt(seed, Math.floor(Date.now() / 1_000));
    if (line.isConnected) say(line, "totp-now", values);
  };
  timers.push(setInterval(tick, 1_000));
  setTimeout(tick);
  return line;
}

function button(key, name, work) {
  const made = told("button", key, { name: visible(name) });
  made.type = "button";
  made.addEventListener("click", work);
  return made;
}

async function copy(value) {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    const area = document.createElement("textarea");
    area.value = value;
    at("opened").append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(at("status"), "secret-copied");
}

onLeave((next) => {
  if (next !== "opened") {
    for (const id of ["verdicts", "secrets-shown"]) at(id).replaceChildren();
    for (const timer of timers) clearInterval(timer);
    timers = [];
  }
});
at("opened-clear").addEventListener("click", () => {
  clear();
  show("request");
});
