// The languages of the verifier: sentences by key, with {places} for values (sentences.js).

import ar from "../strings/ar.json" with { type: "json" };
import en from "../strings/en.json" with { type: "json" };
import es from "../strings/es.json" with { type: "json" };
import ko from "../strings/ko.json" with { type: "json" };
import ru from "../strings/ru.json" with { type: "json" };
import zh from "../strings/zh.json" with { type: "json" };
import { chosenOf, direction, nodesOf } from "./sentences.js";

/** Each language by its code, with its own name. */
export const LANGUAGES = new Map([
  ["en", { name: "English", strings: en }],
  ["ru", { name: "Русский", strings: ru }],
  ["ko", { name: "한국어", strings: ko }],
  ["zh", { name: "中文", strings: zh }],
  ["es", { name: "Español", strings: es }],
  ["ar", { name: "العربية", strings: ar }],
]);

/** The first of the reader's wishes that there is, or English. */
export function chosenLanguage(wishes) {
  return chosenOf([...LANGUAGES.keys()], wishes);
}

/** The nodes of one sentence. */
export function sentence(code, key, values = {}) {
  return nodesOf(code, LANGUAGES.get(code).strings[key], values);
}

export { direction };
