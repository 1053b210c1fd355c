// The keys that sign notes (C2SP signed-note v1.0.0, tlog-cosignature), the twin of kernel/notekeys.py.
//
// Kinds 0x01 (Ed25519 over the text) and 0x04 (Ed25519 over the text with a time before it) are supported. A key is known by its name and its
// id together; the id is short and proves nothing by itself.

import { decode, encode } from "./base64.js";
import { bigEndian, concat, hex, sha256, utf8 } from "./bytes.js";
import { checkPublicKey, isValid } from "./ed25519.js";
import { Refusal, demand } from "./errors.js";

export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
export const KEY_ID_BYTES = 4;
const TIME_BYTES = 8;
const MAX_TIME = 2n ** 63n - 1n;
const MAX_KEY_CHARACTERS = 4096;

const HEX_ID = /^[0-9a-f]{8}$/;
// What Python calls a space, spelled out: the two languages' \s differ. Lone surrogates stand for bytes that are no UTF-8.
const NOT_IN_NAME = /[\u0000-\u0020+\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]/u;
const NOT_IN_TEXT = /[\u0000-\u0009\u000b-\u001f\ud800-\udfff]/u;

/** One signature line of a note: the key's name, its id (4 bytes), and what follows the id. */
export class Signature {
  constructor(name, keyId, data) {
    checkKeyName(name);
    demand(
      keyId.length === KEY_ID_BYTES && data.length > 0,
      "note/malformed",
      `the signature by ${name} has ${keyId.length + data.length} bytes, too few for a key id and a signature`,
    );
    Object.assign(this, { name, keyId, data });
    Object.freeze(this);
  }

  /** The line as it stands in a note, with its newline. */
  get line() {
    return `\u2014 ${this.name} ${encode(concat(this.keyId, this.data))}\n`;
  }

  /** What a key is known by. */
  get by() {
    return `${this.name}+${hex(this.keyId)}`;
  }
}

/** A public key with its name and kind. */
export class VerifierKey {
  /** Refused with key/name, vkey/unsupported-kind, key/length or key/weak. */
  constructor(name, key, kind = ED25519) {
    checkKeyName(name);
    demand(
      kind === ED25519 || kind === COSIGNATURE,
      "vkey/unsupported-kind",
      `the key ${name} is of kind 0x${hex([kind])}, and only 0x01 and 0x04 are supported`,
    );
    checkPublicKey(key);
    const keyId = sha256(concat(utf8(`${name}\n`), [kind], key)).slice(0, KEY_ID_BYTES);
    Object.assign(this, { name, kind, key, keyId });
    Object.freeze(this);
  }

  /** The key of a vkey text, `name+id+base64(kind || public key)`; also refused with vkey/malformed, vkey/id or base64/not-canonical. */
  static parse(vkey) {
    // Characters, not UTF-16 units, as everywhere in the formats.
    const parts = Array.from(vkey).length <= MAX_KEY_CHARACTERS ? vkey.split("+") : [];
    const [name, id] = parts;
    demand(
      parts.length >= 3 && HEX_ID.test(id),
      "vkey/malformed",
      "a vkey is a name, 8 hexadecimal digits and base64, joined by plus signs, and this text is not",
    );
    const material = decode(parts.slice(2).join("+"), null, "vkey's material");
    demand(material.length >= 2, "vkey/malformed", `the vkey of ${name} holds no key`);
    const key = new VerifierKey(name, material.slice(1), material[0]);
    demand(hex(key.keyId) === id, "vkey/id", `the vkey of ${name} says id ${id}, and its name and key give ${hex(key.keyId)}`);
    return key;
  }

  /** What a key is known by. */
  get id() {
    return `${this.name}+${hex(this.keyId)}`;
  }

  toString() {
    return `${this.id}+${encode(concat([this.kind], this.key))}`;
  }

  /** Pass in silence if *signature* is this key's over the note *text*; refused with note/bad-signature. */
  verify(text, signature) {
    let { data } = signature;
    let message = utf8(text);
    let good = signature.by === this.id;
    if (this.kind === COSIGNATURE) {
      const time = this.signedTime(signature);
      message = cosignedMessage(time, message);
      data = data.subarray(TIME_BYTES);
      good &&= time <= MAX_TIME;
    }
    if (!good || !isValid(this.key, message, data)) {
      throw new Refusal("note/bad-signature", `the signature by ${this.name} (${hex(this.keyId)}) does not match the note`, { name: this.name });
    }
  }

  /** The POSIX seconds (a BigInt) that a cosignature carries; null for a kind without time. Verify the signature first. */
  signedTime(signature) {
    return this.kind === COSIGNATURE ? bigEndian(signature.data.subarray(0, TIME_BYTES)) : null;
  }
}

/** What an Ed25519 cosigner signs: the header, the time, and the whole note text (tlog-cosignature, "Ed25519 signed message"). */
export function cosignedMessage(time, text) {
  return concat(utf8(`cosignature/v1\ntime ${time}\n`), text);
}

/** Pass in silence if *name* may name a key: not empty, no Unicode space, no plus sign, no control character. */
export function checkKeyName(name) {
  demand(name !== "" && !NOT_IN_NAME.test(name), "key/name", "the key's name is empty or holds a space, a plus sign or a control character");
}

/** Pass in silence if *text* may be signed as a note: it ends with a newline and holds no other control character below U+0020. */
export function checkNoteText(text) {
  demand(text.endsWith("\n"), "note/malformed", "the text of a note ends with a newline, and this one does not");
  demand(!NOT_IN_TEXT.test(text), "note/character", "the text of the note holds a control character");
}
