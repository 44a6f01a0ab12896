"""Sources of many kinds, and the objects that Spool derives from them."""

import json
import subprocess

import conftest
from store_clients import s3_client
from waiting import wait_until

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def picture(rate, seconds, size="320x180"):
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def tone(rate, seconds, layout="stereo"):
    return ["-f", "lavfi", "-i", f"sine=330:r={rate}:d={seconds},aformat=channel_layouts={layout}"]


def make_sources(folder):
    """Files of many kinds, with the arguments that make them."""
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


def probe(path, *options):
    command = ["ffprobe", "-v", "error", *options, "-of", "json", path]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def frame_times(path):
    """Time of each frame in seconds, and whether it is a keyframe."""
    entries = ["-select_streams", "v:0", "-show_entries", "packet=pts_time,flags"]
    packets = probe(path, *entries)["packets"]
    return sorted((float(packet["pts_time"]), "K" in packet["flags"]) for packet in packets)
