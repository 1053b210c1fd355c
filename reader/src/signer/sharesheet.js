// A custodian's share on paper, in the reader's language: what it opens, with whom, how many it takes, and its 33 words. Nothing of it is kept.

import { drawn } from "./codes.js";
import { structureFacts } from "./sealfacts.js";
import { at, onLeave, show } from "./screens.js";
import { told } from "./words.js";

/** Show the sheet of a share that was held against its commitment. */
export function showSheet({ review }, { member, index, words }) {
  const { about, structure, holdings } = review.task.manifest;
  const { resource, seal } = about;
  const secret = told("p", "share-secret", { name: member });
  secret.className = "secret";
  const list = document.createElement("ol");
  list.dir = "ltr";
  list.append(...words.split(" ").map((word) => withClass("li", withClass("span", word, "word"))));
  const facts = document.createElement("ul");
  facts.append(...structureFacts(structure).map(({ say, with: values }) => told("li", say, values)));
  const keep = document.createElement("ul");
  keep.append(...["share-keep-1", "share-keep-2"].map((key) => told("li", key)));
  const digest = told("p", "share-commitment", { digest: holdings.get(member).commitment });
  digest.className = "code";
  show("share");
  at("share-paper").replaceChildren(
    told("h2", "share-of", { name: member, seal, resource }),
    secret,
    told("p", "share-number", { index: index + 1, count: structure.people().length, fewest: structure.fewest() }),
    facts,
    told("h2", "share-words"),
    list,
    told("h2", "sheet-code"),
    drawn(words, "sheet-code", "medium"),
    told("h2", "sheet-keep"),
    keep,
    digest,
  );
}

function withClass(name, part, kind = "") {
  const made = document.createElement(name);
  if (kind !== "") made.className = kind;
  made.append(part);
  return made;
}

onLeave((next) => {
  if (next !== "share") at("share-paper").replaceChildren();
});
at("share-print").addEventListener("click", () => window.print());
