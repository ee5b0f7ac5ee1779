/*
 * Draws each site's last 30 days and keeps the numbers moving while the page is seen.
 *
 * The page is whole without it: the numbers and the days are in the document.
 */
"use strict";

const POLL_MS = 2000;
const HEIGHT = 180;
const numbers = new Intl.NumberFormat();
const days = new Intl.DateTimeFormat(undefined, {
  weekday: "short", day: "numeric", month: "short", timeZone: "UTC",
});
const dark = matchMedia("(prefers-color-scheme: dark)");

const color = (name) => getComputedStyle(document.documentElement)
  .getPropertyValue(name).trim();

/* The days of a card's table, oldest first: [seconds since the epoch, visits]. */
function daysIn(card) {
  const rows = [...card.querySelectorAll("tbody tr")].reverse();
  return [
    rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000),
    rows.map((row) => Number(row.querySelector("data").value)),
  ];
}

function plot(card) {
  const place = card.querySelector(".plot");
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  const axis = {
    stroke: color("--quiet"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  const chart = new uPlot({
    width: place.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    legend: { show: false },
    padding: [12, 8, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, first, last) => [first - 43200, last + 43200] },
      y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.1))] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 32, space: 70,
        values: (_, splits) => splits.map((at) => days.format(at * 1000).replace(/^\S+\s/, "")) },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3,
        1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9],
        values: (_, splits) => splits.map((value) => Intl.NumberFormat(undefined,
          { notation: "compact" }).format(value)) },
    ],
    series: [{}, {
      fill: color("--bar"),
      paths: uPlot.paths.bars({ size: [0.7, 26], radius: 0.2 }),
      points: { show: false },
    }],
    hooks: {
      setCursor: [(chart) => {
        const { idx, left } = chart.cursor;
        tip.hidden = idx == null || left < 0;
        if (tip.hidden) return;
        const [at, visits] = [chart.data[0][idx], chart.data[1][idx]];
        tip.textContent = `${days.format(at * 1000)}: ${numbers.format(visits)}`;
        const middle = chart.valToPos(at, "x") + chart.over.offsetLeft;
        const half = tip.offsetWidth / 2;
        tip.style.left =
          `${Math.min(Math.max(middle, half), place.clientWidth - half)}px`;
      }],
    },
  }, daysIn(card), place);
  place.append(tip);
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT }))
    .observe(place);
  return chart;
}

function figure(card, name, value) {
  const element = card.querySelector(`[data-figure=${name}]`);
  const text = numbers.format(value);
  if (element.textContent === text) return;
  element.textContent = text;
  element.classList.remove("moved");
  void element.offsetWidth; /* so that the animation starts anew */
  element.classList.add("moved");
}

async function refresh(card, chart) {
  const response = await fetch(`/v1/stats?site=${encodeURIComponent(card.dataset.site)}`);
  if (!response.ok) return;
  const stats = await response.json();
  const visits = stats.values.map((day) => day.visits);
  figure(card, "total", stats.visits);
  figure(card, "today", visits.at(-1));
  figure(card, "recent", visits.reduce((sum, more) => sum + more, 0));
  const body = card.querySelector("tbody");
  /* Written only when it moved: a reader may have selected something in it. */
  const dates = stats.values.map((day) => Date.parse(day.date) / 1000);
  if (String([dates, visits]) === String(daysIn(card))) return;
  body.replaceChildren(...stats.values.reverse().map((day) => {
    const row = document.createElement("tr");
    const time = document.createElement("time");
    time.dateTime = time.textContent = day.date;
    row.insertCell().append(time);
    const data = document.createElement("data");
    data.value = day.visits;
    data.textContent = numbers.format(day.visits);
    row.insertCell().append(data);
    return row;
  }));
  chart().setData(daysIn(card));
}

for (const card of document.querySelectorAll("[data-site]")) {
  if (!card.querySelector(".plot")) continue;
  let chart = plot(card);
  /* A canvas keeps the colours that it was drawn in. */
  dark.addEventListener("change", () => {
    chart.destroy();
    card.querySelector(".tip").remove();
    chart = plot(card);
  });
  setInterval(() => {
    if (document.visibilityState === "visible") refresh(card, () => chart).catch(() => {});
  }, POLL_MS);
}
