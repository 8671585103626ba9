// The latest drops, each with its cause and its moment; and how many the last minute had, by cause.

import { byId, el, setText } from "/assets/element.js";
import { seconds } from "/assets/quantity.js";

const SPAN = 60; // seconds
const MOST = 12; // rows

export class Drops {
  constructor() {
    this.counts = [];
    this.latest = [];
    this.table = byId("drops").querySelector("table");
    this.table.hidden = true;
  }

  clear() { this.latest = []; }

  add(latest) {
    const known = new Set(this.latest.map((one) => one.number));
    const all = [...this.latest, ...latest.filter((one) => !known.has(one.number))];
    this.latest = all.sort((one, other) => other.number - one.number).slice(0, MOST);
    if (!document.hidden) this.#draw();
  }

  count(point) {
    for (const one of Object.values(point.lines)) {
      for (const [cause, count] of Object.entries(one.dropped)) this.counts.push({ time: point.time, cause, count });
    }
    this.counts = this.counts.filter((one) => one.time > point.time - SPAN);
    const causes = new Map();
    for (const { cause, count } of this.counts) causes.set(cause, (causes.get(cause) ?? 0) + count);
    const told = [...causes].sort(([, one], [, other]) => other - one).map(([cause, count]) => `${count} ${cause}`).join(", ");
    setText(byId("drops-told"), told ? `In the last minute: ${told}.` : "Nothing in the last minute.");
  }

  #draw() {
    this.table.hidden = this.latest.length === 0;
    this.table.tBodies[0].replaceChildren(...this.latest.map((one) => {
      const ends = one.source ? `${one.protocol ?? ""} ${one.source} → ${one.destination}, ${one.length} B` : `${one.length} B`;
      const many = one.packets > 1 ? ` (${one.packets} packets)` : "";
      const cells = [`${seconds(one.time)}.${String(Math.floor((one.time % 1) * 1000)).padStart(3, "0")}`, one.cause, one.flow ? `${one.direction}, ${one.flow}` : one.direction, ends + many];
      return el("tr", {}, ...cells.map((text) => el("td", { textContent: text })));
    }));
  }
}
