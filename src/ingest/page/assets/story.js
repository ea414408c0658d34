// One session, told in order: the same as `soliplex session show`.

import { get } from "./api.js";
import { axis, networkWords } from "./axis.js";
import { commandLine, heading } from "./command.js";
import { field, h, notice, say, select } from "./dom.js";
import { brief, levelWord, recordBody } from "./record.js";
import { countOf, dateTime, number, offset, span, start, visible } from "./text.js";

export const title = "Session";

const LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"];
/** How many rows are built between two frames. */
const PIECE = 400;
/** How much of a message stands on a line. */
const SHOWN = 300;

export function show(main, place) {
  const { id, parameters, signal } = place;
  const level = parameters.get("level") ?? "";
  const body = h("div", { class: "story", "aria-busy": "true" }, notice("Reading…"));
  main.append(
    heading(["Session ", h("code", null, start(id, 80))], commandLine(["session", "show", id, location.origin], [])), body);
  get(`/api/v1/sessions/${encodeURIComponent(id)}`, {}, signal).then(({ story, cut }) => {
    body.removeAttribute("aria-busy");
    const timeline = h("ol", { class: "timeline" });
    const rows = new Map();
    const { figure, show: mark } = axis(story, { chosen: (at) => goTo(closest(story, rows, at), rows) });
    const form = h("form", { class: "filters", "aria-label": "Which moments", onchange: () => place.go(new FormData(form)), onsubmit: (event) => event.preventDefault() },
      field("Show", select("level", level, [["", "all records"], ["info", "info and worse"], ["warning", "warnings and worse"], ["error", "errors"]])),
      h("a", { class: "button", href: `#/tail?${new URLSearchParams({ session: story.sessionId ?? id })}` }, "Follow it live"));
    body.replaceChildren(
      verdict(story), facts(story), h("div", { class: "sticky" }, figure), form,
      ...(cut ? [notice("There are earlier records, too many to show; these are the last.")] : []), timeline);
    followScroll(timeline, mark, signal);
    fillTimeline({ story, timeline, rows, level, signal }).then(() => {
      const at = parameters.get("at");
      const wanted = at === null ? null : rows.get(Number(at));
      if (wanted) goTo(wanted, rows);
    });
    say(story.verdict.join(" "));
  }).catch((error) => {
    if (signal.aborted) return;
    body.removeAttribute("aria-busy");
    body.replaceChildren(notice(visible(error.message), { isAlert: true }), h("p", null,
      h("a", { href: `#/sessions?session=${encodeURIComponent(id)}` }, "Sessions whose ids start with that")));
  });
}

function verdict(story) {
  const hasFailed = story.timeline.some((moment) => moment.kind === "failed");
  return h("section", { class: hasFailed ? "verdict failed" : "verdict", "aria-label": "In short" },
    h("ul", null, story.verdict.map((sentence) => h("li", null, visible(sentence)))));
}

