// The export part of a multicam editor, as OpenCut's documents describe it: the button makes a
// config of the recorded switch points, posts it, polls the status and offers the result.

const POLL_MILLISECONDS = 100;

/** The export back end, called from another origin. */
class ExportBackend {
  constructor(url) {
    this.url = url;
  }

  async request(method, path, body) {
    const response = await fetch(`${this.url}/api/export${path}`, {
      method,
      headers: body ? { "content-type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    const document = await response.json();
    if (!response.ok) {
      const error = new Error(document.error ?? `HTTP ${response.status}`);
      error.faults = document.errors ?? [];
      throw error;
    }
    return document;
  }

  async start(config) {
    return (await this.request("POST", "", config)).jobId;
  }

  status(jobId) {
    return this.request("GET", `/${jobId}/status`);
  }

  remove(jobId) {
    return this.request("DELETE", `/${jobId}`);
  }

  async download(jobId) {
    const response = await fetch(`${this.url}/api/export/${jobId}/download`);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.blob();
  }

  /** Polls until the export has ended. */
  async poll(jobId, onStatus) {
    for (;;) {
      const status = await this.status(jobId);
      onStatus(status);
      if (status.status === "completed") return status;
      if (status.status === "failed") throw new Error(status.error);
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }
}

/** True if the project has several cameras: the export takes the back-end path. */
function isMulticam(project) {
  return project.cameras.length > 1;
}

/** The config of a project: originals instead of proxies, and the recorded switch points. */
function generateExportConfig(project) {
  const sources = project.cameras.map((camera) => ({ id: camera.name, ...camera.original }));
  if (project.microphone) sources.push({ id: "microphone", ...project.microphone.original });
  const config = {
    sources,
    output: { size: project.size, fps: project.fps },
  };
  if (project.microphone) config.audio = "microphone";
  if (project.segments) {
    config.segments = project.segments;
  } else {
    config.switches = project.switchPoints.map((point) => ({
      at: point.time,
      source: point.camera,
    }));
    config.length = project.duration;
  }
  return config;
}

/** The editor's page: a button for each step, and texts that the user reads. */
class EditorPage {
  constructor(url, project) {
    this.backend = new ExportBackend(url);
    this.project = project;
    this.words = [];
    document.body.replaceChildren();
    for (const name of ["export", "cancel", "delete"]) {
      const button = document.createElement("button");
      button.id = name;
      button.textContent = name;
      button.addEventListener("click", () => this[name]());
      document.body.append(button);
    }
    for (const name of ["status", "progress", "error", "result"]) {
      const text = document.createElement("output");
      text.id = name;
      document.body.append(text);
    }
    this.video = document.createElement("video");
    this.video.muted = true;
    document.body.append(this.video);
  }

  show(name, text) {
    document.getElementById(name).textContent = text;
  }

  async export() {
    try {
      if (!isMulticam(this.project)) throw new Error("exported in the browser");
      this.jobId = await this.backend.start(generateExportConfig(this.project));
      await this.backend.poll(this.jobId, (status) => {
        if (this.words.at(-1) !== status.status) this.words.push(status.status);
        this.show("status", status.status);
        this.show("progress", `${status.progress} %`);
      });
      await this.play(await this.backend.download(this.jobId));
    } catch (error) {
      this.faults = error.faults;
      this.show("error", error.message);
    }
  }

  async play(file) {
    this.video.src = URL.createObjectURL(file);
    await new Promise((resolve, reject) => {
      this.video.onloadeddata = resolve;
      this.video.onerror = () => reject(new Error("the result does not play"));
    });
    const { videoWidth, videoHeight, duration } = this.video;
    this.show("result", `${videoWidth}x${videoHeight} ${duration.toFixed(1)} s`);
  }

  async cancel() {
    await this.backend.remove(this.jobId);
  }

  async delete() {
    await this.backend.remove(this.jobId);
    this.show("status", "deleted");
  }
}

globalThis.EditorPage = EditorPage;
