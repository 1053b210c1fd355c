// Tiles and entry bundles: how the static files of a log are named and read (C2SP tlog-tiles), the twin of the reading half of kernel/tlog/tiles.py.

import { Refusal, demand } from "./errors.js";
import { MAX_SIZE } from "./checkpoint.js";

export const TILE_WIDTH = 256;
/** Stands for the level of an entry bundle, which has none. */
export const ENTRIES = -1;
const MAX_LEVEL = 63;
const MAX_PATH = 64;
const PATH = /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The path of a tile or bundle {level, index (a BigInt), width} below the log's prefix. */
export function tilePath({ level, index, width }) {
  const parts = [String(index % 1000n).padStart(3, "0")];
  for (let rest = index / 1000n; rest > 0n; rest /= 1000n) parts.unshift(`x${String(rest % 1000n).padStart(3, "0")}`);
  return `tile/${level === ENTRIES ? "entries" : level}/${parts.join("/")}${width < TILE_WIDTH ? `.p/${width}` : ""}`;
}

/** The tile or bundle that *path* names, in its one spelling; refused with tile/path. */
export function parseTilePath(path) {
  const found = path.length <= MAX_PATH ? PATH.exec(path) : null;
  if (found !== null) {
    const tile = {
      level: found[1] === "entries" ? ENTRIES : Number(found[1]),
      index: BigInt(found[2].replaceAll(/[/x]/g, "")),
      width: Number(found[3] ?? TILE_WIDTH),
    };
    const partialIsPartial = found[3] === undefined || tile.width < TILE_WIDTH;
    // Made again and compared: the one guard against every second spelling.
    if (tile.level <= MAX_LEVEL && tile.index <= MAX_SIZE && partialIsPartial && tilePath(tile) === path) return tile;
  }
  throw new Refusal("tile/path", "this is not the path of a tile or entry bundle");
}

/** The tiles that a log of *size* (a BigInt) serves at each level: [how many are full, the width of the partial one or 0]. */
export function tileLevels(size) {
  const levels = [];
  for (let rest = size; rest > 0n; rest /= 256n) levels.push([Number(rest / 256n), Number(rest % 256n)]);
  return levels;
}

/** The entries of a bundle, which must be exactly *count*; refused with tile/bundle-... */
export function parseBundle(raw, count) {
  demand(1 <= count && count <= TILE_WIDTH, "tile/bundle-count", `a bundle holds 1 to ${TILE_WIDTH} entries, not ${count}`);
  const entries = [];
  let at = 0;
  while (entries.length < count) {
    const start = at + 2;
    at = start + ((raw[at] ?? 0) << 8) + (raw[at + 1] ?? 0);
    demand(at <= raw.length, "tile/bundle-truncated", `the bundle ends within entry ${entries.length} of ${count}`);
    entries.push(raw.slice(start, at));
  }
  demand(at === raw.length, "tile/bundle-trailing", `the bundle has ${raw.length - at} bytes after its ${count} entries`);
  return entries;
}
