// Public keys of members: the kit's two halves, key ids and fingerprints (DESIGN 3.7, docs/formats/keys.md), the twin of kernel/keys.py.
//
// Passkeys are not read here: without a replay nothing says which of them count.

import { wordlist } from "@scure/bip39/wordlists/english.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { decode, encode } from "./base64.js";
import { parseBech32 } from "./bech32.js";
import { bigEndian, concat, hex, sha256, utf8 } from "./bytes.js";
import { canonicalBytes, hasExactly } from "./canonical.js";
import { checkPublicKey } from "./ed25519.js";
import { Refusal, demand } from "./errors.js";

const TYPE_KIT = 0x01;
const FINGERPRINT_DOMAIN = utf8("commonhold/fingerprint/v1\n");
const FINGERPRINT_WORDS = 6;
const BITS_PER_WORD = 11n;
const P25519 = 2n ** 255n - 19n;

/** The id of a kit's signing key: lowercase hexadecimal SHA-256 of the type byte and the key. */
export function kitKeyId(sign) {
  return hex(sha256(concat([TYPE_KIT], sign)));
}

/** The public halves {sign, age} of a kit's canonical value, if both may be enrolled; refused with key/..., bech32/... or base64/... */
export function parseKit(value) {
  demand(
    hasExactly(value, ["kind", "sign", "age"]) && value.kind === "kit" && typeof value.sign === "string" && typeof value.age === "string",
    "key/fields",
    "this is not the public half of a kit",
  );
  const sign = decode(value.sign, 32, "kit's signing key");
  checkPublicKey(sign);
  checkAgeRecipient(value.age);
  return { sign, age: value.age };
}

/** The canonical value that stands for a kit in the record. */
export function kitValue({ sign, age }) {
  return { kind: "kit", sign: encode(sign), age };
}

/** Six words that stand for a kit as it is enrolled, to be compared outside the house. */
export function fingerprint(kit) {
  return fingerprintOf(kitValue(kit));
}

/** Six words that stand for a key's canonical value, a kit's or a passkey's. */
export function fingerprintOf(value) {
  const digest = sha256(concat(FINGERPRINT_DOMAIN, canonicalBytes(value)));
  return wordsOf(bigEndian(digest) >> (256n - BigInt(FINGERPRINT_WORDS) * BITS_PER_WORD), FINGERPRINT_WORDS);
}

/** Pass in silence if *text* is an age recipient to which a share may be encrypted; refused with bech32/..., key/age... or key/weak. */
export function checkAgeRecipient(text) {
  const { prefix, bytes } = parseBech32(text, "the age recipient");
  demand(prefix === "age" && bytes.length === 32 && text === text.toLowerCase(), "key/age", "the age recipient is not the `age1...` form of 32 bytes");
  demand(bigEndian(Uint8Array.from(bytes).reverse()) < P25519, "key/age-not-canonical", "the age recipient is not in canonical form");
  try {
    // Any scalar will do: it is a multiple of eight, so a point of small order gives zero, which the package refuses.
    x25519.getSharedSecret(new Uint8Array(32).fill(0x40, 31), bytes);
  } catch {
    throw new Refusal("key/weak", "the age recipient is weak: its point has a small order");
  }
}

/** *number* as exactly *count* words of BIP-39's English list, the highest 11 bits first. */
export function wordsOf(number, count) {
  return Array.from({ length: count }, (_, at) => wordlist[Number((number >> (BITS_PER_WORD * BigInt(count - 1 - at))) & 0x7ffn)]);
}

/** The number that *words* spell; each must be in the list. */
export function numberOf(words) {
  return words.reduce((number, word) => (number << BITS_PER_WORD) | BigInt(wordlist.indexOf(word)), 0n);
}
