// Entries: one member's signed act, as bytes and as a value (docs/formats/entry.md), the twin of kernel/record/entries.py.
//
// Unknown fields, wrong types, forms that are not canonical and anything over 65,535 bytes are refused. Who may act, and what an act amounts to, is
// for a replay, which the reader does not do.

import { decode } from "./base64.js";
import { canonicalBytes, hasExactly, isObject, parseCanonical } from "./canonical.js";
import { isValid } from "./ed25519.js";
import { demand } from "./errors.js";
import { isPartners } from "./partners.js";
import { MAX_ENTRY_BYTES, entryIdOf, signedBytesOf } from "./unsigned.js";

const MAX_EPOCH = 2 ** 31;
const SIGNED = ["org", "epoch", "type", "by", "key", "seen", "nonce", "body", "sig"];
const FOUND = SIGNED.filter((name) => name !== "org" && name !== "seen");
const ATTEST = ["org", "epoch", "type", "body"];
const NOT_YET = ["vote"];

const matches = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const isDigest = matches(/^[0-9a-f]{64}$/);
const isName = matches(/^[a-z][a-z0-9_-]{0,63}$/);
export const isMember = matches(/^(?=.{2,32}$)[a-z](?:-?[a-z0-9])+$/);
const isTime = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (value) => typeof value === "string";
const isShort = (value) => isText(value) && Array.from(value).length <= 64;
const isOneOf = (...words) => (value) => words.includes(value);
const isListOf = (fields) => (value) => Array.isArray(value) && value.every((item) => hasFields(item, fields));
const isParent = (value) => hasFields(value, { origin: (text) => isText(text) && 1 <= Array.from(text).length && Array.from(text).length <= 200, size: (size) => isTime(size) && size >= 1, root: isText });
const maybe = (test) => (value) => value === undefined || test(value);

const BODIES = new Map(
  Object.entries({
    found: {
      charter: isObject,
      log_key: isText,
      members: isListOf({ member: isMember, kit: isObject }),
      seats: isListOf({ office: isName, member: isMember }),
    },
    propose: { kind: isName, payload: isObject, not_after: isTime, emergency: maybe(isName) },
    approve: { proposal: isDigest, key: maybe(isDigest) },
    object: { proposal: isDigest, reason: maybe(isDigest) },
    confirm: { proposal: isDigest },
    withdraw: { what: isOneOf("proposal", "approval", "objection", "delegation", "seat"), of: isShort },
    accept: { of: isDigest },
    acknowledge: {
      what: isOneOf("share", "changed", "notice"),
      of: isDigest,
      proof: maybe(isDigest),
      way: maybe(isOneOf("", "mail", "paper", "partner", "person", "phone")),
    },
    contribute: { release: isDigest, envelope: (value) => isText(value) && Array.from(value).length >= 40 && Array.from(value).length <= 4096 },
    attest: { note: isText },
    open: { parent: isParent, log_key: isText, policy: maybe(isPartners) },
  }),
);

/**
 * The entry of one leaf: {type, org, epoch, by, key, seenSize, seenRoot, body, unsigned, id, sig}, with empty strings, 0 or null for what its type does
 * not have. Refused with canonical/..., entry/..., base64/... or id/member.
 */
export function parseEntry(raw) {
  const value = parseCanonical(raw, MAX_ENTRY_BYTES, "the entry");
  demand(isObject(value), "entry/not-an-object", "the entry is not an object");
  const { type } = value;
  const fields = type === "attest" ? ATTEST : type === "found" ? FOUND : SIGNED;
  demand(hasExactly(value, fields), "entry/fields", "the entry has the wrong fields");
  demand(BODIES.has(type), NOT_YET.includes(type) ? "entry/type-not-yet" : "entry/type", "this version does not know entries of this type");
  const { epoch, body } = value;
  demand(Number.isInteger(epoch) && 0 <= epoch && epoch < MAX_EPOCH, "entry/epoch", "the entry's epoch is not a whole number");
  const org = type === "found" ? "" : digestOf(value, "org");
  demand(hasFields(body, BODIES.get(type)), "entry/body", `the body of the ${type} entry is wrong`);
  if (type === "attest") {
    return { type, org, epoch, by: "", key: "", seenSize: 0, seenRoot: null, body, unsigned: raw, id: entryIdOf(raw), sig: null };
  }
  const sig = parseSig(value.sig);
  delete value.sig;
  const unsigned = canonicalBytes(value);
  demand(isText(value.nonce), "entry/nonce", "the nonce is not a string");
  decode(value.nonce, 16, "nonce");
  demand(isMember(value.by), "id/member", "the entry's author is not a member id");
  const key = digestOf(value, "key");
  const { size: seenSize, root: seenRoot } = type === "found" ? { size: 0, root: null } : parseSeen(value.seen);
  return { type, org, epoch, by: value.by, key, seenSize, seenRoot, body, unsigned, id: entryIdOf(unsigned), sig };
}

/** Whether this version knows entries of *type*, and *body*, if it is given, has the fields of one. */
export function isBody(type, body = null) {
  return BODIES.has(type) && (body === null || hasFields(body, BODIES.get(type)));
}

/** Whether the design has entries of *type* that this version cannot judge. */
export function isFutureType(type) {
  return NOT_YET.includes(type);
}

/** What the member's key signs: the domain and the unsigned bytes. */
export function signedBytes(entry) {
  return signedBytesOf(entry.unsigned);
}

/** Whether the kit whose signing key is *key* signed the entry. */
export function isSignedBy(entry, key) {
  return entry.sig?.kind === "ed25519" && isValid(key, signedBytes(entry), entry.sig.value);
}

function parseSig(value) {
  if (hasExactly(value, ["kind", "value"]) && value.kind === "ed25519" && isText(value.value)) {
    return { kind: "ed25519", value: decode(value.value, 64, "signature") };
  }
  demand(
    hasExactly(value, ["kind", "authenticator", "client", "value"]) && value.kind === "webauthn" && Object.values(value).every(isText),
    "entry/sig",
    "the signature is neither an ed25519 nor a webauthn one",
  );
  return {
    kind: "webauthn",
    value: decode(value.value, null, "signature"),
    authenticator: decode(value.authenticator, null, "authenticator data"),
    client: decode(value.client, null, "client data"),
  };
}

function parseSeen(seen) {
  demand(
    hasExactly(seen, ["size", "root"]) && Number.isInteger(seen.size) && isText(seen.root),
    "entry/seen",
    "`seen` is not a size and a root",
  );
  const root = decode(seen.root, 32, "root in `seen`");
  demand(seen.size >= 0, "entry/seen", "the size in `seen` is negative");
  return { size: seen.size, root };
}

function digestOf(value, field) {
  demand(isDigest(value[field]), `entry/${field}`, `\`${field}\` is not 64 lowercase hexadecimal digits`);
  return value[field];
}

function hasFields(value, fields) {
  return (
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(fields, name)) &&
    Object.entries(fields).every(([name, test]) => test(value[name]))
  );
}
