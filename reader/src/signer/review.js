// What a member is shown before they sign, and what is refused, the twin of kernel/record/review.py (vectors/requests.json holds both to one answer).
//
// Everything that gives the act its authority is made here again from what is shown: organisation, epoch and `seen` come from the checkpoint, the words
// from the proposal as partners prove it (or from the proposal's own entry, whose id is its digest), the texts from objects that have their digests.

import { canonicalBytes, isObject } from "../canonical.js";
import { parseCheckpoint } from "../checkpoint.js";
import { parseEntry } from "../entry.js";
import { demand } from "../errors.js";
import { kitKeyId, kitValue } from "../keys.js";
import { parseNote } from "../notes.js";
import { parseOrigin } from "../pin.js";
import { same } from "../bytes.js";
import { custodyTold } from "./custody.js";
import { neededFor } from "./custodyrequest.js";
import { fact } from "./fact.js";
import { toldFacts, waysLeft } from "./notice.js";
import { enrolled } from "./payloads.js";
import { numberOf, placeOf } from "./request.js";
import { SHORT, articleText, hasTexts, payloadFacts, payloadTexts, reasonText } from "./telling.js";

const AHEAD_SECONDS = 300;
const OLD_SECONDS = 3_600;
const STALE_SECONDS = 7 * 86_400;
const MAX_EPOCHS = 16;
const COMPARED = ["admit", "recover-member"];
// Acts that are in vain once the time in which it could be decided is over.
const TIMED = ["approve", "confirm", "notice"];

/** The values of the state that a review of this act asks for: [part, key]. */
export function needed({ type, body, org, epoch, about }, member) {
  const asked = [["members", member]];
  const target = targetOf({ type, body });
  if (about !== null) asked.push(...neededFor({ type, body, about }).filter(([part, key]) => part !== "members" || key !== member));
  else if (type === "propose") asked.push(["rules", `decisions.${body.kind}`]);
  else if (target === "") asked.push([body.what === "seat" ? "seats" : "delegations", `${body.of}/${member}`]);
  else if (target !== org) asked.push(["proposals", target]);
  for (let number = 1; number <= Math.min(epoch, MAX_EPOCHS); number++) asked.push(["epochs", String(number)]);
  return asked;
}

/** The id of the entry that an act is about, or nothing. */
export function targetOf({ type, body }) {
  if (type === "propose" || body.what === "seat" || body.what === "delegation") return "";
  return body.proposal ?? body.release ?? body.of;
}

/** What the request's sender says of the record, vouched for by nobody: {org, epoch, size, root, time, values, entry, by}. */
export function beforeClaim({ claim }) {
  demand(claim !== null, "request/nothing", "the request does not say what the record holds");
  const checkpoint = parseCheckpoint(parseNote(claim.checkpoint).text);
  const { origin, size, root } = checkpoint;
  const { org, epoch } = parseOrigin(origin);
  return { org, epoch, size, root, time: null, values: claim.values, entry: claim.entry, by: [] };
}

/** What partners vouch for, of a brief proof that was checked under a pin. */
export function beforeBrief({ size, root, origin, time, values, entry, validators }) {
  const { org, epoch } = parseOrigin(origin);
  return { org, epoch, size, root, time: Number(time), values, entry: entry?.leaf ?? new Uint8Array(), by: validators };
}

/**
 * What *member*, whose kit's public halves are *kit*, is shown: {facts, texts, compare, task, ways}; refused with a stable code. `task` is what the device
 * needs to complete an act of custody (custody.js), and null for any other act. `ways` are those of which one is to be named before a notice is signed (notice.js).
 * @param {number} now POSIX seconds of this device's clock
 */
export function review(request, before, member, kit, now) {
  demand(before.org === request.org, "request/other-org", "this is about another organisation than the one that is known here");
  demand(before.epoch === request.epoch, "request/other-epoch", `the request is for epoch ${request.epoch}, and what is proved is of epoch ${before.epoch}`);
  const vouched = vouchedFacts(before, now);
  const { facts, texts, compare = [], task = null, ways = [] } = new Act(request, before, member, kit, now).told();
  return { request, before, facts: [...facts, ...vouched, fact("number", { number: numberOf(request) })], texts, compare, task, ways };
}

