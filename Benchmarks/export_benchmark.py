#!/usr/bin/env python3
"""Chunked export compared with one FFmpeg process that renders the same timeline.

Prints, from one run: wall and CPU of the export over the single process
(pairs, one after the other, medians of their ratios), bytes that the store
sent for sources over bytes of the needed packets, and the share of wall time
in which no FFmpeg ran. 60 s of 1080p. Usage: export_benchmark.py [PAIRS]
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

RATE, WIDTH, HEIGHT, CRF = "30000/1001", 1920, 1080, 21
# name, in-point, length, start: 60 s without a gap.
CLIPS = [("a.mp4", 3.0, 21.0, 0.0), ("b.mp4", 1.5, 19.5, 21.0), ("c.mp4", 0.0, 19.5, 40.5)]
TICKS = os.sysconf("SC_CLK_TCK")


def make_media(folder):
    """Camera-like files: 8 Mbit/s, other rates and sizes, noise that is hard to encode."""
    sources = {
        "a.mp4": ("1920x1080", "30000/1001", 26),
        "b.mp4": ("1280x720", "25", 24),
        "c.mp4": ("1920x1080", "60", 22),
    }
    for name, (size, rate, seconds) in sources.items():
        conftest.ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s={size}:r={rate}:d={seconds}",
            "-f",
            "lavfi",
            "-i",
            f"sine=440:r=48000:d={seconds}",
            "-vf",
            "noise=alls=12:allf=t",
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-b:v",
            "8M",
            "-maxrate",
            "10M",
            "-bufsize",
            "16M",
            "-g",
            "60",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-b:a",
            "128k",
            "-movflags",
            "+faststart",
            folder / name,
        )
    conftest.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=orange@0.8:s=320x120,format=rgba",
        "-frames:v",
        "1",
        folder / "logo.png",
    )
    conftest.ffmpeg(
        "-f", "lavfi", "-i", "sine=220:r=48000:d=60", "-c:a", "aac", folder / "music.m4a"
    )


def edit(assets, crf):
    clips = [
        {
            "asset": {"type": "video", "assetId": assets[name], "trim": trim},
            "start": start,
            "length": length,
        }
        for name, trim, length, start in CLIPS
    ]
    logo = {
        "asset": {"type": "image", "assetId": assets["logo.png"]},
        "start": 2,
        "length": 56,
        "position": "topRight",
        "scale": 0.25,
        "fit": "contain",
    }
    return {
        "timeline": {
            "tracks": [{"clips": [logo]}, {"clips": clips}],
            "soundtrack": {"assetId": assets["music.m4a"], "volume": 0.3},
        },
        "output": {"size": {"width": WIDTH, "height": HEIGHT}, "fps": RATE, "crf": crf},
    }


def single_arguments(folder, crf, out):
    """A command as written by hand: one graph, FFmpeg's default threads."""
    inputs, graph, joined = [], [], ""
    for index, (name, trim, length, _) in enumerate(CLIPS):
        inputs += ["-ss", str(trim), "-t", str(length), "-i", str(folder / name)]
        graph.append(
            f"[{index}:v]fps={RATE},scale={WIDTH}:{HEIGHT},setsar=1,format=yuv420p[v{index}]"
        )
        joined += f"[v{index}][{index}:a]"
    count = len(CLIPS)
    inputs += [
        "-loop",
        "1",
        "-framerate",
        RATE,
        "-t",
        "60",
        "-i",
        str(folder / "logo.png"),
        "-i",
        str(folder / "music.m4a"),
    ]
    graph += [
        f"{joined}concat=n={count}:v=1:a=1[v][s]",
        f"[{count}:v]scale={WIDTH // 4}:-2[l]",
        "[v][l]overlay=x=W-w:y=0:enable='between(t,2,58)':shortest=0:eof_action=pass[o]",
        f"[{count + 1}:a]volume=0.3[m]",
        "[s][m]amix=normalize=0:duration=first[x]",
    ]
    return [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-y",
        *inputs,
        "-filter_complex",
        ";".join(graph),
        "-map",
        "[o]",
        "-map",
        "[x]",
        "-t",
        "60",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        str(crf),
        "-c:a",
        "aac",
        "-b:a",
        "192k",
        "-movflags",
        "+faststart",
        str(out),
    ]


