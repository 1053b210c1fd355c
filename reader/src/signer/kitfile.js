// A kit as a file, a code or words (docs/formats/keys.md), the twin of store/keyfile.py for kits; what was made here is read by the command line.

import { decode, encode } from "../base64.js";
import { demand } from "../errors.js";
import { Kit, kitFromText, kitFromWords } from "../kit.js";

const HEADER = "commonhold/kit/v1";
const MEMBER = /^(?=.{2,32}$)[a-z](?:-?[a-z0-9])+$/;
export const MAX_KIT_FILE = 4_096;

/** The member id *typed*, or a refusal. */
export function parseMember(typed) {
  const member = typed.trim().toLowerCase();
  demand(MEMBER.test(member), "id/member", "this is not a member id");
  return member;
}

/** {member, kit} of a kit file's text; refused with keyfile/... and never repeating what is in it. */
export function parseKitFile(text) {
  demand(text.length <= MAX_KIT_FILE, "keyfile/too-large", "this is too large for a kit file");
  const [header, member, secret, rest, ...more] = text.replaceAll("\r\n", "\n").split("\n");
  demand(header === HEADER, "keyfile/kind", "this is not a kit file");
  demand(rest === "" && more.length === 0, "keyfile/lines", "this kit file is cut off or has been changed");
  return { member: parseMember(member), kit: new Kit(secretOf(secret)) };
}

/** The kit in what was typed, scanned or pasted as its secret: 24 words, or the text of the code. */
export function kitFromTyped(typed) {
  return /^\s*commonhold-kit-/i.test(typed) ? kitFromText(typed) : kitFromWords(typed);
}

/** The text of a kit file. */
export function kitFileOf(member, kit) {
  return `${HEADER}\n${member}\n${encode(kit.secretBytes())}\n`;
}

/** A new kit of 32 random bytes. */
export function newKit() {
  return new Kit(crypto.getRandomValues(new Uint8Array(32)));
}

function secretOf(text) {
  try {
    return decode(text, 32, "secret");
  } catch {
    // The reason could only describe the secret, so it is not passed on.
    demand(false, "keyfile/secret", "the secret in this kit file is cut off or has been changed");
  }
}
