// What bench/bench_browser.py times in a page of Chromium: judge() alone, without reading a file and without drawing. No page imports this.

import { judge } from "../src/check.js";

globalThis.timed = (given, samples) => {
  const bytes = (base64) => (base64 === undefined ? null : Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  const job = { raw: bytes(given.raw), entry: bytes(given.entry), trust: given.trust ?? "", org: given.org ?? "", now: BigInt(given.now ?? 0) };
  const times = [];
  let verdict = "";
  for (let sample = 0; sample < samples; sample++) {
    const began = performance.now();
    ({ verdict } = judge(job));
    times.push(performance.now() - began);
  }
  return { verdict, times };
};
