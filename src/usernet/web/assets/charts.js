// Charts: rate, delay, queue and loss on one time axis, with the changes marked on it.

import { byId, el, setText } from "/assets/element.js";
import { duration, rate, seconds, share } from "/assets/quantity.js";

const KINDS = [
  { name: "rate", title: "Rate", of: (one) => one.bits_out, shown: rate, least: 1e4, sum: true },
  { name: "delay", title: "Delay, one way", of: (one) => one.delay_ns, shown: duration, least: 1e7 },
  { name: "queue", title: "Queue", of: (one) => one.queue_ns, shown: duration, least: 1e7 },
  { name: "loss", title: "Loss", of: (one) => one.loss, shown: share, least: 0.01 },
];
const WAYS = ["down", "up"];
const SPAN = 120; // seconds
const ALL = "everything", REST = "the rest";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Charts {
  constructor() {
    this.points = [];
    this.changes = []; // { time, text }
    this.subject = byId("subject");
    this.subject.addEventListener("change", () => this.draw());
    this.plots = new Map();
    this.labels = new Map();
    for (const kind of KINDS) this.#place(kind);
    this.show([]);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#rebuild());
  }

  // The flows that there are to choose from; of one that has another name now, [before, now].
  show(flows, renamed = null) {
    const names = flows.length ? [ALL, REST, ...flows.map((flow) => flow.name)] : [ALL];
    if (names.join("\n") === [...this.subject.options].map((one) => one.value).join("\n")) return;
    const chosen = this.subject.value === renamed?.[0] ? renamed[1] : this.subject.value;
    this.subject.replaceChildren(...names.map((name) => el("option", { value: name, textContent: name })));
    if (names.includes(chosen)) this.subject.value = chosen;
  }

  clear() { this.points = []; }

  // The points before those that have come since.
  fill(points) {
    const last = points.at(-1)?.time ?? -1;
    this.points = [...points, ...this.points.filter((one) => one.time > last)];
    this.draw();
  }

  add(point) {
    this.points.push(point);
    const first = point.time - SPAN;
    while (this.points.length && this.points[0].time < first) this.points.shift();
    this.changes = this.changes.filter((one) => one.time >= first);
    if (!document.hidden) this.draw();
  }

  // A change; of a ramp, which is many, those that can be told apart.
  mark(time) { if (!(time - this.changes.at(-1)?.time < 1)) this.changes.push({ time }); }

  // The chart library comes after the page can be used.
  async load() {
    if (this.loaded) return;
    this.loaded = true;
    await Promise.all([["link", { rel: "stylesheet", href: "/assets/uplot.css" }], ["script", { src: "/assets/uplot.js" }]].map(([tag, where]) =>
      new Promise((resolve, reject) => { document.head.append(el(tag, { ...where, onload: resolve, onerror: reject })); })));
    this.#rebuild();
  }

  reading(point, way, kind) {
    const subject = this.subject.value;
    if (subject !== ALL) return this.#own(point, way, subject === REST ? "" : subject, kind);
    const lines = Object.entries(point.lines).filter(([name]) => name.split("/", 1)[0] === way).map(([, one]) => one);
    if (kind.sum) return lines.reduce((sum, one) => sum + kind.of(one), 0);
    if (kind.name === "loss") {
      const came = lines.reduce((sum, one) => sum + one.packets_in, 0);
      return came ? lines.reduce((sum, one) => sum + one.loss * one.packets_in, 0) / came : 0;
    }
    return kind.of(point.lines[way]);
  }

  #own(point, way, flow, kind) {
    const one = point.lines[flow ? `${way}/${flow}` : way];
    return one ? kind.of(one) : null;
  }

  draw() {
    const last = this.points.at(-1);
    if (!last) return;
    for (const kind of KINDS) {
      const [down, up] = WAYS.map((way) => this.points.map((point) => this.reading(point, way, kind)));
      for (const [way, values] of [["down", down], ["up", up]]) {
        setText(this.labels.get(`${kind.name}-${way}`), kind.shown(values.at(-1) ?? 0));
      }
      const plot = this.plots.get(kind.name);
      plot?.setData([this.points.map((point) => point.time), down, up], false);
      plot?.batch(() => {
        const most = Math.max(kind.least, ...down, ...up);
        plot.setScale("x", { min: last.time - SPAN, max: last.time });
        plot.setScale("y", { min: 0, max: most * 1.08 });
      });
    }
  }

  #place(kind) {
    const readings = WAYS.map((way) => {
      const label = el("b", { className: way });
      this.labels.set(`${kind.name}-${way}`, label);
      return label;
    });
    const area = el("div", { className: "area", id: `plot-${kind.name}`, role: "img", "aria-label": `${kind.title} over the last two minutes` });
    byId("plots").append(el("div", { className: "plot" }, el("h3", {}, kind.title, ...readings), area));
    new ResizeObserver(() => this.plots.get(kind.name)?.setSize(this.#size(kind))).observe(area);
  }

  #size(kind) {
    const area = byId(`plot-${kind.name}`);
    return { width: area.clientWidth || 300, height: kind.name === "rate" ? 150 : kind.name === "loss" ? 118 : 104 };
  }

  #rebuild() {
    if (!window.uPlot) return;
    for (const kind of KINDS) {
      this.plots.get(kind.name)?.destroy();
      this.plots.set(kind.name, this.#plot(kind));
    }
    this.draw();
  }

  #plot(kind) {
    const soft = colour("--soft"), line = colour("--line"), last = kind.name === "loss";
    const grid = { stroke: line, width: 1 }, ticks = { show: false };
    return new uPlot({
      ...this.#size(kind),
      cursor: { sync: { key: "time" }, drag: { x: false, y: false }, points: { size: 6 } },
      legend: { show: false },
      scales: { x: { time: false }, y: { auto: false } },
      axes: [
        { stroke: soft, grid, ticks, size: last ? 26 : 8, values: last ? (_, all) => all.map((one) => (one < 0 ? "" : seconds(one))) : () => [] },
        { stroke: soft, grid, ticks, size: 78, space: 34, values: (_, all) => all.map(kind.shown) },
      ],
      series: [{}, ...WAYS.map((way) => ({ stroke: colour(`--${way}`), width: 1.5, points: { show: false } }))],
      hooks: { draw: [(plot) => this.#marks(plot)] },
    }, [[], [], []], byId(`plot-${kind.name}`));
  }

  #marks(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--mark");
    ctx.setLineDash([3, 3]);
    for (const change of this.changes) {
      const x = Math.round(plot.valToPos(change.time, "x", true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}
