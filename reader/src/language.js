// The languages of the reader's pages: sentences by key, with {places} for values.
//
// A sentence becomes nodes, never markup: its own words are text, and every value stands in a <bdi>, so that neither hostile HTML nor text of the
// other direction can change what stands around it.

import ar from "../strings/ar.json" with { type: "json" };
import en from "../strings/en.json" with { type: "json" };
import es from "../strings/es.json" with { type: "json" };
import ko from "../strings/ko.json" with { type: "json" };
import ru from "../strings/ru.json" with { type: "json" };
import zh from "../strings/zh.json" with { type: "json" };

/** Each language by its code, with its own name. */
export const LANGUAGES = new Map([
  ["en", { name: "English", strings: en }],
  ["ru", { name: "Русский", strings: ru }],
  ["ko", { name: "한국어", strings: ko }],
  ["zh", { name: "中文", strings: zh }],
  ["es", { name: "Español", strings: es }],
  ["ar", { name: "العربية", strings: ar }],
]);
// The last moment that a Date can hold, in seconds; a cosignature's time may lie far beyond it.
const LAST_DATE = 8_640_000_000_000n;

/** The first of the reader's wishes that there is, or English. */
export function chosenLanguage(wishes) {
  return wishes.map((wish) => wish.toLowerCase().split("-")[0]).find((code) => LANGUAGES.has(code)) ?? "en";
}

export function direction(code) {
  return code === "ar" ? "rtl" : "ltr";
}

/** The nodes of one sentence. */
export function sentence(code, key, values = {}) {
  return LANGUAGES.get(code).strings[key].split(/(\{\w+\})/).filter((part) => part !== "").map((part) => {
    const place = /^\{(\w+)\}$/.exec(part);
    if (place === null) return document.createTextNode(part);
    const value = document.createElement("bdi");
    value.textContent = place[1] === "time" ? moment(code, values.time) : String(values[place[1]]);
    return value;
  });
}

/** POSIX seconds (a BigInt) as a date and a time of day in UTC. */
function moment(code, seconds) {
  if (seconds > LAST_DATE) return String(seconds);
  // Latin digits everywhere, so that the same time can be compared across languages.
  const format = new Intl.DateTimeFormat(`${code}-u-nu-latn`, { dateStyle: "long", timeStyle: "short", hourCycle: "h23", timeZone: "UTC" });
  return `${format.format(Number(seconds) * 1000)} UTC`;
}
