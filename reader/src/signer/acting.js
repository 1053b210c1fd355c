// The screens on which a member reads what they would sign, signs it, and hands it in.

import { textOf } from "../bytes.js";
import { drawn } from "./codes.js";
import { ownTexts, packed, signedEntry } from "./entry.js";
import { askPaper, clear as forgetShare, keep, showShare, whenKept } from "./keeping.js";
import { handIn } from "./net.js";
import { reached } from "./notice.js";
import { keyIdOf, sixWordsOf } from "./payloads.js";
import { reasonOf } from "./refusals.js";
import { isMirror, isUrl } from "./request.js";
import { compared } from "./review.js";
import { at, detailOf, onForm, saveFile, show, wrong } from "./screens.js";
import { askForSecrets, clear as forgetSecrets, whenSealed } from "./sealing.js";
import { askForKey, askForRelease, clear as forgetKeys, whenAsked } from "./unsealing.js";
import { say, told, visible } from "./words.js";

const DOUBTS = ["unvouched", "old-proof", "clock-behind", "undecided", "effect-depart", "do-unwitnessed", "key-added", "recipient-words", "custodian-kit", "emergency-release"];
// What the button says, and begins, where the device does more than to sign.
const TASKS = {
  __proto__: null,
  share: { button: "act-drill-go", begin: keep },
  contribute: { button: "act-contribute-go", begin: keep },
  release: { button: "act-release-go", begin: askForRelease },
  unseal: { button: "act-unseal-go", begin: askForKey },
  seal: { button: "act-seal-go", begin: askForSecrets },
};
const WAYS = { __proto__: null, mail: "way-mail", paper: "way-paper", partner: "way-partner", person: "way-person", phone: "way-phone" };
let reading = null;
// What was signed: the entry's bytes, the texts that belong to it, and both as one text.
let signed = null;

/** Show what *member* would sign with *kit*. */
export function showAct(review, member, kit) {
  reading = { review, member, kit };
  at("facts").replaceChildren(...review.facts.map(factNode));
  at("texts").replaceChildren(...review.texts.flatMap(({ heading, text }) => [told("h2", heading.say, heading.with), textNode(text)]));
  const about = review.facts.find(({ say: key }) => key === "compare");
  at("act-six-field").hidden = about === undefined;
  at("act-six").value = "";
  if (about !== undefined) {
    say(at("act-six-label"), "act-six", about.with);
    say(at("act-six-help"), "act-six-help", about.with);
  }
  at("act-way-field").hidden = review.ways.length === 0;
  at("act-way").replaceChildren(...["", ...review.ways].map(wayOption));
  const asked = review.task?.asked ?? "";
  say(at("act-sign"), TASKS[asked]?.button ?? "act-sign");
  at("act-paper-field").hidden = asked !== "share" && asked !== "contribute";
  at("act-sheet-field").hidden = asked !== "share";
  at("act-compared-field").hidden = asked !== "contribute";
  at("act-compared").checked = false;
  if (asked === "contribute") say(at("act-compared-label"), "act-compared", { by: review.task.by });
  at("act-know-field").hidden = review.before.time !== null;
  at("act-know").checked = false;
  show("act");
}

/** Say why something is not signed. */
export function showRefusal(error) {
  const reason = reasonOf(error);
  say(at("refused-why"), reason.say, reason.with);
  at("refused-detail").textContent = detailOf(error);
  show("refused");
}

/** Forget what is being read and what was signed. */
export function clear() {
  reading = null;
  signed = null;
  forgetShare();
  forgetSecrets();
  forgetKeys();
  for (const id of ["facts", "texts", "sends", "entry-code"]) at(id).replaceChildren();
  at("entry-text").value = "";
}

/** What can be chosen of the ways over which word reached somebody; nothing is, until they choose. */
function wayOption(way) {
  const option = told("option", way === "" ? "act-way-choose" : WAYS[way]);
  option.value = way;
  return option;
}

function factNode({ say: key, with: values }) {
  const node = told("p", key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? visible(value) : value])));
  if (key.startsWith("act-")) node.className = "act";
  else if (key.startsWith("do-")) node.className = "do";
  if (DOUBTS.includes(key) || key.startsWith("remark-")) node.className = key === "unvouched" ? "doubt bad" : "doubt";
  return node;
}

