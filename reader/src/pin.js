// Pins: what a reader keeps of an organisation from paper or from somebody trusted (docs/formats/pin.md), the twin of kernel/record/pin.py.

import { decode, encode } from "./base64.js";
import { bigEndian, concat, hex, sha256, utf8 } from "./bytes.js";
import { canonicalBytes, hasExactly, parseCanonical } from "./canonical.js";
import { demand } from "./errors.js";
import { wordsOf } from "./keys.js";
import { VerifierKey } from "./notekeys.js";
import { isPartners, partnersOf } from "./partners.js";

export const FORM = "commonhold/pin/v1";
export const MAX_PIN_BYTES = 1 << 16;
const MAX_URLS = 16;
const WORDS = 6;
const BITS = 66n;
const DOMAIN = utf8("commonhold/pin-fingerprint/v1\n");
const URL_TEXT = /^https?:\/\/[!-~]+$/;
const ORIGIN = /^commonhold\/([0-9a-f]{64})\/(0|[1-9][0-9]{0,9})\/([0-9a-f]{64})$/;

/**
 * The pin {org, origin, epoch, logKey: VerifierKey, partners, policy, validators: Map(name -> key), urls}. Refused with canonical/..., pin/form,
 * pin/shape, pin/origin, pin/validators, or as its keys and its policy are.
 */
export function parsePin(raw) {
  const value = parseCanonical(raw.at(-1) === 10 ? raw.subarray(0, -1) : raw, MAX_PIN_BYTES, "the pin");
  demand(value?.form === FORM, "pin/form", "this is not a pin");
  const isShaped =
    hasExactly(value, ["form", "log_key", "org", "origin", "partners", "urls"]) &&
    [value.log_key, value.org, value.origin].every((text) => typeof text === "string") &&
    /^[0-9a-f]{64}$/.test(value.org) &&
    isPartners(value.partners) &&
    Array.isArray(value.urls) &&
    value.urls.length <= MAX_URLS &&
    value.urls.every((url) => typeof url === "string" && url.length <= 400 && URL_TEXT.test(url));
  demand(isShaped, "pin/shape", "the pin has a part of the wrong shape");
  const { org, origin, partners, urls } = value;
  const key = decode(value.log_key, 32, "log key");
  const { epoch } = parseOrigin(origin);
  demand(origin === `commonhold/${org}/${epoch}/${hex(sha256(key))}`, "pin/origin", `the log ${origin} is not one of the organisation ${org} under this log key`);
  const { policy, validators } = partnersOf(partners, () => new VerifierKey(origin, key));
  const ids = new Set([...validators.values()].map(({ id }) => id));
  demand(ids.size === validators.size, "note/ambiguous-key", "two validating keys have one name and id");
  const everyone = new Map([...validators.keys()].map((name) => [name, 0n]));
  demand(policy.time(everyone) !== null, "pin/validators", "too few of the organisation's partners vouch for states, so nothing could be checked with this pin");
  return Object.freeze({ org, origin, epoch, logKey: policy.logs[0], partners, policy, validators, urls });
}

/** Six words that stand for a pin, to be compared by voice or on paper; the addresses in it do not count. */
export function pinFingerprint({ org, origin, logKey, partners }) {
  const trusted = { form: FORM, org, origin, log_key: encode(logKey.key), partners };
  return wordsOf(bigEndian(sha256(concat(DOMAIN, canonicalBytes(trusted)))) >> (256n - BITS), WORDS);
}

/** {org, epoch (a number), hash} of an origin of ours; refused with id/origin. */
export function parseOrigin(origin) {
  const found = ORIGIN.exec(origin);
  demand(found !== null, "id/origin", "this is not the origin of a record");
  return { org: found[1], epoch: Number(found[2]), hash: found[3] };
}
