// What was dropped in the last minute: cause, where, how many, and how long ago.

import { byId, el } from "/assets/element.js";

const SPAN = 60; // seconds

export class Drops {
  constructor() { this.seen = []; }

  add(point) {
    for (const [where, one] of Object.entries(point.lines)) {
      for (const [cause, count] of Object.entries(one.dropped)) this.seen.push({ time: point.time, where, cause, count });
    }
    this.seen = this.seen.filter((one) => one.time > point.time - SPAN);
    if (!document.hidden) this.#draw(point.time);
  }

  #draw(now) {
    const rows = new Map();
    for (const { time, where, cause, count } of this.seen) {
      const key = `${cause}\n${where}`, row = rows.get(key) ?? { cause, where, count: 0 };
      row.count += count;
      row.last = time;
      rows.set(key, row);
    }
    const sorted = [...rows.values()].sort((one, other) => other.count - one.count);
    const cells = (row) => [row.cause, row.where, String(row.count), `${Math.round(now - row.last)} s ago`];
    byId("drops").querySelector("tbody").replaceChildren(...sorted.map((row) => el("tr", {}, ...cells(row).map((text) => el("td", { textContent: text })))));
    byId("drops").querySelector("table").hidden = sorted.length === 0;
    byId("no-drops").hidden = sorted.length > 0;
  }
}
