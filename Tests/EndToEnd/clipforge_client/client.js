// ClipForge's web editor, reduced to its calls of the back end. The address of the API, the token
// and the project come from the page's query, where a build has VITE_API_URL and a login.

const query = new URLSearchParams(location.search);
const api = query.get("api");
const token = query.get("token");
const statusPath = (jobId) =>
  query.get("jobs") ? `/api/jobs/${jobId}` : `/api/export/${jobId}/status`;
const element = (id) => document.getElementById(id);

const state = { id: query.get("project"), etag: null, clips: [], percents: [], statuses: [] };
window.clipforge = state;

async function call(method, path, body, headers = {}) {
  const response = await fetch(api + path, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...headers,
    },
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { answer });
  return { answer, etag: response.headers.get("ETag") };
}

function put(url, file, onPercent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => onPercent((100 * event.loaded) / event.total);
    request.onload = () =>
      request.status === 200 ? resolve() : reject(new Error(`PUT: ${request.status}`));
    request.onerror = () => reject(new Error("PUT failed"));
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", file.type);
    request.send(file);
  });
}

async function upload(file) {
  const { answer: grant } = await call("POST", "/api/upload/init", {
    filename: file.name,
    contentType: file.type,
    size: file.size,
  });
  await put(grant.uploadUrl, file, (percent) => {
    state.percents.push(percent);
    element("upload").value = percent;
    element("percent").textContent = `${Math.round(percent)} %`;
  });
  const { answer: asset } = await call("POST", "/api/upload/complete", { assetId: grant.assetId });
  const start = state.clips.reduce((end, clip) => Math.max(end, clip.start + clip.duration), 0);
  state.clips.push({ assetId: asset.id, start, duration: asset.metadata.duration });
  show();
}

const settings = { width: 320, height: 180, fps: 30 };
const project = () => ({
  name: element("name").value,
  tracks: [{ clips: state.clips.map((clip) => ({ ...clip })) }],
});

async function save() {
  const body = { project: project(), settings };
  const saved = state.id
    ? await call("PUT", `/api/projects/${state.id}`, body, { "If-Match": state.etag })
    : await call("POST", "/api/projects", body);
  state.id = saved.answer.id;
  state.etag = saved.etag;
  element("message").textContent = `saved ${saved.answer.updatedAt}`;
}

async function load() {
  const { answer, etag } = await call("GET", `/api/projects/${state.id}`);
  state.etag = etag;
  state.clips = answer.project.tracks[0].clips;
  element("name").value = answer.name;
  show();
}

async function exportProject() {
  const { answer } = await call("POST", "/api/export", { project: project(), settings });
  state.jobId = answer.jobId;
  for (;;) {
    const { answer: job } = await call("GET", statusPath(answer.jobId));
    state.statuses.push([job.status, job.progress]);
    element("status").textContent = job.status;
    if (job.status === "failed") throw new Error(job.error);
    if (job.status === "completed") {
      element("player").src = job.downloadUrl;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function show() {
  const rows = state.clips.map((clip) => {
    const row = document.createElement("li");
    row.textContent = `${clip.assetId} ${clip.start} ${clip.duration}`;
    return row;
  });
  element("clips").replaceChildren(...rows);
}

function report(work) {
  return () =>
    work().catch((error) => {
      state.error = error.answer ?? { error: error.message };
      element("message").textContent = `failed: ${error.message}`;
    });
}

element("file").addEventListener("change", (event) =>
  report(() => upload(event.target.files[0]))(),
);
element("save").addEventListener("click", report(save));
element("export").addEventListener("click", report(exportProject));
if (state.id) report(load)();
