// What a browser says when a passkey cannot be made or used, as refusals with stable codes (Web Authentication Level 3, 5.1.3 and 5.1.4).
//
// Browsers answer a person who said no, a device without a fitting passkey and a time that ran out with one and the same NotAllowedError, so that a
// page learns nothing about the devices near it. Only a time that ran out here can be told apart.

import { Refusal } from "../errors.js";

const BY_NAME = {
  AbortError: ["passkey/stopped", "the page stopped asking for the passkey"],
  ConstraintError: ["passkey/verification", "this device cannot verify its person by PIN, finger or face, or cannot keep a passkey"],
  InvalidStateError: ["passkey/exists", "this device holds a passkey of this member already"],
  NotAllowedError: ["passkey/refused", "the person said no, there is no fitting passkey, or it took too long"],
  NotSupportedError: ["passkey/algorithm", "this device makes none of the kinds of key that are asked for"],
  OperationError: ["passkey/busy", "a passkey is being asked for already, on this page or in another window"],
  SecurityError: ["passkey/domain", "this page's address does not go with the passkeys' domain"],
};

/** Every code with which the passkey module refuses on its own account; pages have words for each. */
export const CODES = Object.freeze([
  ...Object.values(BY_NAME).map(([code]) => code),
  "passkey/failed",
  "passkey/insecure",
  "passkey/key",
  "passkey/other-credential",
  "passkey/shown-differs",
  "passkey/timeout",
  "passkey/unsupported",
]);

/** The refusal that stands for what the browser threw. */
export function refusalOf(error, isLate) {
  const name = String(error?.name);
  if (isLate) return new Refusal("passkey/timeout", "nobody used a passkey in time", { name });
  const [code, message] = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : ["passkey/failed", "the browser or the device failed"];
  return new Refusal(code, message, { name });
}
