// Bech32, the text form of age keys and of a kit's QR code (BIP-173); the twin of kernel/bech32.py. Texts may be secrets, so no message repeats one.

import { bech32 } from "@scure/base";
import { demand } from "./errors.js";

const MAX_CHARS = 90;
const CHECKSUM_CHARS = 6;
const PRINTABLE = /^[!-~]*$/;
const TAIL = /^[qpzry9x8gf2tvdw0s3jn54khce6mua7l]*$/;

/** *bytes* in bech32 under the human-readable part *prefix*, in lower case. */
export function bech32Text(prefix, bytes) {
  return bech32.encode(prefix, bech32.toWords(bytes));
}

/** The human-readable part and the bytes of *text*, {prefix, bytes}; refused with bech32/length, character, case, parts, checksum or padding. */
export function parseBech32(text, what) {
  const size = [...text].length;
  demand(size <= MAX_CHARS, "bech32/length", `${what} has ${size} characters, and bech32 allows ${MAX_CHARS}`);
  const foreign = `${what} holds a character that bech32 does not have`;
  demand(PRINTABLE.test(text), "bech32/character", foreign);
  const lower = text.toLowerCase();
  demand(text === lower || text === text.toUpperCase(), "bech32/case", `${what} mixes upper and lower case`);
  const tail = lower.slice(lower.lastIndexOf("1") + 1);
  const isWhole = tail.length < lower.length - 1 && tail.length >= CHECKSUM_CHARS;
  demand(isWhole, "bech32/parts", `${what} is not bech32: it has no prefix or is cut off`);
  demand(TAIL.test(tail), "bech32/character", foreign);
  const found = bech32.decodeUnsafe(text);
  demand(found !== undefined, "bech32/checksum", `${what} has a wrong checksum: a character is wrong or missing`);
  const bytes = bech32.fromWordsUnsafe(found.words);
  demand(bytes !== undefined, "bech32/padding", `${what} is not bech32: its last character holds bits that mean nothing`);
  return { prefix: found.prefix, bytes };
}
