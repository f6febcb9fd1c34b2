// The desk's page without a network. What it keeps is the same for everybody, asked for without a
// sign-in, and holds nobody's data; its address names it all, so whatever changes is kept anew.
const [page, ...files] = new URL(location).searchParams.getAll("keep");
const mark = "timebank-desk ";
const name = mark + location.search;

addEventListener("install", (event) => event.waitUntil((async () => {
  const asked = [page, ...files].map((one) => new Request(one, { credentials: "omit" }));
  await (await caches.open(name)).addAll(asked);
  await skipWaiting();
})()));

addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((one) => one.startsWith(mark) && one !== name);
  await Promise.all(old.map((one) => caches.delete(one)));
})()));

addEventListener("fetch", (event) => {
  const { mode, method, url } = event.request;
  const { pathname, search } = new URL(url);
  if (mode === "navigate" && method === "GET" && pathname === "/desk") {
    event.respondWith(fetch(event.request).catch(() => caches.match(page)));
  } else if (files.includes(pathname + search)) {
    event.respondWith(caches.match(pathname + search).then((held) => held ?? fetch(event.request)));
  }
});
