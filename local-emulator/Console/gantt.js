// The invocations of an export: a lane for each instance, a bar for each invocation.

import { api } from "./api.js";
import { byId, element, setText } from "./dom.js";
import { milliseconds } from "./format.js";

const invocationCountMax = 2000;
/** Minimum width of a bar, so that it can be clicked. */
const barPercentMin = 0.6;
const tickCount = 5;

/** The label of a bar: the frames of a chunk, or the object's name. */
function subject(key) {
  const name = (key || "").split("/").pop();
  const frames = /^0*(\d+)-0*(\d+)\./.exec(name);
  return frames ? `frames ${frames[1]} to ${frames[2]}` : name;
}

/**
 * Positions of the invocations, in percent of the chart's width.
 * @param {object[]} invocations as listed by the console's API
 * @param {number} nowMs the end of running invocations
 */
export function layOut(invocations, nowMs) {
  const begin = Math.min(...invocations.map((each) => each.startMs - each.waitedMs));
  const end = Math.max(
    ...invocations.map((each) => each.startMs + (each.durationMs ?? nowMs - each.startMs)),
  );
  const whole = Math.max(1, end - begin);
  const percent = (time) => (100 * (time - begin)) / whole;
  const lanes = new Map();
  for (const each of [...invocations].sort(
    (a, b) => a.startMs - b.startMs || a.sequence - b.sequence,
  )) {
    const name = `${each.function} ${each.instance}`;
    if (!lanes.has(name)) lanes.set(name, []);
    const left = percent(each.startMs);
    const width = percent(each.startMs + (each.durationMs ?? nowMs - each.startMs)) - left;
    lanes.get(name).push({
      ...each,
      left,
      width: Math.max(width, barPercentMin),
      waitLeft: percent(each.startMs - each.waitedMs),
    });
  }
  const order = [...new Set([...lanes.values()].map(([first]) => first.function))];
  const sorted = [...lanes].sort(
    ([, [a]], [, [b]]) =>
      order.indexOf(a.function) - order.indexOf(b.function) || a.instance - b.instance,
  );
  return { whole, lanes: sorted };
}

export class Gantt {
  /** @param {(invocation: object | null) => void} onSelect receives the invocation whose log is shown */
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.chart = byId("runs-chart");
    this.bars = new Map();
    this.focused = null;
    this.selected = null;
    this.shape = "";
    this.chart.addEventListener("keydown", (event) => this.#move(event));
    byId("runs-clear").addEventListener("click", () => this.select(null));
  }

  /** Shows the current invocations of the export. */
  async refresh(job, signal) {
    byId("no-runs").hidden = Boolean(job && this.bars.size);
    if (!job) return;
    const { invocations, nowMs } = await api.invocations(
      { key: job, limit: invocationCountMax },
      signal,
    );
    byId("no-runs").hidden = invocations.length > 0;
    byId("runs-body").hidden = invocations.length === 0;
    if (invocations.length > 0) this.#show(invocations, nowMs);
  }

  /** Selects a bar; null clears the selection. */
  select(invocation) {
    this.selected = invocation?.sequence ?? null;
    byId("runs-clear").hidden = !invocation;
    for (const [sequence, bar] of this.bars) {
      bar.setAttribute("aria-pressed", String(sequence === this.selected));
    }
    setText(
      byId("runs-detail"),
      invocation ? `${this.#sentence(invocation)} Request ${invocation.requestId}.` : "",
    );
    this.onSelect(invocation);
  }

