// One thing that is said to people: the key of a sentence and its values; the twin of kernel/record/fact.py.

export function fact(say, values = {}) {
  return { say, with: values };
}
