#!/usr/bin/env python3
"""The estimated cost of an export over its actual cost.

Exports edits of different lengths, sizes and layers once as samples for the
estimate, then estimates and exports variants without cached chunks. Prints
estimate over actual for compute, requests and total, and the worst ratio.
Usage: estimate_benchmark.py
"""

import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
from export_benchmark import edit, make_media  # noqa: E402

import conftest  # noqa: E402


def edits(assets, crf):
    """Names and edits: that of the export benchmark, and simpler and shorter ones."""
    film = edit(assets, crf)
    plain = conftest.single(assets["a.mp4"], 24, size={"width": 1280, "height": 720}, crf=crf)
    large = conftest.single(assets["b.mp4"], 12, size={"width": 1920, "height": 1080}, crf=crf)
    short = conftest.single(assets["c.mp4"], 18, size={"width": 1280, "height": 720}, crf=crf)
    return [("film", film), ("one clip", plain), ("1080p", large), ("60 to 30 fps", short)]


def export(emulator, document):
    status = emulator.wait(emulator.start_export(document), seconds=900)
    assert status["state"] == "completed", status
    return status["usage"]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_media(folder)
        emulator = conftest.Emulator(folder / "data").start()
        try:
            types = {".mp4": "video/mp4", ".png": "image/png", ".m4a": "audio/mp4"}
            assets = {
                p.name: emulator.upload(p, types[p.suffix])
                for p in sorted(folder.iterdir())
                if p.suffix in types
            }
            emulator.wait_derived(assets.values())
            for _, document in edits(assets, 23):
                export(emulator, document)
            worst = 1.0
            print("edit           est. GB-s  act. GB-s  compute  requests   total")
            for title, document in edits(assets, 21):
                guess = emulator.call("POST", "/api/export/estimate", document).json()
                real = export(emulator, document)
                ratios = [
                    guess["cost"][k] / real["cost"][k] for k in ("compute", "requests", "total")
                ]
                worst = max([worst, ratios[2], 1 / ratios[2]])
                print(
                    f"{title:14} {guess['resources']['gigabyteSeconds']:9.1f} "
                    f"{real['resources']['gigabyteSeconds']:10.1f} "
                    f"{ratios[0]:8.2f} {ratios[1]:9.2f} {ratios[2]:7.2f}"
                )
            print(f"worst total: {100 * (worst - 1):.0f} % off")
        finally:
            emulator.stop()


if __name__ == "__main__":
    main()
