// Checks a receipt, or a certificate's seal, here in the browser (ledger format 1 to 5). Nothing is
// asked of the server: what it might answer is what is being checked.
const page = document.getElementById("verify");
const told = document.getElementById("told");
const utf8 = new TextEncoder();
const MEMBERS = "actor,at,body,kind,nonce,policy,postings,prev,request,seq,v";
const PLAIN = /^[^\x00-\x1f\x7f\ud800-\udfff]+$/u;
const SHAPES = {
  actor: PLAIN,
  at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
  kind: /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/,
  nonce: /^[0-9a-f]{32}$/,
  policy: PLAIN,
  prev: /^[0-9a-f]{64}$/,
  request: /^[0-9a-f]{32}$/,
};
const NAME = /^[a-z_][a-z0-9_]*$/;
const CODE = /^[A-Za-z0-9._:+/=-]{1,128}$/;
const [MOST_BYTES, MOST_LEVELS, MOST_AMOUNT] = [8192, 64, 1e12];

class Wrong extends Error {}
const must = (holds, why) => {
  if (!holds) throw new Wrong(why);
};

const join = (...parts) => Uint8Array.from(parts.flatMap((one) => [...one]));
const same = (a, b) => a.length === b.length && a.every((one, i) => one === b[i]);
const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");

function bytes(text, why) {
  try {
    const found = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    // Bytes have one spelling: unused bits are zero, padding is there.
    must(btoa(String.fromCharCode(...found)) === text, why);
    return found;
  } catch {
    throw new Wrong(why);
  }
}

// Where the browser has no hash or signature of its own, ours is loaded now and not when it is
// needed: nothing is fetched while something is checked.
const ready = (async () => {
  const subtle = globalThis.crypto?.subtle;
  try {
    await subtle.importKey("raw", new Uint8Array(32).fill(1, 0, 1), "Ed25519", false, ["verify"]);
    return {
      sha256: async (told) => new Uint8Array(await subtle.digest("SHA-256", told)),
      ed25519: async (key, signature, message) =>
        subtle.verify(
          "Ed25519",
          await subtle.importKey("raw", key, "Ed25519", false, ["verify"]),
          signature,
          message,
        ),
    };
  } catch {
    return import(page.dataset.fallback);
  }
})();

async function keys(text) {
  const { sha256 } = await ready;
  const found = [];
  for (const line of text.split(/\s+/).filter(Boolean)) {
    const parts = /^(.+?)\+([0-9a-f]{8})\+(.+)$/.exec(line);
    must(parts, "key");
    const [, name, id, coded] = parts;
    const material = bytes(coded, "key");
    must(material.length === 33 && [1, 4].includes(material[0]), "key");
    const digest = await sha256(join(utf8.encode(`${name}\n`), material));
    must(hex(digest.subarray(0, 4)) === id, "key");
    found.push({ name, id, type: material[0], key: material.subarray(1) });
  }
  const ids = found.map((one) => `${one.name}+${one.id}`);
  must(found.length && new Set(ids).size === ids.length, "key");
  return found;
}

// What stands in body and postings: nothing that could say one thing and look like another.
function coded(value, level = 2) {
  if (typeof value === "string") return CODE.test(value);
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value === "boolean") return true;
  if (value === null || level > MOST_LEVELS) return false;
  const inner = (one) => coded(one, level + 1);
  if (Array.isArray(value)) return value.every(inner);
  const names = Object.keys(value);
  const sorted = same(names, [...names].sort()) && names.every((one) => NAME.test(one));
  return sorted && Object.values(value).every(inner);
}

function balanced(postings) {
  const sums = new Map([["minute", 0], ["fen", 0]]);
  const whole = postings.every(([account, unit, amount, ...more]) => {
    const known = typeof account === "string" && sums.has(unit) && !more.length;
    sums.set(unit, sums.get(unit) + amount);
    return known && Number.isInteger(amount) && amount !== 0 && Math.abs(amount) <= MOST_AMOUNT;
  });
  const counted = postings.length !== 1 && postings.length <= 64;
  return whole && counted && [...sums.values()].every((one) => one === 0);
}

