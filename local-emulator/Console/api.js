// The back end's HTTP API. Every response that is not 2xx becomes a `Problem`.

const tokenKeys = { owner: "spool.token", operator: "spool.adminToken" };

/** A failed request: its problem document (RFC 9457) if the response has one. */
export class Problem extends Error {
  /** @param {number} status HTTP status, 0 without a response */
  constructor(status, document = {}) {
    super(
      document.detail ||
        document.error ||
        document.title ||
        (status
          ? `The back end responded with status ${status}.`
          : "The back end cannot be reached."),
    );
    this.status = status;
    this.title = document.title || "";
    /** @type {{pointer: string, detail: string}[]} */
    this.faults = Array.isArray(document.errors) ? document.errors : [];
  }
}

export const tokens = {
  get: (whose) => sessionStorage.getItem(tokenKeys[whose]) || "",
  set(whose, text) {
    if (text) sessionStorage.setItem(tokenKeys[whose], text);
    else sessionStorage.removeItem(tokenKeys[whose]);
  },
};

async function call(method, path, { body, whose = "owner", signal } = {}) {
  const headers = { Accept: "application/json" };
  const token = tokens.get(whose);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  const text = await response.text();
  let document = {};
  try {
    document = text ? JSON.parse(text) : {};
  } catch {
    /* The page of a proxy. */
  }
  if (!response.ok) throw new Problem(response.status, document);
  return document;
}

const operator = (path, signal) =>
  call("GET", `/console/api/${path}`, { whose: "operator", signal });

export const api = {
  initUpload: (request) => call("POST", "/api/upload/init", { body: JSON.stringify(request) }),
  completeUpload: (body) => call("POST", "/api/upload/complete", { body: JSON.stringify(body) }),
  /** @param {string} edit the text of the document */
  startExport: (edit) => call("POST", "/api/export", { body: edit }),
  status: (job, signal) => call("GET", `/api/export/${encodeURIComponent(job)}`, { signal }),
  cancel: (job) => call("DELETE", `/api/export/${encodeURIComponent(job)}`),
  exports: (signal) => call("GET", "/api/exports", { signal }),

  info: () => operator("info"),
  functions: (signal) => operator("functions", signal),
  queue: (signal) => operator("queue?limit=20", signal),
  invocations: (query, signal) => operator(`invocations?${new URLSearchParams(query)}`, signal),
  logs: (query, signal) => operator(`logs?${new URLSearchParams(query)}`, signal),
  replay: (id) => call("POST", `/console/api/dead-letters/${id}/replay`, { whose: "operator" }),
};
