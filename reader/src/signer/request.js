// Requests: an act that a member is asked to sign (docs/formats/request.md), the twin of kernel/record/request.py.
//
// Nothing in a request is believed: review.js holds it against the kit, the pin and what partners signed.

import { decode, encode } from "../base64.js";
import { MAX_VALUES } from "../brief.js";
import { concat, hex, sha256, utf8 } from "../bytes.js";
import { canonicalBytes, hasExactly, isObject, parseCanonical } from "../canonical.js";
import { isBody, isFutureType } from "../entry.js";
import { Refusal, demand } from "../errors.js";
import { PARTIAL, checkAbout } from "./custodyrequest.js";

export const FORM = "commonhold/request/v1";
export const MAX_REQUEST_BYTES = 8 << 20;
const MAX_NESTED = 20_000;
const MAX_TEXTS = 600;
const MAX_URLS = 8;
const MAX_URL = 400;
const MAX_ACT_BYTES = 64_535;
const SIGNABLE = ["accept", "acknowledge", "approve", "confirm", "contribute", "object", "propose", "withdraw"];
const FIELDS = ["form", "org", "epoch", "act", "texts", "urls"];
const DOMAIN = utf8("commonhold/request-number/v1\n");
const URL_FORM =
  /^(?:https:\/\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|http:\/\/(?:localhost|127\.0\.0\.1))(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~/-]*)?$/;
const LINK = /^[A-Za-z0-9_-]+$/;
const COUNTED = utf8("{[,");

/** The request in what somebody pasted, scanned or followed: {org, epoch, type, body, brief, claim, texts, urls, about}. */
export function parseGiven(text) {
  demand(text.length <= 2 * MAX_REQUEST_BYTES, "request/too-large", `the text has ${text.length} characters, too many for a request`);
  return parseRequest(givenBytes(text));
}

/** The bytes in a pasted text: the JSON itself, or what stands behind the `#` of a link. Where the link leads is not looked at. */
export function givenBytes(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return utf8(trimmed);
  const found = trimmed.slice(trimmed.lastIndexOf("#") + 1);
  try {
    if (!LINK.test(found)) throw new Refusal("request/text", "");
    return decode(found.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (found.length % 4)) % 4));
  } catch {
    throw new Refusal("request/text", "this is neither a request nor a link that holds one");
  }
}

/** A request or an entry as it stands behind the `#` of a link. */
export function linkText(raw) {
  return encode(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The request in *raw*; texts are held to their digests. Refused with request/... or canonical/... */
export function parseRequest(given) {
  const raw = given.at(-1) === 10 ? given.subarray(0, -1) : given;
  demand(raw.length <= MAX_REQUEST_BYTES, "request/too-large", `the request has ${raw.length} bytes, and at most ${MAX_REQUEST_BYTES} are allowed`);
  let parts = 0;
  for (const byte of raw) parts += COUNTED.includes(byte);
  demand(parts <= MAX_NESTED, "request/parts", "the request has more parts than any needs");
  const value = parseCanonical(raw, MAX_REQUEST_BYTES, "the request");
  demand(isObject(value) && value.form === FORM, "request/form", "this is not a request");
  const optional = ["about", "brief", "claim"].filter((name) => Object.hasOwn(value, name));
  shaped(!(optional.includes("brief") && optional.includes("claim")) && hasExactly(value, [...FIELDS, ...optional]));
  const { org, epoch, act, brief = null, about = null } = value;
  shaped(typeof org === "string" && /^[0-9a-f]{64}$/.test(org));
  shaped(Number.isInteger(epoch) && 0 <= epoch && epoch < 2 ** 31);
  shaped(hasExactly(act, ["type", "body"]) && typeof act.type === "string" && isObject(act.body));
  shaped(brief === null || isObject(brief));
  checkAct(act);
  const claim = value.claim === undefined ? null : parseClaim(value.claim);
  checkAbout(act, about);
  return { org, epoch, type: act.type, body: act.body, brief, claim, texts: parseTexts(value.texts), urls: parseUrls(value.urls), about };
}

/** The act's short number, by which two people can tell that they mean the same. */
export function numberOf({ org, epoch, type, body }) {
  return hex(sha256(concat(DOMAIN, canonicalBytes({ org, epoch, act: { type, body } })))).slice(0, 12);
}

/** Whether a signer may send to *url*. */
export function isUrl(url) {
  return url.length <= MAX_URL && URL_FORM.test(url);
}

/** Whether *url* is a partner's mirror of a log. */
export function isMirror(url) {
  return /\/mirror\/[0-9a-f]{64}\/*$/.test(url);
}

/** Where an entry for the log that is served at *url* is handed in. */
export function entryUrl(url) {
  return `${url.replace(/\/+$/, "").replace(/\/mirror\/[0-9a-f]{64}$/, "")}/entry`;
}

function checkAct({ type, body }) {
  if (!SIGNABLE.includes(type) && !Object.hasOwn(PARTIAL, type)) {
    const known = isBody(type) || isFutureType(type);
    throw new Refusal("request/type", `a request cannot ask for ${known ? `an act of type ${type}` : "an act that this version does not know"}`);
  }
  demand(Object.hasOwn(PARTIAL, type) ? PARTIAL[type](body) : isBody(type, body), "request/body", `the body of the ${type} act is wrong`);
  demand(canonicalBytes({ type, body }).length <= MAX_ACT_BYTES, "request/body", "the act is too large for an entry");
}

function parseClaim(value) {
  const hasEntry = isObject(value) && Object.hasOwn(value, "entry");
  shaped(hasExactly(value, ["checkpoint", "values", ...(hasEntry ? ["entry"] : [])]));
  const { checkpoint, values: rows, entry = "" } = value;
  shaped(typeof checkpoint === "string" && typeof entry === "string" && Array.isArray(rows) && rows.length <= MAX_VALUES);
  const values = new Map();
  for (const row of rows) {
    const fields = isObject(row) && Object.hasOwn(row, "value") ? ["part", "key", "value"] : ["part", "key"];
    shaped(hasExactly(row, fields) && typeof row.part === "string" && typeof row.key === "string");
    const place = placeOf(row.part, row.key);
    shaped(!values.has(place));
    values.set(place, row.value ?? null);
  }
  return { checkpoint: utf8(checkpoint), entry: decode(entry, null, "entry"), values };
}

/** How values are called in the maps that review.js asks: neither a part nor a key holds a newline. */
export function placeOf(part, key) {
  return `${part}\n${key}`;
}

function parseTexts(value) {
  shaped(isObject(value) && Object.keys(value).length <= MAX_TEXTS && Object.values(value).every((text) => typeof text === "string"));
  const texts = new Map(Object.entries(value).map(([digest, text]) => [digest, decode(text, null, "text")]));
  for (const [digest, raw] of texts) {
    demand(hex(sha256(raw)) === digest, "request/text-altered", "a text in the request is not the one that its digest names");
  }
  return texts;
}

function parseUrls(value) {
  shaped(Array.isArray(value) && value.length <= MAX_URLS && value.every((url) => typeof url === "string"));
  for (const url of value) demand(isUrl(url), "request/url", "an address in the request is none that a signer sends to");
  return value;
}

function shaped(holds) {
  demand(holds, "request/shape", "the request has a part of the wrong shape");
}
