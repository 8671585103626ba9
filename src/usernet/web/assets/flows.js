// Flows: in their order, each with its filter and both directions.

import { About } from "/assets/about.js";
import { complain, forgive, labelled, text, told } from "/assets/complaint.js";
import { byId, el, removeFrom, setText } from "/assets/element.js";
import { Pair } from "/assets/side.js";

const at = (name) => `/flows/${encodeURIComponent(name)}`;

class Flow {
  constructor(wire, name) {
    this.wire = wire;
    this.dirty = false;
    this.title = el("span", { className: "name" });
    this.filter = el("input", { type: "text", className: "filter", spellcheck: false, autocomplete: "off" });
    this.error = el("p", { className: "error", role: "alert", hidden: true });
    this.buttons = new Map();
    const button = (text, label, act) => {
      const made = el("button", { type: "button", className: "small", textContent: text, title: label });
      made.addEventListener("click", () => this.#try(act));
      this.buttons.set(label, made);
      return made;
    };
    this.earlier = button("↑", "Earlier", () => this.#move(this.place - 1));
    this.later = button("↓", "Later", () => this.#move(this.place + 1));
    const remove = button("Remove", "Remove", () => wire.call("DELETE", at(this.name)));
    this.filter.addEventListener("input", () => { this.dirty = true; });
    this.filter.addEventListener("change", () => this.#refilter());
    this.filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.dirty = false; this.error.hidden = true; this.filter.value = this.told.filter; }
    });
    const change = (values) => wire.call("PATCH", at(this.name), values);
    this.about = null; // made when it is opened
    this.pair = new Pair(change, () => {
      this.about = new About(this.name, change);
      this.about.show(this.told, this.bottlenecks);
      return this.about.element;
    });
    this.element = el("li", { className: "flow" },
      el("div", { className: "bar" }, this.title, this.filter, this.pair.rates,
        el("span", { className: "acts" }, this.earlier, this.later, remove)),
      this.error, this.pair.element);
    this.rename(name);
  }

  rename(name) {
    this.name = name;
    setText(this.title, name);
    this.about?.rename(name);
    this.filter.setAttribute("aria-label", `Filter of ${name}`);
    for (const [label, button] of this.buttons) button.setAttribute("aria-label", `${label}: ${name}`);
  }

  show(flow, place, count, bottlenecks) {
    this.place = place;
    this.told = flow;
    if (!this.dirty && this.filter.value !== flow.filter) this.filter.value = flow.filter;
    this.earlier.disabled = place === 0;
    this.later.disabled = place === count - 1;
    this.filter.placeholder = flow.process ? `all of ${flow.process}` : "";
    this.bottlenecks = bottlenecks;
    this.about?.show(flow, bottlenecks);
    this.pair.show(flow);
  }

  showPoint(lines) { this.pair.showPoint(this.name, lines); }

  async #refilter() {
    this.filter.removeAttribute("aria-invalid");
    const done = await this.#try(() => this.wire.call("PATCH", at(this.name), { filter: this.filter.value.trim() || null }));
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
    this.name = labelled("Name", text("media"), "short");
    this.filter = labelled("Filter", text("udp and port 3478"));
    this.process = labelled("Process", text("anybody", { title: "Under usernet run: only packets of programs of this name" }), "short");
    this.form.append(...[this.name, this.filter, this.process].map((one) => one.element), el("button", { type: "submit", textContent: "Add a flow" }));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
  }

  // What a flow is called now that had another name, as [before, now]; else null.
  show(flows, bottlenecks) {
    const renamed = this.#rename(flows);
    const list = byId("flow-list");
    for (const [name, flow] of this.flows) {
      if (!flows.some((one) => one.name === name)) { removeFrom(flow.element, this.form); this.flows.delete(name); }
    }
    flows.forEach((one, place) => {
      if (!this.flows.has(one.name)) this.flows.set(one.name, new Flow(this.wire, one.name));
      const flow = this.flows.get(one.name);
      flow.show(one, place, flows.length, bottlenecks);
      if (list.children[place] !== flow.element) {
        const focused = flow.element.contains(document.activeElement) ? document.activeElement : null;
        list.insertBefore(flow.element, list.children[place] ?? null);
        focused?.focus();
      }
    });
    return renamed;
  }

  // A flow that another name stands in place of is the same one: what is open or being typed there stays.
  #rename(flows) {
    const names = new Set(flows.map((one) => one.name));
    const [gone, another] = [...this.flows.values()].filter((one) => !names.has(one.name));
    const now = gone && !another && flows[gone.place];
    if (!now || this.flows.has(now.name) || now.filter !== gone.told.filter || now.process !== gone.told.process) return null;
    const before = gone.name;
    this.flows.delete(before);
    this.flows.set(now.name, gone);
    gone.rename(now.name);
    return [before, now.name];
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
    flow.pair.open();
    flow.element.scrollIntoView({ block: "nearest" });
  }

  async #submit() {
    const fields = { name: this.name, filter: this.filter, process: this.process };
    for (const one of Object.values(fields)) forgive(one);
    const typed = Object.entries(fields).map(([key, { input }]) => [key, input.value.trim()]);
    const flow = Object.fromEntries(typed.filter(([key, value]) => value || key === "name"));
    try {
      await this.wire.call("POST", "/flows", flow);
      this.form.reset();
      this.#open(flow.name);
    } catch (error) {
      const culprit = fields[error.told?.path?.split(".").at(-1)] ?? this.name;
      complain(culprit, told(error));
      culprit.input.focus();
    }
  }
}