  #show(invocations, nowMs) {
    const { whole, lanes } = layOut(invocations, nowMs);
    const cold = invocations.filter((each) => each.coldStart).length;
    setText(
      byId("runs-summary"),
      `${invocations.length} invocations on ${lanes.length} instances in ` +
        `${milliseconds(whole)}, ${cold} of them cold starts`,
    );
    const shape = JSON.stringify(
      lanes.map(([name, bars]) => [name, bars.map((bar) => bar.sequence)]),
    );
    if (shape !== this.shape) this.#build(lanes, shape);
    for (const [, bars] of lanes) for (const each of bars) this.#update(each);
    byId("runs-ruler").replaceChildren(
      ...Array.from({ length: tickCount }, (_, index) =>
        element("span", {}, milliseconds((whole * index) / (tickCount - 1)) || "0 ms"),
      ),
    );
  }

  #build(lanes, shape) {
    this.shape = shape;
    const had = document.activeElement;
    const kept = new Map();
    this.chart.replaceChildren(
      ...lanes.map(([name, bars]) =>
        element(
          "li",
          { "data-testid": "run-lane" },
          element("span", { class: "run-name" }, name),
          element(
            "div",
            { class: "run-lane" },
            ...bars.flatMap((each) => {
              const bar = this.bars.get(each.sequence) || this.#bar(each.sequence);
              kept.set(each.sequence, bar);
              return [bar.wait, bar];
            }),
          ),
        ),
      ),
    );
    this.bars = kept;
    if (!kept.has(this.focused)) this.focused = kept.keys().next().value ?? null;
    if (had?.classList.contains("run") && had.isConnected) had.focus({ preventScroll: true });
  }

  #bar(sequence) {
    const bar = element("button", {
      type: "button",
      class: "run",
      "data-testid": "run",
      tabindex: "-1",
      "aria-pressed": "false",
      onclick: () => this.select(this.selected === sequence ? null : bar.invocation),
      onfocus: () => this.#focusOn(sequence),
    });
    bar.wait = element("i", { class: "run-wait", "aria-hidden": "true" });
    return bar;
  }

  #update(each) {
    const bar = this.bars.get(each.sequence);
    bar.invocation = each;
    bar.dataset.outcome = ["ok", "running"].includes(each.outcome) ? each.outcome : "error";
    bar.toggleAttribute("data-cold", each.coldStart);
    bar.style.setProperty("--left", `${each.left}%`);
    bar.style.setProperty("--width", `${each.width}%`);
    bar.wait.style.setProperty("--left", `${each.waitLeft}%`);
    bar.wait.style.setProperty("--width", `${each.left - each.waitLeft}%`);
    bar.tabIndex = each.sequence === this.focused ? 0 : -1;
    const sentence = this.#sentence(each);
    if (bar.title !== sentence) {
      bar.title = sentence;
      bar.setAttribute("aria-label", sentence);
    }
  }

  #sentence(each) {
    const took =
      each.durationMs === undefined
        ? "still running"
        : `took ${milliseconds(each.durationMs)}, ${each.outcome}`;
    const start = each.coldStart ? `, cold start ${milliseconds(each.initMs)}`.trimEnd() : "";
    return (
      `${each.function} instance ${each.instance}, ${subject(each.objectKey)}: waited ` +
      `${milliseconds(each.waitedMs) || "0 ms"}${start}, ${took}.`
    );
  }

  #focusOn(sequence) {
    const before = this.bars.get(this.focused);
    if (before) before.tabIndex = -1;
    this.focused = sequence;
    this.bars.get(sequence).tabIndex = 0;
  }

  /** Arrow keys move along a lane and to the nearest bar of the next lane. */
  #move(event) {
    const bar = event.target.closest(".run");
    if (!bar) return;
    const lanes = [...this.chart.querySelectorAll(".run-lane")].map((lane) => [
      ...lane.querySelectorAll(".run"),
    ]);
    const row = lanes.findIndex((lane) => lane.includes(bar));
    const column = lanes[row].indexOf(bar);
    const nearest = (lane) =>
      lane?.reduce((best, other) =>
        Math.abs(other.invocation.left - bar.invocation.left) <
        Math.abs(best.invocation.left - bar.invocation.left)
          ? other
          : best,
      );
    const all = lanes.flat();
    const steps = {
      ArrowRight: () => lanes[row][column + 1],
      ArrowLeft: () => lanes[row][column - 1],
      ArrowDown: () => nearest(lanes[row + 1]),
      ArrowUp: () => nearest(lanes[row - 1]),
      Home: () => all[0],
      End: () => all.at(-1),
    };
    if (event.key === "Escape") this.select(null);
    if (!steps[event.key]) return;
    event.preventDefault();
    steps[event.key]()?.focus();
  }
}
