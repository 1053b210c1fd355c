// Base64 with exactly one spelling for each byte string (RFC 4648 section 4, padded); the twin of kernel/b64.py.
//
// `atob` forgives white space, missing padding and loose bits in the last character, so one signature could be written in several ways.

import { Refusal, demand } from "./errors.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int16Array(128).fill(-1);
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** The padded standard base64 of *bytes*, on one line. */
export function encode(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    parts.push(
      ALPHABET[group >> 18],
      ALPHABET[(group >> 12) & 63],
      left > 1 ? ALPHABET[(group >> 6) & 63] : "=",
      left > 2 ? ALPHABET[group & 63] : "=",
    );
  }
  return parts.join("");
}

/**
 * The bytes that *text* stands for, if it is their one canonical spelling; refused with base64/not-canonical or base64/length.
 * @param {string} text padded standard base64 and nothing else
 * @param {number | null} length how many bytes it must stand for, if that is known
 * @param {string} what what to call the thing in messages
 */
export function decode(text, length = null, what = "value") {
  const wrong = () => new Refusal("base64/not-canonical", `the ${what} is not canonical base64`);
  if (text.length % 4 !== 0) throw wrong();
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let held = 0;
  let to = 0;
  for (let at = 0; at < text.length - padding; at++) {
    // A character outside the table gives undefined, which is no value either.
    const value = VALUES[text.charCodeAt(at)] ?? -1;
    if (value < 0) throw wrong();
    bits = ((bits << 6) | value) & 0x3fff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[to++] = (bits >> held) & 0xff;
    }
  }
  if (bits & ((1 << held) - 1)) throw wrong();
  demand(length === null || bytes.length === length, "base64/length", `the ${what} has ${bytes.length} bytes, and ${length} are expected`);
  return bytes;
}
