// What is shown is what the address says; who may see it is what the token says.

import * as api from "./api.js";
import { h, notice, say } from "./dom.js";
import * as errors from "./errors.js";
import * as sessions from "./sessions.js";
import * as status from "./status.js";
import * as story from "./story.js";
import * as tail from "./tail.js";
import { showUtc } from "./text.js";

const VIEWS = { errors, tail, sessions, session: story, status };

const main = document.getElementById("main");
const signOut = document.getElementById("sign-out");
const utc = document.getElementById("clock");
const asksForToken = document.documentElement.dataset.signIn === "token";

let isSignedIn = !asksForToken;
let leaving = new AbortController();
let shown = null;
let view = null;

/** The view, the id and the parameters that an address names. */
function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [name, ...rest] = path.split("/");
  let id = rest.join("/");
  try {
    id = decodeURIComponent(id);
  } catch {
    // It is shown as it is, and nothing is found under it.
  }
  return { name: VIEWS[name] ? name : "errors", id, parameters: new URLSearchParams(query ?? "") };
}

function route() {
  leaving.abort();
  leaving = new AbortController();
  if (!isSignedIn) return signIn();
  const { name, id, parameters } = parse(location.hash);
  const focused = document.activeElement?.closest("main") ? document.activeElement.id : "";
  const path = `#/${name}${id ? `/${encodeURIComponent(id)}` : ""}`;
  main.replaceChildren();
  view = VIEWS[name].show(main, { id, parameters, signal: leaving.signal, go: (form) => go(path, form) });
  for (const link of document.querySelectorAll("nav a")) {
    const isCurrent = link.hash === `#/${name}` || (name === "session" && link.hash === "#/sessions");
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[name].title}${id ? ` ${id.slice(0, 12)}` : ""} · soliplex`;
  if (shown !== null && shown !== path) {
    main.querySelector("h1").focus({ preventScroll: true });
    scrollTo(0, 0);
  } else if (focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
  shown = path;
}

/** Goes to where a form leads. */
function go(path, form) {
  const query = new URLSearchParams([...form].filter(([, value]) => value !== "")).toString();
  const hash = query ? `${path}?${query}` : path;
  if (location.hash === hash) route();
  else location.hash = hash;
}

function signIn(reason) {
  const problem = h("div");
  const token = h("input", { type: "password", id: "token", name: "token", autocomplete: "off", required: true, autofocus: true });
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await api.signIn(token.value.trim());
      isSignedIn = true;
      signOut.hidden = false;
      document.body.classList.remove("signed-out");
      route();
      main.querySelector("h1")?.focus({ preventScroll: true });
      say("Signed in");
    } catch (error) {
      problem.replaceChildren(notice(refusal(error), { isAlert: true }));
      button.disabled = false;
      token.select();
    }
  };
  document.body.classList.add("signed-out");
  document.title = "Sign in · soliplex";
  shown = null;
  main.replaceChildren(h("form", { class: "sign-in panel", onsubmit: submit },
    h("h1", null, "Sign in"),
    h("p", { class: "faint" }, "With an operator's token. This page keeps it in its memory alone: it is gone when the page is closed or loaded anew."),
    h("label", { class: "field" }, h("span", null, "Operator token"), token), problem, button));
  if (reason) problem.replaceChildren(notice(reason, { isAlert: true }));
  token.focus();
}

function refusal(error) {
  if (error.status === 401) return error.message === "expired" ? "This token has expired." : "The server does not take this token.";
  if (error.status === 403) return "This is a device's token; reading takes an operator's.";
  return `${error.message}.`;
}

function leave(reason) {
  api.signOut();
  isSignedIn = false;
  signOut.hidden = true;
  leaving.abort();
  leaving = new AbortController();
  signIn(reason);
}

api.whenRefused((problem) => { if (asksForToken && isSignedIn) leave(refusal(problem)); });
signOut.addEventListener("click", () => leave());
utc.addEventListener("click", () => {
  const isUtc = utc.getAttribute("aria-pressed") !== "true";
  utc.setAttribute("aria-pressed", String(isUtc));
  showUtc(isUtc);
  if (view?.redraw) view.redraw();
  else route();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", route);
route();
