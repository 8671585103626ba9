// One direction of the line, or of a flow: a field for each key, and sliders for the usual ones.

import { el, newId, setText } from "/assets/element.js";
import { SCALES, rate, rateText, share } from "/assets/quantity.js";

const USUAL = [["rate", "Rate", "no limit"], ["delay", "Delay, one way", "0ms"], ["jitter", "Jitter", "0ms"],
  ["loss", "Loss", "0%"], ["queue", "Queue", "1000packets"]];
const OTHERS = ["distribution", "jitter_correlation", "allow_reordering", "ecn", "duplicate", "corrupt", "reorder", "gap",
  "overhead", "cell", "cell_overhead", "trace", "aqm", "slot", "policer", "outage", "mtu", "compat", "limit"];

const shown = (value) => (value === undefined ? "" : Array.isArray(value) ? value.join(",") : String(value));

export class Side {
  // set(key, value): has the line take a value; rejects with what is wrong.
  constructor(way, set) {
    this.way = way;
    this.set = set;
    this.values = {};
    this.fields = new Map();
    this.used = 0;
    this.use = el("span", { className: "use" });
    this.cut = el("button", { type: "button", className: "small", textContent: "Cut", "aria-pressed": "false" });
    this.cut.addEventListener("click", () => this.#send("down", this.values.down ? null : true, this.cut));
    const title = `${way[0].toUpperCase()}${way.slice(1)}`;
    const head = el("div", { className: "head" }, el("h3", { textContent: title }), this.use, this.cut);
    this.more = el("details", {}, el("summary", { textContent: "More" }));
    this.more.addEventListener("toggle", () => { if (this.more.open) this.#unfold(); });
    this.problem = el("p", { className: "error", role: "alert", hidden: true });
    this.element = el("div", { className: `side ${way}`, role: "group", "aria-label": title }, head, ...USUAL.map((one) => this.#field(...one)), this.more, this.problem);
  }

  // What the line says that holds now; what somebody is typing stays.
  show(values) {
    this.values = values;
    for (const [key, field] of this.fields) this.#fill(key, field);
    this.cut.setAttribute("aria-pressed", String(Boolean(values.down)));
    setText(this.cut, values.down ? "Restore" : "Cut");
    if (!this.opened && OTHERS.some((key) => values[key] !== undefined)) {
      this.more.open = this.opened = true;
      this.#unfold();
    }
  }

  // The other fields are made when somebody wants them: they are four of five.
  #unfold() {
    if (this.fields.has(OTHERS[0])) return;
    this.more.append(...OTHERS.map((key) => this.#field(key, key.replaceAll("_", " "), "")));
    for (const key of OTHERS) this.#fill(key, this.fields.get(key));
  }

  showUse(bits) {
    this.used = bits;
    setText(this.use, rate(bits));
    for (const button of this.shares) button.disabled = bits < 1000;
  }

  // Whether an error of the API is about one of these fields: then it is shown beside it.
  tell(key, message) {
    const field = this.fields.get(key);
    const place = field ? field.error : this.problem;
    place.textContent = message;
    place.hidden = false;
    field?.input.setAttribute("aria-invalid", "true");
  }

  #field(key, title, placeholder) {
    const id = newId(key), scale = SCALES[key];
    const input = el("input", { type: "text", id, placeholder, autocomplete: "off", spellcheck: false, "aria-describedby": `${id}-error` });
    const error = el("p", { id: `${id}-error`, className: "error", role: "alert", hidden: true });
    const field = { input, error, slider: null, dirty: false };
    const parts = [el("label", { htmlFor: id, textContent: title }), input];
    if (scale) {
      field.slider = el("input", { type: "range", min: 0, max: 1000, step: 1, "aria-label": `${title}, ${this.way}` });
      parts.push(field.slider);
      this.#slide(key, field, scale);
    }
    if (key === "rate") parts.push(this.#shares(field));
    this.#type(key, field);
    this.fields.set(key, field);
    return el("div", { className: scale ? "field" : "field plain" }, ...parts, error);
  }

  #type(key, field) {
    const { input } = field;
    input.addEventListener("input", () => { field.dirty = true; });
    input.addEventListener("change", () => { if (field.dirty) this.#commit(key, field, input.value.trim()); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { field.dirty = false; this.#clear(field); this.#fill(key, field, true); }
      if (event.key === "Enter") this.#commit(key, field, input.value.trim());
    });
  }

  #slide(key, field, scale) {
    let sending = false, next = null;
    const send = async () => {
      if (sending) return;
      sending = true;
      while (next !== null) {
        const text = next;
        next = null;
        await this.#commit(key, field, text);
      }
      sending = false;
    };
    field.slider.addEventListener("input", () => {
      next = scale.text(Number(field.slider.value));
      field.input.value = next === "none" ? "" : next;
      field.sliding = true;
      send();
    });
    field.slider.addEventListener("change", () => { field.sliding = false; });
  }

  #shares(field) {
    const make = (part) => {
      const button = el("button", { type: "button", className: "small", disabled: true, textContent: `${part} % of use`,
        title: `Set the rate to ${part} % of what passes now` });
      button.addEventListener("click", () => this.#commit("rate", field, rateText(this.used * part / 100)));
      return button;
    };
    this.shares = [make(80), make(120)];
    return el("div", { className: "shares" }, ...this.shares);
  }

  async #commit(key, field, text) {
    field.dirty = false;
    this.#clear(field);
    try {
      await this.set(key, text === "" ? "none" : text);
    } catch (error) {
      field.dirty = text === field.input.value.trim(); // it stays there, to be made right
      const told = error.told ?? { message: error.message };
      this.tell(key, [told.message, told.allowed].filter(Boolean).join(": "));
    }
  }

  async #send(key, value) {
    this.problem.hidden = true;
    try { await this.set(key, value); } catch (error) { this.tell(key, error.message); }
  }

  #clear(field) {
    field.error.hidden = true;
    field.input.removeAttribute("aria-invalid");
  }

  #fill(key, field, always = false) {
    const text = shown(this.values[key]);
    if (!field.dirty && !field.sliding && (always || field.input.value !== text)) field.input.value = text;
    if (!field.slider || field.sliding) return;
    const at = text === "" ? SCALES[key].none : SCALES[key].at(text);
    field.slider.disabled = at === null; // what has no place on it is left as it is
    field.slider.value = String(at ?? 0);
    field.slider.setAttribute("aria-valuetext", text || "none");
  }
}