function facts(story) {
  const known = [
    ["User", story.userId && h("a", { href: `#/sessions?user=${encodeURIComponent(story.userId)}` }, start(story.userId, 80))],
    ["Installation", story.installId && h("a", { href: `#/sessions?install=${encodeURIComponent(story.installId)}` }, start(story.installId, 80))],
    ["Device", device(story.device)],
    ["Start", story.start && dateTime(story.start, { isExact: true })],
    ["Length", story.start && story.end && span(Date.parse(story.end) - Date.parse(story.start))],
    ["Records", number(story.timeline.length)],
    ["Came twice", story.duplicates > 0 && countOf(story.duplicates, "record")],
  ].filter(([, value]) => value);
  return h("dl", { class: "facts" }, known.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

/** The device and the app on one line. */
function device(known) {
  const app = known.appVersion && `app ${known.appVersion}${known.buildNumber ? ` (build ${known.buildNumber})` : ""}`;
  const system = [known.osName, known.osVersion].filter(Boolean).join(" ");
  const parts = [known.model, system, app, known.alias && `“${known.alias}”`].filter(Boolean);
  return parts.length ? start(parts.join(", "), 200) : null;
}

/** Builds the rows piece by piece, so that a long story is there at once. */
async function fillTimeline({ story, timeline, rows, level, signal }) {
  const least = LEVELS.indexOf(level);
  let network = null;
  let piece = [];
  for (const [place, moment] of story.timeline.entries()) {
    if (moment.pauseMs !== null) piece.push(note(`nothing was recorded for ${span(moment.pauseMs)}`));
    const now = networkWords(moment.network);
    if (network !== null && network !== now) piece.push(note(`${now} from here on`, `net ${moment.network.state}`));
    network = now;
    if (LEVELS.indexOf(moment.record.level) >= least) {
      const row = rowOf(moment, place, story, signal);
      rows.set(place, row);
      piece.push(row);
    }
    if (piece.length >= PIECE) {
      timeline.append(...piece);
      piece = [];
      await new Promise(requestAnimationFrame);
      if (signal.aborted) return;
    }
  }
  timeline.append(...piece);
  if (!rows.size) timeline.append(note("no record is that serious"));
}

function note(text, name = "") {
  return h("li", { class: `note ${name}` }, text);
}

function rowOf(moment, place, story, signal) {
  const { record } = moment;
  const hasFailed = moment.kind === "failed";
  const level = LEVELS.includes(record.level) ? record.level : "trace";
  const inside = h("div", { class: "inside" });
  const build = () => {
    if (inside.firstChild) return;
    // What the line above shows whole is not shown twice.
    const hasMessage = String(record.message ?? "").length > SHOWN || /\n/.test(record.message);
    inside.append(...recordBody(record, { signal, hasMessage, extra: met(moment) }).flat().filter(Boolean), permalink(story, place, record));
  };
  const row = h("li", { class: `moment l-${level}` }, h("details", {
    open: hasFailed, ontoggle: build,
  }, h("summary", null,
    h("time", { title: dateTime(moment.time, { isExact: true }) }, offset(moment.offsetMs)),
    levelWord(record.level),
    h("span", { class: "logger" }, start(record.logger, 40)),
    h("span", { class: "text" }, start(record.message, SHOWN),
      h("span", { class: "brief" }, brief(record.attributes)),
      moment.outOfLine && h("span", { class: "badge warning" }, "out of line"),
      record.error && h("span", { class: "because" }, start(record.error, 300)))), inside));
  row.dataset.offset = moment.offsetMs;
  if (hasFailed) build();
  return row;
}

/** The fingerprint, and whom else the error met. */
function met(moment) {
  if (moment.kind !== "failed") return null;
  const { otherSessions, installs, fingerprint } = moment;
  const others = otherSessions === null ? "" : otherSessions === 0 ? "no other session met it"
    : `${countOf(otherSessions, "other session")} met it too, on ${countOf(installs, "installation")} in all`;
  return h("p", { class: "faint" }, "Fingerprint ", h("code", null, start(fingerprint.hash, 12)), others && `, ${others}`);
}

function permalink(story, place, record) {
  const href = `#/session/${encodeURIComponent(story.sessionId ?? "")}?at=${place}`;
  return h("p", { class: "faint" }, dateTime(record.timestamp, { isExact: true }), " · ", h("a", { href }, "Link to this moment"));
}

/** The row nearest to a time since the start. */
function closest(story, rows, at) {
  let found = null;
  let least = Infinity;
  for (const [place, row] of rows) {
    const distance = Math.abs(story.timeline[place].offsetMs - at);
    if (distance < least) [found, least] = [row, distance];
  }
  return found;
}

function goTo(row, rows) {
  if (!row) return;
  for (const other of rows.values()) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  row.querySelector("details").open = true;
  row.scrollIntoView({ block: "center" });
  row.querySelector("summary").focus({ preventScroll: true });
}

/** Marks on the axis what stands at the top of the window. */
function followScroll(timeline, mark, signal) {
  let frame = 0;
  const look = () => {
    frame = 0;
    const box = timeline.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + 40, Math.max(box.top, 140) + 8);
    const row = top?.closest?.("[data-offset]");
    if (row) mark(Number(row.dataset.offset));
  };
  addEventListener("scroll", () => { frame ||= requestAnimationFrame(look); }, { passive: true, signal });
}