function shaped(entry) {
  const { at, body, postings, seq } = entry;
  const told = Object.entries(SHAPES).every(
    ([name, shape]) => typeof entry[name] === "string" && shape.test(entry[name]),
  );
  const instant = new Date(`${at.slice(0, 23)}Z`).toISOString().slice(0, 23) === at.slice(0, 23);
  const reversed = body.reverses;
  const mirror =
    reversed === undefined ||
    (Object.keys(reversed).join() === "leaf,seq" &&
      SHAPES.prev.test(reversed.leaf) &&
      Number.isInteger(reversed.seq) && 0 <= reversed.seq && reversed.seq < seq);
  const held = !Array.isArray(body) && coded(body) && Array.isArray(postings) && coded(postings);
  return told && instant && mirror && held && balanced(postings);
}

function entryOf(extra, index) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(extra);
    const entry = JSON.parse(text);
    must(extra.length <= MOST_BYTES && JSON.stringify(entry) === text, "entry");
    must(Object.keys(entry).join() === MEMBERS && entry.v === 1 && entry.seq === index, "entry");
    must(shaped(entry), "entry");
    return entry;
  } catch {
    throw new Wrong("entry");
  }
}

async function rootOf(leaf, index, size, path) {
  const { sha256 } = await ready;
  const node = (left, right) => sha256(join([1], left, right));
  must(index < size, "proof");
  let [at, last, found] = [index, size - 1, leaf];
  for (const hash of path) {
    must(last > 0 && hash.length === 32, "proof");
    if (at % 2 || at === last) {
      found = await node(hash, found);
      while (at && at % 2 === 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else found = await node(found, hash);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  must(last === 0, "proof");
  return found;
}

async function opened(note, known) {
  const { ed25519 } = await ready;
  const parts = /^(([^\n]+)\n(0|[1-9]\d{0,15})\n([^\n]+)\n)\n((?:— [^ \n]+ [^\n]+\n){1,16})$/.exec(note);
  must(parts && note.length <= 2 ** 15, "note");
  const [, text, origin, size, root, lines] = parts;
  let [signed, witnesses] = [0, 0];
  for (const line of lines.slice(0, -1).split("\n")) {
    const [, name, coded] = line.split(" ");
    const signature = bytes(coded, "note");
    const id = hex(signature.subarray(0, 4));
    const key = known.find((one) => one.name === name && one.id === id);
    if (!key) continue;
    const witness = key.type === 4;
    const body = signature.subarray(witness ? 12 : 4);
    must(body.length === 64, "signature");
    const time = witness && new DataView(signature.buffer).getBigUint64(4);
    const message = witness ? `cosignature/v1\ntime ${time}\n${text}` : text;
    must(await ed25519(key.key, body, utf8.encode(message)), "signature");
    if (witness) witnesses += 1;
    else if (name === origin) signed += 1;
  }
  must(signed, "unsigned");
  return { origin, size: Number(size), root: bytes(root, "note"), witnesses };
}

async function receipt(text, vkeys) {
  const { sha256 } = await ready;
  must(text.length <= 2 ** 16, "receipt");
  const parts =
    /^c2sp\.org\/tlog-proof@v1\nextra ([^\n]+)\nindex (0|[1-9]\d{0,15})\n((?:[^\n]+\n){0,63})\n([^]*)$/.exec(text);
  must(parts, "receipt");
  const [, extra, index, path, note] = parts;
  const leafed = bytes(extra, "receipt");
  const entry = entryOf(leafed, Number(index));
  const checkpoint = await opened(note, await keys(vkeys));
  const leaf = await sha256(join([0], leafed));
  const hashes = path.split("\n").slice(0, -1).map((one) => bytes(one, "proof"));
  const root = await rootOf(leaf, Number(index), checkpoint.size, hashes);
  must(same(root, checkpoint.root), "proof");
  return { entry, leaf: hex(leaf), ...checkpoint };
}

async function seal(address, vkeys) {
  const { ed25519 } = await ready;
  const [place, mark, text] = address.includes("#") ? address.split(/(#)/) : ["", "", address];
  const at = text.lastIndexOf(".");
  const payload = text.slice(0, at);
  const coded = text.slice(at + 1).replace(/-/g, "+").replace(/_/g, "/");
  const signature = bytes(coded.padEnd(Math.ceil(coded.length / 4) * 4, "="), "seal");
  const words = payload.split("~");
  must(!mark || place.slice(place.lastIndexOf("/v/") + 3) === words[2], "seal");
  const key = (await keys(vkeys)).find((one) => one.id === words[1]);
  must(key, "unsigned");
  must(await ed25519(key.key, signature, utf8.encode(`${key.name}\n${payload}`)), "seal");
  return { number: words[3], minutes: Number(words[4]), issued: words[5], since: words[6], until: words[7] };
}

// A certificate's PDF carries its receipts as attachments, each in a stream of its own.
async function attached(file) {
  const raw = new Uint8Array(await file.arrayBuffer());
  const text = Array.from(raw, (one) => String.fromCharCode(one)).join("");
  if (!text.startsWith("%PDF")) return [new TextDecoder().decode(raw)];
  const found = [];
  for (const one of text.matchAll(/stream\r?\n/g)) {
    const end = text.indexOf("endstream", one.index + 6);
    if (text.slice(one.index - 3, one.index) === "end" || end < 0) continue;
    const held = new Blob([raw.subarray(one.index + one[0].length, end)]);
    try {
      const inflated = held.stream().pipeThrough(new DecompressionStream("deflate"));
      const reader = inflated.getReader();
      let [whole, more] = ["", await reader.read()];
      const decoder = new TextDecoder();
      while (!more.done && whole.length < 2 ** 17) {
        whole += decoder.decode(more.value, { stream: true });
        // What follows the compressed bytes in the file is no part of them, and an error.
        more = await reader.read().catch(() => ({ done: true }));
      }
      if (whole.startsWith("c2sp.org/tlog-proof@v1\n")) found.push(whole);
    } catch {
      continue;
    }
  }
  must(found.length, "receipt");
  return found;
}

function show(found) {
  const wrong = found instanceof Error;
  told.className = `card ${wrong ? "errors" : "done"}`;
  told.hidden = false;
  const [list, said] = [told.querySelector("dl"), told.querySelector("pre")];
  const why = wrong && found instanceof Wrong ? found.message : "receipt";
  told.querySelector("h2").textContent = wrong ? page.dataset.refused : page.dataset.holds;
  told.querySelector("p").textContent = wrong ? page.dataset[why] : "";
  list.replaceChildren();
  for (const one of list.dataset.names.split("|")) {
    const [name, word] = one.split("=");
    if (wrong || found[name] === undefined) continue;
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    [dt.textContent, dd.textContent] = [word, found[name]];
    list.append(dt, dd);
  }
  said.hidden = wrong || !found.entry;
  said.textContent = found.entry ? JSON.stringify(found.entry, null, 1) : "";
}

async function check(text, file) {
  try {
    const vkeys = document.getElementById("vkeys").value;
    const address = text.trim();
    if (!file && !address.startsWith("c2sp.org/")) {
      const certificate = document.getElementById("seals").value;
      return show(await seal(address, certificate));
    }
    const last = text.endsWith("\n") ? text : `${text}\n`;
    const texts = file ? await attached(file) : [last];
    let found;
    for (const one of texts) found = await receipt(one, vkeys);
    const { at, kind, seq } = found.entry;
    show({ ...found, at, kind, seq, receipts: texts.length });
  } catch (error) {
    show(error);
  }
}

const [words, chosen] = [document.getElementById("receipt"), document.getElementById("file")];
page.hidden = false;
page.addEventListener("submit", (event) => {
  event.preventDefault();
  check(words.value, words.value.trim() ? undefined : chosen.files[0]);
});
chosen.addEventListener("change", () => chosen.files[0] && check("", chosen.files[0]));
page.addEventListener("dragover", (event) => event.preventDefault());
page.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) check("", event.dataTransfer.files[0]);
});
