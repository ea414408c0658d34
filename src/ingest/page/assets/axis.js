// The time axis of a session: how much was recorded and how serious it was,
// and below it the network.

import { h, s } from "./dom.js";
import { countOf, span, visible } from "./text.js";

const LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"];
const COLUMNS = 180;
const WIDTH = 1080;
const BARS = 60;
const BAND = { y: 68, height: 10 };

/** The network in words. */
export function networkWords(network) {
  switch (network?.state) {
    case "online": return network.type ? `online (${visible(network.type)})` : "online";
    case "offline": return "offline";
    default: return "network unknown";
  }
}

/** The axis, and a function that marks a time since the start. */
export function axis(story, { chosen }) {
  const length = Math.max(1, ...story.timeline.map((moment) => moment.offsetMs));
  const columns = Array.from({ length: COLUMNS }, () => ({ count: 0, level: 0 }));
  for (const moment of story.timeline) {
    const place = Math.min(COLUMNS - 1, Math.max(0, Math.floor((moment.offsetMs / length) * COLUMNS)));
    columns[place].count += 1;
    columns[place].level = Math.max(columns[place].level, LEVELS.indexOf(moment.record.level));
  }
  const height = (count) => Math.log2(count + 1);
  const most = Math.max(1, ...columns.map((column) => height(column.count)));
  const step = WIDTH / COLUMNS;
  const drawn = columns.map(({ count, level }, place) => {
    if (count === 0) return null;
    const high = Math.max(3, (height(count) / most) * BARS);
    const name = LEVELS[level] ?? "info";
    return s("rect", { class: `fill-${name}`, x: place * step, width: step - 1, y: BARS + 2 - high, height: high },
      s("title", null, `${countOf(count, "record")}, at most ${name}`));
  });
  const mark = s("path", { class: "mark", d: "M0 0V84", display: "none" });
  const svg = s("svg", {
    viewBox: `0 0 ${WIDTH} 84`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Records by level and the network, over ${span(length)}`,
    onclick: (event) => {
      const box = svg.getBoundingClientRect();
      chosen(((event.clientX - box.left) / box.width) * length);
    },
  }, s("path", { class: "base", d: `M0 ${BARS + 2.5}H${WIDTH}` }), drawn, stretches(story, length), mark);
  const figure = h("figure", { class: "axis" }, svg,
    h("div", { class: "axis-times", "aria-hidden": "true" },
      h("span", null, "start"), h("span", null, `+${span(length / 2)}`), h("span", null, `+${span(length)}`)),
    h("figcaption", null, legend()));
  const show = (offset) => {
    mark.removeAttribute("display");
    mark.setAttribute("transform", `translate(${(Math.max(0, offset) / length) * WIDTH})`);
  };
  return { figure, show };
}

/** One bar for each stretch in which the network stayed the same. */
function stretches(story, length) {
  const found = [];
  for (const moment of story.timeline) {
    const words = networkWords(moment.network);
    if (found.at(-1)?.words !== words) {
      found.push({ words, state: moment.network.state, at: (moment.offsetMs / length) * WIDTH });
    }
  }
  return found.map(({ words, state, at }, place) =>
    s("rect", {
      class: `net-${state}`, x: at,
      // Offline is a thin line: not the colour alone tells it.
      y: state === "offline" ? BAND.y + 7 : BAND.y, height: state === "offline" ? BAND.height - 7 : BAND.height,
      width: Math.max(1, (found[place + 1]?.at ?? WIDTH) - at),
    }, s("title", null, words)));
}

function legend() {
  const key = (name, words) => h("span", { class: "key" },
    s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, s("rect", { class: name, width: 10, height: 10 })), words);
  return [
    key("fill-info", "records"), key("fill-warning", "warning"), key("fill-error", "error"), key("fill-fatal", "fatal"),
    key("net-online", "online"), key("net-offline", "offline"), key("net-unknown", "network unknown"),
  ];
}
