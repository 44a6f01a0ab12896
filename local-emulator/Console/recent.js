// The owner's exports, newest first.

import { api } from "./api.js";
import { byId, element, setText } from "./dom.js";
import { dateAndTime } from "./format.js";

export class Recent {
  /** @param {(job: string) => void} onChoose */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.rows = new Map();
    this.current = null;
  }

  async refresh(signal) {
    const { exports } = await api.exports(signal);
    byId("no-recent").hidden = exports.length > 0;
    const list = byId("recent-list");
    exports.forEach(({ jobId, status, createdAt }, index) => {
      let row = this.rows.get(jobId);
      if (!row) {
        row = this.#row(jobId, createdAt);
        this.rows.set(jobId, row);
      }
      setText(row.pill, status);
      row.pill.dataset.state = status;
      const there = list.children[index] || null;
      if (there !== row.item) list.insertBefore(row.item, there);
    });
    this.mark(this.current);
  }

  /** Marks the shown export. */
  mark(job) {
    this.current = job;
    for (const [id, { button }] of this.rows) {
      button.setAttribute("aria-current", String(id === job));
    }
  }

  #row(jobId, createdAt) {
    const pill = element("span", { class: "pill" });
    const button = element(
      "button",
      { type: "button", onclick: () => this.onChoose(jobId) },
      pill,
      element("code", {}, jobId),
      element("time", { datetime: createdAt }, dateAndTime(createdAt)),
    );
    return { pill, button, item: element("li", { "data-testid": "recent-export" }, button) };
  }
}
