// What a flow is beside its filter: its name, what it shares and by which weight, and whose packets it takes.

import { choice, complain, forgive, labelled, text, told } from "/assets/complaint.js";
import { el } from "/assets/element.js";

const TITLES = { name: "Name", share: "Shares", weight: "Weight", process: "Process" };
const OWN = [["", "nothing: a queue of its own"], ["link", "the line"]];

// A flow that the scenario names cannot have another name before the scenario does.
const complaint = (error, name) => (error.told?.path?.startsWith("at[")
  ? `a step of the scenario is about ${name}: change that first` : told(error));

export class About {
  // change(values): has the line take them; rejects with what is wrong.
  constructor(name, change) {
    this.change = change;
    this.dirty = new Set();
    const anybody = text("anybody", { title: "Under usernet run: only packets of programs of this name" });
    const inputs = { name: text("media"), share: choice(OWN), weight: text("1", { inputMode: "numeric" }), process: anybody };
    this.fields = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, labelled(TITLES[key], input)]));
    for (const [key, { input }] of Object.entries(this.fields)) {
      input.addEventListener("input", () => this.dirty.add(key));
      input.addEventListener("change", () => this.#commit(key));
      input.addEventListener("keydown", (event) => { if (event.key === "Escape") this.#give(key); });
    }
    this.element = el("div", { className: "row" }, ...Object.values(this.fields).map((one) => one.element));
    this.rename(name);
  }

  rename(name) {
    this.name = name;
    for (const [key, { input }] of Object.entries(this.fields)) input.setAttribute("aria-label", `${TITLES[key]} of ${name}`);
  }

  show(flow, bottlenecks) {
    const options = [...OWN, ...bottlenecks.map(({ name }) => [name, name])], { input } = this.fields.share;
    if (options.map(([value]) => value).join("\n") !== [...input.options].map((one) => one.value).join("\n")) {
      input.replaceChildren(...choice(options).options);
    }
    this.told = { name: flow.name, share: flow.share ?? "", weight: flow.share ? String(flow.weight) : "", process: flow.process ?? "" };
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
    const value = typed === "" && key !== "name" ? null : key === "weight" && /^\d+$/.test(typed) ? Number(typed) : typed;
    forgive(field);
    try {
      await this.change(key === "share" && !value ? { share: null, weight: null } : { [key]: value });
      this.dirty.delete(key);
    } catch (error) {
      complain(field, complaint(error, this.name)); // it stays there, to be made right
    }
  }
}
