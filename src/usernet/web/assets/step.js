// A step of the timeline, as a form: when, what, and to whom. What nobody touches stays as it was typed.

import { choice, complain, forgive, labelled, text, told } from "/assets/complaint.js";
import { byId, el, setText } from "/assets/element.js";

const WAYS = [["both", "both ways"], ["down", "down"], ["up", "up"]];
const KINDS = [["set", "set values"], ["ramp", "move values"], ["outage", "cut the line"]];

// Items, as the command line has them, of what may be a table.
const quoted = (value) => (/^[\w.,%:+-]+$/.test(value) ? value : `'${value}'`);
const items = (side) => (typeof side === "string" ? side : Object.entries(side).map(([key, value]) => (value === true ? key : `${key}=${quoted(String(value))}`)).join(" "));

// One side of the line, of a flow or of a bottleneck, and what becomes of it.
class Change {
  constructor(subjects, [subject, way, typed], remove) {
    this.typed = typed;
    const names = subjects.some(([value]) => value === subject) ? subjects : [...subjects, [subject, subject.slice(subject.indexOf(".") + 1)]];
    const whose = labelled("Of", choice(names)), ways = labelled("Direction", choice(WAYS));
    [this.subject, this.way] = [whose.input, ways.input];
    [this.subject.value, this.way.value] = [subject, way];
    this.field = labelled("Values", text("rate=2mbit delay=50ms"), "values");
    this.field.input.value = this.shown = items(typed);
    this.remove = el("button", { type: "button", className: "small", textContent: "Less", title: "Leave this out" });
    this.remove.addEventListener("click", remove);
    this.element = el("div", { className: "row" }, whose.element, ways.element, this.field.element, this.remove);
  }

  get value() { return this.field.input.value.trim() === this.shown ? this.typed : this.field.input.value.trim(); }

  // Where an error of it would be, behind the step's own place.
  get place() { return [this.subject.value, this.way.value].filter(Boolean).join("."); }

  lay(table) {
    let part = table;
    if (this.subject.value) {
      const [kind, ...name] = this.subject.value.split(".");
      part = (table[kind] ??= {})[name.join(".")] ??= {};
    }
    if (this.way.value in part) throw new Error("said twice; put the values in one line");
    part[this.way.value] = this.value;
  }
}

const changesOf = (table) => {
  const found = [];
  const look = (subject, part) => {
    const rest = { ...part };
    if (rest.rtt !== undefined) rest.both = typeof rest.both === "string" ? `${rest.both} rtt=${rest.rtt}` : { ...rest.both, rtt: rest.rtt };
    for (const [way] of WAYS) if (rest[way] !== undefined) found.push([subject, way, rest[way]]);
  };
  look("", table);
  for (const kind of ["flow", "bottleneck"])
    for (const [name, part] of Object.entries(table[kind] ?? {})) look(`${kind}.${name}`, part);
  return found;
};

