// A member's kit: 32 secret bytes, and the two keys that follow from them (DESIGN 3.7, docs/formats/keys.md), the twin of kernel/kit.py.
//
// HKDF-SHA256 (no salt) gives the seed of an Ed25519 key and an X25519 age identity. The secret prints as 24 words of BIP-39's English list and as
// COMMONHOLD-KIT-1... for a QR code. No message repeats what was typed. The verifier does not import this; the signer does.

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 as sha256Of } from "@noble/hashes/sha2.js";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { bech32Text, parseBech32 } from "./bech32.js";
import { bigEndian, sha256, unhex, utf8 } from "./bytes.js";
import { canonicalBytes } from "./canonical.js";
import { publicKey, sign } from "./ed25519.js";
import { Refusal, demand } from "./errors.js";
import { fingerprint, kitKeyId, kitValue, numberOf, wordsOf } from "./keys.js";
import { suggestions } from "./likely.js";

const SECRET_BYTES = 32;
const WORD_COUNT = 24;
const MAX_TYPED = 4_096;
const TEXT_PREFIX = "commonhold-kit-";
const SPACES = /[\s\u001c-\u001f\u0085,]+/;
// The numbers of a printed sheet: "1.", "1)", "1:" or "1".
const NUMBERS = /^\p{Nd}+[.):]*$/u;

export class Kit {
  #secret;

  /** Refused with kit/length or kit/not-random. */
  constructor(secret) {
    demand(secret.length === SECRET_BYTES, "kit/length", `a kit's secret has ${SECRET_BYTES} bytes, this one has ${secret.length}`);
    demand(new Set(secret).size > 1, "kit/not-random", "this kit's secret is one byte repeated: it was not made at random");
    this.#secret = secret;
    /** The public halves {sign, age}. */
    this.keys = Object.freeze({ sign: publicKey(this.#derived("sign")), age: bech32Text("age", x25519.getPublicKey(this.#derived("age"))) });
    Object.freeze(this);
  }

  get keyId() {
    return kitKeyId(this.keys.sign);
  }

  /** The secret age identity, AGE-SECRET-KEY-1..., as any age program reads it. */
  ageIdentity() {
    return bech32Text("age-secret-key-", this.#derived("age")).toUpperCase();
  }

  /** A copy of the secret, for a kit file. */
  secretBytes() {
    return Uint8Array.from(this.#secret);
  }

  sign(message) {
    return sign(this.#derived("sign"), message);
  }

  /** The secret as 24 words: its 256 bits and the first 8 of its SHA-256. */
  words() {
    return wordsOf((bigEndian(this.#secret) << 8n) | BigInt(sha256(this.#secret)[0]), WORD_COUNT);
  }

  /** The secret as COMMONHOLD-KIT-1..., the content of the QR code. */
  text() {
    return bech32Text(TEXT_PREFIX, this.#secret).toUpperCase();
  }

  /** The card by which a member hands the public halves to those who admit them. */
  card(member) {
    const value = { form: "commonhold/card/v1", member, kit: kitValue(this.keys), key: this.keyId, fingerprint: fingerprint(this.keys) };
    return canonicalBytes(value);
  }

  #derived(what) {
    return hkdf(sha256Of, this.#secret, undefined, utf8(`commonhold/kit/${what}/v1`), 32);
  }
}

/** The kit that 24 typed words spell; refused with kit/too-long, kit/word (with `place` and `suggestions`), kit/word-count or kit/checksum. */
export function kitFromWords(typed) {
  const found = bounded(typed).toLowerCase().split(SPACES).filter((word) => word !== "" && !NUMBERS.test(word));
  for (const [at, word] of found.slice(0, WORD_COUNT + 1).entries()) {
    if (!wordlist.includes(word)) {
      throw new Refusal("kit/word", `word ${at + 1} is not in the list of words`, { place: at + 1, suggestions: suggestions(word, wordlist) });
    }
  }
  demand(found.length === WORD_COUNT, "kit/word-count", `a kit has ${WORD_COUNT} words, and ${found.length} were given`, { found: found.length });
  const number = numberOf(found);
  const secret = unhex((number >> 8n).toString(16).padStart(2 * SECRET_BYTES, "0"));
  demand(BigInt(sha256(secret)[0]) === (number & 0xffn), "kit/checksum", "the 24 words do not belong together: one is wrong or two have changed places");
  return new Kit(secret);
}

/** The kit that the text of a QR code spells; refused with bech32/... or kit/text. */
export function kitFromText(typed) {
  const { prefix, bytes } = parseBech32(bounded(typed).trim(), "the kit's text");
  demand(prefix === TEXT_PREFIX, "kit/text", "this text is not a kit's: a kit's begins with COMMONHOLD-KIT-1");
  return new Kit(bytes);
}

function bounded(typed) {
  demand(typed.length <= MAX_TYPED, "kit/too-long", `a kit is typed in fewer than ${MAX_TYPED} characters, and ${typed.length} were given`);
  return typed;
}
