/* Numbers as the reader's own language writes them, and how a page shows one that moved. */

const grouping = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

export const grouped = (number) => grouping.format(number);
export const compact = (number) => short.format(number);

/* The numbers that the server wrote, in the reader's own grouping. */
export function localize(part) {
  for (const data of part.querySelectorAll("data[value]")) {
    const text = grouped(data.value);
    if (data.textContent !== text) data.textContent = text;
  }
}

/* Shows a number; one that is another than before lights up for a moment. */
export function show(data, number) {
  if (!data || Number(data.value) === number) return;
  data.value = number;
  data.textContent = grouped(number);
  data.classList.remove("moved");
  void data.offsetWidth; /* so that the animation starts anew */
  data.classList.add("moved");
}
