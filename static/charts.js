// Draws each chart from the table beneath it, so that both tell the same.
const COLOURS = ["blue", "orange", "green", "purple", "red", "cyan", "yellow", "pink", "lime"];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--tblr-${name}`).trim();
// Variables that refer to others mean nothing to a canvas: what they come to is read off the card.
const ink = (figure) => getComputedStyle(figure.querySelector(".text-secondary")).color;
const rule = (figure) => getComputedStyle(figure).borderTopColor;
const drawn = [];

const number = (cell) => (cell.dataset.value === "" ? null : Number(cell.dataset.value));

const read = (table) => {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells].slice(1).filter((head) => !("notDrawn" in head.dataset));
  return {
    labels: rows.map((row) => row.cells[0].textContent),
    datasets: heads.map((head) => ({
      label: head.textContent,
      shade: head.dataset.shade,
      data: rows.map((row) => number(row.cells[head.cellIndex])),
    })),
  };
};

const coloured = (data, isLine) => data.datasets.forEach((set, place) => {
  set.borderColor = set.backgroundColor = colour(set.shade ?? COLOURS[place % COLOURS.length]);
  set.borderWidth = isLine ? 2 : 0;
  set.pointRadius = data.labels.length > 3 ? 0 : 3;
  set.pointHitRadius = 8;
});

const axes = (figure, isLine) => ({
  x: { stacked: !isLine, grid: { display: false }, ticks: { color: ink(figure), maxRotation: 0, autoSkipPadding: 16 } },
  y: {
    stacked: !isLine,
    beginAtZero: true,
    title: { display: true, text: figure.dataset.unit, color: ink(figure) },
    grid: { color: rule(figure) },
    ticks: { color: ink(figure), precision: isLine ? undefined : 0, maxTicksLimit: 6 },
  },
});

const draw = (figure) => {
  const area = figure.querySelector(".chart-area");
  if (!area) return;
  area.hidden = false;
  const isLine = figure.dataset.chart === "line";
  const data = read(figure.querySelector("table"));
  coloured(data, isLine);
  drawn.push(new Chart(area.firstElementChild, {
    type: figure.dataset.chart,
    data,
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: axes(figure, isLine),
      plugins: { legend: { position: "bottom", labels: { color: ink(figure), boxWidth: 12 } } },
    },
  }));
};

const drawAll = () => {
  drawn.splice(0).forEach((chart) => chart.destroy());
  document.querySelectorAll("[data-chart]").forEach(draw);
};

drawAll();
document.addEventListener("htmx:afterSettle", ({ target }) => target.querySelector("[data-chart]") && drawAll());
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
