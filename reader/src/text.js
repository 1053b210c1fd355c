// Text objects: a text and a salt, as the bytes that a digest in the record stands for (docs/formats/text-object.md), the twin of kernel/texts.py.

import { decode } from "./base64.js";
import { same, textOf, utf8 } from "./bytes.js";
import { demand } from "./errors.js";

const HEADER = utf8("commonhold/text/v1\n");
const SALT_CHARACTERS = 24;
const LEAD = HEADER.length + SALT_CHARACTERS + 2;
const MAX_TEXT_BYTES = 4 << 20;

/** The text of an object; refused with text/... or base64/... */
export function parseText(raw) {
  const isText =
    same(raw.subarray(0, HEADER.length), HEADER) && raw[LEAD - 2] === 10 && raw[LEAD - 1] === 10 && raw.length <= LEAD + MAX_TEXT_BYTES;
  demand(isText, "text/form", "this object is not a text");
  decode(textOf(raw.subarray(HEADER.length, LEAD - 2), "text/form", "the salt"), 16, "salt");
  const text = textOf(raw.subarray(LEAD), "text/encoding", "the text");
  // What Python strips from bytes: ASCII white space alone.
  demand(/[^ \t\n\r\v\f]/.test(text), "text/empty", "the text is empty");
  return text;
}
