// Whose packets a flow takes beside its filter, and what it shares: a process, a bottleneck, its weight there.

import { choice, complain, forgive, labelled, text, told } from "/assets/complaint.js";
import { el } from "/assets/element.js";

const OWN = [["", "nothing: a queue of its own"], ["link", "the line"]];

export class Sharing {
  // change(values): has the line take them; rejects with what is wrong.
  constructor(name, change) {
    this.change = change;
    this.dirty = new Set();
    this.fields = {
      share: labelled("Shares", choice(OWN)),
      weight: labelled("Weight", text("1", { inputMode: "numeric" })),
      process: labelled("Process", text("anybody", { title: "Under usernet run: only packets of programs of this name" })),
    };
    for (const [key, { input }] of Object.entries(this.fields)) {
      input.setAttribute("aria-label", `${key === "share" ? "Shares" : key === "weight" ? "Weight" : "Process"} of ${name}`);
      input.addEventListener("input", () => this.dirty.add(key));
      input.addEventListener("change", () => this.#commit(key));
      input.addEventListener("keydown", (event) => { if (event.key === "Escape") this.#give(key); });
    }
    this.element = el("div", { className: "row" }, ...Object.values(this.fields).map((one) => one.element));
  }

  show(flow, bottlenecks) {
    const options = [...OWN, ...bottlenecks.map(({ name }) => [name, name])], { input } = this.fields.share;
    if (options.map(([value]) => value).join("\n") !== [...input.options].map((one) => one.value).join("\n")) {
      input.replaceChildren(...choice(options).options);
    }
    this.told = { share: flow.share ?? "", weight: flow.share ? String(flow.weight) : "", process: flow.process ?? "" };
    this.fields.weight.input.disabled = !flow.share;
    for (const key of Object.keys(this.fields)) if (!this.dirty.has(key)) this.#give(key);
  }

  #give(key) {
    const field = this.fields[key];
    this.dirty.delete(key);
    forgive(field);
    if (field.input.value !== this.told[key]) field.input.value = this.told[key];
  }

  async #commit(key) {
    const field = this.fields[key], typed = field.input.value.trim();
    const value = typed === "" ? null : key === "weight" && /^\d+$/.test(typed) ? Number(typed) : typed;
    forgive(field);
    try {
      await this.change(key === "share" && !value ? { share: null, weight: null } : { [key]: value });
      this.dirty.delete(key);
    } catch (error) {
      complain(field, told(error)); // it stays there, to be made right
    }
  }
}
