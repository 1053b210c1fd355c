// Refusals: the one error that the reader throws on purpose.
//
// As in the Python kernel (kernel/errors.py) a message is lower case and shows both sides of a mismatch, and `code` is stable; where both
// programs refuse, both mean the same code, and the vectors hold them to it. Pages choose their own words from `code`.

export class Refusal extends Error {
  /**
   * @param {string} code a stable short name such as "note/malformed"
   * @param {string} message what is wrong, in lower case
   * @param {object} data the values behind the message
   */
  constructor(code, message, data = {}) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.data = data;
  }
}

/** Throw a refusal unless *holds*. */
export function demand(holds, code, message, data = {}) {
  if (!holds) throw new Refusal(code, message, data);
}
