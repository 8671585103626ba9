// The page of a running line. All that it shows is what the line says: two pages never disagree.

import { Bottlenecks } from "/assets/bottlenecks.js";
import { Charts } from "/assets/charts.js";
import { Drops } from "/assets/drops.js";
import { byId, el, setText } from "/assets/element.js";
import { Flows } from "/assets/flows.js";
import { seconds } from "/assets/quantity.js";
import { Timeline } from "/assets/scenario.js";
import { Side } from "/assets/side.js";
import { Talkers } from "/assets/talkers.js";
import { Wire } from "/assets/wire.js";

const SILENCE = 3000; // milliseconds without a word after which the line is taken for lost

const wire = new Wire((isWrong) => new Promise((resolve) => {
  const dialog = byId("token"), form = dialog.querySelector("form");
  byId("token-wrong").hidden = !isWrong;
  if (!dialog.open) dialog.showModal();
  dialog.addEventListener("close", () => { resolve(form.elements.token.value.trim()); form.reset(); }, { once: true });
}));
wire.watch(() => begin(), (...told) => happened(...told), () => lost()); // first: it is on its way while the page is made
const fail = (error) => {
  const notice = byId("notice");
  notice.textContent = [error.told?.path, error.told?.message ?? error.message, error.told?.allowed].filter(Boolean).join(": ");
  notice.hidden = false;
  clearTimeout(fail.timer);
  fail.timer = setTimeout(() => { notice.hidden = true; }, 8000);
};

const sides = Object.fromEntries(["down", "up"].map((way) => [way, new Side(way, (key, value) => wire.call("PATCH", "/config", { [way]: { [key]: value } }))]));
byId("sides").append(sides.down.element, sides.up.element);
const flows = new Flows(wire), bottlenecks = new Bottlenecks(wire), charts = new Charts(), timeline = new Timeline(wire, fail), drops = new Drops();
const talkers = new Talkers(flows, fail);
let generation = 0, isFirst = true, profiles = [], heard = 0, over = false, late = 0;

// What the line is, on everything that shows it.
const show = (told) => {
  const [first, second] = told.names;
  setText(byId("ends"), first ? `${first} ⇄ ${second}` : "");
  document.title = first ? `${first} – ${second}: usernet` : "usernet";
  for (const way of ["down", "up"]) sides[way].show(told[way]);
  const renamed = flows.show(told.flows, told.bottlenecks);
  bottlenecks.show(told.bottlenecks, told.flows);
  timeline.step.know(told.flows, told.bottlenecks);
  timeline.show(told.position, told.playing);
  charts.show(told.flows, renamed);
  choose(told.profile ?? "none");
  capture(told.capture);
  marked();
};

// The moments that benches/page.py reads: all can be used, and has been painted.
const marked = () => {
  if (performance.getEntriesByName("interactive").length) return;
  performance.mark("interactive");
  requestAnimationFrame(() => setTimeout(() => performance.mark("painted")));
};

const present = (told) => {
  if (!isFirst) charts.mark(told.time);
  show(told);
  if (told.generation !== generation) timeline.load().then(() => timeline.show(told.position, told.playing), fail);
  generation = told.generation;
  if (!isFirst) return;
  isFirst = false;
  look().catch(fail);
  charts.load().catch(() => fail(new Error("the charts cannot be loaded")));
};

const point = (told) => {
  charts.add(told);
  drops.count(told);
  flows.showPoint(told.lines);
  bottlenecks.showPoint(told.lines);
  for (const way of ["down", "up"]) sides[way].showUse(charts.reading(told, way, { sum: true, of: (one) => one.bits_out, name: "rate" }));
  timeline.show(told.position, told.playing);
  setText(byId("time"), seconds(told.time));
  if (told.late) late = told.time;
  if (told.fidelity !== "trusted") state("unsure", `behind its clock: ${told.reason}`);
  else if (late && told.time - late < 5) state("unsure", "packets leave late");
  else state("good", "exact");
};

const state = (kind, text) => {
  byId("state").className = `chip ${kind}`;
  setText(byId("state"), text);
  document.body.classList.toggle("lost", kind === "bad");
};

const capture = ({ running, available }) => {
  byId("capture").setAttribute("aria-pressed", String(running));
  setText(byId("capture"), running ? "Stop capture" : "Capture");
  byId("capture-file").hidden = !available || running;
};

const happened = (kind, told) => {
  heard = performance.now();
  if (kind === "present") present(told);
  else if (kind === "point") { if (!over) point(told); }
  else if (kind === "drops") drops.add(told.latest);
  else if (kind === "talkers") talkers.show(told);
  else if (kind === "capture") capture(told);
  else if (kind === "problem") fail(told);
  else if (kind === "end") { over = true; state("bad", "the line has ended"); }
};

const begin = () => {
  heard = performance.now();
  over = false;
  generation = 0;
  isFirst = true;
  charts.clear();
  drops.clear();
};

// What was before, and what there is to choose: the line can be changed while that is on its way.
const look = async () => {
  const [points, dropped, talk] = await Promise.all(["/points", "/drops", "/talkers"].map((path) => wire.get(path)));
  charts.fill(points.slice(-600));
  drops.add(dropped.latest);
  talkers.show(talk);
  if (!profiles.length) list(await wire.get("/profiles"));
};

const list = (found) => {
  const chosen = byId("profile").value;
  profiles = found;
  byId("profile").append(...found.filter((one) => one.name !== chosen).map((one) => el("option", { value: one.name, textContent: one.name, title: one.description })));
  choose(chosen);
};

const choose = (profile) => {
  const choice = byId("profile");
  if (![...choice.options].some((one) => one.value === profile)) choice.append(el("option", { value: profile, textContent: profile }));
  choice.value = profile;
  setText(byId("profile-told"), profiles.find((one) => one.name === profile)?.description ?? "");
};

const lost = () => { if (!over) state("bad", "connection lost; trying again"); };

byId("profile").addEventListener("change", async (event) => {
  try { await wire.call("POST", `/profiles/${encodeURIComponent(event.target.value)}/apply`); } catch (error) { fail(error); }
});
byId("capture").addEventListener("click", async () => {
  const running = byId("capture").getAttribute("aria-pressed") === "true";
  try { capture(await wire.call("POST", running ? "/capture/stop" : "/capture/start")); } catch (error) { fail(error); }
});
byId("capture-file").addEventListener("click", () => wire.save("/capture/file", "usernet.pcapng").catch(fail));
byId("report").addEventListener("click", () => wire.save("/report", "usernet.html").catch(fail));
const first = JSON.parse(byId("present").textContent); // null where a token is asked for
if (first) show(first);
document.addEventListener("visibilitychange", () => { if (!document.hidden) charts.draw(); });
setInterval(() => { if (heard && !over && performance.now() - heard > SILENCE) lost(); }, 1000);
