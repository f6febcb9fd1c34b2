// The code on the screen, fetched anew and put in its place: the page is not loaded again, so
// whoever stands on a link of it stays there. Without scripts the page is.
const screen = document.getElementById("screen");

async function renew() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = told.getElementById("screen");
  if (next) screen.replaceChildren(...next.childNodes);
}

setInterval(renew, 1000 * Number(screen.dataset.seconds));
