// A list of any length of which only what can be seen is in the document.

import { h } from "./dom.js";

/** How many rows are drawn above and below what can be seen. */
const MARGIN = 8;

let lists = 0;

/**
 * Keeps up to `capacity` items, the newest at the bottom, and follows them
 * there until its reader scrolls up. `fill(row, item)` draws an item into an
 * emptied row; `open(item)` is called for the one that is chosen.
 */
export class VirtualList {
  constructor({ label, capacity, fill, open, moved = () => {} }) {
    Object.assign(this, { capacity, fill, open, moved });
    this.name = `list-${++lists}`;
    this.items = [];
    /** How many items were let go at the top. */
    this.base = 0;
    this.isFollowing = true;
    this.active = null;
    this.rows = new Map();
    this.frame = 0;
    this.space = h("div", { class: "list-space", role: "presentation" });
    this.element = h("div", {
      class: "list", role: "listbox", tabindex: "0", "aria-label": label,
      onscroll: () => this.scrolled(),
      onkeydown: (event) => this.key(event),
      onclick: (event) => this.click(event),
    }, this.space);
    this.resize = new ResizeObserver(() => this.measure());
    this.resize.observe(this.element);
  }

  close() {
    this.resize.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** Adds items at the bottom; the oldest ones give way. */
  append(items) {
    for (const item of items) this.items.push(item);
    const over = this.items.length - this.capacity;
    if (over > 0) {
      this.items.splice(0, over);
      this.base += over;
      if (this.active !== null && this.active < this.base) this.active = null;
      if (!this.isFollowing) this.element.scrollTop -= over * this.height;
    }
    this.draw();
  }

  /** Draws all rows anew. */
  refresh() {
    this.clear();
    this.draw();
  }

  follow() {
    this.isFollowing = true;
    this.draw();
    this.moved();
  }

  clear() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  measure() {
    const height = Number.parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 24;
    if (height !== this.height) {
      this.height = height;
      this.clear();
    }
    this.draw();
  }

  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.frame = 0;
    if (!this.height) return;
    const { element, height, items, base } = this;
    this.space.style.height = `${items.length * height}px`;
    if (this.isFollowing) element.scrollTop = items.length * height;
    const top = Math.max(0, Math.floor(element.scrollTop / height) - MARGIN);
    const bottom = Math.min(items.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + MARGIN);
    for (const [number, row] of this.rows) {
      if (number < base + top || number >= base + bottom) {
        row.remove();
        this.rows.delete(number);
      }
    }
    for (let index = top; index < bottom; index += 1) {
      const row = this.rows.get(base + index) ?? this.make(base + index, items[index]);
      row.style.transform = `translateY(${index * height}px)`;
      row.setAttribute("aria-posinset", index + 1);
      row.setAttribute("aria-setsize", items.length);
    }
  }

  make(number, item) {
    const row = h("div", { class: "row", role: "option", id: `${this.name}-${number}`, "aria-selected": number === this.active });
    row.dataset.number = number;
    this.fill(row, item);
    this.space.append(row);
    this.rows.set(number, row);
    return row;
  }

  scrolled() {
    const { element, height } = this;
    const left = element.scrollHeight - element.clientHeight - element.scrollTop;
    const isAtEnd = left < height * 1.5;
    if (isAtEnd !== this.isFollowing) {
      this.isFollowing = isAtEnd;
      this.moved();
    }
    this.draw();
  }

  click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    this.activate(Number(row.dataset.number));
    this.open(this.items[this.active - this.base]);
  }

  key(event) {
    const last = this.base + this.items.length - 1;
    if (last < this.base) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const from = this.active ?? last + 1;
    const to = {
      ArrowUp: from - 1, ArrowDown: from + 1, PageUp: from - page, PageDown: from + page, Home: this.base, End: last,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.activate(Math.min(last, Math.max(this.base, to)));
      if (event.key === "End") this.follow();
    } else if ((event.key === "Enter" || event.key === " ") && this.active !== null) {
      event.preventDefault();
      this.open(this.items[this.active - this.base]);
    }
  }

  activate(number) {
    this.rows.get(this.active)?.setAttribute("aria-selected", "false");
    this.active = number;
    const { element, height } = this;
    const top = (number - this.base) * height;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
    this.isFollowing = this.isFollowing && number === this.base + this.items.length - 1;
    this.moved();
    this.drawNow();
    this.rows.get(number)?.setAttribute("aria-selected", "true");
    element.setAttribute("aria-activedescendant", `${this.name}-${number}`);
  }
}
