/*
 * A site's page: draws its course, and keeps the page as new as the numbers are.
 *
 * The total and today move as visits arrive. The rest is read again from the page's own
 * address now and then, and put in place of what is shown, unless somebody is using it.
 */
import { follow } from "./live.js";
import { grouped, localize, show } from "./numbers.js";
import { draw, rowsIn } from "./plot.js";

const REFRESH_MS = 20000;
const SAY_MS = 30000;

const head = document.querySelector("[data-site]");
const place = document.querySelector(".plot");
const table = () => document.querySelector(".numbers table");
let redraw = null;

if (place) {
  localize(document);
  redraw = draw(place, rowsIn(table(), place.dataset.show));
}

const inUse = (part) => part.contains(document.activeElement)
  || part.contains(getSelection()?.anchorNode) && !getSelection().isCollapsed;

async function refresh() {
  const answer = await fetch(location.href);
  if (answer.redirected) return location.reload(); /* to sign in: the session has ended */
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  localize(fresh);
  for (const part of document.querySelectorAll(".figures, .numbers tbody, [data-panel]")) {
    const same = part.dataset.panel ? `[data-panel="${part.dataset.panel}"]`
      : part.matches(".figures") ? ".figures" : ".numbers tbody";
    const other = fresh.querySelector(same);
    if (other && !inUse(part) && part.innerHTML !== other.innerHTML) {
      part.replaceChildren(...other.childNodes);
    }
  }
  redraw?.(rowsIn(table(), place.dataset.show));
}

let last = null;
let saidAt = -Infinity;
let planned = 0;

const live = (name) => document.querySelector(`[data-live=${name}]`);

/* For who hears the page, now and then: each visit would be chatter. */
function say(numbers) {
  if (performance.now() - saidAt < SAY_MS) return;
  saidAt = performance.now();
  document.getElementById("said").textContent =
    `${grouped(numbers.visits)} visits in all, ${grouped(numbers.today)} today`;
}

/* What runs yet moves at once; the rest waits for the next refresh. */
function moveRunning(more) {
  const data = document.querySelector("[data-running] data.visits");
  if (!data || more <= 0) return;
  show(data, Number(data.value) + more);
  show(live("period"), Number(live("period").value) + more);
  redraw(rowsIn(table(), place.dataset.show));
}

function planRefresh() {
  planned ||= setTimeout(() => {
    planned = 0;
    refresh().catch(() => {}); /* the next visit plans another */
  }, REFRESH_MS);
}

follow(head.dataset.site, (numbers) => {
  const before = last ?? { visits: Number(live("visits").value), today: Number(live("today").value) };
  const sameDay = (last?.day ?? numbers.day) === numbers.day;
  last = numbers;
  show(live("visits"), numbers.visits);
  show(live("today"), numbers.today);
  if (numbers.visits === before.visits) return;
  if (!place) {
    location.reload(); /* the first visit: there is a course to show now */
    return;
  }
  say(numbers);
  if (!("moves" in head.dataset)) return;
  if (sameDay) moveRunning(numbers.today - before.today);
  planRefresh();
}, (hears) => {
  for (const pulse of document.querySelectorAll(".pulse")) pulse.hidden = !hears;
});
