// Canonical JSON: the one byte string that stands for a value (DESIGN 3.2, docs/formats/entry.md), the twin of kernel/canonical.py.
//
// Strings, integers within +-(2^53 - 1), booleans, arrays, and objects with ASCII keys; no null, no float. Strings are in Unicode normal form C, hold
// no control character but the newline, no bidirectional control, and no character younger than Unicode 3.2.
//
// `JSON.parse` keeps the last of duplicate keys, loses what is a float, and sorts keys that look like numbers, so bytes are read by a parser of
// our own and then written again and compared. Objects have no prototype: "__proto__" is a key like any other.

import { same, textOf, utf8 } from "./bytes.js";
import { Refusal, demand } from "./errors.js";
import { isYoung } from "./unicode32.js";

export const MAX_DEPTH = 24;

// Controls; what reorders or hides text (UAX 9); the byte order mark; lone surrogates.
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/u;
const NOT_PLAIN = /[^\n\x20-\x7e]/;
const NOT_IN_KEY = /[^\x20-\x7e]/;
const NOT_ASCII = /[^\x00-\x7f]/;
const RAW_CONTROL = /[\u0000-\u001f]/;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;

/** What a parsed value holds where the subset has nothing: a null or a float, and an integer that is too large. */
const OUTSIDE = Symbol("a null or a float");
const TOO_LARGE = Symbol("an integer beyond 2**53 - 1");

/** The canonical bytes of *value*; refused with canonical/... for what lies outside the subset. */
export function canonicalBytes(value) {
  return utf8(written(value, 0));
}

/** The value of *raw*, which must be canonical to the byte and have at most *maxSize* of them; refused with canonical/... */
export function parseCanonical(raw, maxSize, what = "value") {
  demand(raw.length <= maxSize, "canonical/too-large", `${what} has ${raw.length} bytes, and at most ${maxSize} are allowed`);
  const value = new Parser(textOf(raw, "canonical/not-json", what), what).whole();
  demand(
    same(canonicalBytes(value), raw),
    "canonical/not-canonical",
    `${what} is not in canonical form (a key twice, unsorted keys, spaces or needless escapes)`,
  );
  return value;
}

/** Whether *value* is an object of a parsed value whose keys are exactly *names*. */
export function hasExactly(value, names) {
  return isObject(value) && Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkText(text) {
  if (!NOT_PLAIN.test(text)) return;
  demand(!FORBIDDEN.test(text), "canonical/character", "a text holds a forbidden character");
  if (!NOT_ASCII.test(text)) return;
  demand(text.normalize("NFC") === text, "canonical/not-nfc", "a text is not in Unicode normal form C");
  for (const character of text) {
    if (isYoung(character.codePointAt(0))) {
      throw new Refusal("canonical/young-character", "a text holds a character that is younger than Unicode 3.2");
    }
  }
}

/** The canonical text of *value*, which stands *depth* deep. */
function written(value, depth) {
  if (typeof value === "string") {
    checkText(value);
    return JSON.stringify(value);
  }
  if (typeof value === "boolean") return String(value);
  if (Number.isInteger(value) || value === TOO_LARGE) {
    demand(Number.isSafeInteger(value), "canonical/integer", "an integer is beyond 2**53 - 1");
    return String(value);
  }
  demand(typeof value === "object" && value !== null, "canonical/type", "a null, a float or a thing without a form is not allowed in a canonical value");
  demand(depth < MAX_DEPTH, "canonical/too-deep", `a value is nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) return `[${value.map((item) => written(item, depth + 1)).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => {
      demand(!NOT_IN_KEY.test(key), "canonical/key", "a key is not printable ASCII");
      return `${JSON.stringify(key)}:${written(value[key], depth + 1)}`;
    });
  return `{${members.join(",")}}`;
}

/** JSON as RFC 8259 has it, to no greater depth than the subset has; what it forgives, the comparison of bytes afterwards does not. */
class Parser {
  constructor(text, what) {
    this.text = text;
    this.what = what;
    this.at = 0;
  }

  whole() {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail();
    return value;
  }

  value(depth) {
    this.space();
    const first = this.text[this.at];
    if (first === "{" || first === "[") {
      demand(depth < MAX_DEPTH, "canonical/too-deep", `a value is nested more than ${MAX_DEPTH} deep`);
      return first === "{" ? this.object(depth + 1) : this.array(depth + 1);
    }
    if (first === '"') return this.string();
    for (const [word, value] of [["true", true], ["false", false], ["null", OUTSIDE]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text) ?? this.fail();
    this.at = NUMBER.lastIndex;
    if (found[1] !== undefined || found[2] !== undefined) return OUTSIDE;
    const number = Number(found[0]);
    return Number.isSafeInteger(number) ? number : TOO_LARGE;
  }

  object(depth) {
    const value = Object.create(null);
    this.at += 1;
    if (this.ends("}")) return value;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail();
      const key = this.string();
      this.space();
      if (this.text[this.at++] !== ":") this.fail();
      value[key] = this.value(depth);
    } while (this.goesOn("}"));
    return value;
  }

  array(depth) {
    const value = [];
    this.at += 1;
    if (this.ends("]")) return value;
    do value.push(this.value(depth));
    while (this.goesOn("]"));
    return value;
  }

  string() {
    const start = this.at + 1;
    let end = this.text.indexOf('"', start);
    let plain = this.text.slice(start, end);
    if (end >= 0 && plain.includes("\\")) {
      // Step over what is escaped, to the first quote that is not.
      for (end = start; end < this.text.length && this.text[end] !== '"'; end++) if (this.text[end] === "\\") end++;
      plain = null;
    }
    if (end < 0 || end >= this.text.length || RAW_CONTROL.test(plain ?? "")) this.fail();
    this.at = end + 1;
    if (plain !== null) return plain;
    try {
      return JSON.parse(this.text.slice(start - 1, this.at));
    } catch {
      return this.fail();
    }
  }

  ends(close) {
    this.space();
    if (this.text[this.at] !== close) return false;
    this.at += 1;
    return true;
  }

  goesOn(close) {
    if (this.ends(close)) return false;
    if (this.text[this.at++] !== ",") this.fail();
    return true;
  }

  space() {
    while (" \n\r\t".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  fail() {
    throw new Refusal("canonical/not-json", `${this.what} is not JSON: character ${this.at} is unexpected`);
  }
}
