// What a custodian is shown before they do their part, and what is refused; the twin of kernel/record/custodyreview.py (vectors/requests-custody.json holds
// both to one answer).
//
// A request says of which seal it is, and is believed for nothing else: who opens the seal, which share is whose, for what and to whom something is released
// comes from the proposals of the seal and of the release as partners prove them, or as their own entries have them.

import { isObject } from "../canonical.js";
import { Refusal, demand } from "../errors.js";
import { fingerprint, kitKeyId, parseKit } from "../keys.js";
import { Manifest } from "../sealing/shares.js";
import { Group, parseStructure } from "../sealing/structure.js";
import { custodyOf } from "./custodyrequest.js";
import { fact } from "./fact.js";
import { checkPayload } from "./payloads.js";
import { placeOf } from "./request.js";
import { emergencyFacts, guideFacts, recipientFact, sealFacts, structureFacts } from "./sealfacts.js";
import { SHORT, payloadTexts } from "./telling.js";

const EVERYBODY = "all(member)";
const RELEASES = ["release", "emergency-release"];
// Seals that can be released: the live one, and an earlier one until two members have attested the change.
const OPENABLE = ["live", "replaced"];

/**
 * The facts, the texts and the task of an act of custody: {facts, texts, task}. The task is what the device needs to complete it: {asked, manifest, last,
 * recipient, by, kits}. Refused with the codes of the fold where it would refuse the same.
 * @param {object} known an act of review.js
 * @param {number} base how many entries stand in the logs of earlier epochs
 */
export function custodyTold(known, base) {
  const asked = custodyOf(known.request);
  if (asked === "seal") return sealing(known);
  const { manifest, found } = sealOf(known);
  if (asked === "acknowledge") return acknowledging(known, manifest, found);
  if (asked === "release") return asking(known, manifest, found);
  return released(known, { manifest, found, base, asked });
}

/** The public half of the seal {manifest}, and its value in the state {found}. */
function sealOf(known) {
  const { about, org } = known.request;
  const made = known.value("proposals", about.of);
  const found = known.value("seals", `${about.resource}/${about.seal}`);
  const words = `the record has no seal ${about.seal} of ${about.resource} by the proposal ${about.of.slice(0, SHORT)}`;
  demand(isObject(found) && found.proposal === about.of, "act/no-seal", words);
  demand(isObject(made) && made.kind === "seal", "act/no-seal", `the proposal ${about.of.slice(0, SHORT)} is not a seal's`);
  const payload = made.payload ?? {};
  checkPayload("seal", payload);
  const { resource, seal, structure, shares, key, sealed } = payload;
  demand(resource === about.resource && seal === about.seal, "act/no-seal", `the proposal ${about.of.slice(0, SHORT)} is of seal ${seal} of ${resource}`);
  const holdings = new Map(Object.entries(shares));
  return { manifest: new Manifest({ org, resource, seal }, parseStructure(structure), holdings, key, sealed), found };
}

function acknowledging({ request, member }, manifest, found) {
  const about = aboutOf(manifest);
  const { status } = found;
  if (request.body.what === "changed") {
    demand(status === "live", "acknowledge/not-live", `the seal is ${status}, and a change is attested of the live one`);
    const changed = namesOf(found.changed);
    demand(!changed.includes(member), "acknowledge/again", `${member} has attested this already`);
    const facts = [fact("act-changed", about), ...guideFacts(about.resource), ...by("changed-by", changed), fact("effect-changed")];
    return { facts, texts: [], task: { asked: "changed", manifest } };
  }
  demand(manifest.holdings.has(member), "acknowledge/not-custodian", `${member} has no share of this seal`);
  demand(status !== "replaced", "acknowledge/replaced", "the seal is replaced, and its shares are proved no more");
  demand(status !== "retired", "acknowledge/retired", "the seal is retired, and its shares are proved no more");
  const proved = mapOf(found.proved);
  const last = mapOf(proved[member]).link ?? manifest.holdings.get(member).chain;
  const waits = [...manifest.holdings.keys()].filter((name) => !Object.hasOwn(proved, name)).sort();
  const facts = [fact("act-drill", about), ...structureFacts(manifest.structure), ...by("waits-for", waits), fact("effect-drill")];
  return { facts, texts: [], task: { asked: "share", manifest, last: String(last) } };
}

