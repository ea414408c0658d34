// How the server and what it takes in are doing.

import { get } from "./api.js";
import { area } from "./chart.js";
import { heading } from "./command.js";
import { h, notice } from "./dom.js";
import { clock, countOf, dateTime, number, shellWord, shortNumber, span, visible } from "./text.js";

export const title = "Status";

const REFRESH = 5_000;

export function show(main, place) {
  const { signal } = place;
  const body = h("div", { class: "status", "aria-busy": "true" }, notice("Reading…"));
  main.append(heading(title, `curl --silent ${shellWord(`${location.origin}/metrics`)}`), body);
  const load = async () => {
    const status = await get("/api/v1/status", {}, signal);
    body.removeAttribute("aria-busy");
    body.replaceChildren(...view(status));
  };
  const fail = (error) => {
    if (signal.aborted) return;
    body.removeAttribute("aria-busy");
    const box = body.querySelector(".alert");
    if (box) box.textContent = error.message;
    else body.prepend(notice(error.message, { isAlert: true }));
  };
  load().catch(fail);
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") load().catch(fail);
  }, REFRESH);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function view(status) {
  const samples = [...status.history.samples, status.counters];
  const rates = (name) => perSecond(samples, (sample) => sample[name]);
  const now = (points) => points.at(-1)?.[1] ?? 0;
  const accepted = rates("accepted");
  const card = (name, value, unit, about, state = "") => h("div", { class: `card ${state}` },
    h("dt", null, name), h("dd", null, h("strong", null, value), " ", unit, h("span", { class: "faint" }, about)));
  const { counters, forward } = status;
  const isBehind = forward && forward.backlog > forward.maxBacklog / 2;
  const cards = h("dl", { class: "cards" },
    card("Store", status.ready ? "ready" : "not ready", "", `${shortNumber(status.head)} records so far`, status.ready ? "good" : "bad"),
    card("Taken in", rateWords(now(accepted)), "records/s", `${number(counters.accepted)} since the start`),
    card("Rejected", number(counters.rejected), "records", "unusable, each told to its sender", counters.rejected ? "warn" : ""),
    card("Rate limits", number(counters.rateLimited), "requests", "turned away for now, not lost", counters.rateLimited ? "warn" : ""),
    card("Sent twice", number(counters.duplicates), "records", "known by their ids, stored once"),
    forward
      ? card("To forward", number(forward.backlog), "records wait", `${countOf(forward.failures, "failed attempt")}; at ${shortNumber(forward.maxBacklog)} no more come in`, isBehind ? "bad" : forward.failures ? "warn" : "good")
      : card("To forward", "off", "", "no collector is named"),
    card("Live readers", number(status.streams), "streams", "of this page and of soliplex tail"),
    card("Up for", span(Date.parse(status.now) - Date.parse(status.startedAt)), "", `version ${visible(status.version)}, since ${dateTime(status.startedAt)}`));
  const charts = [
    chart("Records taken in, per second", samples, accepted, "records/s"),
    chart("Rejected and rate limited, per second", samples, sum(rates("rejected"), rates("rateLimited")), "/s"),
    forward && chart("Records that wait to be forwarded", samples, samples.map((sample) => [sample.at, sample.backlog ?? 0]), "records"),
  ];
  return [cards, h("div", { class: "charts" }, charts.filter(Boolean)), requests(status.requests)];
}

/** The growth of a counter between each two samples, per second. */
function perSecond(samples, value) {
  const rates = samples.slice(1).map((sample, place) => {
    const before = samples[place];
    const seconds = Math.max(0.001, (sample.at - before.at) / 1000);
    return [sample.at, Math.max(0, (value(sample) - value(before)) / seconds)];
  }).filter((_, place) => samples[place + 1].at - samples[place].at >= 1000);
  return rates.length ? [[samples[0].at, rates[0][1]], ...rates] : [];
}

function sum(one, other) {
  return one.map(([at, value], place) => [at, value + other[place][1]]);
}

function rateWords(rate) {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : shortNumber(Math.round(rate));
}

function chart(words, samples, points, unit) {
  const from = samples[0].at;
  const to = samples.at(-1).at;
  const top = Math.max(0, ...points.map(([, value]) => value));
  const label = `${words}: at most ${rateWords(top)} ${unit}, from ${clock(from).slice(0, 5)} to ${clock(to).slice(0, 5)}`;
  return h("figure", { class: "panel chart" },
    h("figcaption", null, h("span", null, words), h("span", { class: "faint" }, top ? `at most ${rateWords(top)} ${unit}` : "none")),
    area(points, { label, from, to, most: top || 1 }),
    h("div", { class: "axis-times", "aria-hidden": "true" }, h("span", null, clock(from).slice(0, 8)), h("span", null, clock(to).slice(0, 8))));
}

function requests(rows) {
  const column = (text, name) => h("th", { scope: "col", role: "columnheader", class: name }, text);
  const cell = (name, label, text) => h("td", { role: "cell", class: name, "data-label": label }, text);
  const state = (code) => (code >= 500 ? "l-error" : code >= 400 ? "l-warning" : "");
  const milliseconds = (value) => (value === null ? "> 5 s" : value < 10 ? `${value.toFixed(1)} ms` : span(value));
  return h("div", { class: "panel scroll" }, h("table", { role: "table", class: "requests" },
    h("caption", null, "Requests since the start"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, column("Route"), column("Status", "num"), column("Count", "num"), column("Mean", "num"), column("95 % within", "num"))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" },
      cell("what", null, h("code", null, row.route)),
      h("td", { role: "cell", class: `num ${state(row.status)}`, "data-label": "Status" }, row.status),
      cell("num", "Count", number(row.count)), cell("num", "Mean", milliseconds(row.meanMs)),
      cell("num", "95 % within", milliseconds(row.p95Ms)))))));
}
