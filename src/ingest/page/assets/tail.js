// Records as they come in.

import { follow, get } from "./api.js";
import { commandLine, filterFlags, heading } from "./command.js";
import { field, h, input, notice, say, select } from "./dom.js";
import { VirtualList } from "./list.js";
import { brief, levelWord, parseExactly, recordBody } from "./record.js";
import { clock, countOf, dateTime, number, start, visibleLines } from "./text.js";

export const title = "Live tail";

const COLUMNS = ["Time", "Level", "Logger", "Message", "Session"];
const CAPACITY = 10_000;
const FIRST = 200;
/** A longer record is read from the server again when it is opened, so that
 * a list of long ones takes no more memory than one of short ones. */
const KEPT = 4000;
/** How often the screen reader is told what came, at the most. */
const SPOKEN_EVERY = 10_000;
const FILTERS = ["session", "install", "user", "level", "logger", "grep", "attr", "since", "until"];
const LEVELS = [["", "all levels"], ["trace", "trace +"], ["debug", "debug +"], ["info", "info +"], ["warning", "warning +"], ["error", "error +"], ["fatal", "fatal"]];

export function show(main, place) {
  const { parameters, signal } = place;
  const panel = h("aside", { class: "panel record", "aria-label": "The chosen record", hidden: true });
  const list = new VirtualList({
    label: "Records, the newest at the bottom", capacity: CAPACITY, fill,
    open: (item) => openRecord(item, panel, list, signal), moved: () => showState(),
  });
  const state = h("span", { class: "state", "data-state": "connecting" }, "connecting");
  const counts = h("span", { class: "faint" });
  const pause = h("button", { type: "button", id: "pause", "aria-pressed": "false", onclick: () => setPaused(!isPaused) }, "Pause");
  const newest = h("button", { type: "button", id: "newest", hidden: true, onclick: () => { list.follow(); list.element.focus(); } }, "Jump to the newest");
  const problem = h("div");
  main.classList.add("wide");
  signal.addEventListener("abort", () => { main.classList.remove("wide"); list.close(); });
  const flags = filterFlags(parameters);
  main.append(
    heading(title, commandLine(["tail", location.origin], flags)),
    filters(parameters, place), problem,
    h("div", { class: "panel tail" },
      h("div", { class: "bar" }, state, counts, h("span", { class: "grow" }), newest, pause),
      h("div", { class: "split" }, h("div", { class: "rows" },
        h("div", { class: "head", "aria-hidden": "true" }, COLUMNS.map((name) => h("span", null, name))), list.element), panel)));

  let isPaused = false;
  let held = [];
  let lost = 0;
  let total = 0;
  let waiting = [];
  let unspoken = 0;
  let spokenAt = 0;
  let frame = 0;

  const setPaused = (value) => {
    isPaused = value;
    pause.setAttribute("aria-pressed", String(value));
    pause.textContent = value ? "Go on" : "Pause";
    if (!value) {
      if (lost > 0) held.unshift({ gap: lost });
      list.append(held);
      held = [];
      lost = 0;
    }
    showState();
  };
  const showState = () => {
    newest.hidden = list.isFollowing || isPaused;
    const more = isPaused && held.length + lost > 0 ? `, ${number(held.length + lost)} held back` : "";
    const kept = list.items.length < total - held.length - lost ? `, the last ${number(list.items.length)} here` : "";
    counts.textContent = `${countOf(total, "record")}${kept}${more}`;
  };
  const flush = () => {
    frame = 0;
    const items = waiting;
    waiting = [];
    if (isPaused) {
      held.push(...items);
      const over = held.length - CAPACITY;
      if (over > 0) {
        held.splice(0, over);
        lost += over;
      }
    } else {
      list.append(items);
    }
    showState();
    speak(items.length);
  };
  const speak = (count) => {
    unspoken += count;
    if (performance.now() - spokenAt < SPOKEN_EVERY) return;
    say(`${countOf(unspoken, "record")} came`);
    unspoken = 0;
    spokenAt = performance.now();
  };
  const take = ({ id, kind, data }) => {
    if (kind === "record") {
      total += 1;
      waiting.push(itemOf(id, data));
    } else if (kind === "gap") {
      waiting.push({ gap: JSON.parse(data).skipped });
    }
    frame ||= requestAnimationFrame(flush);
    // A window that is not shown draws no frame, and must not pile up.
    if (waiting.length > CAPACITY) {
      cancelAnimationFrame(frame);
      flush();
    }
  };
  const tell = (now, wait) => {
    state.dataset.state = now;
    state.textContent = now === "waiting" ? `the connection broke; again in ${Math.ceil(wait / 1000)} s` : now;
  };

  const query = new URLSearchParams(flags);
  query.set("n", parameters.get("n") || FIRST);
  follow(query, { signal, take, tell }).catch((error) => {
    tell("ended");
    problem.replaceChildren(notice(error.message, { isAlert: true }));
  });
  return { redraw: () => list.refresh() };
}