/** The body to sign once the key with this id was compared by its six words; refused with act/fingerprint if the request names another. */
export function compared({ request: { body } }, keyId) {
  demand((body.key ?? keyId) === keyId, "act/fingerprint", "the request names another key than the one whose words were compared");
  return { ...body, key: keyId };
}

class Act {
  constructor(request, before, member, kit, now) {
    Object.assign(this, { request, before, member, kit, now });
  }

  told() {
    const { type, body, org } = this.request;
    if (type === "accept" && body.of === org) return this.founding();
    this.checkMember();
    const { base, decided } = this.epochs();
    if (this.request.about !== null) {
      checkWaiting(decided, "");
      return custodyTold(this, base);
    }
    if (type === "propose") {
      checkWaiting(decided, body.kind);
      return this.propose();
    }
    if (type === "withdraw" && (body.what === "seat" || body.what === "delegation")) {
      checkWaiting(decided, "");
      return this.giveUp();
    }
    return this.onProposal(base, decided);
  }

  /** How many entries stand in the logs of earlier epochs, and whether the members have decided to go on in this one. */
  epochs() {
    const { epoch } = this.request;
    demand(epoch <= MAX_EPOCHS, "request/other-epoch", "this is further from the first epoch than a review looks back");
    let base = 0;
    let decided = true;
    for (let number = 1; number <= epoch; number++) {
      const value = this.value("epochs", String(number));
      const size = isObject(value) && isObject(value.parent) ? value.parent.size : 0;
      demand(Number.isInteger(size) && size >= 1, "epoch/other-open", "what is said of this epoch has another form");
      base += size;
      decided = Boolean(value.proposal);
    }
    return { base, decided };
  }

  checkMember() {
    const value = this.value("members", this.member);
    demand(
      isObject(value) && (value.status === "active" || value.status === "invited"),
      "act/not-a-member",
      `${this.member} is not a member of this organisation, or not any more`,
    );
    const id = kitKeyId(this.kit.sign);
    demand(value.kit === id, "kit/not-recorded", `the record holds another kit for ${this.member}`);
    demand(
      isObject(value.keys) && isObject(value.keys[id]) && same(canonicalBytes(value.keys[id]), canonicalBytes(kitValue(this.kit))),
      "kit/foreign-recipient",
      "the record holds this kit's signing key beside a foreign age recipient",
    );
  }

  founding() {
    const entry = this.entry();
    demand(entry?.type === "found" && entry.id === this.request.org, "request/entry", "the founding is not in the request, or is that of another organisation");
    const kits = new Map(entry.body.members.map(({ member, kit }) => [member, kit]));
    demand(kits.has(this.member), "act/not-a-member", `${this.member} is not among the founders`);
    const isMine = same(canonicalBytes(kits.get(this.member)), canonicalBytes(kitValue(this.kit)));
    demand(isMine, "kit/not-recorded", `the founding lists another kit for ${this.member}`);
    const { charter, seats } = entry.body;
    const facts = [fact("act-accept-founding", { name: nameOf(charter) }), fact("founding-members", { names: [...kits.keys()].sort().join(", ") })];
    if (seats.length > 0) facts.push(fact("founding-seats", { seats: seats.map(({ office, member }) => `${office}: ${member}`).join(", ") }));
    const rows = isObject(charter.articles) ? Object.entries(charter.articles).sort(([one], [other]) => (one < other ? -1 : 1)) : [];
    const texts = rows
      .filter(([, digest]) => this.request.texts.has(digest))
      .map(([number, digest]) => ({ heading: fact("the-article", { number }), text: articleText(digest, this.request.texts) }));
    return { facts: [...facts, fact("effect-accept-founding")], texts };
  }

