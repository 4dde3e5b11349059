// What makes the pages more comfortable. Without it every page can be read, and every form be sent.
"use strict";

const QUARTER = 900;

// The chart is drawn from the table below it, in the colours of the style.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function points() {
  const rows = [...document.querySelectorAll("#ahead tbody tr")];
  const number = (text) => (text === "" ? null : Number(text));
  return [
    rows.map((row) => Number(row.dataset.at)),
    rows.map((row) => Number(row.dataset.due)),
    rows.map((row) => number(row.dataset.capacity)),
  ];
}

let chart = null;

function draw() {
  const place = document.getElementById("chart");
  if (!place || typeof uPlot === "undefined") return;
  place.hidden = false;
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule") } };
  const data = points();
  const width = place.clientWidth - 20;
  if (chart) chart.destroy();
  chart = new uPlot({
    width, height: 240,
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 4)] } },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), document.body.dataset.zone),
    axes: [{ ...axis, values: [[3600, "{HH}:{mm}"], [QUARTER, "{HH}:{mm}"]].map((one) => [...one, "\n{D} {MMM}", null, null, null, null, null, 1]) }, { ...axis, size: 60 }],
    series: [
      { label: "From", value: "{D} {MMM}, {HH}:{mm}" },
      { label: "Due", stroke: colour("--main"), fill: colour("--main"), paths: uPlot.paths.bars({ size: [0.85, 30], align: 1 }), points: { show: false } },
      { label: "Rate permits", stroke: colour("--bad"), width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } },
    ],
  }, data, place);
}

// The browser's own zone, for the times on this page and all that come next.
function rememberZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.cookie.includes("ringback_zone=")) return;
  document.cookie = `ringback_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  const isKept = document.cookie.includes("ringback_zone=");
  if (isKept && document.body.dataset.zone && document.body.dataset.zone !== zone) location.reload();
}

// One box ticks all of a list.
function tickAll() {
  const all = document.querySelector("input[data-all]");
  if (!all) return;
  all.hidden = false;
  all.nextElementSibling.textContent = "Select all on this page";
  all.addEventListener("change", () => {
    for (const one of document.querySelectorAll("input[name=key]")) one.checked = all.checked;
  });
}

// Only the fields of the chosen action are shown.
function fieldsOfAction() {
  const chosen = () => document.querySelector("input[name=act]:checked, input[name=kind]:checked");
  const show = () => {
    for (const group of document.querySelectorAll("fieldset[data-for]")) {
      group.hidden = group.dataset.for !== (chosen() ? chosen().value : "");
    }
  };
  const choices = document.querySelectorAll("input[type=radio][name=act], input[type=radio][name=kind]");
  for (const one of choices) one.addEventListener("change", show);
  if (choices.length) show();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const box = document.getElementById("box");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  }
});

document.addEventListener("DOMContentLoaded", () => {
  rememberZone();
  tickAll();
  fieldsOfAction();
  draw();
  let last = window.innerWidth;
  window.addEventListener("resize", () => { if (window.innerWidth !== last) { last = window.innerWidth; draw(); } });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
});
