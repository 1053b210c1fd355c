// What a `partner` decision names, as it stands in a record, a state and a pin (docs/formats/decisions.md), the twin of kernel/record/partners.py.

import { hasExactly, isObject } from "./canonical.js";
import { demand } from "./errors.js";
import { COSIGNATURE, VerifierKey } from "./notekeys.js";
import { NONE } from "./policyfile.js";
import { Policy } from "./policy.js";

const MAX_EACH = 64;
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

const isName = (value) => typeof value === "string" && NAME.test(value);
const isTexts = (value) => isObject(value) && Object.keys(value).length <= MAX_EACH && Object.values(value).every((text) => typeof text === "string");

/** Whether a value has the shape of a `partner` decision's payload. */
export function isPartners(value) {
  const fields = value?.validators === undefined ? ["witnesses", "groups", "quorum"] : ["witnesses", "groups", "quorum", "validators"];
  return (
    hasExactly(value, fields) &&
    isTexts(value.witnesses) &&
    Object.keys(value.witnesses).length >= 1 &&
    isObject(value.groups) &&
    Object.keys(value.groups).length <= MAX_EACH &&
    Object.values(value.groups).every(isGroup) &&
    isName(value.quorum) &&
    isTexts(value.validators ?? {})
  );
}

function isGroup(value) {
  const isCount = hasExactly(value, ["k", "of"]) && Number.isInteger(value.k) && 1 <= value.k && value.k <= MAX_EACH;
  return isCount && Array.isArray(value.of) && 1 <= value.of.length && value.of.length <= MAX_EACH && value.of.every(isName);
}

/** The policy of a payload; refused with policy/..., or as its keys are. */
export function policyOf(payload, logs = []) {
  const groups = new Map(Object.entries(payload.groups).map(([name, { k, of }]) => [name, { threshold: k, members: of }]));
  return Policy.build(logs, new Map(Object.entries(payload.witnesses)), groups, payload.quorum);
}

/**
 * The policy of a payload for the log *logKey*, and the keys under which its partners vouch for states: {policy, validators: Map(name -> key)}.
 * Refused with effect/empty-policy, effect/validator, checkpoint/key-kind, or as policyOf does.
 */
export function partnersOf(payload, logKey) {
  demand(payload.quorum !== NONE, "effect/empty-policy", "the policy would ask for no partner at all");
  const policy = policyOf(payload, [logKey()]);
  const validators = new Map(Object.entries(payload.validators ?? {}).map(([name, vkey]) => [name, VerifierKey.parse(vkey)]));
  for (const [name, { kind }] of validators) {
    demand(kind === COSIGNATURE, "checkpoint/key-kind", `the validating key of ${name} is of kind 0x0${kind}, and 0x04 is needed`);
  }
  const taken = new Set([...policy.logs, ...policy.witnesses.values()].map(publicOf));
  for (const [name, key] of validators) {
    demand(policy.witnesses.has(name), "effect/validator", `${name} is to vouch for states and is no partner`);
    demand(!taken.has(publicOf(key)), "effect/validator", `the validating key of ${name} stands in the policy already`);
    taken.add(publicOf(key));
  }
  return { policy, validators };
}

function publicOf({ key }) {
  return key.join();
}