  propose() {
    const { kind, payload, not_after: end, emergency } = this.request.body;
    const facts = [fact("act-propose", { by: this.member }), ...payloadFacts(kind, payload), ...this.succession(kind, payload)];
    const isOwn = (kind !== "depart" && kind !== "rotate-key") || payload.member === this.member;
    demand(isOwn, "effect/not-yours", `only ${payload.member} can propose this for themselves`);
    demand(this.before.time === null || end > Math.max(this.before.time, this.now), "request/expired", "the time in which this could be decided is over");
    if (emergency) facts.push(fact("emergency", { power: emergency }));
    const rule = this.before.values.get(placeOf("rules", `decisions.${kind}`));
    let texts = payloadTexts(payload, this.request.texts);
    if (isObject(rule) && typeof rule.article === "string") {
      facts.push(fact("under", { articles: rule.article }));
      texts = [...texts, ...this.articles([rule.article])];
    }
    facts.push(fact(kind === "depart" ? "effect-depart" : "effect-propose"));
    if (kind !== "depart") facts.push(fact("until", { time: end }));
    return { facts, texts };
  }

  giveUp() {
    const { what, of } = this.request.body;
    const isSeat = what === "seat";
    const held = this.value(isSeat ? "seats" : "delegations", `${of}/${this.member}`);
    demand(held !== null, isSeat ? "act/no-seat" : "act/nothing-to-withdraw", "there is nothing of this kind to give up");
    return { facts: [fact(`act-withdraw-${what}`, { of }), fact(`effect-withdraw-${what}`)], texts: [] };
  }

  onProposal(base, decided) {
    const { type, body, texts: objects } = this.request;
    const act = { withdraw: `withdraw-${body.what}`, acknowledge: "notice" }[type] ?? type;
    const found = this.proposal(targetOf(this.request));
    checkWaiting(decided, found.kind);
    this.checkOpen(act, found, base);
    const { kind, payload } = found;
    const told = payloadFacts(kind, payload);
    const facts = [fact(`act-${act === "accept" ? "accept-seat" : act}`, { by: found.by }), ...told, ...this.succession(kind, payload)];
    facts.push(act === "accept" ? fact("effect-accept-seat", { office: payload.office }) : fact(`effect-${act}`));
    const articles = Array.isArray(found.articles) ? found.articles.filter((number) => typeof number === "string") : [];
    if (articles.length > 0) facts.push(fact("under", { articles: articles.join(", ") }));
    const approvals = isObject(found.approvals) ? Object.keys(found.approvals).sort() : [];
    if (approvals.length > 0) facts.push(fact("approved-by", { names: approvals.join(", ") }));
    const ways = act === "notice" ? waysLeft(found, this.member, kitKeyId(this.kit.sign)) : [];
    if (act === "notice") facts.push(...toldFacts(found));
    if (TIMED.includes(act)) facts.push(fact("until", { time: found.not_after }));
    const reads = ["approve", "confirm", "accept"].includes(act);
    const texts = reads || hasTexts(payload, objects) ? payloadTexts(payload, objects) : [];
    if (type === "object" && body.reason) texts.push(reasonText(body.reason, objects));
    const compare = act === "approve" && COMPARED.includes(kind) ? enrolled(kind, payload) : [];
    if (compare.length > 0) facts.push(fact("compare", { member: payload.member }));
    return { facts, texts: [...texts, ...this.articles(articles)], compare, ways };
  }

  proposal(target) {
    const value = this.value("proposals", target);
    const { time } = this.before;
    demand(time === null || value !== null, "act/no-proposal", `the record has no proposal ${target.slice(0, SHORT)}`);
    const isOne = isObject(value) && ["index", "by", "kind", "payload", "not_after"].every((name) => Object.hasOwn(value, name));
    demand(isOne, "act/no-proposal", `the request does not say what the proposal ${target.slice(0, SHORT)} is`);
    if (time !== null) return { status: "open", ...value };
    // Nobody vouches for the value, but the id of the proposal is the digest of its entry.
    const entry = this.entry();
    demand(entry?.type === "propose" && entry.id === target, "request/entry", "the proposal is not in the request, or is another than the one to be signed");
    const { kind, payload, not_after } = entry.body;
    return { status: "open", ...value, by: entry.by, kind, payload, not_after };
  }