function asking(known, manifest, found) {
  const { body, texts } = known.request;
  const { payload, not_after: end } = body;
  const { resource, seal } = manifest.about;
  demand(payload.resource === resource && payload.seal === seal, "act/no-seal", "the request is about one seal and would release another");
  demand(OPENABLE.includes(found.status), "release/not-live", `seal ${seal} of ${resource} is not live`);
  demand(Math.min(payload.until, end) > latest(known), "request/expired", "the time in which this could be decided is over");
  const facts = [
    fact("act-propose", { by: known.member }),
    ...emergencyFacts(body.kind),
    fact("do-release", aboutOf(manifest)),
    ...structureFacts(manifest.structure),
    fact("release-until", { time: payload.until }),
    fact("effect-release"),
    fact("until", { time: end }),
  ];
  const rule = ruleOf(known);
  return { facts: [...facts, ...rule.facts], texts: [...payloadTexts(payload, texts), ...rule.texts], task: { asked: "release", manifest } };
}

/** What a custodian contributes to, or what its asker opens. */
function released(known, { manifest, found, base, asked }) {
  const target = known.request.body.release;
  const made = known.proposal(target);
  const value = known.value("releases", target);
  const short = target.slice(0, SHORT);
  demand(RELEASES.includes(made.kind), "contribute/no-release", `the proposal ${short} is not a release's`);
  const { payload, by: asker } = made;
  checkPayload(made.kind, payload);
  const isDecided = isObject(value) && !value.void;
  demand(isDecided, "contribute/no-release", `the release ${short} is not decided, or was ended by a succession or an amendment`);
  const { resource, seal } = manifest.about;
  demand(payload.resource === resource && payload.seal === seal, "act/no-seal", "the request is about one seal, and the release is of another");
  const isSame = value.resource === payload.resource && value.number === payload.seal && value.recipient === payload.recipient;
  demand(isSame, "request/entry", "what is said of the release is not what was proposed");
  const given = namesOf(value.contributions);
  const facts = [
    fact(asked === "contribute" ? "act-contribute" : "act-unseal", { ...aboutOf(manifest), by: asker }),
    ...emergencyFacts(made.kind),
    ...structureFacts(manifest.structure),
    recipientFact(payload.recipient),
    ...by("approved-by", namesOf(made.approvals)),
    ...(given.length > 0 ? by("given-by", given) : [fact("given-by-nobody")]),
  ];
  const task = { asked, manifest, recipient: payload.recipient, by: asker, release: target };
  if (asked === "unseal") {
    demand(asker === known.member, "act/not-yours", `this was released to ${asker}, and not to you`);
    const isThere = known.request.texts.has(manifest.sealed);
    demand(isThere, "request/text-missing", "the sealed object is not in the request", { digest: manifest.sealed });
    return { facts: [...facts, fact("effect-unseal")], texts: [], task };
  }
  checkContributing(known, { manifest, found, base, made, value });
  facts.push(fact("release-until", { time: payload.until }), fact("effect-contribute", { by: asker }));
  return { facts, texts: payloadTexts(payload, known.request.texts), task };
}

/** Pass in silence unless the fold would refuse this contribution, or it would go to somebody who is gone or comes too late. */
function checkContributing(known, { manifest, found, base, made, value }) {
  const { member, before, request } = known;
  const isSeen = Number.isInteger(value.index) && BigInt(base) + before.size > BigInt(value.index);
  demand(isSeen, "act/seen-too-little", "what is proved is older than the decision");
  demand(OPENABLE.includes(found.status), "contribute/stale", `the release is of seal ${manifest.about.seal}, and that is not the live one`);
  demand(latest(known) <= made.payload.until, "contribute/expired", "the release has ended");
  demand(request.about.by === made.by, "request/entry", `the request says that somebody else asked for this than ${made.by}`);
  const asker = known.value("members", made.by);
  const isThere = isObject(asker) && asker.status === "active";
  demand(isThere, "contribute/asker-left", `${made.by}, who asked for this, is not a member any more`);
  demand(manifest.holdings.has(member), "contribute/not-custodian", `${member} has no share of this seal`);
}

