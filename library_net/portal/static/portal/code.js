// One-time codes made by this phone alone. The key is made here and cannot be taken out; the
// server knows its public half. Needs no network once the page is here (worker.js keeps it).
import { draw } from "./qr.js";

const EVERY_MS = 30_000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const root = document.getElementById("phone-code");
const at = (name) => root.querySelector(`[data-part="${name}"]`);
const show = (name) => {
  for (const part of root.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== name;
  root.dataset.shown = name;
};

function base32(bytes) {
  let text = "";
  let rest = 0;
  let bits = 0;
  for (const byte of bytes) {
    rest = (rest << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(rest >> (bits - 5)) & 31];
    rest &= 0xff;
  }
  return bits ? text + BASE32[(rest << (5 - bits)) & 31] : text;
}

function store(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("library-net", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const work = opening.result.transaction("keys", mode);
      const asked = act(work.objectStore("keys"));
      work.oncomplete = () => { opening.result.close(); resolve(asked.result); };
      work.onerror = () => { opening.result.close(); reject(work.error); };
    };
  });
}
const load = () => store("readonly", (keys) => keys.get("device"));
const save = (device) => store("readwrite", (keys) => keys.put(device, "device"));
const forget = () => store("readwrite", (keys) => keys.delete("device"));

async function enrol() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const answer = await fetch(root.dataset.enrol, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": root.querySelector("[name=csrfmiddlewaretoken]").value },
    body: JSON.stringify({ key: btoa(String.fromCharCode(...raw)), name: navigator.userAgentData?.platform || navigator.platform || "", operation: root.dataset.operation }),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.title || "");
  await save({ id: told.key, reader: root.dataset.reader, sign: pair.privateKey, ahead: Date.now() - told.now * 1000, audience: "" });
}

async function code(device, audience) {
  const seconds = Math.floor((Date.now() - device.ahead) / 1000);
  const nonce = base32(crypto.getRandomValues(new Uint8Array(10)));
  const message = `LN1.${device.id}.${audience}.${seconds}.${nonce}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, device.sign, new TextEncoder().encode(message));
  return `${message}.${base32(new Uint8Array(signature))}`;
}

let timer = 0;
let made = 0;
async function renew() {
  const device = await load();
  if (!device) { show("new"); return; }
  const text = await code(device, at("audience").value);
  draw(at("canvas"), text);
  at("canvas").dataset.code = text;
  made = Date.now();
  clearTimeout(timer);
  timer = setTimeout(renew, EVERY_MS);
}

function tick() {
  const left = Math.max(0, Math.ceil((EVERY_MS - (Date.now() - made)) / 1000));
  if (made) at("left").textContent = String(left);
}

// The server, where it can be reached, says whether the key was removed or reported lost.
async function isStillKnown(device) {
  const known = (element) => element.dataset.keys.split(" ").includes(device.id);
  if (known(root)) return true;
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok || answer.redirected || answer.headers.get("X-From-Cache")) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const told = page.getElementById("phone-code");
  return !told || known(told);
}

async function begin() {
  if (!window.isSecureContext || !crypto.subtle || !window.indexedDB) { show("impossible"); return; }
  let device = await load();
  // Another reader is signed in here now: the key of the one before goes.
  if (device && device.reader !== root.dataset.reader) { await forget(); device = undefined; }
  if (device && !(await isStillKnown(device))) { await forget(); device = undefined; }
  if (!device) { show("new"); return; }
  if (device.audience) at("audience").value = device.audience;
  if (at("audience").selectedIndex < 0) at("audience").selectedIndex = 0;
  show("ready");
  await renew();
}

at("start").addEventListener("click", async () => {
  at("trouble").hidden = true;
  try {
    await enrol();
    await begin();
  } catch (error) {
    at("trouble").textContent = error.message || root.dataset.offline;
    at("trouble").hidden = false;
  }
});
at("again").addEventListener("click", renew);
at("audience").addEventListener("change", async () => {
  const device = await load();
  await save({ ...device, audience: at("audience").value });
  await renew();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && made) renew(); });
setInterval(tick, 500);
// What this page consists of is handed to the worker, because it came before the worker was there.
navigator.serviceWorker?.register(root.dataset.worker, { scope: root.dataset.scope }).then(async () => {
  const worker = (await navigator.serviceWorker.ready).active;
  const parts = performance.getEntriesByType("resource").map((entry) => entry.name);
  const ours = parts.filter((name) => name.startsWith(`${location.origin}${root.dataset.static}`));
  worker.postMessage([location.pathname, ...new Set(ours)]);
}).catch(() => {});
await begin();
