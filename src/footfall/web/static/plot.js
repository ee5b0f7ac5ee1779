/*
 * Draws a site's course from the table that the page has: what is shown as a line over a
 * wash, what runs yet as a dashed end, the period before as a thin line behind.
 *
 * A point's place is its number, not its time: the labels are the server's, in the
 * site's own time zone, so no day of 23 hours is drawn anywhere wrong.
 */
import { compact, grouped } from "./numbers.js";

const TICK_SPACE = { hour: 64, day: 84, week: 84, month: 60 };
const STEPS = {
  hour: [1, 2, 3, 4, 6, 12, 24, 48, 72, 168],
  day: [1, 2, 3, 7, 14, 28, 91, 182, 364],
  week: [1, 2, 4, 8, 13, 26, 52],
  month: [1, 2, 3, 6, 12, 24],
};

const color = (name) => getComputedStyle(document.documentElement)
  .getPropertyValue(name).trim();

/* The rows of the table: their labels, and numbers or null where there are none. */
export function rowsIn(table, shown) {
  const number = (row, kind) => {
    const data = row.querySelector(`data.${kind}`);
    return data ? Number(data.value) : null;
  };
  return [...table.tBodies[0].rows].map((row) => ({
    label: row.cells[0].textContent,
    tick: row.dataset.tick,
    first: row.dataset.first,
    last: row.dataset.last,
    runs: "running" in row.dataset,
    value: number(row, shown),
    before: number(row, "before"),
    beforeLabel: row.querySelector("data.before")?.title ?? "",
  }));
}

/* What uPlot draws: places, the period before, what is over, and what runs yet. */
function seriesOf(rows) {
  const values = rows.map((row) => row.value);
  const running = rows.findIndex((row) => row.runs);
  return [
    rows.map((_, place) => place),
    rows.map((row) => row.before),
    values.map((value, place) => (place === running && running > 0 ? null : value)),
    values.map((value, place) =>
      (running > 0 && (place === running || place === running - 1) ? value : null)),
  ];
}

const heightOf = (place) => (place.clientWidth < 560 ? 200 : 280);

function axes(rows, unit) {
  const shared = {
    stroke: () => color("--quiet"),
    font: "12px Inter, system-ui, sans-serif",
    ticks: { show: false },
  };
  const splits = (chart) => {
    const room = Math.max(2, Math.floor(chart.bbox.width / devicePixelRatio / TICK_SPACE[unit]));
    const step = STEPS[unit].find((each) => rows.length / each <= room)
      ?? Math.ceil(rows.length / room);
    /* From the end, where today is; a day of hours from its midnight. */
    const start = unit === "hour" ? 0 : (rows.length - 1) % step;
    return rows.map((_, place) => place).filter((place) => place % step === start);
  };
  return [
    { ...shared, size: 34, gap: 8, grid: { show: false }, splits,
      values: (_, places) => places.map((place) => rows[place]?.tick ?? "") },
    { ...shared, size: 46, gap: 8, grid: { stroke: () => color("--line"), width: 1 },
      incrs: [1, 2, 5].flatMap((digit) => [...Array(12).keys()].map((ten) => digit * 10 ** ten))
        .sort((one, other) => one - other),
      space: 40,
      values: (_, numbers) => numbers.map(compact) },
  ];
}

function tipOf(place, shown) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  place.append(tip);
  const line = (name, text, number) => {
    const element = document.createElement("div");
    element.className = name;
    const strong = document.createElement("strong");
    strong.textContent = number;
    element.append(strong, ` ${text}`);
    return element;
  };
  return (chart, row) => {
    tip.hidden = !row;
    if (!row) return;
    const when = document.createElement("div");
    when.textContent = row.runs ? `${row.label}, so far` : row.label;
    tip.replaceChildren(when);
    if (row.value !== null) tip.append(line("now", shown, grouped(row.value)));
    if (row.before !== null) tip.append(line("before", row.beforeLabel, grouped(row.before)));
    const middle = chart.cursor.left + chart.over.offsetLeft;
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(Math.max(middle, half), place.clientWidth - half)}px`;
  };
}

/* Where a stretch is marked with the mouse, its days are opened. */
function openDays(chart, rows, address) {
  const { left, width } = chart.select;
  if (width < 8) return;
  const at = (x) => rows[Math.min(rows.length - 1, Math.max(0, Math.round(chart.posToVal(x, "x"))))];
  const url = new URL(address, location.href);
  url.searchParams.set("from", at(left).first);
  url.searchParams.set("to", at(left + width).last);
  url.searchParams.delete("unit");
  location.assign(url);
}

/*
 * Draws into `place` and answers with a function that draws other rows.
 */
export function draw(place, rows) {
  let current = rows;
  const { show: shown, unit, days } = place.dataset;
  const say = tipOf(place, shown);
  const line = (name, more) => ({
    stroke: () => color(name), width: 2, spanGaps: false,
    points: { show: rows.length < 2, size: 8, fill: () => color(name) }, ...more,
  });
  const wash = (chart) => {
    const { top, height } = chart.bbox;
    const shade = chart.ctx.createLinearGradient(0, top, 0, top + height);
    shade.addColorStop(0, color("--wash-top"));
    shade.addColorStop(1, color("--wash-end"));
    return shade;
  };
  const chart = new uPlot({
    width: place.clientWidth,
    height: heightOf(place),
    legend: { show: false },
    padding: [12, 28, 0, 0],
    cursor: {
      y: false,
      /* To the point, whose numbers are said. */
      move: (chart, left, top) => [
        left < 0 ? left : Math.round(chart.valToPos(chart.posToIdx(left), "x")), top],
      drag: { x: unit !== "hour" || rows.length > 25, y: false, setScale: false },
      points: { size: 9, width: 2, fill: () => color("--card"),
        stroke: (_, index) => color(index === 1 ? "--before" : "--accent") },
    },
    scales: {
      x: { time: false, range: (_, first, last) =>
        (first === last ? [first - 1, last + 1] : [first, last]) },
      y: { range: (_, __, most) => [0, Math.max(4, most * 1.08)] },
    },
    axes: axes(rows, unit),
    series: [
      {},
      line("--before", { width: 1.5, dash: [3, 4] }),
      line("--accent", { fill: wash }),
      line("--accent", { dash: [4, 4], fill: wash,
        points: { show: (_, __, first) => rows[first]?.runs || current.some((row) => row.runs),
          filter: () => [current.findIndex((row) => row.runs)].filter((each) => each >= 0),
          size: 8, width: 2, fill: () => color("--card"), stroke: () => color("--accent") } }),
    ],
    hooks: {
      setCursor: [(chart) => say(chart, chart.cursor.left < 0 ? null : current[chart.cursor.idx])],
      setSelect: [(chart) => openDays(chart, current, days)],
    },
  }, seriesOf(rows), place);
  place.querySelector(".shape")?.remove();
  place.classList.add("drawn");
  new ResizeObserver(() => chart.setSize(
    { width: place.clientWidth, height: heightOf(place) })).observe(place);
  /* A canvas keeps the colours that it was drawn in. */
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", () => chart.redraw(false, true));
  }
  return (more) => {
    current = more;
    chart.setData(seriesOf(more));
  };
}
