/* The demo's buttons: reload, walk on without loading, and send a visit again. */
"use strict";

const log = document.getElementById("log");
const number = document.querySelector(".number");

function say(text) {
  const line = document.createElement("li");
  line.textContent = text;
  log.prepend(line);
  while (log.children.length > 5) log.lastElementChild.remove();
}

document.getElementById("reload")?.addEventListener("click", () => location.reload());

let steps = 0;
document.getElementById("walk")?.addEventListener("click", () => {
  steps += 1;
  history.pushState(null, "", `/demo/page-${steps}`);
  say(`walked on to ${location.pathname}`);
});

const id = crypto.randomUUID();
document.getElementById("retry")?.addEventListener("click", async () => {
  const body = JSON.stringify({ id, url: location.href });
  const response = await fetch("/v1/visits", { method: "POST", body });
  const answer = await response.json();
  say(`${id} was ${answer.outcome ?? answer.detail}`);
  if (answer.visits !== undefined) number.textContent = answer.visits.toLocaleString();
});
