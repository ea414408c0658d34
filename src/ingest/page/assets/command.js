// The command that tells the same on a terminal, to be copied.

import { h, say } from "./dom.js";
import { shellWord } from "./text.js";

// The flags of the filters, which are also the parameters of the routes.
const FILTERS = ["session", "install", "user", "level", "logger", "grep", "attr", "since", "until"];

/** `--name value` for every filter that is set. */
export function filterFlags(parameters) {
  return FILTERS.flatMap((name) => parameters.getAll(name).filter(Boolean).map((value) => [name, value]));
}

/** A command line: words, then [flag, value] pairs. */
export function commandLine(words, flags) {
  // From the first word on that looks like a flag, all stand behind `--`.
  const odd = words.findIndex((word) => word.startsWith("-"));
  const plain = odd < 0 ? words : words.slice(0, odd);
  const rest = odd < 0 ? [] : ["--", ...words.slice(odd)];
  const options = flags.map(([name, value]) =>
    (value.startsWith("-") ? `--${name}=${shellWord(value)}` : `--${name} ${shellWord(value)}`));
  return ["soliplex", ...plain.map(shellWord), ...options, ...rest.map(shellWord)].join(" ");
}

/** What a view begins with: what it is, and the command that tells the same. */
export function heading(title, command) {
  return h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, title), commandBar(command));
}

function commandBar(text) {
  const code = h("code", { tabindex: "0", role: "region", "aria-label": "The same on the command line" }, text);
  const button = h("button", { type: "button", class: "copy", onclick: () => copy(text, code, button) }, "Copy");
  button.setAttribute("aria-label", "Copy the command");
  return h("div", { class: "command" }, h("span", { "aria-hidden": "true" }, "$"), code, button);
}

async function copy(text, code, button) {
  const isCopied = await toClipboard(text, code);
  button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
  say(isCopied ? "The command is copied" : "The command is selected; press Control C to copy it");
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

async function toClipboard(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS a browser has no clipboard to give: then the text is
    // selected, for the person to copy.
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}
