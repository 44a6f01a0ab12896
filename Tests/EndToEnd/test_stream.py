"""An export plays by HLS while it renders."""

import json
import subprocess

import pytest
from playwright.sync_api import sync_playwright

import conftest
from waiting import wait_until


def packets(url, kind):
    """Times of all packets of a playlist, in ticks of its track."""
    out = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-select_streams",
            kind,
            "-show_entries",
            "packet=pts",
            "-of",
            "json",
            url,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(packet["pts"] for packet in json.loads(out)["packets"])


@pytest.fixture
def slowed(tmp_path, gate):
    """An emulator whose FFmpeg waits at the gate."""
    running = conftest.Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    yield running
    running.stop()


def test_an_export_plays_before_its_end_and_completely_after_it(slowed, gate, media, tmp_path):
    edit = conftest.single(
        slowed.upload(media / "slow.mp4"), 12, chunkSeconds=2, hls=True, preset="fast"
    )
    # The last chunk of six.
    gate.hold("trim=start_pts=300:")
    job = slowed.start_export(edit)

    def playing():
        status = slowed.status(job)
        assert status["state"] != "failed", status
        return status if "playlist" in status else None

    path = wait_until("a playlist in the status", playing)["playlist"]
    base = slowed.api + path.rsplit("/", 1)[0]

    def started():
        text = conftest.http("GET", f"{base}/video.m3u8").body.decode()
        return text if text.count("#EXTINF") >= 2 else None

    early = wait_until("two segments in the playlist", started)
    assert slowed.status(job)["state"] == "rendering"
    assert "#EXT-X-ENDLIST" not in early
    # A player that does not wait: the first segments play as a complete film.
    so_far = tmp_path / "so-far.m3u8"
    so_far.write_text(early + "#EXT-X-ENDLIST\n")
    frames = subprocess.run(
        [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-protocol_whitelist",
            "file,http,tcp",
            "-i",
            so_far,
            "-map",
            "0:v",
            "-f",
            "framemd5",
            "-",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    count = sum(not line.startswith("#") for line in frames.splitlines())
    assert count == 60 * early.count("#EXTINF")

    gate.open()
    status = slowed.wait(job)
    assert status["state"] == "completed", status
    film = slowed.download(status, tmp_path / "film.mp4")
    whole = conftest.http("GET", f"{base}/video.m3u8")
    assert whole.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert whole.body.decode().rstrip().endswith("#EXT-X-ENDLIST")
    times = packets(f"{base}/video.m3u8", "v")
    step = times[1] - times[0]
    assert times == [(2 + index) * step for index in range(360)]
    hashes = [digest for _, digest in conftest.frame_hashes(slowed.api + path)]
    assert hashes == [digest for _, digest in conftest.frame_hashes(film)]
    audio = packets(f"{base}/audio.m3u8", "a")
    assert audio == [3200 - 1024 + 1024 * index for index in range(len(audio))]
    assert len(audio) == 1 + -(-12 * 48_000 // 1024)


# A player without a library: Media Source Extensions, fed with the byte ranges of
# the playlists.
PLAYER = """async (base) => {
    const get = async (url, range) => {
        const answer = await fetch(url, range ? {headers: {range}} : {});
        if (!answer.ok) throw new Error(`${answer.status} ${url}`);
        return answer;
    };
    const parts = async (name) => {
        const found = [];
        let range = null;
        for (const line of (await (await get(`${base}/${name}`)).text()).split("\\n")) {
            const map = line.match(/^#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\\d+)@(\\d+)"/);
            const next = line.match(/^#EXT-X-BYTERANGE:(\\d+)@(\\d+)/);
            if (map) found.push([map[1], +map[2], +map[3]]);
            else if (next) range = [+next[1], +next[2]];
            else if (line && !line.startsWith("#")) found.push([line, ...range]);
        }
        return found;
    };
    const video = document.createElement("video");
    video.muted = true;
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    document.body.append(video);
    await new Promise((done) => source.addEventListener("sourceopen", done, {once: true}));
    const feed = async (name, buffer) => {
        for (const [url, bytes, start] of await parts(name)) {
            const range = `bytes=${start}-${start + bytes - 1}`;
            const content = await (await get(url, range)).arrayBuffer();
            await new Promise((done, fail) => {
                buffer.addEventListener("updateend", done, {once: true});
                buffer.addEventListener("error", () => fail(new Error(name)), {once: true});
                buffer.appendBuffer(content);
            });
        }
    };
    // All buffers must be there before the first is fed.
    const buffers = ['video/mp4; codecs="avc1.64001f"', 'audio/mp4; codecs="mp4a.40.2"']
        .map((type) => source.addSourceBuffer(type));
    await feed("video.m3u8", buffers[0]);
    await feed("audio.m3u8", buffers[1]);
    source.endOfStream();
    const ranges = buffers.map(({buffered}) => Array.from(
        {length: buffered.length}, (_, index) => [buffered.start(index), buffered.end(index)]));
    video.playbackRate = 8;
    const ended = new Promise((done, fail) => {
        video.addEventListener("ended", done, {once: true});
        video.addEventListener("error", () => fail(new Error(video.error.message)), {once: true});
    });
    await video.play();
    await ended;
    const {totalVideoFrames} = video.getVideoPlaybackQuality();
    return {ranges, time: video.currentTime, size: [video.videoWidth, video.videoHeight],
            frames: totalVideoFrames};
}"""


def test_a_browser_plays_the_whole_stream(shared, assets):
    edit = conftest.single(
        assets["a"], 6, chunkSeconds=1.1, hls=True, size={"width": 320, "height": 180}
    )
    job = shared.start_export(edit)
    assert shared.wait(job)["state"] == "completed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=conftest.CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        page = browser.new_page()
        page.goto(shared.api + "/")
        played = page.evaluate(PLAYER, f"{shared.api}/api/export/{job}/hls")
        browser.close()

    picture, audio = played["ranges"]
    assert len(picture) == len(audio) == 1, "a gap at a seam"
    # Two frames late, six seconds long.
    assert picture[0] == pytest.approx([2 / 30, 6 + 2 / 30], abs=0.002)
    assert audio[0] == pytest.approx([2 / 30 - 1024 / 48_000, 6 + 2 / 30], abs=0.05)
    assert played["size"] == [320, 180]
    assert played["time"] == pytest.approx(6 + 2 / 30, abs=0.06)
    assert played["frames"] > 0