def run_single(folder, crf, out):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(single_arguments(folder, crf, out), check=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def family_cpu(pid):
    """CPU seconds of a process and its descendants, ended ones included."""
    rows, children = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        rows[int(entry)] = sum(map(int, fields[11:15]))
        children.setdefault(int(fields[1]), []).append(int(entry))
    total, todo = 0, [pid]
    while todo:
        member = todo.pop()
        total += rows.get(member, 0)
        todo += children.get(member, [])
    return total / TICKS


class FFmpegWatch(threading.Thread):
    """Samples, every 20 ms, if any FFmpeg runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.busy = self.rounds = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            self.rounds += 1
            found = subprocess.run(
                ["pgrep", "-x", "ffmpeg|ffprobe"], capture_output=True, check=False
            )
            self.busy += found.returncode == 0

    def idle_share(self):
        self.ended.set()
        self.join()
        return 1 - self.busy / max(1, self.rounds)


def run_export(emulator, assets, crf, watched=False):
    watch = FFmpegWatch()
    if watched:
        watch.start()
    cpu, start = family_cpu(emulator.process.pid), time.monotonic()
    job = emulator.start_export(edit(assets, crf))
    while True:
        status = emulator.status(job)
        if status["state"] in ("completed", "failed"):
            break
        time.sleep(0.1)
    wall = time.monotonic() - start
    assert status["state"] == "completed", status
    used = family_cpu(emulator.process.pid) - cpu
    return wall, used, status, watch.idle_share() if watched else None


def counter(emulator, name):
    text = emulator.call("GET", "/metrics").body.decode()
    return sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def needed_bytes(folder):
    """Bytes of the packets from the keyframe before each in-point to the out-point, with audio."""
    total = (folder / "logo.png").stat().st_size + (folder / "music.m4a").stat().st_size
    for name, trim, length, _ in CLIPS:
        rows = json.loads(
            subprocess.run(
                [
                    "ffprobe",
                    "-v",
                    "error",
                    "-show_entries",
                    "packet=codec_type,pts_time,size,flags",
                    "-of",
                    "json",
                    folder / name,
                ],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )["packets"]
        video = [row for row in rows if row["codec_type"] == "video"]
        first = max(
            float(row["pts_time"])
            for row in video
            if "K" in row["flags"] and float(row["pts_time"]) <= trim
        )
        for row in rows:
            begin = first if row["codec_type"] == "video" else trim
            if begin <= float(row["pts_time"]) < trim + length:
                total += int(row["size"])
    return total


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="spool-bench-") as scratch:
        folder = pathlib.Path(scratch) / "media"
        folder.mkdir()
        make_media(folder)
        emulator = conftest.Emulator(pathlib.Path(scratch) / "data").start()
        try:
            types = {".mp4": "video/mp4", ".png": "image/png", ".m4a": "audio/mp4"}
            assets = {
                path.name: emulator.upload(path, types[path.suffix])
                for path in sorted(folder.iterdir())
            }
            emulator.wait_derived(assets.values())
            time.sleep(2)
            report(emulator, assets, folder, pairs, pathlib.Path(scratch))
        finally:
            emulator.stop()


def report(emulator, assets, folder, pairs, scratch):
    walls, cpus = [], []
    # Each pair has another CRF, so that no chunk is in the cache.
    for number in range(pairs):
        crf = CRF + number
        single_wall, single_cpu = run_single(folder, crf, scratch / "single.mp4")
        wall, cpu, status, _ = run_export(emulator, assets, crf)
        walls.append(wall / single_wall)
        cpus.append(cpu / single_cpu)
        print(
            f"pair {number + 1}: single {single_wall:.1f} s wall {single_cpu:.1f} s CPU, "
            f"export {wall:.1f} s wall {cpu:.1f} s CPU in {len(status['chunks'])} chunks",
            flush=True,
        )
    sent = counter(emulator, "spool_s3_sent_bytes_total")
    _, _, status, idle = run_export(emulator, assets, CRF + pairs, watched=True)
    sent = counter(emulator, "spool_s3_sent_bytes_total") - sent
    # The stitch reads every chunk and the audio once; all else is sources and JSON
    # objects.
    sources, needed = sent - status["size"], needed_bytes(folder)
    print(f"wall, export over single:      {statistics.median(walls):.3f}")
    print(f"CPU, export over single:       {statistics.median(cpus):.3f}")
    print(
        f"bytes read over bytes needed:  {sources / needed:.3f}  "
        f"({sources / 1e6:.1f} MB over {needed / 1e6:.1f} MB)"
    )
    print(f"wall time without any FFmpeg:  {100 * idle:.1f} %")


if __name__ == "__main__":
    main()