export class Step {
  constructor(wire) {
    this.wire = wire;
    this.subjects = [["", "the line"]];
    this.form = byId("step");
    this.time = labelled("At", text("10s"));
    this.kind = labelled("What", choice(KINDS));
    this.over = labelled("Within", text("5s"));
    this.outage = labelled("For", text("2s"));
    this.direction = labelled("Direction", choice(WAYS));
    this.repeat = labelled("Again each", text("never"));
    this.changes = [];
    this.list = el("div", { className: "changes" });
    this.more = el("button", { type: "button", className: "small", textContent: "More values" });
    this.more.addEventListener("click", () => this.#add(["", "both", ""]).field.input.focus());
    this.error = el("p", { className: "error", role: "alert", hidden: true });
    const cancel = el("button", { type: "button", textContent: "Cancel" });
    cancel.addEventListener("click", () => this.close());
    this.remove = el("button", { type: "button", textContent: "Remove this step" });
    this.remove.addEventListener("click", () => this.#send(null));
    this.title = el("h3");
    this.form.append(this.title,
      el("div", { className: "row" }, ...[this.time, this.kind, this.over, this.outage, this.direction, this.repeat].map((one) => one.element)),
      this.list, this.error,
      el("div", { className: "row" }, el("button", { type: "submit", textContent: "Save" }), cancel, this.more, this.remove));
    this.kind.input.addEventListener("change", () => this.#arrange());
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    this.form.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  // The flows and the bottlenecks that a step may be about.
  know(flows, bottlenecks) {
    const named = (kind, parts) => parts.map(({ name }) => [`${kind}.${name}`, name]);
    this.subjects = [["", "the line"], ...named("flow", flows), ...named("bottleneck", bottlenecks)];
  }

  // Opens the form: for a step as it was typed, or for a new one at a place of the scenario.
  open(typed, at) {
    const step = typed ?? { time: at, set: { both: "" } };
    this.typed = typed && JSON.stringify(typed);
    this.opener = document.activeElement;
    this.kind.input.value = ["ramp", "outage"].find((kind) => step[kind] !== undefined) ?? "set";
    for (const key of ["time", "over", "outage", "repeat"]) this[key].input.value = step[key] ?? "";
    this.direction.input.value = step.direction ?? "both";
    this.changes = [];
    this.list.replaceChildren();
    for (const change of changesOf(step.set ?? step.ramp ?? { both: "" })) this.#add(change);
    setText(this.title, typed ? "Change a step" : "Add a step");
    this.remove.hidden = !typed;
    this.#forgive();
    this.#arrange();
    this.form.hidden = false;
    this.form.scrollIntoView({ block: "nearest" });
    this.time.input.focus();
  }

  close() {
    this.form.hidden = true;
    if (this.opener?.isConnected) this.opener.focus();
    else byId("step-add").focus();
  }

  #arrange() {
    const kind = this.kind.input.value;
    this.over.element.hidden = kind !== "ramp";
    this.outage.element.hidden = this.direction.element.hidden = kind !== "outage";
    this.list.hidden = this.more.hidden = kind === "outage";
  }

  #add(change) {
    const made = new Change(this.subjects, change, () => {
      this.changes = this.changes.filter((one) => one !== made);
      made.element.remove();
      this.#few();
    });
    this.changes.push(made);
    this.list.append(made.element);
    this.#few();
    return made;
  }

  #few() { for (const one of this.changes) one.remove.hidden = this.changes.length === 1; }

  #step() {
    const kind = this.kind.input.value, step = { time: this.time.input.value.trim() };
    if (kind === "outage") {
      step.outage = this.outage.input.value.trim();
      if (this.direction.input.value !== "both") step.direction = this.direction.input.value;
    } else {
      step[kind] = {};
      for (const change of this.changes) {
        if (!change.value) { complain(change.field, "what is to change? Such as rate=2mbit"); return null; }
        try { change.lay(step[kind]); } catch (error) { complain(change.field, error.message); return null; }
      }
    }
    if (kind === "ramp") step.over = this.over.input.value.trim();
    if (this.repeat.input.value.trim()) step.repeat = this.repeat.input.value.trim();
    return step;
  }

  #submit() {
    this.#forgive();
    const step = this.#step();
    if (step) this.#send(step);
  }

  // Puts a step in the place of the one that was opened; null takes that away.
  async #send(step) {
    let place = 0;
    try {
      await this.wire.rewrite((table) => {
        const steps = table.at ??= [];
        place = this.typed ? steps.findIndex((one) => JSON.stringify(one) === this.typed) : steps.length;
        if (place < 0) throw new Error("somebody else has changed this step, or removed it: open it again");
        steps.splice(place, this.typed ? 1 : 0, ...(step ? [step] : []));
      });
      this.close();
    } catch (error) {
      this.#complain(error, `at[${place}]`);
    }
  }

  #forgive() {
    this.error.hidden = true;
    for (const one of [this.time, this.over, this.outage, this.repeat, ...this.changes.map((change) => change.field)]) forgive(one);
  }

  #complain(error, place) {
    const path = error.told?.path ?? "", own = path.startsWith(`${place}.`) ? path.slice(place.length + 1) : "";
    const fields = { time: this.time, over: this.over, outage: this.outage, repeat: this.repeat, direction: this.direction };
    const key = own.split(".")[0], rest = own.slice(key.length + 1);
    const change = this.changes.find((one) => rest === one.place || rest.startsWith(`${one.place}.`)) ?? this.changes[0];
    const field = fields[key] ?? (key === "set" || key === "ramp" ? change?.field : null);
    const about = change && rest.slice(change.place.length + 1).split(".")[0]; // its key
    if (field) {
      complain(field, [field === change?.field && about, told(error)].filter(Boolean).join(": "));
      field.input.focus();
    } else {
      this.error.textContent = [path, told(error)].filter(Boolean).join(": ");
      this.error.hidden = false;
    }
  }
}
