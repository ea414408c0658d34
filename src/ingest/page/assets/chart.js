// Small charts.

import { s } from "./dom.js";

/** The same total in fewer steps. */
export function resample(values, steps) {
  if (values.length <= steps) return values;
  const sums = new Array(steps).fill(0);
  values.forEach((value, place) => { sums[Math.floor((place * steps) / values.length)] += value; });
  return sums;
}

/** Bars on a common base line, the last one the present. */
export function bars(values, label) {
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length);
  return s("svg", { class: "bars", viewBox: "0 0 100 24", preserveAspectRatio: "none", role: "img", "aria-label": label },
    s("path", { class: "base", d: "M0 23.5H100" }),
    values.map((value, place) => {
      const height = value === 0 ? 0 : Math.max(2, (value / most) * 22);
      return height && s("rect", { x: place * step + step * 0.1, width: step * 0.8, y: 23 - height, height });
    }));
}

/** A line over time with the area under it; `points` are [time, value]. */
export function area(points, { label, from, to, most }) {
  const x = (time) => ((time - from) / Math.max(1, to - from)) * 600;
  const y = (value) => 99 - (value / most) * 92;
  const line = points.map(([time, value]) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
  const first = points.length ? x(points[0][0]).toFixed(1) : 0;
  const last = points.length ? x(points.at(-1)[0]).toFixed(1) : 0;
  return s("svg", { class: "area", viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img", "aria-label": label },
    s("path", { class: "grid", d: "M0 7H600M0 53H600M0 99H600" }),
    points.length > 1 && s("path", { class: "fill", d: `M${first} 99L${line}L${last} 99Z` }),
    points.length > 1 && s("path", { class: "line", d: `M${line}` }));
}
