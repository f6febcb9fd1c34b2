// The device signs what the server asked, and the browser goes back with it: what the device said
// stands in the address, as it does from any other way in. Nothing else is sent from here.
const section = document.getElementById("passkey");
const button = section.querySelector("button");
const { number, bank } = section.dataset;

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (told) =>
  btoa(String.fromCharCode(...new Uint8Array(told)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

function ask(challenge) {
  if (!number) return navigator.credentials.get({ publicKey: { challenge, userVerification: "required" } });
  return navigator.credentials.create({
    publicKey: {
      challenge,
      rp: { name: bank },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: number, displayName: number },
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    },
  });
}

button.hidden = false;
addEventListener("pageshow", () => { button.disabled = false; }); // whoever comes back may ask again
button.addEventListener("click", async () => {
  button.disabled = true; // a second request beside a first would be refused
  try {
    const told = await ask(bytes(new URLSearchParams(location.search).get("challenge")));
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature"];
    const said = parts.filter((name) => told.response[name]).map((name) => [name, text(told.response[name])]);
    location.assign(`/sign-in/with/passkey/back?${new URLSearchParams([["id", told.id], ...said])}`);
  } catch {
    button.disabled = false;
    section.querySelector("[role=alert]").hidden = false;
  }
});
