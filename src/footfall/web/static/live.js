/*
 * A site's numbers as they move: by server-sent events, which the browser opens again by
 * itself, and by asking where a server sends none. Only while the page is seen.
 */

const ASK_MS = 5000;

/* Calls `tell({visits, today, visitors, day})` when they moved, `state(true)` while it hears. */
export function follow(site, tell, state) {
  const address = `/v1/live?site=${encodeURIComponent(site)}`;
  let source = null;
  let timer = 0;

  async function ask() {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (answer.status === 401) return location.reload(); /* the session has ended */
      state(answer.ok);
      if (answer.ok) tell(await answer.json());
    } catch {
      state(false);
    }
    timer = setTimeout(ask, ASK_MS);
  }

  function open() {
    source = new EventSource(address);
    source.addEventListener("open", () => state(true));
    source.addEventListener("message", (event) => tell(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      state(false);
      if (source.readyState !== EventSource.CLOSED) return;
      close(); /* refused, not lost: the browser will not try again */
      timer = setTimeout(ask, ASK_MS);
    });
  }

  function close() {
    source?.close();
    source = null;
    clearTimeout(timer);
  }

  document.addEventListener("visibilitychange", () => {
    close();
    if (document.visibilityState === "visible") open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  if (document.visibilityState === "visible") open();
}
