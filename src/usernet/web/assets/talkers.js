// Who talks: remote ends by what passes now, and a rule of one by a click.

import { byId, el, setText } from "/assets/element.js";
import { rate } from "/assets/quantity.js";

const MOST = 10; // rows

const keyOf = (one) => `${one.protocol} ${one.address} ${one.port}`;
const endOf = (one) => (one.address.includes(":") ? `[${one.address}]` : one.address) + (one.port ? `:${one.port}` : "");

export const filterOf = (one) => {
  const parts = [`remote host ${one.address}`];
  if (/^(tcp|udp|icmp|icmp6)$/.test(one.protocol)) parts.push(one.protocol);
  if (one.port) parts.push(`remote port ${one.port}`);
  return parts.join(" and ");
};

export class Talkers {
  constructor(flows, fail) {
    this.flows = flows;
    this.fail = fail;
    this.before = null;
    this.table = byId("talkers").querySelector("table");
    this.table.hidden = true;
  }

  show(told) {
    const now = { time: performance.now() / 1000, ends: this.#ends(told) };
    const before = this.before ?? now;
    const passed = Math.max(0.2, now.time - before.time);
    this.before = now;
    setText(byId("talkers-told"), told.up.exact && told.down.exact ? "Remote ends, by what passes now." : "Remote ends, by what passes now; there are more than are counted one by one.");
    const rows = [...now.ends.values()].map((one) => {
      const old = before.ends.get(keyOf(one)) ?? { down: 0, up: 0 };
      return { ...one, downNow: Math.max(0, one.down - old.down) * 8 / passed, upNow: Math.max(0, one.up - old.up) * 8 / passed };
    });
    rows.sort((one, other) => other.downNow + other.upNow - one.downNow - one.upNow || other.down + other.up - one.down - one.up);
    this.#draw(rows.slice(0, MOST));
  }

  #ends(told) {
    const ends = new Map();
    for (const way of ["down", "up"]) {
      for (const one of told[way].first) {
        const key = keyOf(one);
        if (!ends.has(key)) ends.set(key, { ...one, down: 0, up: 0 });
        ends.get(key)[way] = one.bytes;
      }
    }
    return ends;
  }

  #draw(rows) {
    byId("no-talkers").hidden = rows.length > 0;
    this.table.hidden = rows.length === 0;
    const body = this.table.tBodies[0], focused = document.activeElement?.dataset?.key;
    body.replaceChildren(...rows.map((one) => {
      const button = el("button", { type: "button", className: "small", textContent: "Make a rule", title: filterOf(one) });
      button.dataset.key = keyOf(one);
      button.addEventListener("click", () => this.#rule(one));
      return el("tr", {}, el("td", { textContent: `${endOf(one)} ${one.protocol}` }), el("td", { textContent: rate(one.downNow) }), el("td", { textContent: rate(one.upNow) }), el("td", {}, button));
    }));
    if (focused) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  async #rule(one) {
    const name = [one.protocol.replaceAll(" ", ""), one.address, one.port || null].filter((part) => part !== null).join("-").slice(0, 64);
    try { await this.flows.make(name, filterOf(one)); } catch (error) { this.fail(error); }
  }
}
