// Payloads: what each kind of decision carries (docs/formats/decisions.md), the twin of kernel/record/payloads.py.
//
// Shapes and bounds, so that a payload can be said in words. Kits are held to what may be enrolled; of a passkey only its kind is looked at.

import { decode } from "../base64.js";
import { concat, hex, sha256 } from "../bytes.js";
import { isObject } from "../canonical.js";
import { demand } from "../errors.js";
import { checkAgeRecipient, fingerprintOf, kitKeyId, parseKit } from "../keys.js";
import { parseStructure } from "../sealing/structure.js";

const FUTURE = ["mandate", "part"];
const PASSKEYS = { es256: 0x11, eddsa: 0x12, rs256: 0x13 };
const MAX_KEYS = 8;

const matches = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const isDigest = matches(/^[0-9a-f]{64}$/);
const isName = matches(/^[a-z][a-z0-9_-]{0,63}$/);
const isMember = matches(/^(?=.{2,32}$)[a-z](?:-?[a-z0-9])+$/);
const isAddress = matches(/^[!-~]{3,400}$/);
const isLanguage = matches(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/);
const isBoolean = (value) => typeof value === "boolean";
const isWhole = (most) => (value) => Number.isInteger(value) && 0 <= value && value <= most;
const isTime = isWhole(Number.MAX_SAFE_INTEGER);
const isListOf = (test, least, most) => (value) => Array.isArray(value) && least <= value.length && value.length <= most && value.every(test);
const isMapOf = (test, least, most) => (value) =>
  isObject(value) && least <= Object.keys(value).length && Object.keys(value).length <= most && Object.values(value).every(test);
const isText = (value) => typeof value === "string";
const isOneOf = (...words) => (value) => words.includes(value);
const isGroup = (value) => hasShape(value, { k: [(k) => Number.isInteger(k) && 1 <= k && k <= 64], of: [isListOf(isName, 1, 64)] });
const isArticleChange = (value) => isObject(value) && Object.keys(value).sort().join() === "new,number,old" && Object.values(value).every(isText);
const isRuleChange = (value) =>
  isObject(value) &&
  Array.isArray(value.path) &&
  value.path.length > 0 &&
  value.path.every(isText) &&
  Object.keys(value).length === 2 &&
  (Object.hasOwn(value, "set") || value.unset === true);
const isNumber = (value) => Number.isInteger(value) && 1 <= value && value <= 1_000_000;
const isShare = (value) => hasShape(value, { kit: [isDigest], commitment: [isDigest], chain: [isDigest], envelope: [isDigest] });
const MAYBE = true;
const ABOUT_MEMBER = { member: [isMember] };
const SEAT = { office: [isName], member: [isMember] };
const KEYS = isListOf(isObject, 0, MAX_KEYS);
const RESOLUTION = { text: [isDigest], amount: [isWhole(10 ** 12), MAYBE], currency: [matches(/^(?:[A-Z]{3})?$/), MAYBE] };

const RELEASE = { resource: [isName], seal: [isNumber], purpose: [isDigest], recipient: [(value) => isText(value) && Array.from(value).length <= 100], until: [isTime] };

const SHAPES = {
  __proto__: null,
  admit: { member: [isMember], keys: [KEYS] },
  amend: {
    base: [isDigest],
    result: [isDigest],
    articles: [isListOf(isArticleChange, 0, Infinity)],
    rules: [isListOf(isRuleChange, 0, Infinity)],
    title: [isDigest, MAYBE],
  },
  appoint: SEAT,
  channel: { op: [isOneOf("add", "strike", "move")], address: [isAddress], to: [isAddress, MAYBE] },
  delegate: { rule: [isName], to: [isMember], until: [isTime] },
  depart: ABOUT_MEMBER,
  dismiss: SEAT,
  entrust: { resource: [isName], holders: [isListOf(isMember, 1, 32)] },
  erase: { objects: [isListOf(isDigest, 1, 32)] },
  expel: ABOUT_MEMBER,
  partner: {
    witnesses: [isMapOf(isText, 1, 64)],
    groups: [isMapOf(isGroup, 0, 64)],
    quorum: [isName],
    validators: [isMapOf(isText, 0, 64), MAYBE],
  },
  publish: { work: [isDigest] },
  "recover-member": { member: [isMember], kit: [isObject] },
  "emergency-release": RELEASE,
  release: RELEASE,
  "rotate-key": { member: [isMember], add: [KEYS], revoke: [isListOf(isDigest, 0, MAX_KEYS)] },
  seal: {
    resource: [isName],
    seal: [isNumber],
    structure: [isObject],
    shares: [(value) => isMapOf(isShare, 0, Infinity)(value) && Object.keys(value).every(isMember)],
    key: [isDigest],
    sealed: [isDigest],
  },
  statement: { text: [isDigest], language: [isLanguage] },
  succeed: { open: [isDigest], unwitnessed: [isBoolean, MAYBE] },
  "suspend-origin": { origin: [isAddress], lift: [isBoolean, MAYBE] },
};

/** Pass in silence if *payload* is one of *kind*; refused with kind/not-yet, payload/... or key/... */
export function checkPayload(kind, payload) {
  demand(!FUTURE.includes(kind), "kind/not-yet", `this version cannot judge decisions of kind ${kind} yet`);
  demand(hasShape(payload, SHAPES[kind] ?? RESOLUTION), "payload/shape", `the payload of ${kind} is wrong`);
  if (kind === "seal") checkShares(payload);
  if (SHAPES[kind] === RELEASE) checkAgeRecipient(payload.recipient);
  const keys = enrolled(kind, payload);
  for (const value of keys) if (value.kind === "kit") parseKit(value);
  demand(keys.filter(({ kind: what }) => what === "kit").length < 2, "payload/two-kits", "a member has one kit, and this payload enrols two");
}

/** The values of the keys that a payload would enrol. */
export function enrolled(kind, payload) {
  if (kind === "recover-member") return [payload.kit];
  return { admit: payload.keys, "rotate-key": payload.add }[kind] ?? [];
}

/** The id of a key from its value; refused with key/fields for what is none. */
export function keyIdOf(value) {
  if (value.kind === "kit") return kitKeyId(parseKit(value).sign);
  const type = PASSKEYS[value.alg];
  demand(value.kind === "passkey" && type !== undefined && isText(value.spki), "key/fields", "this is neither a kit nor a passkey");
  return hex(sha256(concat([type], decode(value.spki, null, "passkey"))));
}

/** The six words of a key's value, with a space between each. */
export function sixWordsOf(value) {
  return fingerprintOf(value).join(" ");
}

function checkShares({ structure, shares }) {
  const people = new Set(parseStructure(structure).people());
  const names = Object.keys(shares);
  demand(names.length === people.size && names.every((name) => people.has(name)), "payload/shares", "a seal has one share for each custodian in its structure");
}

function hasShape(value, shape) {
  return (
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(shape, name)) &&
    Object.entries(shape).every(([name, [test, maybe]]) => (value[name] === undefined ? maybe === MAYBE : test(value[name])))
  );
}
