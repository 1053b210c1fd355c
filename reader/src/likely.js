// Which listed words a mistyped one was likely meant to be: those that begin as it does, then those most like it; the twin of kernel/words.py.
//
// Likeness is the measure of Ratcliff and Obershelp as Python's difflib has it, so that both programs suggest the same words in the same order.

const LONGEST = 16;
const LEAST = 0.7;
const MOST = 3;

/** Up to three words of *list* that *typed* was likely meant to be, the likeliest first. */
export function suggestions(typed, list) {
  const word = [...typed].slice(0, LONGEST).join("");
  const start = [...word].slice(0, 4);
  const begins = start.length === 4 ? list.filter((listed) => listed.startsWith(start.join(""))) : [];
  const scored = list.map((listed) => ({ listed, score: likeness([...listed], [...word]) })).filter(({ score }) => score >= LEAST);
  scored.sort((one, other) => other.score - one.score || (one.listed < other.listed ? 1 : -1));
  return [...new Set([...begins, ...scored.slice(0, MOST).map(({ listed }) => listed)])].slice(0, MOST);
}

/** From 0 to 1: twice the letters in common, over all letters of both. */
function likeness(one, other) {
  return one.length + other.length === 0 ? 1 : (2 * inCommon(one, other)) / (one.length + other.length);
}

/** The letters of the longest run that both have, the first of several, and of those to the left and to the right of it. */
function inCommon(one, other) {
  let [size, left, right] = [0, 0, 0];
  for (let at = 0; at < one.length; at++) {
    for (let to = 0; to < other.length; to++) {
      let run = 0;
      while (at + run < one.length && to + run < other.length && one[at + run] === other[to + run]) run++;
      if (run > size) [size, left, right] = [run, at, to];
    }
  }
  if (size === 0) return 0;
  return size + inCommon(one.slice(0, left), other.slice(0, right)) + inCommon(one.slice(left + size), other.slice(right + size));
}
