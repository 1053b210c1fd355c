// What somebody is shown before they sign that word of a proposal has reached them, and over which way; the twin of kernel/record/noticereview.py.
//
// A request leaves the way out: only whoever was reached knows it, and a sender who writes it down has it signed by people who do not look.

import { isObject } from "../canonical.js";
import { demand } from "../errors.js";
import { fact } from "./fact.js";

const WAYS = ["mail", "paper", "partner", "person", "phone"];
const mapOf = (value) => (isObject(value) ? value : {});
const has = (value, name) => Object.hasOwn(mapOf(value), name);

/** The ways over which *member* has not said yet, with the kit *key*, that word of the proposal *found* came; refused with acknowledge/not-told or acknowledge/told. */
export function waysLeft(found, member, key) {
  const isParty = found.by === member || has(found.approvals, member);
  demand(!isParty, "acknowledge/not-told", `${member} asks for this or has approved it, and only the others are asked whether word has reached them`);
  const notices = mapOf(found.notices);
  const left = WAYS.filter((way) => !has(notices, `${member}/${way}`) || mapOf(notices[`${member}/${way}`]).key !== key);
  demand(left.length > 0, "acknowledge/told", `${member} has said of every way that word of this came over it`);
  return left;
}

/** Who has said so far that word has reached them. */
export function toldFacts({ notices }) {
  const names = [...new Set(Object.keys(mapOf(notices)).map((key) => key.split("/")[0]))].sort();
  return names.length > 0 ? [fact("noticed-by", { names: names.join(", ") })] : [];
}

/** The body to sign once somebody has said over which of the ways that are *left* word reached them; refused with acknowledge/way. */
export function reached(body, left, way) {
  demand(left.includes(way), "acknowledge/way", `${way} is none of the ways that are left to be said`);
  return { ...body, way };
}
