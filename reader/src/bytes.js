// Bytes: the few operations on them that the reader needs. Everything that is hashed, signed or compared is a Uint8Array.

import { sha256 as digestOf } from "@noble/hashes/sha2.js";
import { Refusal } from "./errors.js";

// Without `ignoreBOM` the decoder would drop a byte order mark, and two texts would be one.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function sha256(bytes) {
  return digestOf(bytes);
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether two byte strings are the same; none of the compared ones is a secret. */
export function same(one, other) {
  return one.length === other.length && compare(one, other) === 0;
}

/** Negative, zero or positive, as *one* stands before, at or after *other* in bytewise order. */
export function compare(one, other) {
  const shared = Math.min(one.length, other.length);
  for (let at = 0; at < shared; at++) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of lowercase hexadecimal digits that were matched before. */
export function unhex(digits) {
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** The bytes of a text that holds no lone surrogate, or a replacement for each. */
export function utf8(text) {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, with a byte order mark if there is one; refused with *code* if they are no UTF-8. */
export function textOf(bytes, code, what) {
  try {
    return strict.decode(bytes);
  } catch {
    throw new Refusal(code, `${what} is not UTF-8`);
  }
}

/** Where *part* stands in *bytes* for the first time (from *start*), or -1. */
export function indexOf(bytes, part, start = 0) {
  for (let at = start; at + part.length <= bytes.length; at++) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

/** Where *part* stands in *bytes* for the last time, or -1. */
export function lastIndexOf(bytes, part) {
  for (let at = bytes.length - part.length; at >= 0; at--) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

/** The number that big-endian *bytes* spell. */
export function bigEndian(bytes) {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
