// The desk's offline queue. A device that a station enrolled signs what is scanned while there is
// no network, keeps it until the server has answered for it, and sends it when the network is back.
// Its key never leaves the browser and cannot be read out of it; a scan has an id of its own, so
// that whatever is sent twice counts once. Without this script the desk works online as ever.
const opening = new Promise((done, fail) => {
  const asked = indexedDB.open("timebank-desk", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("device");
    asked.result.createObjectStore("scans", { keyPath: "id" });
  };
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => fail(asked.error);
});

async function stored(name, mode, act) {
  const store = (await opening).transaction(name, mode).objectStore(name);
  const asked = act(store);
  return new Promise((done, fail) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
}

const kept = (name) => stored("device", "readonly", (store) => store.get(name));
const keep = (name, value) => stored("device", "readwrite", (store) => store.put(value, name));
const waiting = () => stored("scans", "readonly", (store) => store.getAll());
const take = (scan) => stored("scans", "readwrite", (store) => store.put(scan));
const drop = (id) => stored("scans", "readwrite", (store) => store.delete(id));
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

// Enrolling: the key is made here, and only its public half is sent.
const enrol = document.getElementById("enrol");
enrol?.addEventListener("submit", async (event) => {
  const field = enrol.elements.public;
  if (field.value || !event.submitter?.hasAttribute("data-here")) return;
  event.preventDefault();
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  field.value = base64(await crypto.subtle.exportKey("raw", pair.publicKey));
  await keep("key", pair.privateKey);
  enrol.requestSubmit();
});
const enrolled = document.getElementById("enrolled");
if (enrolled?.dataset.signs && (await kept("key"))) {
  await keep("device", { ...enrolled.dataset });
  document.getElementById("kept").hidden = false;
}

// The desk.
const section = document.getElementById("offline");
const form = document.getElementById("scan");
const device = section && (await kept("device"));

async function signed(number, activity) {
  const id = crypto.randomUUID();
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const lines = ["timebank-scan-v1", device.device, id, activity, number, at];
  const text = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  const signature = base64(await crypto.subtle.sign("Ed25519", await kept("key"), text));
  return { id, activity, number, at, signature };
}

async function reached() {
  if (!navigator.onLine) return false;
  const signal = AbortSignal.timeout(3000);
  return fetch("/healthz", { cache: "no-store", signal }).then((told) => told.ok, () => false);
}

async function show() {
  const scans = await waiting();
  section.hidden = !device;
  section.querySelector("output").textContent = scans.length;
  section.querySelector("ul").replaceChildren(...scans.map((scan) => {
    const line = document.createElement("li");
    line.textContent = `${scan.number} · ${new Date(scan.at).toLocaleString(document.documentElement.lang)}`;
    if (scan.why) {
      const why = document.createElement("strong");
      why.className = "bad";
      why.textContent = ` ${scan.why} `;
      const done = document.createElement("button");
      done.type = "button";
      done.className = "quiet";
      done.textContent = section.dataset.drop;
      done.addEventListener("click", () => drop(scan.id).then(show));
      line.append(why, done);
    }
    return line;
  }));
}

let sending = false;
async function send() {
  const scans = (await waiting()).filter((scan) => !scan.why).slice(0, 100);
  if (sending || !scans.length || !navigator.onLine) return;
  sending = true;
  try {
    const asked = scans.map(({ why, ...scan }) => scan);
    const answer = await fetch("/graphql", {
      method: "POST",
      credentials: "omit",
      headers: {
        "content-type": "application/json",
        "accept-language": document.documentElement.lang,
        authorization: `Bearer ${device.token}`,
      },
      body: JSON.stringify({
        documentId: section.dataset.document,
        variables: { input: { idempotencyKey: crypto.randomUUID(), scans: asked } },
      }),
    });
    const told = (await answer.json()).data?.syncScans;
    for (const one of told?.outcomes ?? []) {
      if (!one.userErrors.length) await drop(one.id);
      else await take({ ...scans.find((scan) => scan.id === one.id), why: one.userErrors[0].message });
    }
    const wrong = told ? told.userErrors[0]?.message : section.dataset.refused;
    section.querySelector("[role=status]").textContent = wrong ?? section.dataset.sent;
  } catch {
    // The network went again: what waits stays, and is sent the next time.
  } finally {
    sending = false;
    await show();
  }
}

// The page that the worker shows without a network knows the activities that the desk saw last.
const held = document.getElementById("held");
if (device && held) {
  for (const { id, title } of (await kept("open")) ?? []) {
    const label = document.createElement("label");
    label.className = "choice";
    const radio = document.createElement("input");
    [radio.type, radio.name, radio.value, radio.required] = ["radio", "activity", id, true];
    const span = document.createElement("span");
    span.textContent = title;
    label.append(radio, span);
    held.append(label);
    held.hidden = false;
  }
  const choices = held.querySelectorAll("input");
  if (choices.length === 1) choices[0].checked = true;
} else if (device && form) {
  const open = [...form.querySelectorAll("[name=activity]")];
  await keep("open", open.map(({ value, dataset }) => ({ id: value, title: dataset.title })));
}
if (device) {
  navigator.serviceWorker?.register(section.dataset.worker, { scope: "/desk" }).catch(() => {
    // Where it may not be kept, the desk still works for as long as its page is open.
  });
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const number = form.elements.number.value.trim().toUpperCase();
    const activity = form.elements.activity?.value;
    if (!activity) return;
    if (!held && (await reached())) {
      form.submit();
      return;
    }
    await take(await signed(number, activity));
    form.elements.number.value = "";
    form.elements.number.focus();
    section.querySelector("[role=status]").textContent = `${number} ${section.dataset.kept}`;
    await show();
  });
  addEventListener("online", send);
  setInterval(send, 20000);
  await show();
  await send();
}
