// Flows: in their order, each with its filter and both directions.

import { byId, el, setText } from "/assets/element.js";
import { rate, share } from "/assets/quantity.js";
import { Side } from "/assets/side.js";

const at = (name) => `/flows/${encodeURIComponent(name)}`;
const told = (error) => [error.told?.message ?? error.message, error.told?.allowed].filter(Boolean).join(": ");

class Flow {
  constructor(wire, name) {
    this.wire = wire;
    this.name = name;
    this.dirty = false;
    this.filter = el("input", { type: "text", className: "filter", "aria-label": `Filter of ${name}`, spellcheck: false, autocomplete: "off" });
    this.rates = el("span", { className: "rates" });
    this.error = el("p", { className: "error", role: "alert", hidden: true });
    const button = (text, label, act) => {
      const made = el("button", { type: "button", className: "small", textContent: text, title: label, "aria-label": `${label}: ${name}` });
      made.addEventListener("click", () => this.#try(act));
      return made;
    };
    this.earlier = button("↑", "Earlier", () => this.#move(this.place - 1));
    this.later = button("↓", "Later", () => this.#move(this.place + 1));
    const remove = button("Remove", "Remove", () => wire.call("DELETE", at(name)));
    this.filter.addEventListener("input", () => { this.dirty = true; });
    this.filter.addEventListener("change", () => this.#refilter());
    this.filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.dirty = false; this.error.hidden = true; this.filter.value = this.told; }
    });
    this.sides = Object.fromEntries(["down", "up"].map((way) => [way, new Side(way, (key, value) =>
      wire.call("PATCH", at(name), { [way]: { [key]: value } }))]));
    this.details = el("details", {}, el("summary", { textContent: "Impairments" }), el("div", { className: "sides" }, ...Object.values(this.sides).map((side) => side.element)));
    this.element = el("li", { className: "flow" },
      el("div", { className: "bar" }, el("span", { className: "name", textContent: name }), this.filter, this.rates, this.earlier, this.later, remove),
      this.error, this.details);
  }

  show(flow, place, count) {
    this.place = place;
    this.told = flow.filter;
    if (!this.dirty && this.filter.value !== flow.filter) this.filter.value = flow.filter;
    this.earlier.disabled = place === 0;
    this.later.disabled = place === count - 1;
    for (const way of ["down", "up"]) this.sides[way].show(flow[way]);
  }

  showPoint(lines) {
    const down = lines[`down/${this.name}`], up = lines[`up/${this.name}`];
    if (!down || !up) return;
    const lost = down.loss || up.loss ? ` · ${share(Math.max(down.loss, up.loss))} lost` : "";
    setText(this.rates, `↓ ${rate(down.bits_out)} ↑ ${rate(up.bits_out)}${lost}`);
    this.sides.down.showUse(down.bits_out);
    this.sides.up.showUse(up.bits_out);
  }

  async #refilter() {
    this.filter.removeAttribute("aria-invalid");
    const done = await this.#try(() => this.wire.call("PATCH", at(this.name), { filter: this.filter.value }));
    this.dirty = !done;
    if (!done) this.filter.setAttribute("aria-invalid", "true");
  }

  #move(to) { return this.wire.call("POST", `${at(this.name)}/move`, { to }); }

  async #try(act) {
    this.error.hidden = true;
    try {
      await act();
      return true;
    } catch (error) {
      this.error.textContent = told(error);
      this.error.hidden = false;
      return false;
    }
  }
}

export class Flows {
  constructor(wire) {
    this.wire = wire;
    this.flows = new Map();
    this.form = byId("flow-add");
    this.error = this.form.querySelector(".error");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
  }

  show(flows) {
    const list = byId("flow-list");
    for (const [name, flow] of this.flows) {
      if (!flows.some((one) => one.name === name)) { flow.element.remove(); this.flows.delete(name); }
    }
    flows.forEach((one, place) => {
      if (!this.flows.has(one.name)) this.flows.set(one.name, new Flow(this.wire, one.name));
      const flow = this.flows.get(one.name);
      flow.show(one, place, flows.length);
      if (list.children[place] !== flow.element) {
        const focused = flow.element.contains(document.activeElement) ? document.activeElement : null;
        list.insertBefore(flow.element, list.children[place] ?? null);
        focused?.focus();
      }
    });
  }

  showPoint(lines) { for (const flow of this.flows.values()) flow.showPoint(lines); }

  // Adds a flow before the others, and opens it.
  async make(name, filter) {
    await this.wire.call("POST", "/flows?at=0", { name, filter });
    this.#open(name);
  }

  #open(name) {
    const flow = this.flows.get(name);
    if (!flow) { setTimeout(() => this.#open(name), 50); return; }
    flow.details.open = true;
    flow.element.scrollIntoView({ block: "nearest" });
  }

  async #submit() {
    const { name, filter } = this.form.elements;
    this.error.hidden = true;
    for (const input of [name, filter]) input.removeAttribute("aria-invalid");
    try {
      const added = name.value.trim();
      await this.wire.call("POST", "/flows", { name: added, filter: filter.value.trim() });
      this.form.reset();
      this.#open(added);
    } catch (error) {
      const culprit = error.told?.path?.endsWith("filter") ? filter : name;
      culprit.setAttribute("aria-invalid", "true");
      culprit.focus();
      this.error.textContent = told(error);
      this.error.hidden = false;
    }
  }
}
