// QR codes: drawn as SVG, and read from the camera or from a picture. The decoder is the package's; where the browser has one of its own, that is quicker.

import { encodeQR } from "qr";
import { decodeQR } from "qr/decode.js";
import { at, onLeave, show } from "./screens.js";
import { say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const MAX_CODE = 2_900;
const MAX_SIDE = 1_600;
const PAUSE = 200;
let stream = null;
let taken = null;

/** The code of *text* as an element that is called by the sentence *name*, or null if it does not fit into one. */
export function drawn(text, name, level) {
  if (new TextEncoder().encode(text).length > MAX_CODE) return null;
  let rows;
  try {
    rows = encodeQR(text, "raw", { ecc: level, border: 4 });
  } catch {
    return null;
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("shape-rendering", "crispEdges");
  const ground = document.createElementNS(SVG, "rect");
  for (const [side, value] of [["width", rows.length], ["height", rows.length], ["fill", "#fff"]]) ground.setAttribute(side, value);
  const dark = document.createElementNS(SVG, "path");
  dark.setAttribute("fill", "#000");
  dark.setAttribute("d", rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ""))).join(""));
  svg.append(say(document.createElementNS(SVG, "title"), name), ground, dark);
  return svg;
}

/** The text of the code in a picture (a File, or a video frame as an ImageBitmap), or null. */
async function read(picture) {
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  // A picture without a ground of its own is meant to stand on paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if ("BarcodeDetector" in window) {
    try {
      const [found] = await new window.BarcodeDetector({ formats: ["qr_code"] }).detect(canvas);
      if (found !== undefined) return found.rawValue;
    } catch {
      // Some browsers have the name and not the thing.
    }
  }
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return null;
  }
}

/** Show the camera's picture until a code is in it, or take one from a picture; *take* gets its text, and the screen *back* comes back. */
export async function scan(back, take) {
  taken = { back, take };
  show("scan");
  at("scan-video").hidden = true;
  try {
    const found = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    if (taken === null) {
      for (const track of found.getTracks()) track.stop();
      return;
    }
    stream = found;
    at("scan-video").srcObject = stream;
    at("scan-video").hidden = false;
    await at("scan-video").play();
    look();
  } catch {
    if (taken !== null) say(at("scan-wrong"), "scan-none");
  }
}

async function look() {
  while (stream !== null) {
    const video = at("scan-video");
    const text = video.videoWidth > 0 ? await read(await createImageBitmap(video)) : null;
    if (text !== null && stream !== null) return hand(text);
    await new Promise((go) => setTimeout(go, PAUSE));
  }
}

async function hand(text) {
  const { back, take } = taken;
  show(back);
  await take(text);
}

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  taken = null;
  at("scan-video").srcObject = null;
}

onLeave((next) => {
  if (next !== "scan") stop();
});
at("scan-stop").addEventListener("click", () => show(taken?.back ?? "start"));
at("scan-file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file === undefined || taken === null) return;
  say(at("scan-wrong"), "");
  const picture = await createImageBitmap(file).catch(() => null);
  const text = picture === null ? null : await read(picture);
  if (text === null) say(at("scan-wrong"), "scan-nothing");
  else await hand(text);
});
