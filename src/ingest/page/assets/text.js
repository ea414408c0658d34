// Texts of records made visible, and values in words.

// Characters that control a terminal or a page, or hide or reorder text: the
// same ones as in `record::is_invisible`.
const INVISIBLE =
  /[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const NAMED = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escaped(character) {
  const code = character.codePointAt(0);
  return NAMED[character] ?? (code <= 0xff
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u{${code.toString(16)}}`);
}

/** A text on one line, with visible escapes as on a terminal. */
export function visible(text) {
  return String(text).replace(INVISIBLE, escaped);
}

/** The same, but lines and tabs stay. */
export function visibleLines(text) {
  const kept = (character) => (character === "\n" || character === "\t" ? character : escaped(character));
  return String(text).replaceAll("\r\n", "\n").replace(INVISIBLE, kept);
}

/** The beginning of a text that may be long, on one line. */
export function start(text, length) {
  const whole = String(text ?? "");
  return whole.length > length ? `${visible(whole.slice(0, length))}…` : visible(whole);
}

const PLAIN = /^[A-Za-z0-9_/.:,@+-][A-Za-z0-9_/:=.,@%+-]*$/;

/** A word of a command line, for a POSIX shell. What a terminal could act on
 * when it is pasted is written as an escape. */
export function shellWord(text) {
  const word = String(text);
  if (PLAIN.test(word)) return word;
  if (word.search(INVISIBLE) < 0) return `'${word.replaceAll("'", "'\\''")}'`;
  const bytes = (character) => [...new TextEncoder().encode(character)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  return `$'${word.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replace(INVISIBLE, bytes)}'`;
}

const NUMBER = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 12,345 */
export function number(value) {
  return NUMBER.format(value);
}

/** 12.3K */
export function shortNumber(value) {
  return value < 10_000 ? NUMBER.format(value) : SHORT.format(value);
}

/** 1 error, 2 errors */
export function countOf(count, thing) {
  return `${number(count)} ${thing}${count === 1 ? "" : "s"}`;
}

/** 37 %, 0.4 % */
export function percent(share) {
  const value = share * 100;
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

/** A span in its one or two largest units that matter, as on the command line. */
export function span(milliseconds) {
  const ms = Math.abs(Math.trunc(milliseconds));
  const seconds = Math.floor(ms / 1000);
  const two = (large, largeUnit, small, smallUnit) =>
    (small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`);
  if (seconds === 0) return `${ms} ms`;
  if (seconds < 10 && ms % 1000 >= 100) return `${seconds}.${Math.floor((ms % 1000) / 100)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), "min", seconds % 60, "s");
  if (seconds < 86400) return two(Math.floor(seconds / 3600), "h", Math.floor(seconds / 60) % 60, "min");
  return two(Math.floor(seconds / 86400), "d", Math.floor(seconds / 3600) % 24, "h");
}

/** How long ago, in one unit. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** Time since the start: +0:03:04.250 */
export function offset(milliseconds) {
  const ms = Math.abs(milliseconds);
  const pad = (value, digits) => String(Math.floor(value)).padStart(digits, "0");
  const sign = milliseconds < 0 ? "−" : "+";
  return `${sign}${Math.floor(ms / 3_600_000)}:${pad((ms / 60_000) % 60, 2)}:${pad((ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
}

let isUtc = false;

/** Whether times are shown in UTC and not in this browser's zone. */
export function showUtc(value) {
  isUtc = value;
}

function parts(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return null;
  const shifted = isUtc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const text = shifted.toISOString();
  return { day: text.slice(0, 10), clock: text.slice(11, 23) };
}

/** 12:00:00.000 */
export function clock(time) {
  return parts(time)?.clock ?? "";
}

/** 2026-02-06 12:00, or to the millisecond */
export function dateTime(time, { isExact = false } = {}) {
  const known = parts(time);
  if (!known) return "";
  return `${known.day} ${isExact ? known.clock : known.clock.slice(0, 5)}${isUtc ? "Z" : ""}`;
}

const AGO = /^(?:\s*\d+\s*(?:s|sec|m|min|h|hr|d|day|days|w|week|weeks)\s*)+$/;
const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** An instant, written out or as a duration ago; null if it is neither. */
export function instant(text, now = Date.now()) {
  if (AGO.test(text)) {
    const seconds = [...text.matchAll(/(\d+)\s*([smhdw])/g)].map(([, n, unit]) => Number(n) * UNITS[unit]);
    return now - seconds.reduce((sum, one) => sum + one, 0) * 1000;
  }
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}
