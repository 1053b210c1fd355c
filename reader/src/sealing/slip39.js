// SLIP-39 (SLIP-0039): a secret cut into shares of words and put together again, its arithmetic and its two encodings.
//
// Shamir's scheme byte by byte over GF(256) with the polynomial x^8 + x^4 + x^3 + x + 1, the secret at x = 255 and its digest at x = 254; a Feistel
// cipher of four rounds of PBKDF2 over it; words with an RS1024 checksum. The dice come from outside. As in the package that Python uses, nothing here is
// constant in time: it runs on a member's own device. Which share belongs to what is for `splitting.js` and `shares.js`.

import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bigEndian, concat, same, unhex, utf8 } from "../bytes.js";
import { Refusal, demand } from "../errors.js";
import { WORDLIST } from "./wordlist.js";

const SECRET_X = 255;
const DIGEST_X = 254;
const DIGEST_BYTES = 4;
const ROUNDS = 4;
const ITERATIONS = 10_000;
const CHECKSUM_WORDS = 3;
const META_WORDS = 7;
const MIN_WORDS = 20;
const MAX_WORDS = 64;
const GENERATOR = [0xe0e040, 0x1c1c080, 0x3838100, 0x7070200, 0xe0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890, 0x3f3f120];
const VALUES = new Map(WORDLIST.map((word, value) => [word, value]));

const EXP = new Uint8Array(255);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = value;
  LOG[value] = power;
  value ^= value << 1;
  if (value & 0x100) value ^= 0x11b;
}

/** Whether *word* is in the list. */
export function isWord(word) {
  return VALUES.has(word);
}

/**
 * The words of a share {identifier, extendable, exponent, group, groupNeed, groups, member, need, value}: numbers as people count them, but for the
 * places *group* and *member*, which begin at 0.
 */
export function encodeShare(share) {
  const head = (share.identifier << 5) | (share.extendable ? 16 : 0) | share.exponent;
  const places = (share.group << 16) | ((share.groupNeed - 1) << 12) | ((share.groups - 1) << 8) | (share.member << 4) | (share.need - 1);
  const count = Math.ceil((8 * share.value.length) / 10);
  const number = bigEndian(share.value);
  const value = Array.from({ length: count }, (_, at) => Number((number >> BigInt(10 * (count - 1 - at))) & 0x3ffn));
  const data = [head >> 10, head & 0x3ff, places >> 10, places & 0x3ff, ...value];
  const sum = polymod([...customization(share.extendable), ...data, 0, 0, 0]) ^ 1;
  return [...data, sum >> 20, (sum >> 10) & 0x3ff, sum & 0x3ff].map((at) => WORDLIST[at]).join(" ");
}

/** The share that words spell; refused with slip39/word, slip39/length, slip39/checksum, slip39/threshold or slip39/padding. */
export function decodeShare(words) {
  const data = words.split(/\s+/).filter((word) => word !== "").map((word) => VALUES.get(word.toLowerCase()) ?? -1);
  demand(data.every((value) => value >= 0), "slip39/word", "a word of this share is not in the list of words");
  const padding = (10 * (data.length - META_WORDS)) % 16;
  demand(data.length >= MIN_WORDS && data.length <= MAX_WORDS && padding <= 8, "slip39/length", `a share of ${data.length} words is none`);
  const head = (data[0] << 10) | data[1];
  const extendable = (head & 16) !== 0;
  demand(polymod([...customization(extendable), ...data]) === 1, "slip39/checksum", "the checksum of this share is wrong");
  const places = (data[2] << 10) | data[3];
  const at = (shift) => (places >> shift) & 15;
  const [groupNeed, groups] = [at(12) + 1, at(8) + 1];
  demand(groupNeed <= groups, "slip39/threshold", `a share of a set that needs ${groupNeed} of ${groups} groups is none`);
  const body = data.slice(4, -CHECKSUM_WORDS);
  const size = Math.floor((10 * body.length - padding) / 8);
  const digits = body.reduce((number, value) => (number << 10n) | BigInt(value), 0n).toString(16).padStart(2 * size, "0");
  demand(digits.length === 2 * size, "slip39/padding", "the padding of this share is wrong");
  const value = unhex(digits);
  return { identifier: head >> 5, extendable, exponent: head & 15, group: at(16), groupNeed, groups, member: at(4), need: at(0) + 1, value };
}

/** *count* values of which *need* give *secret*; the dice are thrown only where SLIP-39 needs them. */
export function splitSecret(need, count, secret, dice) {
  if (need === 1) return Array(count).fill(secret);
  const values = Array.from({ length: need - 2 }, () => dice(secret.length));
  const random = dice(secret.length - DIGEST_BYTES);
  const points = [
    ...values.map((value, x) => ({ x, value })),
    { x: DIGEST_X, value: concat(digestOf(random, secret), random) },
    { x: SECRET_X, value: secret },
  ];
  while (values.length < count) values.push(interpolate(points, values.length));
  return values;
}

