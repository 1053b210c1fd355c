// What a decision would do, as facts {say, with} for people, the twin of kernel/record/telling.py. The sentences are in strings/signer.

import { canonicalBytes } from "../canonical.js";
import { textOf } from "../bytes.js";
import { demand } from "../errors.js";
import { parseText } from "../text.js";
import { fact } from "./fact.js";
import { checkPayload, sixWordsOf } from "./payloads.js";
import { emergencyFacts, releaseFacts, sealFacts } from "./sealfacts.js";

export const SHORT = 12;

/** What a decision of *kind* with this *payload* would do; refused as checkPayload does. */
export function payloadFacts(kind, payload) {
  checkPayload(kind, payload);
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind](payload);
  if (payload.amount !== undefined) return [fact("do-money", { kind, amount: payload.amount, currency: payload.currency ?? "" })];
  return [fact("do-resolution", { kind })];
}

/** The texts {heading, text} that a payload names, each whole; refused with request/text-missing, or as they are no texts. */
export function payloadTexts(payload, texts) {
  const shown = [];
  if (payload.text !== undefined) shown.push({ heading: fact("the-text"), text: parseText(there(payload.text, texts)) });
  if (payload.purpose !== undefined) shown.push({ heading: fact("the-purpose"), text: parseText(there(payload.purpose, texts)) });
  if (payload.title !== undefined) shown.push({ heading: fact("the-title"), text: articleText(payload.title, texts) });
  for (const { number, new: digest } of payload.articles ?? []) {
    if (digest !== "") shown.push({ heading: fact("the-article", { number }), text: articleText(digest, texts) });
  }
  return shown;
}

export function reasonText(digest, texts) {
  return { heading: fact("the-reason"), text: parseText(there(digest, texts)) };
}

/** A text of the charter, which has no salt. */
export function articleText(digest, texts) {
  return textOf(there(digest, texts), "request/text-missing", "a text");
}

/** Whether every text that a payload names is there. */
export function hasTexts(payload, texts) {
  const named = [payload.text, payload.purpose, payload.title, ...(payload.articles ?? []).map((change) => change.new)];
  return named.every((digest) => !digest || texts.has(digest));
}

function there(digest, texts) {
  demand(texts.has(digest), "request/text-missing", `the text ${digest.slice(0, SHORT)} that this is about is not in the request`, { digest });
  return texts.get(digest);
}

const one = (say, ...fields) => (payload) => [fact(say, Object.fromEntries(fields.map((name) => [name, payload[name]])))];
const text = new TextDecoder();

const KINDS = {
  admit: one("do-admit", "member"),
  amend: ({ articles, rules }) => [
    fact("do-amend"),
    ...articles.map(({ number, new: digest }) => fact(digest === "" ? "amend-strike" : "amend-article", { number })),
    ...rules.map(({ path, set }) =>
      set === undefined
        ? fact("amend-rule-gone", { path: path.join(".") })
        : fact("amend-rule", { path: path.join("."), value: text.decode(canonicalBytes(set)) }),
    ),
  ],
  appoint: one("do-appoint", "member", "office"),
  channel: ({ op, address, to = "" }) => [op === "move" ? fact("do-channel-move", { address, to }) : fact(`do-channel-${op}`, { address })],
  delegate: ({ to, rule, until }) => [fact("do-delegate", { to, rule, time: until })],
  depart: one("do-depart", "member"),
  dismiss: one("do-dismiss", "member", "office"),
  entrust: ({ resource, holders }) => [fact("do-entrust", { resource, names: holders.join(", ") })],
  erase: ({ objects }) => [fact("do-erase", { objects: objects.join(", ") })],
  expel: one("do-expel", "member"),
  partner: ({ witnesses, groups, quorum }) => {
    const names = Object.keys(witnesses).sort();
    const group = Object.hasOwn(groups, quorum) ? [fact("partner-group", { k: groups[quorum].k, names: groups[quorum].of.join(", ") })] : [];
    return [fact("do-partner", { names: names.join(", ") }), ...group, ...names.map((name) => fact("partner-key", { name, key: witnesses[name] }))];
  },
  publish: one("do-publish", "work"),
  "recover-member": one("do-recover", "member"),
  release: releaseFacts,
  "emergency-release": (payload) => [...emergencyFacts("emergency-release"), ...releaseFacts(payload)],
  // One signature may be all that this takes, so whoever is asked for it by a stranger must see whose key it brings in.
  "rotate-key": ({ member, add, revoke }) => [
    fact("do-rotate-key", { member, added: add.length, revoked: revoke.length }),
    ...add.map((value) => fact("key-added", { words: sixWordsOf(value) })),
  ],
  seal: sealFacts,
  statement: one("do-statement", "language"),
  succeed: ({ unwitnessed }) => [fact("do-succeed"), ...(unwitnessed ? [fact("do-unwitnessed")] : [])],
  "suspend-origin": ({ origin, lift }) => [fact(lift ? "do-lift" : "do-suspend", { origin })],
};
