// Live log lines of the functions.

import { api } from "./api.js";
import { byId, element } from "./dom.js";
import { clock } from "./format.js";

const lineCountMax = 800;
/** The function that the console polls. */
const pollingFunction = "job-status";
/** Lambda's platform lines. */
const frame = /^(START|END|REPORT|INIT_START) /;
const ownFields = new Set(["timestamp", "level", "message"]);
/** Lambda's levels to the style sheet's. */
const levels = {
  TRACE: "debug",
  DEBUG: "debug",
  INFO: "info",
  WARN: "warning",
  ERROR: "error",
  FATAL: "error",
};

/** Parses a line: functions write one JSON object per line, other programs any text. */
export function parseLine(text) {
  try {
    const record = JSON.parse(text);
    if (typeof record?.message !== "string") return plain(text);
    const fields = Object.entries(record)
      .filter(([name]) => !ownFields.has(name))
      .map(([name, value]) => `${name}=${asText(value)}`)
      .join(" ");
    return { level: levels[record.level] || "info", message: record.message, fields };
  } catch {
    return plain(text);
  }
}

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const plain = (text) => ({ level: "info", message: text, fields: "" });

export class Logs {
  /** @param {() => string | null} currentJob */
  constructor(currentJob) {
    this.currentJob = currentJob;
    this.list = byId("log");
    this.next = -1;
    this.request = null;
    for (const id of ["log-function", "log-job", "log-all"]) {
      byId(id).addEventListener("change", () => this.restart());
    }
  }

  /** Reads all kept lines again. */
  restart() {
    this.next = -1;
    this.list.replaceChildren();
  }

  /** Shows only the lines of one invocation; null shows all lines. */
  setRequest(requestId) {
    if (this.request === requestId) return;
    this.request = requestId;
    this.restart();
  }

  setFunctions(names) {
    const select = byId("log-function");
    if (select.options.length === names.length + 1) return;
    const chosen = select.value;
    select.replaceChildren(
      element("option", { value: "" }, "all"),
      ...names.map((name) => element("option", {}, name)),
    );
    select.value = chosen;
  }

  async refresh(signal) {
    if (byId("log-pause").checked) return;
    const asked = this.next;
    const query = { after: asked, limit: 500 };
    const name = byId("log-function").value;
    if (name) query.function = name;
    if (this.request) query.request = this.request;
    const { request } = this;
    const { lines, next } = await api.logs(query, signal);
    // The filter may have changed before the response.
    if (asked !== this.next || request !== this.request) return;
    this.next = next;
    const wanted = lines.filter((line) => this.#isWanted(line));
    if (wanted.length > 0) this.#append(wanted);
  }

  #isWanted({ function: name, text }) {
    if (this.request) return true;
    const job = byId("log-job").checked ? this.currentJob() : null;
    if (job && !text.includes(job)) return false;
    if (byId("log-all").checked || byId("log-function").value) return true;
    return name !== pollingFunction && !frame.test(text);
  }

  #append(lines) {
    const { list } = this;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(...lines.map((line) => this.#item(line)));
    while (list.childElementCount > lineCountMax) list.firstElementChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  #item({ time, function: name, text }) {
    const { level, message, fields } = parseLine(text);
    return element(
      "li",
      { "data-level": level },
      element("span", { class: "time" }, clock(time)),
      " ",
      element("span", { class: "function" }, name),
      " ",
      element("span", { class: "message" }, message),
      " ",
      element("span", { class: "fields" }, fields),
    );
  }
}
