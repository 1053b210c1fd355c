// The page that checks what somebody pasted, chose or dropped: fields in, sentences out. What is checked, and how, is check.js; the words are language.js.
//
// Nothing that was given becomes markup: everything is shown through textContent. Nothing is fetched or sent, which the page's own policy also forbids.

import { utf8 } from "./bytes.js";
import { judge } from "./check.js";
import { LANGUAGES, chosenLanguage, direction, sentence } from "./language.js";
import { HEADER } from "./tlogproof.js";

const MAX_BYTES = 64 << 20;
const at = (id) => document.getElementById(id);
let language = chosenLanguage(navigator.languages ?? []);
let last = null;

/** A field that is typed into or filled from a file, whose exact bytes are kept. */
class Source {
  constructor(id) {
    this.area = at(id);
    this.chosen = at(`${id}-chosen`);
    this.file = null;
    this.area.addEventListener("input", () => this.take(null));
    at(`${id}-file`).addEventListener("change", ({ target }) => {
      this.take(target.files[0] ?? null);
      // So that the same file can be chosen again.
      target.value = "";
    });
  }

  take(file) {
    this.file = file;
    if (file !== null) this.area.value = "";
    this.say();
  }

  say() {
    this.chosen.replaceChildren(...(this.file === null ? [] : sentence(language, "chosen", { name: this.file.name })));
  }

  /** The bytes; null if the field is empty, and undefined if the file is too large to be read. */
  async bytes() {
    if (this.file === null) return this.area.value === "" ? null : utf8(asCopied(this.area.value));
    return this.file.size > MAX_BYTES ? undefined : new Uint8Array(await this.file.arrayBuffer());
  }
}

/** Pasted text as it was before it was copied: JSON ends with its brace, notes and proofs with a newline. */
function asCopied(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return trimmed;
  const isSigned = text.includes("\n\n\u2014 ");
  const start = trimmed.startsWith(HEADER) ? text.trimStart() : text;
  return isSigned && !start.endsWith("\n") ? `${start}\n` : start;
}

const raw = new Source("raw");
const entry = new Source("entry");

async function answer() {
  const given = await raw.bytes();
  const beside = await entry.bytes();
  if (given === undefined || beside === undefined) return { verdict: "unreadable", facts: [{ say: "too-large" }], texts: [] };
  if (given === null) return { verdict: "unreadable", facts: [{ say: "empty" }], texts: [] };
  return judge({ raw: given, trust: at("trust").value, entry: beside, org: at("org").value, now: BigInt(Math.floor(Date.now() / 1000)) });
}

async function check(event) {
  event.preventDefault();
  at("status").replaceChildren(...sentence(language, "checking"));
  // Let the page show that it works before the mathematics begins.
  await new Promise((go) => setTimeout(go, 20));
  try {
    last = await answer();
  } catch (error) {
    last = { verdict: "unreadable", facts: [{ say: "failed" }], texts: [], code: "page/failed", detail: String(error) };
  }
  at("status").replaceChildren();
  show();
  at("verdict").focus();
  if (last.facts.some(({ say }) => ["no-trust", "no-entry-given", "no-pin"].includes(say))) at("more").open = true;
}

function show() {
  const { verdict, facts, texts, code, detail, kind } = last;
  at("answer").hidden = false;
  at("answer").dataset.verdict = verdict;
  at("verdict").replaceChildren(...sentence(language, `verdict-${verdict}`, last.with));
  at("facts").replaceChildren(...facts.map((fact) => element("p", sentence(language, fact.say, fact.with))));
  const heading = ["proof-file", "brief-proof"].includes(kind) ? "text" : "note-text";
  at("texts").replaceChildren(...texts.flatMap((text) => [element("h3", sentence(language, heading)), textBlock(text)]));
  at("details").hidden = code === undefined;
  at("detail").textContent = code === undefined ? "" : `${code}: ${detail}`;
}

function element(name, nodes) {
  const made = document.createElement(name);
  made.append(...nodes);
  return made;
}

function textBlock(text) {
  const block = document.createElement("pre");
  block.dir = "auto";
  block.textContent = text;
  return block;
}

function speak(code) {
  language = code;
  document.documentElement.lang = code;
  document.documentElement.dir = direction(code);
  for (const node of document.querySelectorAll("[data-say]")) node.replaceChildren(...sentence(code, node.dataset.say));
  document.title = `${LANGUAGES.get(code).strings.title} · Commonhold`;
  raw.say();
  entry.say();
  if (last !== null) show();
}

for (const [code, { name }] of LANGUAGES) {
  const option = new Option(name, code);
  option.lang = code;
  at("language").append(option);
}
at("language").value = language;
at("language").addEventListener("change", ({ target }) => speak(target.value));
at("form").addEventListener("submit", check);
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", name === "dragover");
    const [file] = name === "drop" ? event.dataTransfer.files : [];
    // Dropped on the entry's own field, it is the entry; anywhere else, what is to be checked.
    if (file !== undefined) (event.target === entry.area ? entry : raw).take(file);
  });
}
speak(language);
