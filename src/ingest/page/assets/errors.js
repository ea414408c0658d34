// The most frequent errors of a window, and which of them are new.

import { get } from "./api.js";
import { bars, resample } from "./chart.js";
import { commandLine, heading } from "./command.js";
import { field, h, input, notice, say, select } from "./dom.js";
import { ago, countOf, dateTime, instant, number, percent, shortNumber, start, visible } from "./text.js";

export const title = "Top errors";

const WINDOWS = [["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];
const REFRESH = 30_000;
const STEPS = 48;

export function show(main, place) {
  const { parameters, signal } = place;
  const window = parameters.get("window") || "24h";
  const top = parameters.get("top") || "20";
  const newSince = parameters.get("since") ?? "";
  const isOnlyNew = parameters.has("new");
  const body = h("div", { class: "panel scroll", "aria-busy": "true" }, notice("Reading…"));
  const summary = h("p", { class: "summary" });
  const form = h("form", {
    class: "filters", "aria-label": "Which errors", onchange: () => form.requestSubmit(),
    onsubmit: (event) => { event.preventDefault(); place.go(new FormData(form)); },
  },
    field("Window", select("window", window, WINDOWS)),
    field("Show", select("top", top, [["5", "top 5"], ["20", "top 20"], ["50", "top 50"], ["200", "top 200"]])),
    field("New since", input("since", newSince, "the window's start")),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "new", value: "1", id: "in-new", checked: isOnlyNew }), "Only new ones"));
  const command = commandLine(["fingerprint", location.origin], [["window", window], ["top", top]]);
  main.append(heading(title, command), form, summary, body);

  const opened = new Set();
  const load = async () => {
    const found = await get("/api/v1/fingerprints", { window, top }, signal);
    const since = newSince ? instant(newSince, Date.parse(found.window.until)) : Date.parse(found.window.since);
    if (since === null) throw new Error("“New since” should be an instant such as 2026-02-06T12:00:00Z, or a duration ago such as 2h");
    const groups = found.fingerprints.map((group) => ({ ...group, isNew: Date.parse(group.knownSince) >= since }));
    const fresh = groups.filter((group) => group.isNew && group.fingerprint).length;
    const shown = isOnlyNew ? groups.filter((group) => group.isNew) : groups;
    summary.replaceChildren(
      h("strong", null, countOf(found.total, "error")), ` in ${words(window)}, in ${countOf(groups.length, "group")} shown here, `,
      h("strong", { class: fresh ? "new" : null }, `${fresh} new`), ` since ${dateTime(since)}`);
    body.removeAttribute("aria-busy");
    body.replaceChildren(shown.length ? table(shown, opened, since) : notice(isOnlyNew
      ? "No error that was not known before." : "No error in this window."));
  };
  const fail = (error) => {
    if (signal.aborted) return;
    body.removeAttribute("aria-busy");
    body.replaceChildren(notice(error.message, { isAlert: true }));
  };
  load().then(() => say(summary.textContent)).catch(fail);
  const timer = setInterval(() => {
    // Nothing moves under a reader's hand.
    if (document.visibilityState === "visible" && !body.contains(document.activeElement)) load().catch(fail);
  }, REFRESH);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function words(window) {
  return WINDOWS.find(([value]) => value === window)?.[1] ?? visible(window);
}

function table(groups, opened) {
  const column = (text, name) => h("th", { scope: "col", role: "columnheader", class: name }, text);
  return h("table", { role: "table", class: "errors" },
    h("caption", { class: "spoken" }, "Errors, the most frequent first"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      column("Error"), column("Trend", "trend"), column("Count", "num"), column("Share", "share"),
      column("Sessions", "num"), column("Installs", "num"), column("First seen", "when"), column("Last seen", "when"))),
    h("tbody", { role: "rowgroup" }, groups.map((group) => row(group, opened))));
}

function row(group, opened) {
  const cell = (name, label, ...content) => h("td", { role: "cell", class: name, "data-label": label }, content);
  const counts = resample(group.counts, STEPS);
  const trend = `Hour by hour, the most at a time ${number(Math.max(0, ...group.counts))}`;
  return h("tr", { role: "row" },
    cell("what", null, group.fingerprint ? details(group, opened) : h("span", { class: "faint" }, "errors of too many kinds to tell apart")),
    cell("trend", "Trend", bars(counts, trend)),
    cell("num", "Count", h("strong", { title: number(group.count) }, shortNumber(group.count))),
    cell("share", "Share", h("meter", { min: 0, max: 1, value: group.share, "aria-label": `Share of all errors: ${percent(group.share)}` }), h("span", null, percent(group.share))),
    cell("num", "Sessions", shortNumber(group.sessions)),
    cell("num", "Installs", shortNumber(group.installs)),
    cell("when", "First seen", h("time", { title: dateTime(group.knownSince, { isExact: true }) }, ago(group.knownSince))),
    cell("when", "Last seen", h("time", { title: dateTime(group.lastSeen, { isExact: true }) }, ago(group.lastSeen))));
}

function details(group, opened) {
  const place = group.frames?.[0];
  const kind = group.exceptionType || "Error";
  const summary = h("summary", null,
    h("span", { class: "kind" }, start(kind, 120)),
    group.isNew && h("span", { class: "badge new" }, "new"),
    h("span", { class: "exemplar" }, start(group.exemplar, 200), place && [" · in ", h("code", null, start(place.function, 80))]));
  return h("details", {
    open: opened.has(group.fingerprint),
    ontoggle: (event) => (event.target.open ? opened.add(group.fingerprint) : opened.delete(group.fingerprint)),
  }, summary, h("div", { class: "inside" },
    h("p", { class: "message" }, start(group.exemplar, 4000)),
    place && h("ol", { class: "frames" }, group.frames.map((frame) =>
      h("li", null, h("code", null, start(frame.function, 300)), frame.file && h("span", { class: "faint" }, ` ${start(frame.file, 200)}`)))),
    h("p", { class: "faint" }, "Fingerprint ", h("code", null, visible(group.fingerprint)), ` (${visible(group.version ?? "")}, by ${visible(group.basis ?? "?")})`),
    h("p", null, h("a", { href: `#/tail?${new URLSearchParams({ level: "error", grep: pattern(kind, group.exemplar) })}` }, "Records like this, live"))));
}

/** A regular expression that finds the error by the words it is known by. */
function pattern(kind, exemplar) {
  const text = exemplar?.includes(kind) ? kind : (exemplar ?? kind).slice(0, 60);
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
