// Runs of the app, found by user, installation, id and time.

import { get } from "./api.js";
import { commandLine, filterFlags, heading } from "./command.js";
import { field, h, input, notice, say } from "./dom.js";
import { ago, countOf, dateTime, shortNumber, span, start } from "./text.js";

export const title = "Sessions";

const PAGE = 100;
const ASKED = ["user", "install", "session", "since", "until"];

export function show(main, place) {
  const { parameters, signal } = place;
  const form = h("form", {
    class: "filters", role: "search", "aria-label": "Find sessions",
    onsubmit: (event) => { event.preventDefault(); place.go(new FormData(form)); },
  },
    field("User", input("user", parameters.get("user"), "starts with")),
    field("Install or alias", input("install", parameters.get("install"), "calm-falcon-ridge")),
    field("Session", input("session", parameters.get("session"), "starts with")),
    field("From", input("since", parameters.get("since"), "24h or an instant")),
    field("To", input("until", parameters.get("until"), "now")),
    h("button", { type: "submit", class: "primary" }, "Find"));
  const rows = h("tbody", { role: "rowgroup" });
  const column = (text, name) => h("th", { scope: "col", role: "columnheader", class: name }, text);
  const table = h("table", { role: "table", class: "sessions", hidden: true },
    h("caption", { class: "spoken" }, "Sessions, the one heard of last first"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      column("Session"), column("User"), column("Device"), column("Started", "when"), column("Length", "num"),
      column("Last heard", "when"), column("Records", "num"), column("Errors", "num"))), rows);
  const foot = h("div", { class: "foot" });
  const body = h("div", { class: "panel scroll", "aria-busy": "true" }, table, foot);
  const flags = filterFlags(parameters);
  main.append(heading(title, commandLine(["session", "list", location.origin], flags)), form, body);

  const load = async (before) => {
    const query = new URLSearchParams(ASKED.flatMap((name) => {
      const value = parameters.get(name);
      return value ? [[name, value]] : [];
    }));
    query.set("n", PAGE);
    if (before) query.set("before", before);
    foot.replaceChildren(notice("Reading…"));
    const found = await get("/api/v1/sessions", query, signal);
    rows.append(...found.sessions.map(row));
    table.hidden = rows.children.length === 0;
    body.removeAttribute("aria-busy");
    const count = countOf(rows.children.length, "session");
    foot.replaceChildren(...(found.more
      ? [h("button", { type: "button", onclick: () => load(found.before).catch(fail) }, `Show more than these ${count}`)]
      : [notice(rows.children.length ? `${count}; there are no others.` : "No session fits.")]));
    say(found.more ? `The last ${count}` : count);
  };
  const fail = (error) => {
    if (!signal.aborted) foot.replaceChildren(notice(error.message, { isAlert: true }));
  };
  load().catch(fail);
}

function row(session) {
  const cell = (name, label, ...content) => h("td", { role: "cell", class: name, "data-label": label }, content);
  const id = session.sessionId ?? "";
  const resource = session.resource ?? {};
  const device = [session.alias ?? resource["device.model"], [resource["os.name"] ?? resource["os.type"], resource["os.version"]].filter(Boolean).join(" ")]
    .filter(Boolean).map((text) => start(text, 60)).join(" · ");
  const bad = session.errors + session.fatals;
  const length = Date.parse(session.lastTimestamp) - Date.parse(session.firstTimestamp);
  return h("tr", { role: "row", class: session.fatals ? "fatal" : null },
    cell("what", null, id
      ? h("a", { href: `#/session/${encodeURIComponent(id)}`, title: start(id, 200) }, start(id, 36))
      : h("span", { class: "faint" }, "without an id")),
    cell("text", "User", session.userId
      ? h("a", { href: `#/sessions?user=${encodeURIComponent(session.userId)}` }, start(session.userId, 40))
      : h("span", { class: "faint" }, "—")),
    cell("text", "Device", device || h("span", { class: "faint" }, "—")),
    cell("when", "Started", h("time", { title: dateTime(session.firstTimestamp, { isExact: true }) }, dateTime(session.firstTimestamp))),
    cell("num", "Length", span(length)),
    cell("when", "Last heard", h("time", { title: dateTime(session.lastReceivedAt, { isExact: true }) }, ago(session.lastReceivedAt))),
    cell("num", "Records", shortNumber(session.records)),
    cell("num", "Errors", bad ? h("strong", { class: session.fatals ? "l-fatal" : "l-error" }, shortNumber(bad), session.fatals ? ` · ${shortNumber(session.fatals)} fatal` : null) : "0"));
}
