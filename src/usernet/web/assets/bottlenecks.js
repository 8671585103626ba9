// Bottlenecks: what flows may share, each with both directions.

import { complain, forgive, labelled, text, told } from "/assets/complaint.js";
import { byId, el, removeFrom, setText } from "/assets/element.js";
import { Pair } from "/assets/side.js";

class Bottleneck {
  constructor(wire, name) {
    this.wire = wire;
    this.name = name;
    this.users = el("span", { className: "users soft" });
    this.error = el("p", { className: "error", role: "alert", hidden: true });
    const remove = el("button", { type: "button", className: "small", textContent: "Remove", "aria-label": `Remove: ${name}` });
    remove.addEventListener("click", () => this.#remove());
    this.pair = new Pair((values) => wire.call("PATCH", "/config", { bottleneck: { [name]: values } }));
    this.element = el("li", { className: "flow" },
      el("div", { className: "bar" }, el("span", { className: "name", textContent: name }), this.users, this.pair.rates, remove), this.error, this.pair.element);
  }

  show(values, flows) {
    const users = flows.filter((flow) => flow.share === this.name).map((flow) => flow.name);
    setText(this.users, users.length ? `shared by ${users.join(", ")}` : "no flow shares it yet");
    this.pair.show(values);
  }

  showPoint(lines) { this.pair.showPoint(this.name, lines); }

  async #remove() {
    this.error.hidden = true;
    try {
      await this.wire.rewrite((table) => { table.bottleneck = (table.bottleneck ?? []).filter((one) => one.name !== this.name); });
    } catch (error) {
      this.error.textContent = told(error);
      this.error.hidden = false;
    }
  }
}

export class Bottlenecks {
  constructor(wire) {
    this.wire = wire;
    this.shown = new Map();
    this.form = byId("bottleneck-add");
    this.name = labelled("Name", text("office"), "short");
    this.rate = labelled("Rate", text("2mbit"), "short");
    this.form.append(this.name.element, this.rate.element, el("button", { type: "submit", textContent: "Add a bottleneck" }));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
  }

  show(bottlenecks, flows) {
    for (const [name, one] of this.shown) {
      if (!bottlenecks.some((other) => other.name === name)) { removeFrom(one.element, this.form); this.shown.delete(name); }
    }
    for (const values of bottlenecks) {
      if (!this.shown.has(values.name)) {
        const made = new Bottleneck(this.wire, values.name);
        this.shown.set(values.name, made);
        byId("bottleneck-list").append(made.element);
      }
      this.shown.get(values.name).show(values, flows);
    }
  }

  showPoint(lines) { for (const one of this.shown.values()) one.showPoint(lines); }

  async #submit() {
    for (const one of [this.name, this.rate]) forgive(one);
    const made = { name: this.name.input.value.trim() };
    if (this.rate.input.value.trim()) made.both = { rate: this.rate.input.value.trim() };
    try {
      await this.wire.rewrite((table) => { table.bottleneck = [...(table.bottleneck ?? []), made]; });
      this.form.reset();
    } catch (error) {
      const culprit = error.told?.path?.endsWith("rate") ? this.rate : this.name;
      complain(culprit, told(error));
      culprit.input.focus();
    }
  }
}
