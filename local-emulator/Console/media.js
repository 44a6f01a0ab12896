// The media panel: uploads in progress and assets.

import { api, Problem } from "./api.js";
import { byId, element } from "./dom.js";
import * as format from "./format.js";
import { upload } from "./upload.js";

const storageKey = "spool.assets";
const glyphs = { video: "▶", audio: "♪", image: "▣" };

export class Media {
  /** @param {() => void} onChange called when the list of assets changes */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {{id: string, metadata: object, posterUrl?: string, cloudUrl: string}[]} */
    this.assets = [];
    this.postersMade = new Set();
    // Files are uploaded one at a time: the edit has them in the chosen order.
    this.queue = Promise.resolve();
    this.#listen();
  }

  /** Restores the assets of this tab's session, with new URLs. */
  async restore() {
    let ids = [];
    try {
      ids = JSON.parse(sessionStorage.getItem(storageKey)) || [];
    } catch {
      /* No assets. */
    }
    const found = await Promise.allSettled(ids.map((assetId) => api.completeUpload({ assetId })));
    for (const { value } of found) {
      if (!value) continue;
      this.postersMade.add(value.id);
      this.#add(value);
    }
    this.#store();
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const row = this.#row(file);
      this.queue = this.queue.then(() => this.#send(file, row));
    }
  }

  /** Loads a poster when its function has ended. */
  noteInvocations(invocations) {
    for (const { function: name, objectKey, outcome } of invocations) {
      if (name !== "derive-asset" || outcome !== "ok" || !objectKey) continue;
      const asset = this.assets.find(({ id }) => objectKey.includes(`/${id}/`));
      if (!asset || this.postersMade.has(asset.id)) continue;
      this.postersMade.add(asset.id);
      this.#showPoster(asset);
    }
  }

  #listen() {
    byId("file").addEventListener("change", (event) => {
      this.add(event.target.files);
      event.target.value = "";
    });
    const page = document.documentElement;
    let depth = 0;
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    page.addEventListener("dragenter", (event) => {
      if (!hasFiles(event)) return;
      depth += 1;
      page.classList.add("is-dropping");
    });
    page.addEventListener("dragleave", () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) page.classList.remove("is-dropping");
    });
    page.addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    page.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      page.classList.remove("is-dropping");
      this.add(event.dataTransfer.files);
    });
  }

  #row(file) {
    const abort = new AbortController();
    const bar = element("progress", { max: 100, value: 0, "aria-label": `Upload of ${file.name}` });
    const percent = element("span", { class: "hint" }, "waiting");
    const stop = element(
      "button",
      { type: "button", class: "small", onclick: () => abort.abort() },
      "Stop",
    );
    const item = element(
      "li",
      { "data-testid": "upload" },
      element("span", { class: "name", title: file.name }, file.name),
      percent,
      stop,
      bar,
    );
    byId("uploads").append(item);
    return { abort, bar, percent, stop, item };
  }

  async #send(file, row) {
    let sentMax = 0;
    try {
      row.abort.signal.throwIfAborted();
      const asset = await upload(
        file,
        (sent) => {
          sentMax = Math.max(sentMax, sent);
          const share = file.size ? (100 * sentMax) / file.size : 0;
          row.bar.value = share;
          row.percent.textContent =
            sentMax >= file.size
              ? "probing"
              : `${Math.floor(share)} % of ${format.bytes(file.size)}`;
        },
        row.abort.signal,
      );
      row.item.remove();
      this.#add(asset);
      this.#store();
    } catch (error) {
      this.#fail(row, error);
    }
  }

  #fail(row, error) {
    if (error.name === "AbortError") return row.item.remove();
    row.bar.remove();
    row.percent.textContent = "upload failed";
    row.stop.textContent = "Dismiss";
    row.stop.addEventListener("click", () => row.item.remove());
    row.item.append(problemNote(error));
    if (error instanceof Problem) return undefined;
    throw error;
  }

  #add(asset) {
    if (this.assets.some(({ id }) => id === asset.id)) return;
    this.assets.push(asset);
    byId("assets").append(this.#card(asset));
    this.#showPoster(asset);
    this.#changed();
  }

  #remove(asset, card) {
    card.remove();
    this.assets = this.assets.filter(({ id }) => id !== asset.id);
    this.#store();
    this.#changed();
  }

  #changed() {
    byId("no-assets").hidden = this.assets.length > 0;
    this.onChange();
  }

  #store() {
    sessionStorage.setItem(storageKey, JSON.stringify(this.assets.map(({ id }) => id)));
  }

  #card(asset) {
    const { metadata = {} } = asset;
    const card = element(
      "li",
      { "data-testid": "asset", "data-asset": asset.id },
      element("div", { class: "poster", "aria-hidden": "true" }, glyphs[metadata.kind] || "•"),
      element(
        "div",
        { class: "about" },
        element(
          "b",
          { class: "name", title: metadata.filename || asset.id },
          metadata.filename || asset.id,
        ),
        element("span", {}, ...description(metadata)),
        element("code", { class: "name", title: asset.id }, asset.id),
        ...(asset.warnings || []).map((warning) =>
          element("span", { class: "hint warning" }, format.warning(warning)),
        ),
      ),
    );
    card.append(
      element(
        "button",
        {
          type: "button",
          class: "small",
          title: "Remove from this list (the file stays in the store)",
          "aria-label": `Remove ${metadata.filename || asset.id} from the list`,
          onclick: () => this.#remove(asset, card),
        },
        "×",
      ),
    );
    return card;
  }

  #showPoster(asset) {
    const isImage = asset.metadata?.kind === "image";
    const url = isImage ? asset.cloudUrl : this.postersMade.has(asset.id) && asset.posterUrl;
    const place = document.querySelector(`[data-asset="${CSS.escape(asset.id)}"] .poster`);
    if (!url || !place) return;
    const image = element("img", { alt: "", "data-testid": "poster" });
    image.addEventListener("load", () => place.replaceChildren(image));
    image.src = url;
  }
}

function description(metadata) {
  const { width, height, fps, duration, videoCodec, audioCodec, size } = metadata;
  return [
    [
      width ? `${width} × ${height}` : "",
      fps ? `${Number(fps.toFixed(3))} fps` : "",
      duration ? format.duration(duration) : "",
      [videoCodec, audioCodec].filter(Boolean).join(" + "),
      size ? format.bytes(size) : "",
    ]
      .filter(Boolean)
      .join(" · "),
  ];
}

/** A paragraph with a problem's message or faults. */
export function problemNote(error) {
  const note = element("p", { class: "note", role: "alert" });
  const faults = error.faults || [];
  if (faults.length === 0) note.append(error.message);
  faults.forEach(({ pointer, detail }, index) => {
    if (index > 0) note.append(" ");
    if (pointer) note.append(element("code", {}, pointer.slice(1)), " ");
    note.append(detail.replace(/\.?$/, "."));
  });
  return note;
}
