"""What an editor needs of an asset is made of every kind of source, exactly."""

import array
import itertools
import json
import random
import re
import subprocess

import pytest

import conftest
from derived_media import AUDIO, EXPECTED, TYPES, Derived, frame_times, make_sources, probe


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The folder of the sources."""
    folder = tmp_path_factory.mktemp("sources")
    make_sources(folder)
    return folder


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
