// Uploads a file to the store: one presigned PUT, or presigned parts for a large file.

import { api, Problem } from "./api.js";
import { pause } from "./dom.js";

const concurrentPartCountMax = 3;
const attemptCountMax = 4;

/** The media type of a file; empty if the browser knows none: the back end has the name. */
export function contentType(file) {
  return file.type.split(";")[0].trim();
}

/**
 * Uploads a file and completes the upload.
 * @param {File} file
 * @param {(sent: number) => void} onProgress bytes sent so far
 * @param {AbortSignal} signal
 * @returns the asset, as returned by the back end
 */
export async function upload(file, onProgress, signal) {
  const grant = await api.initUpload({
    filename: file.name,
    contentType: contentType(file),
    size: file.size,
  });
  signal.throwIfAborted();
  const completion = { assetId: grant.assetId };
  if (grant.method === "MULTIPART") {
    completion.uploadId = grant.uploadId;
    const parts = await sendParts(file, grant, onProgress, signal);
    // If CORS hides the ETags, the back end reads the parts from the store.
    if (parts.every((part) => part.etag)) completion.parts = parts;
  } else {
    await withRetries(signal, () => put(grant.uploadUrl, file, grant.headers, onProgress, signal));
  }
  onProgress(file.size);
  signal.throwIfAborted();
  return api.completeUpload(completion);
}

async function sendParts(file, grant, onProgress, signal) {
  const waiting = [...grant.parts].sort((a, b) => a.partNumber - b.partNumber);
  const sent = new Map();
  const done = [];
  const report = () => onProgress([...sent.values()].reduce((sum, count) => sum + count, 0));
  async function worker() {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      const { partNumber, url } = part;
      const start = (partNumber - 1) * grant.partSize;
      const bytes = file.slice(start, start + grant.partSize);
      const etag = await withRetries(signal, () =>
        put(
          url,
          bytes,
          {},
          (count) => {
            sent.set(partNumber, Math.max(count, sent.get(partNumber) || 0));
            report();
          },
          signal,
        ),
      );
      done.push({ partNumber, etag });
    }
  }
  await Promise.all(Array.from({ length: concurrentPartCountMax }, worker));
  return done.sort((a, b) => a.partNumber - b.partNumber);
}

async function withRetries(signal, send) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const isTransient = error instanceof Problem && (error.status === 0 || error.status >= 500);
      if (!isTransient || attempt === attemptCountMax) throw error;
      await pause(Math.random() * 500 * 2 ** attempt, signal);
      signal.throwIfAborted();
    }
  }
}

/** Sends one PUT with XMLHttpRequest, because fetch reports no upload progress. */
function put(url, body, headers, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers || {})) {
      request.setRequestHeader(name, value);
    }
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.getResponseHeader("ETag"));
      else reject(new Problem(request.status, { detail: storeMessage(request) }));
    };
    request.onerror = () => reject(new Problem(0, { detail: "The store cannot be reached." }));
    request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.send(body);
  });
}

/** The message of S3's XML error document. */
function storeMessage(request) {
  const document = new DOMParser().parseFromString(request.responseText, "application/xml");
  const message = document.querySelector("Message")?.textContent;
  const code = document.querySelector("Code")?.textContent;
  return message ? `${message} (${code})` : `The store responded with status ${request.status}.`;
}