// Both directions of a flow or a bottleneck, made when they are opened: there may be hundreds of them. What passes
// is told all the time, in `rates`.
export class Pair {
  // before(): makes what stands before them.
  constructor(set, before = () => null) {
    this.set = set;
    this.before = before;
    this.rates = el("span", { className: "rates" });
    this.place = el("div", { className: "sides" });
    this.element = el("details", {}, el("summary", { textContent: "Impairments" }), this.place);
    this.element.addEventListener("toggle", () => { if (this.element.open) this.#make(); });
  }

  open() {
    this.element.open = true;
    this.#make();
  }

  show(values) {
    this.values = values;
    for (const way of this.sides ? ["down", "up"] : []) this.sides[way].show(values[way]);
  }

  showPoint(name, lines) {
    const down = lines[`down/${name}`], up = lines[`up/${name}`];
    if (!down || !up) return;
    const lost = down.loss || up.loss ? ` · ${share(Math.max(down.loss, up.loss))} lost` : "";
    setText(this.rates, `↓ ${rate(down.bits_out)} ↑ ${rate(up.bits_out)}${lost}`);
    this.sides?.down.showUse(down.bits_out);
    this.sides?.up.showUse(up.bits_out);
  }

  #make() {
    if (this.sides) return;
    this.sides = Object.fromEntries(["down", "up"].map((way) => [way, new Side(way, (key, value) => this.set({ [way]: { [key]: value } }))]));
    this.place.before(...[this.before()].filter(Boolean));
    this.place.append(this.sides.down.element, this.sides.up.element);
    this.show(this.values);
  }
}
