// Connects the parts of the console.

import { api, Problem, tokens } from "./api.js";
import { byId, pause, whenVisible } from "./dom.js";
import { Editor } from "./editor.js";
import { Gantt } from "./gantt.js";
import { Job } from "./job.js";
import { Logs } from "./logs.js";
import { Media } from "./media.js";
import { Recent } from "./recent.js";
import { System } from "./system.js";

const activityMilliseconds = 1000;
const recentMilliseconds = 4000;
const retryMilliseconds = 4000;

const job = new Job(() => recent.refresh().catch((error) => report(error)));
const recent = new Recent(open);
const editor = new Editor(async (edit) => {
  const { jobId } = await api.startExport(edit);
  open(jobId);
  byId("export").scrollIntoView({ block: "nearest" });
  recent.refresh().catch((error) => report(error));
});
const media = new Media(() => editor.setAssets(media.assets));
const system = new System((invocations) => media.noteInvocations(invocations));
const logs = new Logs(() => job.id);
const gantt = new Gantt((invocation) => logs.setRequest(invocation?.requestId ?? null));

/** Shows an export; the address keeps it across reloads. */
function open(id) {
  history.replaceState(null, "", `#job=${encodeURIComponent(id)}`);
  recent.mark(id);
  gantt.select(null);
  if (byId("log-job").checked) logs.restart();
  job.watch(id);
}

/** Current errors by failed step. */
const faults = new Map();

function report(error, source = "export") {
  if (error.name === "AbortError") return;
  faults.set(
    source,
    error.status === 401 ? "A token is needed: open Access, above." : error.message,
  );
  if (error.status === 401) byId("access").open = true;
  showFaults();
  if (!(error instanceof Problem)) throw error;
}

function showFaults() {
  byId("banner").hidden = faults.size === 0;
  byId("banner").textContent = [...new Set(faults.values())].join(" ");
}

/** Repeats a step while the page is visible. */
async function repeat(source, milliseconds, step) {
  for (;;) {
    await whenVisible();
    let wait = milliseconds;
    try {
      await step();
      if (faults.delete(source)) {
        showFaults();
        // A restarted emulator counts its lines from 0.
        logs.restart();
      }
    } catch (error) {
      report(error, source);
      wait = retryMilliseconds;
    }
    await pause(wait);
  }
}

async function activity() {
  const isOwn = byId("log-job").checked && job.id;
  const names = await system.refresh({
    function: byId("log-function").value,
    job: isOwn ? job.id : "",
    isAll: byId("log-all").checked,
  });
  logs.setFunctions(names);
  await gantt.refresh(job.id);
  await logs.refresh();
}

function listenToTokens() {
  byId("token").value = tokens.get("owner");
  byId("admin-token").value = tokens.get("operator");
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    tokens.set("owner", byId("token").value.trim());
    tokens.set("operator", byId("admin-token").value.trim());
    location.reload();
  });
}

async function showEndpoints() {
  try {
    const { s3Url, bucket } = await api.info();
    byId("endpoints").textContent = `API ${location.origin} · S3 ${s3Url} · bucket ${bucket}`;
  } catch {
    byId("endpoints").textContent = `API ${location.origin}`;
  }
}

listenToTokens();
showEndpoints();
media.restore().catch((error) => report(error));
const named = new URLSearchParams(location.hash.slice(1)).get("job");
if (named) open(named);
repeat("recent", recentMilliseconds, () => recent.refresh());
repeat("activity", activityMilliseconds, activity);
