"""The gallery's edits give the frames and samples of the golden file.

The exports are lossless, so the golden file depends on FFmpeg's filters and
on no encoder. UPDATE_GOLDEN=1 writes it.
"""

import concurrent.futures
import copy
import hashlib
import json
import os
import pathlib
import subprocess

import pytest

import conftest
import gallery_edits

GOLDEN = conftest.ROOT / "Tests/Golden/gallery.framemd5.json"
SMALL = {"width": 320, "height": 180}
# The frames of a lossy encoder depend on the encoder.
LOSSY_FORMATS = ("webm",)


def platform():
    """Inputs of the hashes in addition to Spool: FFmpeg, and the SIMD code of its filters."""
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True)
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return {
        "ffmpeg": version.stdout.split()[2],
        "machine": os.uname().machine,
        "simd": [flag for flag in ("avx2", "avx512f") if flag in flags],
    }


def lossless(request):
    """The same edit, small and without loss."""
    request = copy.deepcopy(request)
    output = request["output"]
    size = output["size"]
    output["size"] = SMALL if size["width"] > size["height"] else {"width": 180, "height": 320}
    if "format" not in output:
        output |= {"format": "mov", "codec": "lossless", "audio": {"codec": "pcm"}}
    if "variations" in request:
        # Their usual output sets a bit rate.
        output |= {"maxBitrate": None, "bufferSize": None}
    return request


def digests(path):
    """The number of frames, and hashes of all frames and of all samples."""
    frames = conftest.frame_hashes(path)
    samples = b"" if path.suffix in (".gif", ".png") else conftest.audio_samples(path)
    return {
        "frames": len(frames),
        "video": hashlib.md5(json.dumps(frames).encode()).hexdigest(),
        "audio": hashlib.md5(samples).hexdigest() if samples else None,
    }


def render(emulator, name, request, folder):
    """The digests of each file of one edit."""
    answer = emulator.call("POST", "/api/export", lossless(request))
    assert answer.status == 202, (name, answer.body)
    result = []
    for number, job in enumerate(answer.json().get("jobs", [answer.json()])):
        status = emulator.wait(job["jobId"])
        assert status["state"] == "completed", (name, status)
        suffix = status["downloadUrl"].partition("?")[0].rpartition(".")[2]
        file_name = f"{name.replace('/', '-')}-{number}.{suffix}"
        result.append(digests(emulator.download(status, folder / file_name)))
    return result


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}


def test_the_gallery_has_the_golden_frames_and_samples(tmp_path, golden):
    update = os.environ.get("UPDATE_GOLDEN") == "1"
    here = platform()
    if not update and golden.get("platform") != here:
        pytest.skip(f"{GOLDEN.name} is of {golden.get('platform')}, this machine has {here}")

    sources, files = tmp_path / "sources", tmp_path / "files"
    sources.mkdir()
    files.mkdir()
    gallery_edits.make_sources(sources, size="480x270", lossless=True)
    emulator = conftest.Emulator(tmp_path / "data").start()
    try:
        examples = [
            (f"{group}/{name}", request)
            for group, name, request in gallery_edits.examples(
                gallery_edits.upload(emulator, sources)
            )
            if request["output"].get("format") not in LOSSY_FORMATS
        ]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            digest_lists = pool.map(lambda item: render(emulator, *item, files), examples)
            found = dict(zip((name for name, _ in examples), digest_lists, strict=True))
    finally:
        emulator.stop()

    if update:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps({"platform": here, "edits": found}, indent=1) + "\n")
        golden = {"platform": here, "edits": found}
    assert found.keys() == golden["edits"].keys()
    different = [name for name in found if found[name] != golden["edits"][name]]
    assert not different, {name: (golden["edits"][name], found[name]) for name in different}
