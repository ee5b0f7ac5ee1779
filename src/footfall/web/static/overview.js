/* Keeps the overview's numbers as they are in the store, while the page is seen. */
import { localize, show } from "./numbers.js";

const ASK_MS_MIN = 4000;

async function refresh() {
  const answer = await fetch(location.href);
  if (answer.redirected) return location.reload(); /* to sign in: the session has ended */
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const data of document.querySelectorAll("[data-card] data[data-figure]")) {
    const card = CSS.escape(data.closest("[data-card]").dataset.card);
    const other = fresh.querySelector(`[data-card="${card}"] [data-figure=${data.dataset.figure}]`);
    if (other) show(data, Number(other.value));
  }
}

/* Many sites take the server longer, so it is asked less often. */
async function again() {
  const began = performance.now();
  if (document.visibilityState === "visible") await refresh().catch(() => {});
  const took = performance.now() - began;
  setTimeout(again, Math.max(ASK_MS_MIN, 20 * took));
}

localize(document);
if (document.querySelector("[data-card]")) setTimeout(again, ASK_MS_MIN);
