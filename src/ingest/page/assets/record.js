// One record with all it holds.

import { picture } from "./api.js";
import { h } from "./dom.js";
import { dateTime, number, start, visible, visibleLines } from "./text.js";

/** How much of a long text is shown before its reader asks for more. */
const SHOWN = 4000;

const IDS = [
  ["sessionId", "session"], ["userId", "user"], ["installId", "installation"],
  ["traceId", "trace"], ["spanId", "span"], ["recordId", "record"],
];

/** A level in its colour and in words. */
export function levelWord(level) {
  const name = /^(trace|debug|info|warning|error|fatal)$/.test(level) ? level : "trace";
  return h("span", { class: `level l-${name}` }, level ? visible(level) : "?");
}

/** Numbers keep their digits where the browser tells them. */
export function parseExactly(json) {
  return JSON.parse(json, (_, value, context) => {
    if (typeof value !== "number" || !context?.source || String(value) === context.source) return value;
    const { source } = context;
    return { toString: () => source, toJSON: () => JSON.rawJSON?.(source) ?? source, exact: true };
  });
}

/** A text of any length, of which the rest is a click away. */
function long(tag, properties, text) {
  const lines = visibleLines(text);
  if (lines.length <= SHOWN) return h(tag, properties, lines);
  const element = h(tag, properties, `${lines.slice(0, SHOWN)}…`);
  const more = h("button", {
    type: "button", class: "more",
    onclick: () => { element.textContent = lines; more.remove(); },
  }, `Show all ${number(lines.length)} characters`);
  return [element, more];
}

/** The first few attributes as name=value, on one line. */
export function brief(values) {
  if (!values || typeof values !== "object") return "";
  const word = (value) => start(typeof value === "object" ? JSON.stringify(value) : String(value), 40);
  return Object.entries(values).slice(0, 5).map(([name, value]) => `${start(name, 30)}=${word(value)}`).join(" ");
}

/** Everything of a record but its head, with `extra` behind the error. */
export function recordBody(record, { signal, hasMessage = true, extra = null }) {
  return [
    hasMessage && long("p", { class: "message" }, record.message ?? ""),
    record.error && long("p", { class: "message error" }, record.error),
    extra,
    attributes(record.attributes),
    stack(record.stackTrace),
    breadcrumbs(record.breadcrumbs),
    typeof record.screenshotId === "string" && screenshot(record.screenshotId, signal),
    ids(record),
  ];
}

function attributes(values) {
  if (!values || typeof values !== "object" || Object.keys(values).length === 0) return null;
  return h("dl", { class: "attributes", "aria-label": "Attributes" }, Object.entries(values).map(([name, value]) => [
    h("dt", null, start(name, 200)),
    h("dd", null, long("span", null, typeof value === "object" && !value?.exact ? JSON.stringify(value) : String(value))),
  ]));
}

function stack(text) {
  if (!text) return null;
  return h("section", { class: "part" }, h("h3", null, "Stack trace"),
    long("pre", { tabindex: "0", role: "region", "aria-label": "Stack trace" }, text.trimEnd()));
}

function breadcrumbs(crumbs) {
  if (!Array.isArray(crumbs) || crumbs.length === 0) return null;
  const rows = crumbs.map((crumb) => h("li", null,
    h("time", null, start(dateTime(crumb?.timestamp, { isExact: true }).slice(11), 20)),
    levelWord(crumb?.level),
    h("span", { class: "faint" }, start(`${crumb?.category ?? "?"} · ${crumb?.logger ?? "?"}`, 80)),
    h("span", null, start(crumb?.message, 500))));
  return h("section", { class: "part" }, h("h3", null, "Breadcrumbs"),
    h("ol", { class: "crumbs" }, rows));
}

/** The small picture, and on a click the whole one. */
function screenshot(id, signal) {
  const path = `/api/v1/screenshots/${encodeURIComponent(id)}`;
  const place = h("div", { class: "shot" }, h("span", { class: "faint" }, "loading…"));
  const show = async (parameters, alternative) => {
    const url = URL.createObjectURL(await picture(path, parameters, signal));
    signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
    return h("img", { src: url, alt: alternative });
  };
  const enlarge = async () => {
    const dialog = h("dialog", { "aria-label": "Screenshot", onclick: () => dialog.close(), onclose: () => dialog.remove() });
    dialog.append(await show({}, "Screenshot of the moment"), h("button", { type: "button" }, "Close"));
    document.body.append(dialog);
    dialog.showModal();
  };
  show({ thumbnail: "" }, "Screenshot of the moment, small; press for the whole one")
    .then((image) => place.replaceChildren(h("button", { type: "button", class: "plain", onclick: enlarge }, image)))
    .catch(() => place.replaceChildren(h("span", { class: "faint" }, `the screenshot ${start(id, 60)} is not here`)));
  return h("section", { class: "part" }, h("h3", null, "Screenshot"), place);
}

function ids(record) {
  const known = IDS.filter(([key]) => record[key]);
  if (known.length === 0) return null;
  return h("dl", { class: "attributes ids", "aria-label": "Ids" }, known.map(([key, words]) => {
    const text = start(record[key], 120);
    const to = { sessionId: "#/session/", userId: "#/sessions?user=" }[key];
    return [
      h("dt", null, words),
      h("dd", null, to ? h("a", { href: to + encodeURIComponent(record[key]) }, text) : text),
    ];
  }));
}
