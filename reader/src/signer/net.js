// What this page says to the network, and nothing else does: a brief is asked of partners, and a signed entry is handed in. No cookie, no redirect, no
// referrer, bounded time and bytes; where to, the page's own policy bounds too.

import { MAX_BRIEF_BYTES } from "../brief.js";
import { entryUrl } from "./request.js";

const SECONDS = 20;
const MAX_ANSWER = 64 << 10;
const MAX_WORDS = 300;

/** Hand in an entry at the place served at *url*: {taken: true, before} or {taken: false, words} or null where nobody answers. */
export async function handIn(url, raw) {
  const answer = await ask(entryUrl(url), MAX_ANSWER, { method: "POST", body: raw });
  if (answer === null) return null;
  const said = parsed(answer.text);
  if (answer.ok && said.ok !== false) return { taken: true, before: said.status === "in-record" };
  const words = typeof said.message === "string" ? said.message : `HTTP ${answer.status}`;
  return { taken: false, words: words.slice(0, MAX_WORDS) };
}

/** The bytes of a brief about these values [part, key] from the mirror at *url*, or null. */
export async function askBrief(url, values) {
  const asked = new URLSearchParams(values.flatMap(([part, key]) => [["part", part], ["key", key]]));
  const answer = await ask(`${url.replace(/\/+$/, "")}/brief?${asked}`, MAX_BRIEF_BYTES);
  return answer?.ok ? new TextEncoder().encode(answer.text) : null;
}

async function ask(url, most, more = {}) {
  try {
    const answer = await fetch(url, {
      mode: "cors",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal: AbortSignal.timeout(SECONDS * 1_000),
      ...more,
    });
    return { ok: answer.ok, status: answer.status, text: await bounded(answer, most) };
  } catch {
    return null;
  }
}

/** The text of an answer, given up at once when it is longer than *most* bytes. */
async function bounded(answer, most) {
  const reader = answer.body.getReader();
  const parts = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > most) {
      await reader.cancel();
      throw new Error("too large");
    }
    parts.push(next.value);
  }
  return new Blob(parts).text();
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
