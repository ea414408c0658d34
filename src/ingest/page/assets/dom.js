// Elements. A text becomes a text node and nothing else, whatever it holds.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element of HTML. A property whose name starts with "on" is a listener;
 * `true` sets an attribute without a value; null, undefined and false set
 * none. Children are elements, texts, or lists of these; null is no child.
 */
export function h(tag, properties, ...children) {
  return build(document.createElement(tag), properties, children);
}

/** An element of SVG, made in the same way. */
export function s(tag, properties, ...children) {
  return build(document.createElementNS(SVG, tag), properties, children);
}

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Has the screen reader say something when it is done with what it says. */
export function say(text) {
  document.getElementById("spoken").textContent = text;
}

/** A box that says what is wrong, or that there is nothing. */
export function notice(text, { isAlert = false } = {}) {
  return h("p", { class: isAlert ? "notice alert" : "notice", role: isAlert ? "alert" : null }, text);
}

/** One labelled field of a form. */
export function field(label, input) {
  return h("label", { class: "field" }, h("span", null, label), input);
}

/** A line of text to type in. */
export function input(name, value, placeholder = "") {
  return h("input", {
    id: `in-${name}`, name, value: value ?? "", placeholder,
    autocomplete: "off", autocapitalize: "off", spellcheck: "false",
  });
}

/** A choice among [value, words]. */
export function select(name, value, options) {
  const made = options.map(([option, words]) =>
    h("option", { value: option, selected: option === (value ?? "") }, words));
  return h("select", { id: `in-${name}`, name }, made);
}
