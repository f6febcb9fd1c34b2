// The seal behind the # never reaches the server: it is checked here, with the published keys, and
// held against what the register says.
const section = document.getElementById("seal");

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

async function signed(payload, signature, vkey) {
  const [name, id] = vkey.split("+", 2);
  if (payload.split("~")[1] !== id) return false;
  const told = bytes(vkey.slice(name.length + id.length + 2)).slice(1);
  const key = await crypto.subtle.importKey("raw", told, "Ed25519", false, ["verify"]);
  const message = new TextEncoder().encode(`${name}\n${payload}`);
  return crypto.subtle.verify("Ed25519", key, signature, message);
}

async function check(seal) {
  const at = seal.lastIndexOf(".");
  const payload = seal.slice(0, at);
  if (payload.split("~").slice(2, 8).join("~") !== section.dataset.register) return "altered";
  try {
    const signature = bytes(seal.slice(at + 1));
    for (const one of document.querySelectorAll("[data-vkey]")) {
      if (await signed(payload, signature, one.dataset.vkey)) return "genuine";
    }
  } catch (error) {
    return error.name === "InvalidCharacterError" ? "altered" : "unchecked";
  }
  return "altered";
}

async function show() {
  const seal = location.hash.slice(1);
  const found = seal ? await check(seal) : "";
  section.hidden = !found;
  section.className = `card ${{ genuine: "done", altered: "errors" }[found] ?? ""}`;
  section.querySelector("h2").textContent = found ? section.dataset[found] : "";
  document.getElementById("standing").hidden = found === "altered";
}

addEventListener("hashchange", show);
show();
