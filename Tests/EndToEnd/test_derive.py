"""What an editor needs of an asset is made of every kind of source, exactly and once."""

import array
import itertools
import json
import random
import re
import subprocess
import time

import pytest

import conftest
from conftest import Emulator
from store_clients import s3_client
from waiting import wait_until

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def picture(rate, seconds, size="320x180"):
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def tone(rate, seconds, layout="stereo"):
    return ["-f", "lavfi", "-i", f"sine=330:r={rate}:d={seconds},aformat=channel_layouts={layout}"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Files of many kinds by name, with the arguments that make them."""
    folder = tmp_path_factory.mktemp("sources")
    ntsc, film = "30000/1001", "24000/1001"
    made = {
        "ntsc.mp4": [*picture(ntsc, 4, "1280x720"), *tone(48000, 4), *H264, "-c:a", "aac"],
        "film.mkv": [*picture(film, 4), *tone(44100, 4, "5.1"), *H264, "-c:a", "flac"],
        "vp9.webm": [
            *picture(25, 3),
            *tone(48000, 3, "mono"),
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-c:a",
            "libopus",
        ],
        "tall.mov": [*picture(50, 2, "608x1080"), *H264],
        # MPEG audio: AAC would begin before the pictures.
        "offset.ts": [
            *picture(25, 3),
            *tone(48000, 3),
            *H264,
            "-c:a",
            "mp2",
            "-output_ts_offset",
            "7",
        ],
        # Each third frame is missing.
        "variable.mp4": [
            *picture(30, 4),
            *H264,
            "-vf",
            "select='mod(n,3)'",
            "-fps_mode",
            "vfr",
            "-enc_time_base",
            "1/90000",
        ],
        "voice.mp3": [*tone(22050, 3, "mono"), "-c:a", "libmp3lame"],
        "studio.wav": [*tone(192000, 2, "7.1"), "-c:a", "pcm_s24le"],
        "lossless.m4a": [*tone(96000, 2), "-c:a", "alac"],
        "still.png": [*picture(1, 1), "-frames:v", "1"],
    }
    for name, arguments in made.items():
        conftest.ffmpeg(*arguments, folder / name)
    # Shown upright by its display matrix alone.
    conftest.ffmpeg(
        *["-i", folder / "ntsc.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90"],
        folder / "turned.mp4",
    )
    return folder


TYPES = {
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "ts": "video/mp2t",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "png": "image/png",
}
FILM = {"proxy.mp4", "poster.jpg", "sprite.jpg", "sprite.vtt"}
AUDIO = {"waveform.json", "audio.m4a"}
EXPECTED = {
    "ntsc.mp4": FILM | {"waveform.json"},
    "turned.mp4": FILM | {"waveform.json"},
    "film.mkv": FILM | AUDIO,
    "vp9.webm": FILM | AUDIO,
    "tall.mov": FILM,
    "offset.ts": FILM | AUDIO,
    "variable.mp4": FILM,
    "voice.mp3": AUDIO,
    "studio.wav": AUDIO,
    "lossless.m4a": AUDIO,
    "still.png": {"poster.jpg"},
}


class Derived:
    """The derived objects of one asset, as its prefix lists them."""

    def __init__(self, emulator, asset):
        self.emulator, self.asset = emulator, asset
        self.prefix = f"assets/local/{asset}/"

    def listing(self):
        pages = s3_client(self.emulator).get_paginator("list_objects_v2")
        return {
            entry["Key"].removeprefix(self.prefix): entry["ETag"].strip('"')
            for page in pages.paginate(Bucket="spool", Prefix=self.prefix)
            for entry in page.get("Contents", [])
        }

    def ready(self):
        """Names of the objects that have a mark with their ETag."""
        found = self.listing()
        marks = {key.split("/")[2] for key in found if key.startswith("derived/")}
        return {name for name, etag in found.items() if f"{name}.{etag}" in marks}

    def failed(self):
        return {
            key.split("/")[2].removesuffix(".failed")
            for key in self.listing()
            if key.endswith(".failed")
        }

    def wait(self, names, seconds=60):
        def settled():
            assert not self.failed(), f"{self.failed()} of {self.asset} failed"
            return names <= self.ready()

        wait_until(f"{sorted(names)} of {self.asset}", settled, seconds)
        return self

    def get(self, name):
        key = self.prefix + name
        return s3_client(self.emulator).get_object(Bucket="spool", Key=key)["Body"].read()

    def save(self, name, folder):
        path = folder / f"{self.asset}-{name}"
        path.write_bytes(self.get(name))
        return path


@pytest.fixture(scope="module")
def derived(shared, sources):
    """Every source's derived objects."""
    assets = {
        name: Derived(shared, shared.upload(sources / name, TYPES[name.split(".")[1]]))
        for name in EXPECTED
    }
    for name, names in EXPECTED.items():
        assets[name].wait(names, seconds=180)
    return assets


def probe(path, *options):
    command = ["ffprobe", "-v", "error", *options, "-of", "json", path]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def frame_times(path):
    """Time of each frame in seconds, and whether it is a keyframe."""
    entries = ["-select_streams", "v:0", "-show_entries", "packet=pts_time,flags"]
    packets = probe(path, *entries)["packets"]
    return sorted((float(packet["pts_time"]), "K" in packet["flags"]) for packet in packets)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_source_gets_what_it_can_have_and_nothing_else(derived, name):
    found = derived[name].listing()
    made = {n for n in found if not n.startswith(("derived/", "upload.", "asset.", "media."))}
    copied = {n for n in made if re.fullmatch(r"audio\.[0-9a-f-]+\.m4a", n)}
    assert made - copied == EXPECTED[name]
    assert len(copied) == (name in ("ntsc.mp4", "turned.mp4"))
    assert derived[name].failed() == set()


@pytest.mark.parametrize(
    ("name", "frames", "rate", "size"),
    [
        ("ntsc.mp4", 120, "30000/1001", (960, 540)),
        ("turned.mp4", 120, "30000/1001", (540, 960)),
        ("film.mkv", 96, "24000/1001", (320, 180)),
        ("vp9.webm", 75, "25/1", (320, 180)),
        ("tall.mov", 100, "50/1", (540, 960)),
        ("offset.ts", 75, "25/1", (320, 180)),
        ("variable.mp4", 80, "2400/119", (320, 180)),
    ],
)
def test_a_proxy_has_the_frames_of_its_source(derived, tmp_path, name, frames, rate, size):
    path = derived[name].save("proxy.mp4", tmp_path)
    streams = {s["codec_type"]: s for s in probe(path, "-show_streams")["streams"]}
    video, times = streams["video"], frame_times(path)
    assert (video["codec_name"], video["pix_fmt"]) == ("h264", "yuv420p")
    assert (video["width"], video["height"]) == size
    assert video["avg_frame_rate"] == rate
    top, bottom = map(int, rate.split("/"))
    assert len(times) == frames
    for number, (at, _) in enumerate(times):
        assert at == pytest.approx(number * bottom / top, abs=2e-4)
    assert float(video["duration"]) == pytest.approx(frames * bottom / top, abs=1e-3)
    keys = [at for at, is_key in times if is_key]
    assert keys[0] == 0
    assert max(b - a for a, b in itertools.pairwise([*keys, frames * bottom / top])) <= 0.5 + 1e-3
    has_audio = name not in ("tall.mov", "variable.mp4")
    assert ("audio" in streams) == has_audio
    if has_audio:
        assert streams["audio"]["codec_name"] == "aac"
    # The index is in front of the pictures.
    data = path.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_a_proxy_shows_the_frames_of_its_source_at_their_numbers(derived, sources, tmp_path):
    """A frame of the proxy is more like the same frame of the source than like its neighbours."""
    proxy = derived["offset.ts"].save("proxy.mp4", tmp_path)

    def gray(path):
        command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-vf", "scale=160:90"]
        command += ["-pix_fmt", "gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
        data = subprocess.run(command, check=True, capture_output=True).stdout
        return [data[i : i + 14400] for i in range(0, len(data), 14400)]

    ours, theirs = gray(proxy), gray(sources / "offset.ts")

    def difference(a, b):
        return sum(abs(x - y) for x, y in zip(a[::7], b[::7], strict=True))

    for number in (1, 20, 40, 73):
        near = {n: difference(ours[number], theirs[n]) for n in (number - 1, number, number + 1)}
        assert min(near, key=near.get) == number, near


@pytest.mark.parametrize("name", [n for n in EXPECTED if "waveform.json" in EXPECTED[n]])
def test_a_waveform_covers_the_audio(derived, sources, name):
    waveform = json.loads(derived[name].get("waveform.json"))
    audio = probe(sources / name, "-select_streams", "a:0", "-show_streams")["streams"][0]
    assert {k: waveform[k] for k in ("version", "channels", "bits")} == {
        "version": 2,
        "channels": 1,
        "bits": 8,
    }
    assert waveform["sample_rate"] == int(audio["sample_rate"])
    assert len(waveform["data"]) == 2 * waveform["length"]
    seconds = waveform["length"] * waveform["samples_per_pixel"] / waveform["sample_rate"]
    length = float(probe(sources / name, "-show_format")["format"]["duration"])
    assert seconds == pytest.approx(length, abs=0.1)
    assert all(-128 <= value <= 127 for value in waveform["data"])
    assert max(waveform["data"]) > 0 > min(waveform["data"])


def test_a_waveform_is_that_of_the_definition(shared, tmp_path):
    """audiowaveform: mix, minimum and maximum of each pixel, divided by 256 towards zero."""
    rng = random.Random(12)
    left = [rng.randint(-32768, 32767) * (i // 4000 % 3) // 2 for i in range(30000)]
    right = [rng.randint(-9000, 30000) for _ in left]
    raw = tmp_path / "noise.raw"
    samples = [min(32767, max(-32768, s)) for pair in zip(left, right, strict=True) for s in pair]
    raw.write_bytes(array.array("h", samples).tobytes())
    wav = tmp_path / "noise.wav"
    conftest.ffmpeg("-f", "s16le", "-ar", 11025, "-ac", 2, "-i", raw, wav)
    asset = Derived(shared, shared.upload(wav, "audio/wav")).wait(AUDIO)

    mixed = [int((a + b) / 2) for a, b in zip(samples[::2], samples[1::2], strict=True)]
    expected = []
    for start in range(0, len(mixed), 256):
        pixel = mixed[start : start + 256]
        expected += [int(min(pixel) / 256), int(max(pixel) / 256)]
    waveform = json.loads(asset.get("waveform.json"))
    assert waveform == {
        "version": 2,
        "channels": 1,
        "sample_rate": 11025,
        "samples_per_pixel": 256,
        "bits": 8,
        "length": 118,
        "data": expected,
    }


@pytest.mark.parametrize("name", [n for n in EXPECTED if "audio.m4a" in EXPECTED[n]])
def test_audio_of_every_codec_is_an_m4a(derived, sources, tmp_path, name):
    path = derived[name].save("audio.m4a", tmp_path)
    found = probe(path, "-show_streams", "-show_format")
    (stream,) = found["streams"]
    source = probe(sources / name, "-show_streams", "-show_format")
    audio = next(s for s in source["streams"] if s["codec_type"] == "audio")
    assert stream["codec_name"] == "aac"
    assert stream["channels"] == audio["channels"]
    assert path.read_bytes()[8:12] == b"M4A "
    length = float(source["format"]["duration"])
    assert float(found["format"]["duration"]) == pytest.approx(length, abs=0.15)
    # It decodes without an error.
    subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"], check=True)


def test_thumbnails_show_the_film_at_their_times(derived, tmp_path):
    asset = derived["ntsc.mp4"]
    lines = asset.get("sprite.vtt").decode().split("\n\n")
    assert lines[0] == "WEBVTT"
    cues = [cue.strip().split("\n") for cue in lines[1:]]
    assert [cue[0] for cue in cues] == [
        "00:00:00.000 --> 00:00:01.000",
        "00:00:01.000 --> 00:00:02.000",
        "00:00:02.000 --> 00:00:03.000",
        "00:00:03.000 --> 00:00:04.000",
        "00:00:04.000 --> 00:00:04.004",
    ]
    assert cues[1][1] == "sprite.jpg#xywh=160,0,160,90"
    sheet = probe(asset.save("sprite.jpg", tmp_path), "-show_streams")["streams"][0]
    assert (sheet["width"], sheet["height"]) == (800, 90)


def chunked_source(folder, seconds=64):
    path = folder / "long.mp4"
    conftest.ffmpeg(*picture("30000/1001", seconds), *tone(48000, seconds), *H264, path)
    return path


def exports_of(emulator):
    pages = s3_client(emulator).get_paginator("list_objects_v2")
    keys = [
        entry["Key"]
        for page in pages.paginate(Bucket="spool", Prefix="exports/local/")
        for entry in page.get("Contents", [])
    ]
    return {key.split("/")[2]: [k for k in keys if key.split("/")[2] in k] for key in keys}


def test_a_long_source_gets_its_proxy_in_chunks(emulator, tmp_path):
    asset = Derived(emulator, emulator.upload(chunked_source(tmp_path)))
    asset.wait(FILM | {"waveform.json"})

    ((job, keys),) = exports_of(emulator).items()
    assert sum(key.endswith(".chunk.json") for key in keys) > 3
    assert any(key.endswith("result.json") for key in keys)
    assert not any("output" in key for key in keys)
    times = frame_times(asset.save("proxy.mp4", tmp_path))
    assert len(times) == 1919
    keyframes = [at for at, is_key in times if is_key]
    assert max(b - a for a, b in itertools.pairwise(keyframes)) <= 0.5 + 1e-3
    # It is no export of the user's.
    assert emulator.call("GET", "/api/exports").json()["exports"] == []
    assert emulator.call("GET", f"/api/export/{job}").status == 404

    # Another derive request, as a duplicate event would be, starts nothing.
    before = exports_of(emulator)
    client = s3_client(emulator)
    key = asset.prefix + "media.derive.json"
    listing = asset.listing()
    client.put_object(Bucket="spool", Key=key, Body=b"{}")
    wait_until("the end of the second run", lambda: derive_runs(emulator) >= 3)
    assert exports_of(emulator) == before
    assert {k: v for k, v in asset.listing().items() if "media.derive" not in k} == {
        k: v for k, v in listing.items() if "media.derive" not in k
    }


def derive_runs(emulator):
    """Number of finished invocations of derive-asset."""
    return sum(
        record.get("function") == "derive-asset" and record["message"] == "Invocation ended"
        for record in emulator.log_records()
    )


def test_a_killed_emulator_derives_every_object_once(tmp_path):
    source = chunked_source(tmp_path)
    emulator = Emulator(tmp_path / "data").start()
    asset = emulator.upload(source)
    try:
        for _ in range(5):
            time.sleep(random.uniform(0.1, 2))
            emulator.kill()
            emulator.start()
        derived = Derived(emulator, asset).wait(FILM | {"waveform.json"}, seconds=240)
        assert derived.failed() == set()
        assert len(exports_of(emulator)) == 1
        path = derived.save("proxy.mp4", tmp_path)
        assert len(frame_times(path)) == 1919
        assert len(conftest.frame_hashes(path)) == 1919
        assert derived.get("sprite.vtt").count(b"-->") == 65
        assert json.loads(derived.get("waveform.json"))["length"] == 12000
    finally:
        emulator.stop()


def test_a_broken_source_stays_usable_where_it_decodes(shared, media, tmp_path):
    whole = tmp_path / "whole.mp4"
    conftest.ffmpeg("-i", media / "a.mp4", "-c", "copy", "-movflags", "+faststart", whole)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    asset = Derived(shared, shared.upload(cut))
    wait_until("the failed proxy", lambda: "proxy" in asset.failed())
    wait_until("the poster", lambda: "poster.jpg" in asset.ready())

    status = shared.wait(shared.start_export(conftest.single(asset.asset, 1)))
    assert status["state"] == "completed", status
