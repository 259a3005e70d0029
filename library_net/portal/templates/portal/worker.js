// Keeps the page with the reader's code, and what it is drawn with, for when there is no network.
const NAME = "library-net-code";
const PAGE = "{{ page }}";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function networkFirst(request) {
  const kept = await caches.open(NAME);
  try {
    const answer = await fetch(request);
    // A redirect to the sign-in page is no page to keep.
    if (answer.ok && !answer.redirected) await kept.put(request, answer.clone());
    return answer;
  } catch (error) {
    const found = await kept.match(request, { ignoreVary: true });
    if (!found) throw error;
    const headers = new Headers(found.headers);
    headers.set("X-From-Cache", "yes");
    return new Response(found.body, { status: found.status, headers });
  }
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOurs = url.origin === location.origin && (url.pathname === PAGE || url.pathname.startsWith("{{ static }}"));
  if (event.request.method === "GET" && isOurs) event.respondWith(networkFirst(event.request));
});
self.addEventListener("message", (event) => {
  if (Array.isArray(event.data)) event.waitUntil(caches.open(NAME).then((kept) => kept.addAll(event.data)));
});
