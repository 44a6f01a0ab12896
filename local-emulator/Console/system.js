// The Lambda service: instances, queue, dead letters, invocations.

import { api } from "./api.js";
import { byId, element, setText } from "./dom.js";
import { dateAndTime, milliseconds } from "./format.js";

const shownCountMax = 60;
/** More than are shown, since status requests are filtered out. */
const invocationCountMax = 500;
const pollingFunction = "job-status";

export class System {
  /** @param {(invocations: object[]) => void} onInvocations */
  constructor(onInvocations) {
    this.onInvocations = onInvocations;
  }

  /** @returns the names of the functions */
  async refresh({ function: name, job, isAll }, signal) {
    const query = { limit: invocationCountMax };
    if (name) query.function = name;
    if (job) query.key = job;
    const [{ functions }, queue, { invocations }] = await Promise.all([
      api.functions(signal),
      api.queue(signal),
      api.invocations(query, signal),
    ]);
    this.#showFunctions(functions);
    this.#showQueue(queue);
    this.#showInvocations(
      invocations.filter((each) => isAll || name || each.function !== pollingFunction),
    );
    this.onInvocations(invocations);
    return functions.map((each) => each.name);
  }

  #showFunctions(functions) {
    byId("functions").replaceChildren(
      ...functions.map((each) => {
        const instances = each.instances.map(({ number, state, pid, served }) =>
          element("i", {
            "data-state": state,
            title: `Instance ${number}: ${state}, process ${pid ?? "–"}, served ${served}`,
          }),
        );
        const busy = each.instances.filter(({ state }) => state === "busy").length;
        const waiting = each.waiting > 0 ? `, ${each.waiting} waiting` : "";
        return element(
          "li",
          {},
          element("span", {}, each.name),
          element(
            "span",
            { class: "instances" },
            ...instances,
            ` ${busy} of ${each.reservedConcurrency} busy${waiting}`,
          ),
        );
      }),
    );
  }

  #showQueue({ total, depth, deadLetters }) {
    setText(byId("queue-depth"), String(total));
    const parts = Object.entries(depth)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${count}`);
    setText(byId("queue-detail"), parts.length > 0 ? parts.join(" · ") : "The queue is empty.");
    setText(byId("dead-count"), String(deadLetters.length));
    const text = JSON.stringify(deadLetters);
    if (text === this.deadText) return;
    this.deadText = text;
    byId("dead-letters").replaceChildren(...deadLetters.map((letter) => this.#deadLetter(letter)));
  }

  #deadLetter(letter) {
    const again = element("button", { type: "button", class: "small" }, "Retry");
    again.addEventListener("click", async () => {
      again.disabled = true;
      try {
        await api.replay(letter.id);
      } catch (error) {
        again.disabled = false;
        again.textContent = error.message;
      }
    });
    return element(
      "li",
      {},
      element(
        "span",
        {},
        element("b", {}, letter.function),
        ` ${dateAndTime(letter.died)} `,
        again,
      ),
      element(
        "span",
        {},
        `${letter.condition} after ${letter.attempts} attempts. ${letter.objectKey || ""}`,
      ),
      element("pre", {}, letter.response || ""),
    );
  }

  #showInvocations(invocations) {
    const outcomes = { ok: "ok", running: "running" };
    const shown = invocations.slice(0, shownCountMax);
    byId("invocations").replaceChildren(
      ...shown.map((each) =>
        element(
          "tr",
          { "data-outcome": outcomes[each.outcome] || "error" },
          element("td", { title: each.requestId }, each.function),
          element("td", { class: "key" }, each.objectKey || each.source),
          element("td", { class: "number" }, milliseconds(each.waitedMs)),
          element("td", { class: "number" }, milliseconds(each.durationMs)),
          element("td", {}, each.outcome + (each.coldStart ? " (cold)" : "")),
        ),
      ),
    );
  }
}
