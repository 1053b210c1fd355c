// Requests about seals: what they leave to the device, and of what it must know; the twin of kernel/record/custodyrequest.py.
//
// `about` names the seal, so that what is known of it can be asked for before anything is read. It is believed for nothing else.

import { isObject } from "../canonical.js";
import { demand } from "../errors.js";
import { MAX_PEOPLE } from "../sealing/structure.js";

const matches = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const isDigest = matches(/^[0-9a-f]{64}$/);
const isName = matches(/^[a-z][a-z0-9_-]{0,63}$/);
const isMember = matches(/^[a-z](?:-?[a-z0-9]){1,31}$/);
const isMemberId = (value) => isMember(value) && value.length <= 32;
const isPlace = matches(/^[a-z][a-z0-9_-]{0,63}\/[a-z](?:-?[a-z0-9]){1,31}$/);
const isNumber = (value) => Number.isInteger(value) && 1 <= value && value <= 1_000_000;
const isTime = (value) => Number.isSafeInteger(value) && value >= 0;
const isListOf = (test, most) => (value) => Array.isArray(value) && value.length <= most && value.every(test);
const isWhat = (value) => ["share", "changed", "notice"].includes(value);
const hasFields = (fields) => (value) =>
  isObject(value) && Object.keys(value).length === Object.keys(fields).length && Object.entries(fields).every(([name, test]) => test(value[name]));

const SEAL = { of: isDigest, resource: isName, seal: isNumber };
const ABOUT = {
  __proto__: null,
  acknowledge: hasFields(SEAL),
  contribute: hasFields({ ...SEAL, by: isMemberId }),
  release: hasFields(SEAL),
  seal: hasFields({ clause: isName, bodies: isListOf(isName, MAX_PEOPLE), seats: isListOf(isPlace, MAX_PEOPLE) }),
  unseal: hasFields({ ...SEAL, given: isListOf(isMemberId, MAX_PEOPLE) }),
};
const PAYLOADS = {
  __proto__: null,
  seal: hasFields({ resource: isName, seal: isNumber, structure: isObject }),
  release: hasFields({ resource: isName, seal: isNumber, purpose: isDigest, until: isTime }),
};
// By a rule of its own, and the same in everything else.
const KINDS = { __proto__: null, seal: "seal", release: "release", "emergency-release": "release" };

/** Bodies as a request has them where it leaves something out; `unseal` is no act, and nothing is signed. */
export const PARTIAL = {
  acknowledge: hasFields({ what: isWhat, of: isDigest }),
  contribute: hasFields({ release: isDigest }),
  unseal: hasFields({ release: isDigest }),
};

/** What of custody a request asks for: acknowledge, contribute, unseal, seal or release; empty for any other act, and for a notice, which is of no seal. */
export function custodyOf({ type, body }) {
  if (type === "propose") return (KINDS[body.kind] ?? "");
  return Object.hasOwn(PARTIAL, type) && body.what !== "notice" ? type : "";
}

/** Pass in silence if *about* is what a request for this act says of its seal; refused with request/shape or payload/shape. */
export function checkAbout(act, about) {
  const asked = custodyOf(act);
  demand(asked === "" ? about === null : ABOUT[asked](about), "request/shape", "the request does not say well of which seal it is");
  if (act.type === "propose" && asked !== "") {
    demand(PAYLOADS[asked](act.body.payload), "payload/shape", `a request for a ${asked} leaves its secrets and keys to the device, and names the rest`);
  }
}

/** The values of the state that a request about a seal needs beside its signer: [part, key]. */
export function neededFor({ type, body, about }) {
  const asked = custodyOf({ type, body });
  if (asked === "seal") return neededToSeal(body.payload, about);
  const keys = [["seals", `${about.resource}/${about.seal}`], ["proposals", about.of]];
  if (asked === "release") return [...keys, ["rules", `decisions.${body.kind}`]];
  if (asked === "acknowledge") return keys;
  const names = about.given ?? [about.by];
  return [...keys, ["proposals", body.release], ["releases", body.release], ...names.map((name) => ["members", name])];
}

function neededToSeal({ resource, seal, structure }, { clause, bodies, seats }) {
  return [
    ["rules", "decisions.seal"],
    ["rules", `custody.${clause}`],
    ...bodies.map((name) => ["rules", `bodies.${name}`]),
    ["seals", `${resource}/${seal}`],
    ...(seal > 1 ? [["seals", `${resource}/${seal - 1}`]] : []),
    ...peopleIn(structure).map((name) => ["members", name]),
    ...seats.map((place) => ["seats", place]),
  ];
}

/** The people in a structure's object, each once; nothing of it has been checked. */
function peopleIn(value) {
  if (typeof value === "string") return [value];
  const parts = isObject(value) && Array.isArray(value.of) ? value.of : [];
  return [...new Set(parts.flatMap(peopleIn))];
}