/** The secret that points {x, value} give, exactly as many as are needed; refused with slip39/digest or slip39/values. */
export function recoverSecret(points) {
  if (points.length === 1) return points[0].value;
  const secret = interpolate(points, SECRET_X);
  const shown = interpolate(points, DIGEST_X);
  const isRight = same(shown.subarray(0, DIGEST_BYTES), digestOf(shown.subarray(DIGEST_BYTES), secret));
  demand(isRight, "slip39/digest", "these shares do not fit together: the digest of their secret is wrong");
  return secret;
}

/** What is cut into shares for *secret*: its bytes enciphered under *passphrase*, by `{identifier, extendable, exponent}`. */
export function encipher(secret, passphrase, set) {
  return feistel(secret, passphrase, set, [0, 1, 2, 3]);
}

/** The secret again. */
export function decipher(enciphered, passphrase, set) {
  return feistel(enciphered, passphrase, set, [3, 2, 1, 0]);
}

/**
 * The secret that shares in words give with *passphrase* (bytes): exactly as many groups and members as are needed. Refused as `decodeShare` does, and
 * with slip39/set, slip39/groups, slip39/members, slip39/digest or slip39/values.
 */
export function combineMnemonics(mnemonics, passphrase) {
  const shares = mnemonics.map(decodeShare);
  demand(shares.length > 0, "slip39/members", "there is no share");
  const [first] = shares;
  const groups = new Map();
  for (const share of shares) {
    const isOfSet = ["identifier", "extendable", "exponent", "groupNeed", "groups"].every((name) => share[name] === first[name]);
    demand(isOfSet, "slip39/set", "these shares are of two sets");
    const group = groups.get(share.group) ?? [];
    demand(group.every(({ need }) => need === share.need), "slip39/set", "two shares of one group need different numbers of members");
    if (!group.some((other) => other.member === share.member && same(other.value, share.value))) groups.set(share.group, [...group, share]);
  }
  demand(groups.size === first.groupNeed, "slip39/groups", `${groups.size} groups are here, and ${first.groupNeed} are needed`);
  const points = [...groups].map(([x, group]) => {
    demand(group.length === group[0].need, "slip39/members", `${group.length} shares of a group are here, and ${group[0].need} are needed`);
    return { x, value: recoverSecret(group.map(({ member, value }) => ({ x: member, value }))) };
  });
  return decipher(recoverSecret(points), passphrase, first);
}

function customization(extendable) {
  return utf8(extendable ? "shamir_extendable" : "shamir");
}

function polymod(values) {
  let sum = 1;
  for (const value of values) {
    const top = sum >> 20;
    sum = ((sum & 0xfffff) << 10) ^ value;
    for (let bit = 0; bit < 10; bit++) {
      if ((top >> bit) & 1) sum ^= GENERATOR[bit];
    }
  }
  return sum;
}

function digestOf(random, secret) {
  return hmac(sha256, random, secret).subarray(0, DIGEST_BYTES);
}

/** The value at *x* of the polynomial through *points*, byte by byte (Lagrange). */
function interpolate(points, x) {
  const size = points[0].value.length;
  const isSet = new Set(points.map((point) => point.x)).size === points.length && points.every(({ value }) => value.length === size);
  demand(isSet, "slip39/values", "two shares of a group have one number, or values of two lengths");
  const there = points.find((point) => point.x === x);
  if (there !== undefined) return there.value;
  const product = points.reduce((sum, point) => sum + LOG[point.x ^ x], 0);
  const found = new Uint8Array(size);
  for (const point of points) {
    const others = points.reduce((sum, other) => sum + LOG[point.x ^ other.x], 0);
    const basis = (((product - LOG[point.x ^ x] - others) % 255) + 255) % 255;
    for (let at = 0; at < size; at++) {
      if (point.value[at] !== 0) found[at] ^= EXP[(LOG[point.value[at]] + basis) % 255];
    }
  }
  return found;
}

function feistel(bytes, passphrase, { identifier, extendable, exponent }, rounds) {
  if (bytes.length % 2 !== 0) throw new Refusal("slip39/length", `a secret has an even number of bytes, this one has ${bytes.length}`);
  const salt = extendable ? new Uint8Array() : concat(utf8("shamir"), [identifier >> 8, identifier & 0xff]);
  const c = (ITERATIONS << exponent) / ROUNDS;
  let [left, right] = [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)];
  for (const round of rounds) {
    const key = pbkdf2(sha256, concat([round], passphrase), concat(salt, right), { c, dkLen: right.length });
    [left, right] = [right, left.map((byte, at) => byte ^ key[at])];
  }
  return concat(right, left);
}