function filters(parameters, place) {
  const get = (name) => parameters.get(name);
  const attributes = [...parameters.getAll("attr").filter(Boolean), ""];
  const more = ["install", "logger", "attr", "since", "until"].some((name) => get(name));
  const form = h("form", {
    class: "filters", role: "search", "aria-label": "Which records",
    onsubmit: (event) => { event.preventDefault(); place.go(new FormData(form)); },
  },
    field("Level", select("level", get("level"), LEVELS)),
    field("Text", input("grep", get("grep"), "a regular expression")),
    field("Session", input("session", get("session"), "starts with")),
    field("User", input("user", get("user"), "starts with")),
    h("button", { type: "submit", class: "primary" }, "Filter"),
    h("details", { class: "more-filters", open: more }, h("summary", null, "More filters"), h("div", { class: "filters" },
      field("Install or alias", input("install", get("install"), "calm-falcon-ridge")),
      field("Logger", input("logger", get("logger"), "http*")),
      attributes.map((value, index) => field("Attribute", Object.assign(input("attr", value, "key or key=value"), { id: `in-attr-${index}` }))),
      field("From", input("since", get("since"), "10m or an instant")),
      field("To", input("until", get("until"), "an instant")))));
  return form;
}

/** What a row needs of a record; the rest is read again when it is opened. */
function itemOf(id, json) {
  const record = JSON.parse(json);
  return {
    id, json: json.length <= KEPT ? json : null, time: record.timestamp, level: record.level, logger: start(record.logger, 60),
    message: start(record.message, 400), error: record.error ? start(record.error, 200) : "",
    brief: brief(record.attributes),
    session: record.sessionId ? start(record.sessionId, 12) : "",
  };
}

function fill(row, item) {
  if (item.gap !== undefined) {
    row.classList.add("gap");
    row.append(`${countOf(item.gap, "record")} not shown here: removed on the server, or too many at once`);
    return;
  }
  const level = /^(warning|error|fatal)$/.test(item.level) ? item.level : "plain";
  row.classList.add(`l-${level}`);
  row.append(
    h("time", null, clock(item.time)), levelWord(item.level), h("span", { class: "logger" }, item.logger),
    h("span", { class: "text" }, item.message, item.error && h("span", { class: "because" }, item.error),
      item.brief && h("span", { class: "brief" }, item.brief)),
    h("span", { class: "session" }, item.session));
}

async function openRecord(item, panel, list, signal) {
  if (item.gap !== undefined) return;
  panel.chosen = item;
  const record = item.json === null ? await read(item.id, signal).catch(() => null) : parseExactly(item.json);
  // Another one may have been chosen while this one was read.
  if (panel.chosen !== item || signal.aborted) return;
  const close = () => { panel.hidden = true; list.element.focus(); };
  panel.hidden = false;
  panel.onkeydown = (event) => { if (event.key === "Escape") close(); };
  if (!record) {
    panel.replaceChildren(notice("The server does not have this record any more, or cannot be reached.", { isAlert: true }),
      h("button", { type: "button", class: "close", onclick: close }, "Close"));
    return;
  }
  panel.replaceChildren(
    h("div", { class: "record-head" }, levelWord(record.level), h("time", null, dateTime(record.timestamp, { isExact: true })),
      h("span", { class: "grow" }), h("button", { type: "button", class: "close", onclick: close }, "Close")),
    h("h2", { tabindex: "-1" }, start(record.logger, 80) || "record"),
    ...recordBody(record, { signal }).flat().filter(Boolean),
    h("details", { class: "part" }, h("summary", null, "The record as JSON"),
      h("pre", { tabindex: "0", role: "region", "aria-label": "JSON" }, visibleLines(JSON.stringify(record, null, 2)))));
  panel.querySelector("h2").focus();
}

/** A record by its number. */
async function read(id, signal) {
  const page = await get("/api/v1/logs", { after: Number(id) - 1, n: 1 }, signal, parseExactly);
  return page.records[0];
}
