// age files to X25519 recipients (age-encryption.org/v1, C2SP age): what envelopes and contributions travel in.
//
// The format and nothing beside it: no passphrases, no plugins, no armour. age does not say who encrypted. Stanzas of types that are not known are
// passed over, as the specification demands (rage adds one to each file), and everything that the specification calls malformed is refused.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { decode, encode } from "../base64.js";
import { bech32Text, parseBech32 } from "../bech32.js";
import { concat, indexOf, same, utf8 } from "../bytes.js";
import { Refusal, demand } from "../errors.js";
import { checkAgeRecipient } from "../keys.js";

const VERSION = "age-encryption.org/v1\n";
const ARMOUR = utf8("-----BEGIN AGE");
const STANZA_INFO = utf8("age-encryption.org/v1/X25519");
const KEY_BYTES = 16;
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK_BYTES = 64 << 10;
const COLUMNS = 64;
const MAX_HEADER = 64 << 10;
/** How much a file may hold: what goes to custodians is far smaller. */
export const MAX_BYTES = 64 << 10;
const VISIBLE = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
const PLAIN = /^[A-Za-z0-9+/]*$/;
const MAC = /^--- ([A-Za-z0-9+/]{43})$/;

/** A new age identity, AGE-SECRET-KEY-1..., for what is encrypted to it once. */
export function newIdentity(dice = random) {
  return bech32Text("age-secret-key-", dice(32)).toUpperCase();
}

/** The recipient, age1..., of an identity; refused with sealed/identity, which is not repeated. */
export function recipientOf(identity) {
  return bech32Text("age", x25519.getPublicKey(scalarOf(identity)));
}

/** *bytes* as an age file that this one recipient (age1...) opens; refused with sealed/recipient or sealed/too-large. */
export function encryptTo(recipient, bytes, dice = random) {
  demand(bytes.length <= MAX_BYTES, "sealed/too-large", `this has ${bytes.length} bytes, and a sealed file holds at most ${MAX_BYTES}`);
  const point = pointOf(recipient);
  const fileKey = dice(KEY_BYTES);
  const ephemeral = dice(32);
  const share = x25519.getPublicKey(ephemeral);
  const body = chacha20poly1305(wrapKey(x25519.getSharedSecret(ephemeral, point), share, point), new Uint8Array(12)).encrypt(fileKey);
  const header = utf8(`${VERSION}-> X25519 ${unpadded(share)}\n${unpadded(body)}\n---`);
  const nonce = dice(NONCE_BYTES);
  return concat(header, utf8(` ${unpadded(macOf(fileKey, header))}\n`), nonce, sealedChunks(payloadKey(fileKey, nonce), bytes));
}

/**
 * What was encrypted to the recipient of *identity*. Refused with sealed/form for what is no (binary) age file, sealed/too-large,
 * sealed/identity, sealed/recipients if it is encrypted to more than *most* X25519 recipients, sealed/other-key if not to this one, and
 * sealed/damaged for what was cut off, changed or made wrongly; never a part of what is inside.
 */
export function decryptWith(identity, raw, { most = 1, size = MAX_BYTES } = {}) {
  const scalar = scalarOf(identity);
  demand(!ARMOUR.every((byte, at) => raw[at] === byte), "sealed/form", "this is an age file as text, and the binary form is read here");
  demand(utf8(VERSION).every((byte, at) => raw[at] === byte), "sealed/form", "this is no age file");
  const limit = MAX_HEADER + NONCE_BYTES + size + TAG_BYTES * Math.max(1, Math.ceil(size / CHUNK_BYTES));
  demand(raw.length <= limit, "sealed/too-large", `this has ${raw.length} bytes, and at most ${limit} are read`);
  const { stanzas, mac, signed, rest } = parseHeader(raw);
  const own = stanzas.filter(({ args }) => args[0] === "X25519").map(wrapped);
  demand(own.length <= most, "sealed/recipients", `the file is encrypted to ${own.length} recipients, and ${most} is expected`, { found: own.length, most });
  const fileKey = own.map((stanza) => unwrapped(stanza, scalar)).find((key) => key !== null);
  demand(fileKey !== undefined, "sealed/other-key", "the file is sealed to other keys than this");
  intact(same(macOf(fileKey, signed), mac));
  intact(rest.length >= NONCE_BYTES);
  return openedChunks(payloadKey(fileKey, rest.subarray(0, NONCE_BYTES)), rest.subarray(NONCE_BYTES), size);
}

