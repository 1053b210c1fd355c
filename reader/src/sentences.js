// Sentences with {places} for values, in the language of whoever reads.
//
// A sentence becomes nodes, never markup: its own words are text, and every value stands in a <bdi>, so that neither hostile HTML nor text of the
// other direction can change what stands around it.

// The last moment that a Date can hold, in seconds; a cosignature's time may lie far beyond it.
const LAST_DATE = 8_640_000_000_000n;

/** The first of the reader's wishes among *codes*, or English. */
export function chosenOf(codes, wishes) {
  return wishes.map((wish) => wish.toLowerCase().split("-")[0]).find((code) => codes.includes(code)) ?? "en";
}

export function direction(code) {
  return code === "ar" ? "rtl" : "ltr";
}

/** The nodes of one sentence, *text* in the language *code*; each value says in `data-of` which it is, so that a page can set it apart. */
export function nodesOf(code, text, values = {}) {
  return text.split(/(\{\w+\})/).filter((part) => part !== "").map((part) => {
    const place = /^\{(\w+)\}$/.exec(part);
    if (place === null) return document.createTextNode(part);
    const value = document.createElement("bdi");
    value.dataset.of = place[1];
    value.textContent = place[1] === "time" ? moment(code, values.time) : String(values[place[1]]);
    return value;
  });
}

/** POSIX seconds (a number or a BigInt) as a date and a time of day in UTC. */
export function moment(code, seconds) {
  if (seconds > LAST_DATE) return String(seconds);
  // Latin digits everywhere, so that the same time can be compared across languages.
  const format = new Intl.DateTimeFormat(`${code}-u-nu-latn`, { dateStyle: "long", timeStyle: "short", hourCycle: "h23", timeZone: "UTC" });
  return `${format.format(Number(seconds) * 1000)} UTC`;
}