function textNode(given) {
  const text = given.replace(/^\n+/, "");
  const block = document.createElement("pre");
  block.dir = "auto";
  block.textContent = visible(text);
  return block;
}

/** The body to sign; where a key must be compared, once the six words are its own, and of a notice, once the way is said: refused with acknowledge/way. */
function bodyOf({ review }) {
  if (review.ways.length > 0) return reached(review.request.body, review.ways, at("act-way").value);
  if (review.compare.length === 0) return review.request.body;
  const typed = at("act-six").value.toLowerCase().split(/[\s,]+/).filter((word) => word !== "").join(" ");
  const key = review.compare.find((value) => sixWordsOf(value) === typed);
  return key === undefined ? null : compared(review, keyIdOf(key));
}

/** Whether what must be ticked is; otherwise it is said. */
function isReady({ review }) {
  const missing = [
    ["act-compared", "act-compare-first", review.task?.asked === "contribute"],
    ["act-know", "unvouched", review.before.time === null],
  ].find(([id, , isAsked]) => isAsked && !at(id).checked);
  if (missing === undefined) return true;
  const [id, words] = missing;
  say(at("act-wrong"), words);
  at(id).focus();
  return false;
}

onForm("act-form", "act-wrong", async () => {
  const { review } = reading;
  if (!isReady(reading)) return;
  const asked = review.task?.asked ?? "";
  if (Object.hasOwn(TASKS, asked)) return TASKS[asked].begin(reading);
  const body = bodyOf(reading);
  if (body === null) {
    say(at("act-wrong"), "act-six-wrong", review.facts.find(({ say: key }) => key === "compare").with);
    return;
  }
  finish(reading, body, ownTexts(review.request));
});

at("act-paper").addEventListener("click", () => {
  say(at("act-wrong"), "");
  if (isReady(reading)) askPaper(reading);
});
at("act-sheet").addEventListener("click", () => {
  say(at("act-wrong"), "");
  try {
    showShare(reading);
  } catch (error) {
    wrong("act-wrong", error);
  }
});

/** Sign a body, and show the ways to hand it in with its *texts*. */
function finish({ review, member, kit }, body, texts = new Map()) {
  const raw = signedEntry(review, body, member, kit, crypto.getRandomValues(new Uint8Array(16)));
  signed = { raw, texts, text: textOf(packed(raw, texts), "entry/form", "the entry") };
  at("entry-text").value = signed.text;
  at("entry-code").replaceChildren();
  at("entry-code").hidden = true;
  at("send-said").hidden = true;
  at("sends").replaceChildren(...[...new Set(review.request.urls)].map(sendButton));
  show("done");
}

whenKept(finish);
whenAsked(finish);
whenSealed(finish);

function sendButton(url) {
  const button = told("button", "send", { place: new URL(url).host });
  button.type = "button";
  button.className = "main";
  button.addEventListener("click", () => send(url, button));
  const line = document.createElement("p");
  line.append(button);
  return line;
}

async function send(url, button) {
  const place = new URL(url).host;
  button.disabled = true;
  at("send-said").hidden = false;
  say(at("send-said"), "working");
  // A partner keeps entries and no texts.
  const { raw, texts } = signed;
  const bare = isMirror(url);
  const answer = await handIn(url, bare ? raw : packed(raw, texts));
  button.disabled = false;
  if (answer === null) say(at("send-said"), "send-failed", { place });
  else if (!answer.taken) say(at("send-said"), "send-refused", { place, words: visible(answer.words) });
  else if (bare && texts.size > 0) say(at("send-said"), "sent-bare", { place });
  else say(at("send-said"), answer.before ? "sent-before" : "sent", { place });
}

onForm("send-form", "send-wrong", async () => {
  const url = at("send-url").value.trim();
  if (!isUrl(url)) return void say(at("send-wrong"), "send-url");
  await send(url, at("send-go"));
});
at("copy").addEventListener("click", async () => {
  at("entry-text").select();
  try {
    await navigator.clipboard.writeText(signed.text);
  } catch {
    document.execCommand("copy");
  }
  at("send-said").hidden = false;
  say(at("send-said"), "copied");
});
at("save").addEventListener("click", () => saveFile("signed.entry", signed.text));
at("code").addEventListener("click", () => {
  const code = drawn(signed.text, "entry", "low");
  at("entry-code").hidden = false;
  at("entry-code").replaceChildren(code ?? told("p", "code-large"));
});
