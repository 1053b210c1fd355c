// The text form of a policy (C2SP tlog-policy, "Policy file syntax and structure"), the twin of kernel/tlog/policyfile.py.
//
// Names and comments are octets, not text. Whatever is not UTF-8 becomes a lone surrogate, as in Python, so that no two names become one and no
// such name can be that of a key. The last line must end with a newline, so that a file that was cut short is noticed.

import { Refusal, demand } from "./errors.js";
import { VerifierKey } from "./notekeys.js";

export const MAX_EACH = 256;
export const NONE = "none";
const MAX_POLICY_BYTES = 1 << 20;
const THRESHOLD = /^[1-9][0-9]{0,3}$/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** {logs: [key], witnesses: Map(name -> key), groups: Map(name -> {threshold, members}), quorum}; refused with policy/... or as a vkey is. */
export function parseLines(raw) {
  demand(raw.length <= MAX_POLICY_BYTES, "policy/too-large", `the policy has ${raw.length} bytes, and at most ${MAX_POLICY_BYTES} are allowed`);
  const isControl = (byte) => (byte < 0x20 && byte !== 9 && byte !== 10) || byte === 0x7f;
  demand(!raw.some(isControl), "policy/character", "the policy holds a control character");
  demand(raw.at(-1) === 10, "policy/cut-short", "the policy's last line does not end with a newline");
  const reader = new LineReader();
  let start = 0;
  for (let number = 1; start < raw.length; number++) {
    const end = raw.indexOf(10, start);
    const words = octets(raw.subarray(start, end)).split(/[ \t]+/).filter((word) => word !== "");
    start = end + 1;
    if (words.length === 0 || words[0].startsWith("#")) continue;
    try {
      reader.read(words);
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(error.code, `line ${number} of the policy: ${error.message}`, { line: number });
      throw error;
    }
  }
  demand(reader.quorum !== null, "policy/no-quorum", "the policy has no quorum line");
  return reader;
}

/** What the lines so far have defined. */
class LineReader {
  logs = [];
  witnesses = new Map();
  groups = new Map();
  quorum = null;

  read([word, ...rest]) {
    const [name, second] = rest;
    if (word === "log" && (rest.length === 1 || rest.length === 2)) {
      this.logs.push(VerifierKey.parse(name));
      bound(this.logs.length, "logs");
    } else if (word === "witness" && (rest.length === 2 || rest.length === 3)) {
      this.newName(name);
      this.witnesses.set(name, VerifierKey.parse(second));
      bound(this.witnesses.size, "witnesses");
    } else if (word === "group" && rest.length >= 3) {
      const members = rest.slice(2);
      this.newName(name);
      members.forEach((member) => this.defined(member));
      this.groups.set(name, { threshold: threshold(second, members.length), members });
      bound(this.groups.size, "groups");
    } else if (word === "quorum" && rest.length === 1) {
      demand(this.quorum === null, "policy/second-quorum", "there is a second quorum");
      if (name !== NONE) this.defined(name);
      this.quorum = name;
    } else {
      throw new Refusal("policy/line", "this is no log, witness, group or quorum");
    }
  }

  newName(name) {
    demand(name !== NONE, "policy/name", "no witness or group may be called none");
    demand(!this.witnesses.has(name) && !this.groups.has(name), "policy/duplicate-name", `${name} is already defined`);
  }

  defined(name) {
    demand(this.witnesses.has(name) || this.groups.has(name), "policy/undefined-name", `${name} is not defined on a line before`);
  }
}

function threshold(word, members) {
  if (word === "any" || word === "all") return word === "any" ? 1 : members;
  demand(THRESHOLD.test(word) && Number(word) <= members, "policy/threshold", `the threshold ${word} is not all, any or a number from 1 to ${members}`);
  return Number(word);
}

function bound(count, what) {
  demand(count <= MAX_EACH, "policy/too-many", `there are more than ${MAX_EACH} ${what}`);
}

/** The text of octets: UTF-8, and each octet that is none as the surrogate U+DC00 + octet. */
function octets(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    const parts = [];
    for (let at = 0; at < bytes.length; ) {
      const length = [1, 2, 3, 4].find((size) => isOne(bytes.subarray(at, at + size)));
      parts.push(length === undefined ? String.fromCharCode(0xdc00 + bytes[at]) : decoder.decode(bytes.subarray(at, at + length)));
      at += length ?? 1;
    }
    return parts.join("");
  }
}

function isOne(bytes) {
  try {
    return decoder.decode(bytes).length > 0;
  } catch {
    return false;
  }
}