/** A new seal: for the people whom the charter's clause names, each with the kit that the record has for them. */
function sealing(known) {
  const { body, about } = known.request;
  const { resource, seal, structure: value } = body.payload;
  const structure = parseStructure(value);
  const isNext = known.value("seals", `${resource}/${seal}`) === null && (seal === 1 || known.value("seals", `${resource}/${seal - 1}`) !== null);
  demand(isNext, "seal/number", `seal ${seal} of ${resource} is not the next one`);
  const isOver = known.before.time !== null && body.not_after <= latest(known);
  demand(!isOver, "request/expired", "the time in which this could be decided is over");
  const clause = mapOf(known.value("rules", `custody.${about.clause}`));
  const isNamed = Array.isArray(clause.resources) && clause.resources.includes(resource);
  demand(isNamed, "seal/no-clause", `the charter's clause ${about.clause} does not say who keeps the secrets of ${resource}`);
  demand(fits(known, clause.open, structure), "seal/not-the-charters", `the request would seal ${resource} for others than the charter's clause names`);
  const kits = new Map(structure.people().map((name) => [name, kitOf(known, name)]));
  const facts = [fact("act-propose", { by: known.member }), ...sealFacts(body.payload)];
  if (known.before.time === null) {
    for (const [name, kit] of kits) facts.push(fact("custodian-kit", { member: name, words: fingerprint(kit).join(" ") }));
  }
  const rule = ruleOf(known);
  facts.push(fact("effect-seal"), fact("until", { time: body.not_after }), ...rule.facts);
  return { facts, texts: rule.texts, task: { asked: "seal", kits, structure } };
}

/** Whether *group* has the numbers of the charter's table, and everybody in it holds one of the places that it names. */
function fits(known, table, group) {
  const places = isObject(table) ? table.of : null;
  if (!Array.isArray(places) || table.m !== group.need) return false;
  if (places.every((place) => typeof place === "string")) {
    return group.of.every((part) => typeof part === "string" && places.some((place) => holds(known, part, place)));
  }
  return places.length === group.of.length && places.every((inner, at) => group.of[at] instanceof Group && fits(known, inner, group.of[at]));
}

function holds({ before }, person, place) {
  const body = before.values.get(placeOf("rules", `bodies.${place}`));
  const members = isObject(body) ? body.members : `holders(${place})`;
  if (members === EVERYBODY) return true;
  const office = typeof members === "string" ? members.slice("holders(".length, -1) : "";
  const seat = before.values.get(placeOf("seats", `${office}/${person}`));
  return isObject(seat) && seat.status === "held";
}

function kitOf(known, name) {
  const value = mapOf(known.value("members", name));
  const key = mapOf(value.keys)[value.kit ?? ""];
  const found = isObject(key) && key.kind === "kit" ? parseKit(key) : null;
  if (value.status !== "active" || found === null || kitKeyId(found.sign) !== value.kit) {
    throw new Refusal("seal/no-kit", `${name} has no kit in the record to which a share could be encrypted`, { member: name });
  }
  return found;
}

/** The article under which this would be decided, and its text: {facts, texts}. */
function ruleOf(known) {
  const rule = known.before.values.get(placeOf("rules", `decisions.${known.request.body.kind}`));
  const article = isObject(rule) ? rule.article : null;
  return typeof article === "string" ? { facts: [fact("under", { articles: article })], texts: known.articles([article]) } : { facts: [], texts: [] };
}

function aboutOf({ about: { resource, seal } }) {
  return { resource, seal };
}

function by(say, names) {
  return names.length > 0 ? [fact(say, { names: names.join(", ") })] : [];
}

function latest({ before, now }) {
  return Math.max(before.time ?? 0, now);
}

function mapOf(value) {
  return isObject(value) ? value : {};
}

function namesOf(value) {
  return Object.keys(mapOf(value)).sort();
}
