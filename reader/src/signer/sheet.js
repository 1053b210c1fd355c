// A new kit on paper: the twin of cli/sheet.html, in the reader's language, and the question whether it is on paper before anything goes on.

import { fingerprint } from "../keys.js";
import { drawn } from "./codes.js";
import { kitFileOf } from "./kitfile.js";
import { at, saveFile } from "./screens.js";
import { say, told } from "./words.js";

let shown = null;
let asked = 1;

/** Fill the sheet with *member*'s kit. */
export function fill(member, kit) {
  shown = { member, kit };
  const words = document.createElement("ol");
  words.dir = "ltr";
  words.append(...kit.words().map((word) => element("li", [element("span", [word], "word")])));
  const six = element("p", [fingerprint(kit.keys).join(" ")], "six");
  const code = drawn(kit.text(), "sheet-code", "quartile");
  const content = element("p", [kit.text()], "code");
  for (const node of [six, content]) node.dir = "ltr";
  const keep = document.createElement("ul");
  keep.append(...["sheet-keep-1", "sheet-keep-2", "sheet-keep-3"].map((key) => told("li", key)));
  const secret = told("p", "sheet-secret", { name: member });
  secret.className = "secret";
  at("sheet-paper").replaceChildren(
    told("h2", "sheet-of", { name: member }),
    secret,
    told("h2", "sheet-words"),
    words,
    told("h2", "sheet-code"),
    code,
    content,
    told("h2", "sheet-keep"),
    keep,
    told("h2", "sheet-six"),
    six,
    told("p", "sheet-six-help"),
  );
}

/** Forget the kit, and what of it stood on the page. */
export function clear() {
  shown = null;
  at("sheet-paper").replaceChildren();
}

/** Ask for one of the 24 words, another each time. */
export function ask() {
  asked = 1 + Math.floor(Math.random() * 24);
  say(at("prove-label"), "prove", { place: asked });
  at("prove-word").value = "";
}

/** Whether the word that was typed is the one that was asked for. */
export function isProved() {
  return at("prove-word").value.trim().toLowerCase() === shown.kit.words()[asked - 1];
}

/** Which word was asked for. */
export function place() {
  return asked;
}

at("sheet-print").addEventListener("click", () => window.print());
at("sheet-save").addEventListener("click", () => saveFile(`${shown.member}.kit`, kitFileOf(shown.member, shown.kit)));
at("sheet-card").addEventListener("click", () => saveFile(`${shown.member}.card`, shown.kit.card(shown.member)));

function element(name, parts, kind = "") {
  const made = document.createElement(name);
  if (kind !== "") made.className = kind;
  made.append(...parts);
  return made;
}
