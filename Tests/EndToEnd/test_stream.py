"""An export is watched by HLS while it is rendered."""
import json
import subprocess

import conftest


def packets(url, kind):
    """Times of all packets of a playlist, in ticks of its track."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", kind, "-show_entries", "packet=pts",
         "-of", "json", url], check=True, capture_output=True, text=True).stdout
    return sorted(packet["pts"] for packet in json.loads(out)["packets"])


def test_it_plays_before_it_is_done_and_whole_afterwards(shared, assets, tmp_path):
    edit = conftest.single(assets["slow"], 12, chunkSeconds=2, hls=True, preset="fast")
    job = shared.start_export(edit)

    def playing():
        status = shared.status(job)
        assert status["state"] != "failed", status
        return status if "playlist" in status else None
    shared.wait_until(playing)
    path = playing()["playlist"]
    base = shared.api + path.rsplit("/", 1)[0]

    def started():
        text = conftest.http("GET", f"{base}/video.m3u8").body.decode()
        return text if "#EXTINF" in text else None
    early = shared.wait_until(started)
    assert shared.status(job)["state"] == "rendering"
    assert "#EXT-X-ENDLIST" not in early
    # A player that does not wait for more: what is there is a film by itself.
    so_far = tmp_path / "so-far.m3u8"
    so_far.write_text(early + "#EXT-X-ENDLIST\n")
    frames = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,http,tcp", "-i",
         so_far, "-map", "0:v", "-f", "framemd5", "-"], check=True, capture_output=True,
        text=True).stdout
    count = sum(not line.startswith("#") for line in frames.splitlines())
    assert count == 60 * early.count("#EXTINF")

    status = shared.wait(job)
    assert status["state"] == "completed", status
    film = shared.download(status, tmp_path / "film.mp4")
    whole = conftest.http("GET", f"{base}/video.m3u8")
    assert whole.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert whole.body.decode().rstrip().endswith("#EXT-X-ENDLIST")
    times = packets(f"{base}/video.m3u8", "v")
    step = times[1] - times[0]
    assert times == [(2 + index) * step for index in range(360)]
    hashes = [digest for _, digest in conftest.frame_hashes(shared.api + path)]
    assert hashes == [digest for _, digest in conftest.frame_hashes(film)]
    sound = packets(f"{base}/audio.m3u8", "a")
    assert sound == [3200 - 1024 + 1024 * index for index in range(len(sound))]
    assert len(sound) == 1 + -(-12 * 48_000 // 1024)
