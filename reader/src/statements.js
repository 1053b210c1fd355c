// What validators sign: that a record, replayed up to a size, has a state of this digest (docs/formats/epochs.md), the twin of the half of
// kernel/record/statements.py that a reader needs.

import { decode } from "./base64.js";
import { parseDecimal } from "./checkpoint.js";
import { demand } from "./errors.js";
import { openNote } from "./notes.js";
import { parseOrigin } from "./pin.js";

export const STATE = "commonhold/state/v1";
const MAX_STATEMENT_BYTES = 1 << 17;

/** The statement {origin, size, root, digest, count} of a note that at least one of *keys* signed, and when: {statement, times: Map(key id -> time)}. */
export function openVouched(raw, keys) {
  const { text, verified } = openNote(raw, keys, MAX_STATEMENT_BYTES);
  return { statement: parseVouched(text), times: new Map(verified.map(({ key, signature }) => [key.id, key.signedTime(signature)])) };
}

/** The statement of a note's text; nothing is verified. Refused with statement/form, statement/empty, decimal/..., base64/... or id/origin. */
export function parseVouched(text) {
  const [form, ...fields] = text.endsWith("\n") ? text.slice(0, -1).split("\n") : [];
  demand(form === STATE && fields.length === 5, "statement/form", `the text is not a statement of the form ${STATE}`);
  const [origin, size, root, digest, count] = fields;
  const statement = {
    origin,
    size: parseDecimal(size, "size"),
    root: decode(root, 32, "root"),
    digest: decode(digest, 32, "state digest"),
    count: parseDecimal(count, "count"),
  };
  demand(statement.size > 0n, "statement/empty", "a statement about a log without entries says nothing");
  parseOrigin(origin);
  return statement;
}
