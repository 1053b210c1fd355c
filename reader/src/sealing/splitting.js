// The key of a seal, cut into SLIP-39 shares along a structure, and put together again (docs/formats/seal.md); the twin of
// kernel/custody/sealing/splitting.py.
//
// Two levels are SLIP-39's own. Where a member of a group is itself a group, the value of that member's share is split again as a secret of its own. Of
// a group of which any one is enough, each member has a copy of one share. Whoever joins shares has checked each against its commitment (`shares.js`).

import { concat, hex, sha256, utf8 } from "../bytes.js";
import { canonicalBytes } from "../canonical.js";
import { Refusal, demand } from "../errors.js";
import { suggestions } from "../likely.js";
import { decipher, decodeShare, encipher, encodeShare, isWord, recoverSecret, splitSecret } from "./slip39.js";
import { Group, isMetBy } from "./structure.js";
import { WORDLIST } from "./wordlist.js";

export const KEY_BYTES = 32;
export const WORD_COUNT = 33;
export const MAX_TYPED = 4_096;
const MAX_DOUBTFUL = 4;
const SET_DOMAIN = utf8("commonhold/share-set/v1\n");
const SPACES = /[\s\u001c-\u001f\u0085,]+/;
// The numbers of a printed sheet: "1.", "1)", "1:" or "1".
const NUMBERS = /^\p{Nd}+[.):]*$/u;

/**
 * Everybody's share of a 32-byte *key*: a Map from person to 33 words, in the structure's order.
 * @param {object} about what is sealed: {org, resource, seal}; the shares' identifiers follow from it
 * @param {(size: number) => Uint8Array} dice so many random bytes
 */
export function splitKey(key, structure, about, dice) {
  const shares = new Map();
  split(key, structure, about, [], dice, shares);
  return shares;
}

/**
 * The key that *shares*, a Map from person to words, give; each must have been checked against its commitment before. More than are needed are no error,
 * and none is used twice. Refused with seal/not-enough (with `have`), or seal/inconsistent if they were made so that they do not fit together.
 */
export function joinShares(structure, about, shares) {
  return new Joiner(about).join(structure, shares);
}

/** What puts the shares of one seal together, and deciphers each set of them once, however often it is asked: that is nearly all of the work. */
export class Joiner {
  #about;
  #known = new Map();

  constructor(about) {
    this.#about = about;
  }

  /** As `joinShares` does. */
  join(structure, shares) {
    const here = shares.size === 1 ? "1 share is here, and does" : `${shares.size} shares are here, and do`;
    const words = `${here} not meet ${structure.inWords()}`;
    demand(structure.isMet(shares), "seal/not-enough", words, { have: [...shares.keys()].sort() });
    try {
      return this.#joined(structure, [], shares);
    } catch (error) {
      if (!(error instanceof Refusal) || !error.code.startsWith("slip39/")) throw error;
      throw new Refusal("seal/inconsistent", "the shares are those that were sealed, and do not fit together: whoever sealed this made them so");
    }
  }

