// What is said of seals before somebody signs: who opens them, and what that means; the twin of kernel/record/sealfacts.py.

import { fingerprintOf } from "../keys.js";
import { parseStructure, remarks } from "../sealing/structure.js";
import { fact } from "./fact.js";

const GUIDES = [
  ["guide-page", ["page", "site", "web"]],
  ["guide-domain", ["domain", "dns"]],
  ["guide-channel", ["channel", "video", "social", "stream"]],
  ["guide-mailbox", ["mail", "post"]],
  ["guide-factor", ["totp", "2fa", "factor"]],
  ["guide-server", ["server", "key", "host", "ssh"]],
];

/** Who opens a seal, group by group with its numbers, and what follows from that. */
export function structureFacts(structure) {
  const facts = structure.groups().map(({ need, of }) => {
    if (of.every((part) => typeof part !== "string")) return fact("opens-groups", { need, count: of.length });
    const names = of.map((part) => (typeof part === "string" ? part : part.inWords())).join(", ");
    return fact("opens-people", { need, count: of.length, names });
  });
  return [...facts, ...remarks(structure).map(({ code, people }) => fact(`remark-${code}`, { names: people.join(", ") }))];
}

/** What a seal would do. */
export function sealFacts({ resource, seal, structure }) {
  return [fact("do-seal", { resource, seal }), ...structureFacts(parseStructure(structure))];
}

/** What a release would do, for whom, and until when. */
export function releaseFacts({ resource, seal, recipient, until }) {
  return [fact("do-release", { resource, seal }), recipientFact(recipient), fact("release-until", { time: until })];
}

/** That a release is asked for under the rule for emergencies, if it is. */
export function emergencyFacts(kind) {
  return kind === "emergency-release" ? [fact("emergency-release")] : [];
}

/** The six words of whoever could read what is contributed. */
export function recipientFact(recipient) {
  return fact("recipient-words", { words: fingerprintOf({ kind: "recipient", age: recipient }).join(" ") });
}

/** What must have been done at the provider, by the resource's name, and in any case. */
export function guideFacts(resource) {
  const own = GUIDES.filter(([, stems]) => stems.some((stem) => resource.startsWith(stem)));
  return [...own.map(([say]) => fact(say)), fact("guide-any")];
}
