// One export, followed until it ends.

import { api, Problem } from "./api.js";
import { byId, element, pause, setText, whenVisible } from "./dom.js";
import * as format from "./format.js";
import { Timeline } from "./timeline.js";

const pollMilliseconds = 500;
const retryMilliseconds = 3000;
/** Window of the speed: a shorter one is unsteady, a longer one lags. */
const speedWindowMilliseconds = 8000;
const terminalStates = new Set(["completed", "failed", "cancelled", "expired"]);

/** Frames per second and seconds left, measured over the last seconds. */
export class Pace {
  constructor() {
    this.samples = [];
  }

  /** @returns {{framesPerSecond: number, secondsLeft: number}} NaN while unknown */
  add(milliseconds, framesDone, framesTotal) {
    this.samples.push({ milliseconds, framesDone });
    while (
      this.samples.length > 2 &&
      milliseconds - this.samples[1].milliseconds >= speedWindowMilliseconds
    ) {
      this.samples.shift();
    }
    const [first] = this.samples;
    const seconds = (milliseconds - first.milliseconds) / 1000;
    const framesPerSecond = seconds >= 1 ? (framesDone - first.framesDone) / seconds : NaN;
    const secondsLeft = framesPerSecond > 0 ? (framesTotal - framesDone) / framesPerSecond : NaN;
    return { framesPerSecond, secondsLeft };
  }
}

export class Job {
  /** @param {(status: object) => void} onEnd called when a followed export ends */
  constructor(onEnd) {
    this.onEnd = onEnd;
    this.timeline = new Timeline();
    this.watching = null;
    this.id = null;
    byId("cancel").addEventListener("click", () => this.#cancel());
    byId("player").addEventListener("error", () => {
      byId("player-note").hidden = !byId("player").getAttribute("src");
    });
  }

  /** Shows an export and follows it. */
  async watch(id) {
    this.watching?.abort();
    const watching = new AbortController();
    this.watching = watching;
    this.id = id;
    this.pace = new Pace();
    this.#reset(id);
    let isLive = false;
    while (!watching.signal.aborted) {
      await whenVisible();
      let wait = pollMilliseconds;
      try {
        const status = await api.status(id, watching.signal);
        if (watching.signal.aborted) return;
        this.#show(status);
        if (terminalStates.has(status.state)) {
          if (isLive) this.onEnd(status);
          return;
        }
        isLive = true;
      } catch (error) {
        if (error.name === "AbortError") return;
        this.#fail(error.message);
        if (!(error instanceof Problem) || (error.status >= 400 && error.status < 500)) return;
        wait = retryMilliseconds;
      }
      await pause(wait, watching.signal);
    }
  }

  #reset(id) {
    this.timeline.clear();
    byId("no-job").hidden = true;
    byId("job").hidden = false;
    byId("job-id").textContent = id;
    byId("failure").hidden = true;
    byId("result").hidden = true;
    byId("player-note").hidden = true;
    byId("progress").value = 0;
    setText(byId("percent"), "0 %");
    byId("phase").dataset.state = "queued";
    setText(byId("phase"), "queued");
    byId("player").removeAttribute("src");
    byId("player").load();
    for (const field of ["frames", "speed", "eta", "elapsed", "chunk-count"]) {
      byId(field).textContent = "–";
    }
  }

  #show(status) {
    const { state, frames = { done: 0, total: 0 }, chunks = [], progress = 0 } = status;
    const isTerminal = terminalStates.has(state);
    const phase = byId("phase");
    phase.dataset.state = state;
    setText(phase, status.phase || state);
    byId("cancel").hidden = isTerminal;
    byId("progress").value = progress;
    setText(byId("percent"), `${Math.floor(progress)} %`);
    document.title = isTerminal ? `${state} – Spool` : `${Math.floor(progress)} % – Spool`;
    setText(byId("frames"), `${format.count(frames.done)} of ${format.count(frames.total)}`);
    const done = chunks.filter((chunk) => chunk.state === "done").length;
    setText(byId("chunk-count"), `${done} of ${chunks.length}`);
    this.timeline.show(status);
    this.#showPace(status, isTerminal);
    this.#showWarnings(status.warnings || []);
    byId("failure").hidden = true;
    if (state === "failed" || state === "expired") {
      this.#fail(status.error || `The export is ${state}.`);
    }
    if (state === "cancelled") this.#fail("The export was cancelled.");
    if (state === "completed") this.#showResult(status);
  }

  #showWarnings(warnings) {
    const list = byId("warnings");
    list.hidden = warnings.length === 0;
    list.replaceChildren(...warnings.map((warning) => element("li", {}, format.warning(warning))));
  }

  #showPace(status, isTerminal) {
    const { frames, createdAt, finishedAt } = status;
    const end = finishedAt ? Date.parse(finishedAt) : Date.now();
    const elapsed = Math.max(0, (end - Date.parse(createdAt)) / 1000);
    setText(byId("elapsed"), format.duration(elapsed));
    if (isTerminal) {
      const speed = frames.done / elapsed;
      setText(byId("speed"), elapsed > 0 ? `${speed.toFixed(1)} fps on average` : "–");
      setText(byId("eta"), "–");
      return;
    }
    const { framesPerSecond, secondsLeft } = this.pace.add(
      performance.now(),
      frames.done,
      frames.total,
    );
    const isKnown = Number.isFinite(framesPerSecond);
    setText(byId("speed"), isKnown ? `${framesPerSecond.toFixed(1)} fps` : "–");
    setText(byId("eta"), Number.isFinite(secondsLeft) ? format.duration(secondsLeft) : "–");
  }

  #showResult(status) {
    byId("result").hidden = false;
    const player = byId("player");
    if (!player.getAttribute("src")) player.src = status.downloadUrl;
    byId("download").href = status.downloadUrl;
    const facts = {
      Size: format.bytes(status.size),
      Length: format.duration(status.duration),
      Frames: format.count(status.frames.total),
    };
    const { usage } = status;
    if (usage) {
      facts["Chunks reused"] = `${usage.cachedChunks} of ${usage.chunks}`;
      facts["Processor time"] = format.duration(usage.cpuMilliseconds / 1000);
    }
    byId("result-facts").replaceChildren(
      ...Object.entries(facts).map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value)),
      ),
    );
  }

  #fail(text) {
    setText(byId("failure"), text);
    byId("failure").hidden = false;
  }

  async #cancel() {
    const button = byId("cancel");
    button.disabled = true;
    try {
      await api.cancel(this.id);
    } catch (error) {
      this.#fail(error.message);
    } finally {
      button.disabled = false;
    }
  }
}