  #joined(node, path, shares) {
    const { need, groups } = groupsOf(node);
    const set = setOf(this.#about, path);
    const usable = groups.map((group, at) => ({ group, at })).filter(({ group }) => group.isMet(shares)).slice(0, need);
    const points = usable.map(({ group, at }) => {
      const able = group.of.map((part, place) => ({ part, place })).filter(({ part }) => isMetBy(part, shares)).slice(0, group.need);
      const values = able.map(({ part, place }) => {
        const member = group.need === 1 ? 0 : place;
        if (part instanceof Group) return { x: member, value: this.#joined(part, [...path, at, place], shares) };
        const share = { ...set, group: at, groupNeed: need, groups: groups.length, member, need: group.need };
        return { x: member, value: valueOf(shares.get(part), share) };
      });
      return { x: at, value: recoverSecret(values) };
    });
    const enciphered = recoverSecret(points);
    const name = `${set.identifier} ${hex(enciphered)}`;
    if (!this.#known.has(name)) this.#known.set(name, decipher(enciphered, new Uint8Array(), set));
    return this.#known.get(name);
  }
}

/**
 * Sets of people whose openings together take in every share, and show that any other set would open it as well: in a group that needs k, neighbouring
 * windows of k members have k - 1 shares and the secret in common, hence the whole polynomial.
 */
export function trialSets(structure) {
  const inner = structure.of.map((part) => (part instanceof Group ? trialSets(part) : [new Set([part])]));
  const found = new Map();
  for (let first = 0; first + structure.need <= inner.length; first++) {
    const window = inner.slice(first, first + structure.need);
    const turns = Math.max(...window.map((sets) => sets.length));
    for (let turn = 0; turn < turns; turn++) {
      const people = new Set(window.flatMap((sets) => [...sets[Math.min(turn, sets.length - 1)]]));
      const name = [...people].sort().join(" ");
      if (!found.has(name)) found.set(name, people);
    }
  }
  return [...found.values()];
}

/**
 * The share that was typed from a sheet, in its normal form; case, commas, line breaks and the sheet's numbers do not matter. Refused with share/too-long,
 * share/word (with `place` and `suggestions`), share/word-count (`expected`, `found`) or share/checksum (`doubtful` places). No message repeats what was typed.
 */
export function parseWords(typed) {
  demand(typed.length <= MAX_TYPED, "share/too-long", `a share is typed in fewer than ${MAX_TYPED} characters, and ${typed.length} were given`);
  const found = typed.toLowerCase().split(SPACES).filter((word) => word !== "" && !NUMBERS.test(word));
  for (const [at, word] of found.slice(0, WORD_COUNT + 1).entries()) {
    if (!isWord(word)) {
      throw new Refusal("share/word", `word ${at + 1} is not in the list of words`, { place: at + 1, suggestions: suggestions(word, WORDLIST) });
    }
  }
  const counted = `a share has ${WORD_COUNT} words, and ${found.length} were given`;
  demand(found.length === WORD_COUNT, "share/word-count", counted, { expected: WORD_COUNT, found: found.length });
  const words = found.join(" ");
  if (!isShare(words)) {
    const said = "the 33 words do not belong together: each is in the list, but one is wrong or two have changed places";
    throw new Refusal("share/checksum", said, { doubtful: doubtful(found) });
  }
  return words;
}

/** Whether these words are a SLIP-39 share by themselves; that says nothing about whose, or of what. */
export function isShare(words) {
  try {
    decodeShare(words);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** A node as SLIP-39 has it: how many groups are needed, and the groups. People alone are one group; one person among groups is a group of one. */
function groupsOf(node) {
  if (!node.of.some((part) => part instanceof Group)) return { need: 1, groups: [node] };
  return { need: node.need, groups: node.of.map((part) => (part instanceof Group ? part : new Group(1, [part]))) };
}

/** What all shares of one set have in common: its identifier, and how it is enciphered. */
function setOf(about, path) {
  const digest = sha256(concat(SET_DOMAIN, canonicalBytes({ ...about, path })));
  return { identifier: ((digest[0] << 8) | digest[1]) & 0x7fff, extendable: true, exponent: 0 };
}

function split(value, node, about, path, dice, shares) {
  const { need, groups } = groupsOf(node);
  const set = setOf(about, path);
  const values = splitSecret(need, groups.length, encipher(value, new Uint8Array(), set), dice);
  for (const [at, group] of groups.entries()) {
    const parts = splitSecret(group.need, group.of.length, values[at], dice);
    for (const [place, part] of group.of.entries()) {
      if (part instanceof Group) split(parts[place], part, about, [...path, at, place], dice, shares);
      else {
        const member = group.need === 1 ? 0 : place;
        shares.set(part, encodeShare({ ...set, group: at, groupNeed: need, groups: groups.length, member, need: group.need, value: parts[place] }));
      }
    }
  }
}

/**
 * The value of a share whose words are those of its place in the structure. Its own words would say how they are put together, and how long that takes:
 * whoever sealed could make it days.
 */
function valueOf(words, place) {
  const { value } = decodeShare(words);
  const isThere = value.length === KEY_BYTES && encodeShare({ ...place, value }) === words;
  demand(isThere, "slip39/set", "a share does not stand where the structure has it");
  return value;
}

/** Up to four places where a word that looks like the typed one would make the checksum right; a hint, never a repair. */
function doubtful(found) {
  const places = [];
  for (const [at, word] of found.entries()) {
    const others = suggestions(word, WORDLIST).filter((other) => other !== word);
    if (others.some((other) => isShare([...found.slice(0, at), other, ...found.slice(at + 1)].join(" ")))) places.push(at + 1);
    if (places.length === MAX_DOUBTFUL) break;
  }
  return places;
}
