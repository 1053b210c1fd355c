// Which logs and witnesses a reader believes, and how many of them (C2SP tlog-policy), the twin of kernel/tlog/policy.py.
//
// Groups form a forest: each name is a member of at most one group, so a witness counts in one way only, and one public key is one witness whatever
// it is called.

import { openCosigned } from "./checkpoint.js";
import { hex } from "./bytes.js";
import { Refusal, demand } from "./errors.js";
import { COSIGNATURE, ED25519, VerifierKey } from "./notekeys.js";
import { NONE, parseLines } from "./policyfile.js";

export class Policy {
  /**
   * Refused with policy/... for a public key, name or membership given twice or a key of the wrong kind. Groups come after those they contain.
   * @param {VerifierKey[]} logs
   * @param {Map<string, VerifierKey>} witnesses
   * @param {Map<string, {threshold: number, members: string[]}>} groups
   * @param {string} quorum the name of a witness or group, or none
   */
  constructor(logs, witnesses, groups, quorum) {
    Object.assign(this, { logs, witnesses, groups, quorum });
    checkKeys(logs, witnesses);
    checkMembership(groups);
  }

  /** The policy of a policy file. */
  static parse(raw) {
    const { logs, witnesses, groups, quorum } = parseLines(raw);
    return new Policy(logs, witnesses, groups, quorum);
  }

  /**
   * The policy of structured data, such as a record's entry: keys of logs, vkeys by name, and groups in any order, which need not be checked before.
   * Refused with policy/..., or as a vkey is.
   * @param {Map<string, string>} vkeys
   */
  static build(logs, vkeys, groups, quorum) {
    const witnesses = new Map([...vkeys].map(([name, vkey]) => [name, VerifierKey.parse(vkey)]));
    checkKeys(logs, witnesses);
    checkNames(witnesses, groups, quorum);
    return new Policy(logs, witnesses, innermostFirst(groups), quorum);
  }

  /** The policy of one who names logs and demands every one of *witnesses*. */
  static ofKeys(logs, witnesses) {
    const named = new Map(witnesses.map((key) => [key.toString(), key]));
    // No key is called so: a name holds no space.
    const all = "each of them";
    if (named.size === 0) return new Policy(logs, named, new Map(), NONE);
    return new Policy(logs, named, new Map([[all, { threshold: named.size, members: [...named.keys()] }]]), all);
  }

  /** Pass in silence if the witnesses called *names* satisfy the quorum; refused with policy/not-met. */
  require(names) {
    const done = new Set([...names].filter((name) => this.witnesses.has(name)));
    const counts = new Map();
    for (const [name, group] of this.groups) {
      const have = group.members.filter((member) => done.has(member)).length;
      counts.set(name, { have, need: group.threshold });
      if (have >= group.threshold) done.add(name);
    }
    if (this.quorum === NONE || done.has(this.quorum)) return;
    const { have, need } = counts.get(this.quorum) ?? { have: 0, need: 1 };
    throw new Refusal("policy/not-met", `${have} of the ${need} demanded by ${this.quorum} have cosigned`, { have, need });
  }

  /**
   * The largest T such that the witnesses with times >= T satisfy the quorum; null if no T does, or none is demanded. So one witness that dates
   * into the future moves nothing, nor does one that lags.
   * @param {Map<string, bigint>} times POSIX seconds by witness name
   */
  time(times) {
    const known = new Map([...times].filter(([name]) => this.witnesses.has(name)));
    for (const [name, group] of this.groups) {
      const signed = group.members.filter((member) => known.has(member)).map((member) => known.get(member));
      signed.sort((one, other) => (one < other ? 1 : one > other ? -1 : 0));
      if (signed.length >= group.threshold) known.set(name, signed[group.threshold - 1]);
    }
    return known.get(this.quorum) ?? null;
  }

  /** {checkpoint, times, time} of a signed note, if a log of this policy signed it in its own name and the quorum cosigned it. */
  check(raw) {
    demand(this.logs.length > 0, "policy/no-log", "the policy names no log");
    const { checkpoint, cosignatures } = openCosigned(raw, this.logs, [...this.witnesses.values()]);
    const times = new Map();
    for (const [name, key] of this.witnesses) {
      if (cosignatures.has(key.id)) times.set(name, cosignatures.get(key.id));
    }
    this.require(times.keys());
    return { checkpoint, times, time: this.time(times) };
  }
}

function checkKeys(logs, witnesses) {
  const parties = [...logs.map((key) => ["log", key.name, key, ED25519]), ...[...witnesses].map(([name, key]) => ["witness", name, key, COSIGNATURE])];
  const keys = new Set();
  const ids = new Set();
  for (const [role, name, key, kind] of parties) {
    demand(key.kind === kind, "policy/key-kind", `the ${role} ${name} has a key of the wrong kind`);
    // By public key, not by name or id: one key under two names would be two voices of one holder.
    demand(!keys.has(hex(key.key)), "policy/duplicate-key", `the ${role} ${name} has the same public key as another party`);
    keys.add(hex(key.key));
  }
  for (const [, , key] of parties) {
    demand(!ids.has(key.id), "note/ambiguous-key", `two of the given keys have the name and id ${key.id}`);
    ids.add(key.id);
  }
}

function checkNames(witnesses, groups, quorum) {
  const names = new Set([...witnesses.keys(), ...groups.keys()]);
  demand(!names.has(NONE), "policy/name", "no witness or group may be called none");
  demand(names.size === witnesses.size + groups.size, "policy/duplicate-name", "a name is both a witness's and a group's");
  demand(quorum === NONE || names.has(quorum), "policy/undefined-name", `the quorum ${quorum} is not defined`);
  const listed = new Set();
  for (const [name, { threshold, members }] of groups) {
    demand(1 <= threshold && threshold <= members.length, "policy/threshold", `the group ${name} demands ${threshold} of ${members.length} members`);
    for (const member of members) {
      demand(names.has(member), "policy/undefined-name", `the member ${member} of the group ${name} is not defined`);
      demand(!listed.has(member), "policy/listed-twice", `${member} is listed in two groups, or twice in one`);
      listed.add(member);
    }
  }
}

/** The groups, each after those that it contains; refused with policy/circle. */
function innermostFirst(groups) {
  const placed = new Map();
  while (placed.size < groups.size) {
    const ready = [...groups].filter(([name, { members }]) => !placed.has(name) && members.every((member) => placed.has(member) || !groups.has(member)));
    demand(ready.length > 0, "policy/circle", "groups contain one another in a circle");
    for (const [name, group] of ready) placed.set(name, group);
  }
  return placed;
}

function checkMembership(groups) {
  const listed = new Set();
  for (const { members } of groups.values()) {
    for (const member of members) {
      demand(!listed.has(member), "policy/listed-twice", `${member} is listed in two groups, or twice in one`);
      listed.add(member);
    }
  }
}
