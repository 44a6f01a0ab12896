// The edit document: generated from the assets, changed by the user, checked by the back end.

import { byId, element } from "./dom.js";
import { locate } from "./pointer.js";

const imageSeconds = 4;

/** An edit with all clips in sequence and the first audio file as soundtrack. */
export function editFrom(assets, { resolution, aspectRatio, fps, chunkSeconds }) {
  const clips = assets
    .filter(({ metadata }) => metadata?.kind === "video" || metadata?.kind === "image")
    .map(({ id, metadata }) => ({
      asset: { type: metadata.kind, assetId: id },
      start: "auto",
      length: metadata.kind === "image" ? imageSeconds : "auto",
    }));
  const audioAssets = assets.filter(({ metadata }) => metadata?.kind === "audio");
  const timeline = { background: "#000000", tracks: [{ clips }] };
  if (clips.length > 0 && audioAssets.length > 0) {
    timeline.soundtrack = { assetId: audioAssets[0].id, effect: "fadeOut", volume: 0.5 };
  } else if (audioAssets.length > 0) {
    clips.push(
      ...audioAssets.map(({ id }) => ({
        asset: { type: "audio", assetId: id },
        start: "auto",
        length: "auto",
      })),
    );
  }
  const output = { format: "mp4", resolution, aspectRatio, fps };
  if (chunkSeconds) output.chunkSeconds = chunkSeconds;
  return { timeline, output };
}

export class Editor {
  /** @param {(edit: string) => Promise<void>} onStart throws a `Problem` for an invalid edit */
  constructor(onStart) {
    this.onStart = onStart;
    this.assets = [];
    this.isChanged = false;
    this.text = byId("edit-text");
    this.problems = byId("problems");
    this.#listen();
    this.rebuild();
  }

  /** Sets the assets; an edit that the user changed is kept. */
  setAssets(assets) {
    this.assets = assets;
    if (!this.isChanged) this.rebuild();
  }

  rebuild() {
    const [resolution, aspectRatio] = byId("resolution").value.split("|");
    const fps = byId("fps").value;
    const chunkSeconds = Number(byId("chunk-seconds").value);
    this.#write(editFrom(this.assets, { resolution, aspectRatio, fps, chunkSeconds }));
    this.#mark(false);
    this.clearProblem();
  }

  #listen() {
    this.text.addEventListener("input", () => {
      this.#mark(true);
      this.clearProblem();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#start();
      }
    });
    byId("rebuild").addEventListener("click", () => this.rebuild());
    byId("edit-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    for (const id of ["resolution", "fps", "chunk-seconds"]) {
      byId(id).addEventListener("change", () => this.#choose());
    }
  }

  /** Writes the chosen resolution, frame rate and chunk length into the edit. */
  #choose() {
    if (!this.isChanged) return this.rebuild();
    let edit;
    try {
      edit = JSON.parse(this.text.value);
    } catch {
      return undefined;
    }
    const [resolution, aspectRatio] = byId("resolution").value.split("|");
    const output = { ...edit.output, resolution, aspectRatio, fps: byId("fps").value };
    const chunkSeconds = Number(byId("chunk-seconds").value);
    delete output.size;
    delete output.chunkSeconds;
    if (chunkSeconds) output.chunkSeconds = chunkSeconds;
    this.#write({ ...edit, output });
    return undefined;
  }

  #write(edit) {
    this.text.value = `${JSON.stringify(edit, null, 2)}\n`;
  }

  #mark(isChanged) {
    this.isChanged = isChanged;
    byId("edit-state").textContent = isChanged ? "edited" : "generated from the media";
  }

  async #start() {
    const button = byId("start");
    if (button.disabled) return;
    this.clearProblem();
    try {
      JSON.parse(this.text.value);
    } catch (error) {
      this.showProblem({ message: `The edit is not valid JSON: ${error.message}`, faults: [] });
      return;
    }
    button.disabled = true;
    try {
      await this.onStart(this.text.value);
    } catch (error) {
      this.showProblem(error);
    } finally {
      button.disabled = false;
    }
  }

  clearProblem() {
    this.problems.hidden = true;
    this.problems.replaceChildren();
    this.text.removeAttribute("aria-invalid");
  }

  /** Lists the faults, each with a button that selects its value in the text. */
  showProblem({ message, faults = [] }) {
    const items = faults.map(({ pointer, detail }) =>
      element(
        "li",
        { "data-testid": "fault", "data-pointer": pointer },
        element(
          "button",
          {
            type: "button",
            class: "small",
            onclick: () => this.#select(pointer),
          },
          pointer || "(whole document)",
        ),
        ` ${detail}`,
      ),
    );
    this.problems.replaceChildren(
      element("strong", {}, faults.length > 1 ? `${faults.length} errors` : message),
      element("ul", {}, ...items),
    );
    this.problems.hidden = false;
    this.text.setAttribute("aria-invalid", "true");
    if (faults.length > 0) this.#select(faults[0].pointer, { isFocused: false });
  }

  #select(pointer, { isFocused = true } = {}) {
    const place = locate(this.text.value, pointer);
    if (!place) return;
    if (isFocused) this.text.focus();
    this.text.setSelectionRange(place.start, place.end);
    const line = this.text.value.slice(0, place.start).split("\n").length - 1;
    const lineHeight = Number.parseFloat(getComputedStyle(this.text).lineHeight) || 18;
    this.text.scrollTop = Math.max(0, (line - 3) * lineHeight);
  }
}
