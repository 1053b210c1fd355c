// The signer's languages, and the one that is spoken now: every sentence on the page is said through here, and said again when the language changes.

import ar from "../../strings/signer/ar.json" with { type: "json" };
import en from "../../strings/signer/en.json" with { type: "json" };
import es from "../../strings/signer/es.json" with { type: "json" };
import ko from "../../strings/signer/ko.json" with { type: "json" };
import ru from "../../strings/signer/ru.json" with { type: "json" };
import zh from "../../strings/signer/zh.json" with { type: "json" };
import { chosenOf, direction, nodesOf } from "../sentences.js";

/** Each language by its code, with its own name. */
export const LANGUAGES = new Map([
  ["en", { name: "English", strings: en }],
  ["ru", { name: "Русский", strings: ru }],
  ["ko", { name: "한국어", strings: ko }],
  ["zh", { name: "中文", strings: zh }],
  ["es", { name: "Español", strings: es }],
  ["ar", { name: "العربية", strings: ar }],
]);
let spoken = chosenOf([...LANGUAGES.keys()], navigator.languages ?? []);
// What was said by code, and not by a data-say of the page: each node with its sentence, to be said again in another language.
const said = new Map();
// What hides, reorders or acts (UAX 9 and controls), in texts that people wrote: shown by its number.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Put the sentence *key* into *node*, now and whenever the language changes; an empty key empties it. */
export function say(node, key, values = {}) {
  said.set(node, { key, values });
  node.replaceChildren(...(key === "" ? [] : nodesOf(spoken, stringOf(key), values)));
  return node;
}

/** A new element that says the sentence *key*. */
export function told(name, key, values = {}) {
  return say(document.createElement(name), key, values);
}

/** Whether there is such a sentence. */
export function has(key) {
  return Object.hasOwn(en, key);
}

/** A text that somebody wrote, with every character that could hide or reorder something shown by its number. */
export function visible(text) {
  return text.replace(HIDDEN, (found) => `⟨U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** Speak the language *code* from now on, on the whole page. */
export function speak(code) {
  spoken = code;
  document.documentElement.lang = code;
  document.documentElement.dir = direction(code);
  for (const node of document.querySelectorAll("[data-say]")) node.replaceChildren(...nodesOf(code, stringOf(node.dataset.say)));
  for (const [node, { key, values }] of said) {
    // What has left the page is forgotten.
    if (node.isConnected) say(node, key, values);
    else said.delete(node);
  }
  document.title = `${stringOf("title")} · Commonhold`;
}

/** Fill the list of languages and speak the one that the browser asks for. */
export function offerLanguages(list) {
  for (const [code, { name }] of LANGUAGES) {
    const option = new Option(name, code);
    option.lang = code;
    list.append(option);
  }
  list.value = spoken;
  list.addEventListener("change", () => speak(list.value));
  speak(spoken);
}

function stringOf(key) {
  return LANGUAGES.get(spoken).strings[key];
}
