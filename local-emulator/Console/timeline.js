// The chunks as a film strip: one cell for each chunk, its width proportional to its frames.

import { byId, element, setText } from "./dom.js";
import { count } from "./format.js";

const words = {
  queued: "queued",
  rendering: "rendering",
  done: "done",
  cached: "reused",
  failed: "failed",
};

/** State of a cell. In a failed export, unfinished chunks with failed attempts are failed. */
function shownState(chunk, hasFailed, areReused) {
  if (chunk.cached || areReused) return "cached";
  if (hasFailed && chunk.state !== "done" && chunk.failedAttempts) return "failed";
  return chunk.state in words ? chunk.state : "queued";
}

export class Timeline {
  constructor() {
    this.lane = byId("timeline");
    this.cells = new Map();
  }

  clear() {
    this.cells.clear();
    this.lane.replaceChildren();
    byId("ruler").replaceChildren();
  }

  /** @param {object} status as returned by the back end */
  show(status) {
    const chunks = status.chunks || [];
    const hasFailed = status.state === "failed";
    // Only the usage of a completed export counts reused chunks.
    const areReused = chunks.length > 0 && status.usage?.cachedChunks >= chunks.length;
    const shown = new Set();
    chunks.forEach((chunk, index) => {
      const key = `${chunk.start}-${chunk.end}`;
      shown.add(key);
      const cell = this.cells.get(key) || this.#add(key, chunk, index);
      this.#update(cell, chunk, index, shownState(chunk, hasFailed, areReused));
    });
    // The chunks of a split replace it.
    for (const [key, cell] of this.cells) {
      if (shown.has(key)) continue;
      cell.item.remove();
      this.cells.delete(key);
    }
    this.#ruler(status.frames?.total || 0);
    const audio = status.state === "queued" ? "queued" : status.audio || "queued";
    byId("audio-lane").dataset.state = hasFailed && audio !== "done" ? "failed" : audio;
  }

  #add(key, chunk, index) {
    const fill = element("i");
    const label = element("b", { "aria-hidden": "true" });
    const item = element("li", { "data-testid": "chunk", "data-chunk": key }, fill, label);
    item.style.flex = `${chunk.frames} 1 0`;
    this.lane.insertBefore(item, this.lane.children[index] || null);
    const cell = { item, fill, label };
    this.cells.set(key, cell);
    return cell;
  }

  #update(cell, chunk, index, state) {
    const share = state === "done" || state === "cached" ? 1 : chunk.done / chunk.frames;
    cell.item.dataset.state = state;
    cell.item.toggleAttribute("data-retried", Boolean(chunk.failedAttempts));
    cell.fill.style.transform = `scaleX(${Math.min(1, share || 0)})`;
    const percent = `${Math.floor(100 * Math.min(1, share || 0))} %`;
    setText(cell.label, state === "rendering" && cell.item.clientWidth > 34 ? percent : "");
    const retries = chunk.failedAttempts ? `, ${chunk.failedAttempts} failed attempts` : "";
    const text =
      `Chunk ${index + 1}: ${words[state]}, ${count(chunk.done)} of ` +
      `${count(chunk.frames)} frames (${chunk.start} to ${chunk.end})${retries}`;
    if (cell.item.title !== text) {
      cell.item.title = text;
      cell.item.setAttribute("aria-label", text);
    }
  }

  #ruler(total) {
    const ruler = byId("ruler");
    if (!total || Number(ruler.dataset.total) === total) return;
    ruler.dataset.total = String(total);
    const marks = [0, 1, 2, 3, 4].map((quarter) => Math.round((total * quarter) / 4));
    ruler.replaceChildren(...marks.map((mark) => element("span", {}, count(mark))));
  }
}