  /** Pass in silence unless the fold would refuse this act in the state that is proved. */
  checkOpen(act, found, base) {
    const { status } = found;
    const index = act === "accept" ? (found.closed ?? found.index) : found.index;
    demand(Number.isInteger(index) && BigInt(base) + this.before.size > BigInt(index), "act/seen-too-little", "what is proved is older than the proposal");
    if (act === "accept") {
      const isOffer = found.kind === "appoint" && status === "enacted" && found.payload.member === this.member;
      demand(isOffer, "act/no-offer", "this offers you no office");
      return;
    }
    const isRatifying = act === "approve" && status === "enacted" && Boolean(found.ratify_until) && found.why !== "ratified";
    demand(status === "open" || isRatifying, "act/closed", `the proposal is not open any more: it is ${status}`, { status: String(status) });
    const mine = (name) => (isObject(found[name]) && isObject(found[name][this.member]) ? String(found[name][this.member].key ?? "") : "");
    const id = kitKeyId(this.kit.sign);
    demand(act !== "approve" || mine("approvals") !== id, "act/approved", "you have approved this already");
    demand(act !== "object" || mine("objections") === "", "act/objected", "you have objected to this already");
    demand(act !== "confirm" || mine("confirms") !== id, "act/confirmed", "you have confirmed this already");
    const waited = Number.isInteger(found.waited_at) ? found.waited_at : 0;
    demand(act !== "confirm" || waited > 0, "act/still-waiting", "the waiting period is not over yet");
    demand(act !== "withdraw-proposal" || found.by === this.member, "act/not-yours", `the proposal is ${found.by}'s, and not yours`);
    const back = { "withdraw-approval": "approvals", "withdraw-objection": "objections" }[act];
    demand(back === undefined || mine(back) !== "", "act/nothing-to-withdraw", "there is nothing of yours to take back");
    const isTimed = this.before.time !== null && status === "open" && TIMED.includes(act);
    const isOver = isTimed && found.not_after < Math.max(this.before.time, this.now);
    demand(!isOver, "request/expired", "the time in which this could be decided is over");
  }

  /** Where a next epoch branches off; empty for any other kind. */
  succession(kind, payload) {
    if (kind !== "succeed") return [];
    const { epoch } = this.request;
    const value = epoch > 0 ? this.value("epochs", String(epoch)) : {};
    demand(value.open === payload.open, "epoch/other-open", "the succession names another log than this one");
    const undecided = value.proposal ? [] : [fact("undecided")];
    return [fact("branch", { from: epoch - 1, entry: value.parent.size - 1, to: epoch }), ...undecided];
  }

  /** The texts of these articles, where they are proved and at hand. */
  articles(numbers) {
    const { texts } = this.request;
    return numbers
      .map((number) => [number, this.before.values.get(placeOf("rules", `articles.${number}`))])
      .filter(([, digest]) => typeof digest === "string" && texts.has(digest))
      .map(([number, digest]) => ({ heading: fact("the-article", { number }), text: articleText(digest, texts) }));
  }

  value(part, key) {
    const found = this.before.values.get(placeOf(part, key));
    demand(found !== undefined, "request/value", `the request does not say what the record holds of ${part}/${key}`, { part, key });
    return found;
  }

  entry() {
    return this.before.entry.length > 0 ? parseEntry(this.before.entry) : null;
  }
}

function checkWaiting(decided, kind) {
  demand(decided || kind === "succeed", "epoch/waiting", "until the members have decided to go on in this epoch, nothing else counts in it");
}

/** Who vouches, and when; refused with request/stale if they did too long ago. */
function vouchedFacts({ time, by }, now) {
  if (time === null) return [fact("unvouched")];
  demand(now - time <= STALE_SECONDS, "request/stale", "what partners say of the record here is more than 7 days old, by this device's clock");
  const facts = [fact("vouched", { names: by.join(", "), time })];
  if (now - time > OLD_SECONDS) facts.push(fact("old-proof"));
  if (time - now > AHEAD_SECONDS) facts.push(fact("clock-behind"));
  return facts;
}

function nameOf(charter) {
  const name = charter.rules?.charter?.id;
  return typeof name === "string" ? name : "";
}
