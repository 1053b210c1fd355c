// Who opens a seal together: "2 of (heron, tern, plover)", groups within groups (docs/formats/seal.md); the twin of kernel/custody/sealing/structure.py.
//
// Everybody stands in a structure once: somebody who held two shares would count for two, and no mathematics could tell.

import { hasExactly } from "../canonical.js";
import { isMember } from "../entry.js";
import { Refusal, demand } from "../errors.js";

export const MAX_MEMBERS = 16;
export const MAX_LEVELS = 4;
export const MAX_PEOPLE = 64;
export const MAX_SETS = 10_000;

const isPerson = (part) => typeof part === "string";

/** At least *need* of the members *of*, each a person's id or a group that must itself be met. */
export class Group {
  constructor(need, of) {
    this.need = need;
    this.of = Object.freeze([...of]);
    Object.freeze(this);
  }

  /** The canonical value that stands for this group. */
  toValue() {
    return { need: this.need, of: this.of.map((part) => (isPerson(part) ? part : part.toValue())) };
  }

  /** Everybody in it, in the order in which they stand; a person's place in it is the index of their share. */
  people() {
    return this.of.flatMap((part) => (isPerson(part) ? [part] : part.people()));
  }

  /** This group and every group in it, outer ones first. */
  groups() {
    return [this, ...this.of.flatMap((part) => (isPerson(part) ? [] : part.groups()))];
  }

  /** Whether *people*, a Set or a Map by person, open what is sealed so. */
  isMet(people) {
    return this.of.filter((part) => isMetBy(part, people)).length >= this.need;
  }

  /** The smallest number of people who open it together. */
  fewest() {
    const each = this.of.map((part) => (isPerson(part) ? 1 : part.fewest())).sort((one, other) => one - other);
    return each.slice(0, this.need).reduce((sum, one) => sum + one, 0);
  }

  /** How many sets of people there are of whom nobody could be left out; rounded where it is beyond 2^53. */
  countSets() {
    const ways = [1, ...Array(this.need).fill(0)];
    for (const part of this.of) {
      const each = isPerson(part) ? 1 : part.countSets();
      for (let chosen = this.need; chosen > 0; chosen--) ways[chosen] += ways[chosen - 1] * each;
    }
    return ways[this.need];
  }

  /** Every set of people who open it together and of whom nobody could be left out; refused with seal/too-many-sets. */
  sets() {
    const count = this.countSets();
    demand(count <= MAX_SETS, "seal/too-many-sets", `${count} sets of people could open this, and at most ${MAX_SETS} are listed`, { count });
    return setsOf(this);
  }

  /** As a sheet states it: "2 of (heron, tern, plover)". */
  inWords() {
    const parts = this.of.map((part) => (isPerson(part) ? part : part.inWords()));
    return parts.length === 1 ? parts[0] : `${this.need} of (${parts.join(", ")})`;
  }
}

/** Whether one part of a group is there: the person, or enough of the people of a group. */
export function isMetBy(part, people) {
  return isPerson(part) ? people.has(part) : part.isMet(people);
}

/** The structure that a parsed value stands for; refused with seal/structure, seal/threshold, seal/too-large, seal/person-twice or id/member. */
export function parseStructure(value) {
  const found = parse(value, 1);
  const people = found.people();
  demand(people.length <= MAX_PEOPLE, "seal/too-large", `${people.length} people hold shares, and at most ${MAX_PEOPLE} can`, { people: people.length });
  const twice = people.find((person, at) => people.indexOf(person) !== at);
  const words = `${twice} stands in two groups, and with two shares one person would count as two`;
  demand(twice === undefined, "seal/person-twice", words, { member: twice });
  return found;
}

/**
 * What a structure means that its numbers do not say at once: {code, group, people} each, where *code* is one-member, any-one, no-spare, one-person or
 * veto. Pages choose their words.
 */
export function remarks(structure) {
  const found = [];
  for (const group of structure.groups()) {
    const people = group.people();
    const isAlone = group.of.length === 1;
    if (isAlone && group !== structure) found.push({ code: "one-member", group, people });
    else if (!isAlone && group.need === 1 && group !== structure) found.push({ code: "any-one", group, people });
    else if (!isAlone && group.need === group.of.length && group.of.every(isPerson)) found.push({ code: "no-spare", group, people });
  }
  const everybody = structure.people();
  if (structure.fewest() === 1) {
    const people = everybody.filter((person) => structure.isMet(new Set([person]))).sort();
    return [...found, { code: "one-person", group: structure, people }];
  }
  const needed = everybody.filter((person) => !structure.isMet(new Set(everybody.filter((other) => other !== person))));
  return [...found, ...needed.map((person) => ({ code: "veto", group: structure, people: [person] }))];
}

function parse(value, level) {
  demand(hasExactly(value, ["need", "of"]) && Array.isArray(value.of), "seal/structure", 'a group of custodians is {"need": number, "of": [members or groups]}');
  const { need, of } = value;
  if (level > MAX_LEVELS || of.length < 1 || of.length > MAX_MEMBERS) {
    const words = level > MAX_LEVELS ? `at level ${level}` : `with ${of.length} members`;
    const most = `at most ${MAX_LEVELS} levels and 1 to ${MAX_MEMBERS} members are possible`;
    throw new Refusal("seal/too-large", `there is a group ${words}; ${most}`, { level, members: of.length });
  }
  const isPossible = Number.isInteger(need) && need >= 1 && need <= of.length;
  const threshold = `a group of ${of.length} needs ${String(need)} of them, which can never be`;
  demand(isPossible, "seal/threshold", threshold, { need: isPossible ? need : String(need), of: of.length });
  return new Group(need, of.map((part) => (isPerson(part) ? parsePerson(part) : parse(part, level + 1))));
}

function parsePerson(text) {
  demand(isMember(text), "id/member", "a custodian is not a member id");
  return text;
}

function setsOf(group) {
  const choices = group.of.map((part) => (isPerson(part) ? [new Set([part])] : setsOf(part)));
  return combinations(choices, group.need).flatMap((chosen) =>
    chosen.reduce((found, choice) => found.flatMap((one) => choice.map((other) => new Set([...one, ...other]))), [new Set()]),
  );
}

/** Every choice of *count* of *items*, in their order. */
function combinations(items, count) {
  if (count === 0) return [[]];
  return items.flatMap((item, at) => combinations(items.slice(at + 1), count - 1).map((rest) => [item, ...rest]));
}
