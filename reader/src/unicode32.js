// The characters of Unicode 3.2 (2002).
//
// Normal forms are stable only for characters that a table knows, and every engine has a table of another year. So canonical JSON holds no younger
// character (kernel/canonical.py), and this is the same table as Python's `unicodedata.ucd_3_2_0`, which a test compares with it.
//
// Each word is a range: the distance from the end of the range before it to its first character and, if it has more, how many follow; hexadecimal.

const RANGES = `
0-220 2-11 1d-5d 3-3e 12-4f 11-f 5-1 5 4 6-6 2 2-13 2-2b 2-26 a-86 2-46 2-25 3-1 7-f 22-25 3-6 2-26 2-1 7-10 2-16 2-9 c-1a 6-4 18 f 4 2-19
6-15 b-8d 3-e 2-d 2-1d 4-1a 36-31 150-2 2-34 3-11 3-4 4-18 11-2 2-7 3-1 3-15 2-6 2 4-3 3 2-6 3-1 3-2 a 5-1 2-4 3-14 8 3-5 5-1 3-15 2-6 2-1
2-1 2-1 3 2-4 5-1 3-2 c-3 2 8-e d-2 2-6 2 2-2 2-15 2-6 2-1 2-4 3-9 2-2 2-2 3 10 6-9 12-2 2-7 3-1 3-15 2-6 2-1 3-3 3-7 4-1 3-2 9-1 5-1 2-2
5-a 12-1 2-5 4-2 2-3 4-1 2 2-1 4-1 4-2 4-7 2-2 5-4 4-2 2-3 a 10-b f-2 2-7 2-2 2-16 2-9 2-4 5-6 2-2 2-3 8-1 a-1 5-9 13-1 2-7 2-2 2-16 2-9 2-4
5-6 2-2 2-3 8-1 8 2-1 5-9 13-1 2-7 2-2 2-16 2-f 5-5 3-2 2-3 a 9-1 5-9 13-1 2-11 4-17 2-8 2 3-6 4 5-5 2 2-7 13-2 d-39 5-1c 26-1 2 3-1 2 3 7-3
2-6 2-2 2 2 3-1 2-c 2-2 3-4 2 2-5 3-9 3-1 23-47 2-21 7-1a 5-7 2-23 2-e 3 31-21 2-4 2-1 2-6 4-3 7-19 47-25 b-28 3 5-59 6-43 6-51 7-6 2-3e 2
2-3 3-6 2 2-3 3-26 2 2-3 3-1e 2 2-3 3-6 2 2-3 3-6 2-6 2-16 2-1e 2 2-3 3-6 2-26 2-12 7-1b 24-54 d-275 a-1c 4-50 10-c 2-6 c-16 a-13 d-c 2-2
2-1 d-5c 4-9 17-e 2-9 7-57 9-29 557-9b 5-59 7-15 3-5 3-25 3-5 3-7 2 2 2 2-1e 3-34 2-e 2-d 3-5 2-12 3-2 2-8 2-52 5 8-4 7-7 3-1a 12-11 1f-1a
16-3a 3-e 8-30 d-23e 32-26 1a-a 16-9e 2-113 3-1 2-64 3-9 78-3 2-3 3-1b 2-22 2 2-3 4 2-6 3-33 4-17 2-d 12-1b 5-30f 381-19 2-58 d-d5 1b-b 5-3f
2-55 3-66 6-27 5-5d 2-27 39-2c 4-23 e-2a 4-4c 5-2e 2-76 5-62 3-1e 2-19b5 4b-51a5 5b-48c 4-36 73a-2ba3 5d-222d 3-3a 96-6 d-4 6-19 2-4 2 2-1
2-1 2-6b 22-16c 11-3f 3-35 29-c 4-f 11-3 d-16 3-9 2-12 2-3 5-4 2-86 3 2-bd 4-5 3-5 3-5 3-2 4-6 2-6 b-4 303-1e 2-3 d-1a b6-25 3-25 cbb3-f5
b-26 4-b3 223-54 2-46 2-1 3 3-1 3-3 2-b 2 2-3 2-1 2-40 2-3 3-7 2-6 2-1b 2-3 2-4 2 4-6 2-151 5-121 5-31 2801-a6d6 512a-21d b05e4 1f-5f
ff81-fffd 3-fffd
`;

const bounds = [];
let last = 0;
for (const word of RANGES.trim().split(/\s+/)) {
  const [step, more = "0"] = word.split("-");
  const first = last + parseInt(step, 16);
  last = first + parseInt(more, 16);
  bounds.push([first, last]);
}

/** Whether the code point *point* was not yet assigned in Unicode 3.2. */
export function isYoung(point) {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle][1] < point) low = middle + 1;
    else high = middle;
  }
  return low === bounds.length || point < bounds[low][0];
}