/** {stanzas: [{args, body}], mac, signed, rest}: the header, the bytes that its MAC covers, and what follows it. */
function parseHeader(raw) {
  let at = VERSION.length;
  const line = () => {
    const end = indexOf(raw.subarray(0, MAX_HEADER), [10], at);
    intact(end >= 0);
    const text = Array.from(raw.subarray(at, end), (byte) => String.fromCharCode(byte)).join("");
    at = end + 1;
    return text;
  };
  const stanzas = [];
  for (;;) {
    const start = at;
    const head = line();
    const mac = MAC.exec(head);
    if (mac !== null) {
      intact(stanzas.length > 0);
      intact(stanzas.length === 1 || stanzas.every(({ args }) => args[0] !== "scrypt"));
      return { stanzas, mac: unpaddedBytes(mac[1]), signed: raw.subarray(0, start + 3), rest: raw.subarray(at) };
    }
    intact(head.startsWith("-> ") && VISIBLE.test(head.slice(3)));
    const lines = [line()];
    while (lines.at(-1).length === COLUMNS) lines.push(line());
    intact(lines.every((one) => one.length <= COLUMNS && PLAIN.test(one)));
    stanzas.push({ args: head.slice(3).split(" "), body: unpaddedBytes(lines.join("")) });
  }
}

/** What an X25519 stanza holds: {share, body}. */
function wrapped({ args, body }) {
  intact(args.length === 2 && PLAIN.test(args[1]) && body.length === KEY_BYTES + TAG_BYTES);
  const share = unpaddedBytes(args[1]);
  intact(share.length === 32);
  return { share, body };
}

/** The file key of a stanza, or null if it is somebody else's. */
function unwrapped({ share, body }, scalar) {
  let secret;
  try {
    secret = x25519.getSharedSecret(scalar, share);
  } catch {
    // A point of small order, whose secret everybody knows.
    intact(false);
  }
  return opened(wrapKey(secret, share, x25519.getPublicKey(scalar)), new Uint8Array(12), body);
}

function sealedChunks(key, bytes) {
  const count = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
  const chunks = Array.from({ length: count }, (_, at) => {
    const chunk = bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES);
    return chacha20poly1305(key, chunkNonce(at, at === count - 1)).encrypt(chunk);
  });
  return concat(...chunks);
}

function openedChunks(key, sealed, size) {
  const whole = CHUNK_BYTES + TAG_BYTES;
  const count = Math.max(1, Math.ceil(sealed.length / whole));
  const chunks = Array.from({ length: count }, (_, at) => {
    const found = opened(key, chunkNonce(at, at === count - 1), sealed.subarray(at * whole, (at + 1) * whole));
    // Only an empty file has an empty chunk.
    intact(found !== null && (found.length > 0 || count === 1));
    return found;
  });
  const bytes = concat(...chunks);
  demand(bytes.length <= size, "sealed/too-large", `the file holds ${bytes.length} bytes, and at most ${size} are read`);
  return bytes;
}

/** The number of a chunk in 11 bytes, and whether it is the last one. */
function chunkNonce(at, isLast) {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, at);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function opened(key, nonce, box) {
  try {
    return chacha20poly1305(key, nonce).decrypt(box);
  } catch {
    return null;
  }
}

function wrapKey(secret, share, point) {
  return hkdf(sha256, secret, concat(share, point), STANZA_INFO, 32);
}

function payloadKey(fileKey, nonce) {
  return hkdf(sha256, fileKey, nonce, utf8("payload"), 32);
}

function macOf(fileKey, signed) {
  return hmac(sha256, hkdf(sha256, fileKey, undefined, utf8("header"), 32), signed);
}

function scalarOf(identity) {
  const wrong = () => new Refusal("sealed/identity", "this is no age identity");
  try {
    const { prefix, bytes } = parseBech32(identity, "the age identity");
    if (prefix === "age-secret-key-" && bytes.length === 32 && identity === identity.toUpperCase()) return bytes;
  } catch {
    throw wrong();
  }
  throw wrong();
}

function pointOf(recipient) {
  try {
    checkAgeRecipient(recipient);
    return parseBech32(recipient, "the age recipient").bytes;
  } catch {
    throw new Refusal("sealed/recipient", "this is no age recipient: it begins with age1", { isSecret: /^\s*age-secret-key/i.test(recipient) });
  }
}

function unpadded(bytes) {
  return encode(bytes).replace(/=+$/, "");
}

/** The bytes of base64 without padding, if it is their one spelling. */
function unpaddedBytes(text) {
  try {
    return decode(text + "=".repeat((4 - (text.length % 4)) % 4));
  } catch {
    intact(false);
  }
}

function intact(holds) {
  demand(holds, "sealed/damaged", "the sealed file was cut off or changed on its way, and nothing of it can be trusted");
}

function random(size) {
  return crypto.getRandomValues(new Uint8Array(size));
}
