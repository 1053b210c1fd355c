// Ed25519 with one definition everywhere (DESIGN 3.2), the twin of kernel/ed25519.py: cofactorless, S < L, R canonical and not of small order.
//
// The arithmetic is @noble/curves'. Its own `verify` multiplies by the cofactor, which accepts signatures that libsodium refuses, so the equation
// stands here: R' = S*B - k*A is encoded and compared with R byte for byte, which also refuses every R that is not canonical. A public key is
// decoded strictly, and one that is to be enrolled or configured must be a point of prime order: degenerate keys, which WebCrypto and OpenSSL
// accept, let one signature pass for every message.

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, same } from "./bytes.js";
import { demand } from "./errors.js";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Pass in silence if *key* is the canonical encoding of a point of prime order; refused with key/length or key/weak. */
export function checkPublicKey(key) {
  demand(key.length === KEY_BYTES, "key/length", `an Ed25519 public key has ${KEY_BYTES} bytes, this one has ${key.length}`);
  const point = pointOf(key);
  demand(
    point !== null && !point.isSmallOrder() && point.isTorsionFree(),
    "key/weak",
    "this Ed25519 public key is weak: it is not a point of prime order in canonical form",
  );
}

/** Whether *signature* (R || S) is *key*'s over *message*. */
export function isValid(key, message, signature) {
  if (key.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const encoded = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= ORDER) return false;
  const point = pointOf(key);
  const commitment = pointOf(encoded);
  if (point === null || point.isSmallOrder() || commitment === null || commitment.isSmallOrder()) return false;
  const k = littleEndian(sha512(concat(encoded, key, message))) % ORDER;
  const found = Point.BASE.multiplyUnsafe(s).add(point.negate().multiplyUnsafe(k));
  return same(found.toBytes(), encoded);
}

/** The 32-byte public key of a 32-byte secret seed (RFC 8032). */
export function publicKey(seed) {
  return ed25519.getPublicKey(seed);
}

/** The 64-byte signature of *message* under a secret seed; deterministic (RFC 8032). */
export function sign(seed, message) {
  return ed25519.sign(message, seed);
}

function pointOf(encoded) {
  try {
    return Point.fromBytes(encoded, false);
  } catch {
    return null;
  }
}

function littleEndian(bytes) {
  let number = 0n;
  for (let at = bytes.length - 1; at >= 0; at--) number = (number << 8n) | BigInt(bytes[at]);
  return number;
}
