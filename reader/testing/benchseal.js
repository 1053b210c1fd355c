// What bench/bench_sealing.py times in a page of Chromium: a key cut and put together, a whole seal, and the bare PBKDF2 that both rest on. No page imports this.

import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { seal } from "../src/sealing/opening.js";
import { joinShares, splitKey } from "../src/sealing/splitting.js";
import { parseStructure } from "../src/sealing/structure.js";

const dice = (size) => crypto.getRandomValues(new Uint8Array(size));

globalThis.timed = {
  split: ({ structure: value, about, people }) => {
    const structure = parseStructure(value);
    const key = dice(32);
    const shares = splitKey(key, structure, about, dice);
    const found = joinShares(structure, about, new Map(people.map((person) => [person, shares.get(person)])));
    if (!found.every((byte, at) => byte === key[at])) throw new Error("another key came out");
  },
  seal: ({ structure, about, secrets }) => {
    seal(secrets, parseStructure(structure), about, dice).manifest(new Map(), new Map());
  },
  bare: ({ iterations }) => {
    pbkdf2(sha256, dice(1), dice(16), { c: iterations, dkLen: 16 });
  },
};
