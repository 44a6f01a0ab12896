"""Hardware encoders: refused where the machine has none, used where it has one."""

import json
import subprocess

import pytest

from conftest import Emulator, single

# An FFmpeg on a machine with a graphics card: h264_nvenc is libx264 with the nearest options.
CARD = """#!/bin/bash
case "$*" in *-encoders*) echo ' V....D h264_nvenc           a card' ;; esac
words=()
while [ $# -gt 0 ]; do
    case "$1" in
        h264_nvenc) words+=(libx264); echo "${words[*]}" >>'LOG' ;;
        -cq) words+=(-crf "$2"); shift ;;
        -rc | -forced-idr | -b:v) shift ;;
        -preset) words+=(-preset veryfast); shift ;;
        *) words+=("$1") ;;
    esac
    shift
done
exec /usr/bin/ffmpeg "${words[@]}"
"""


@pytest.mark.parametrize("encoder", ["nvenc", "qsv", "vaapi", "videotoolbox"])
def test_an_encoder_that_the_machine_lacks_is_refused(shared, assets, encoder):
    answer = shared.call("POST", "/api/export", single(assets["a"], 1, encoder=encoder))

    assert answer.status == 400
    fault = answer.json()["errors"][0]
    assert fault["pointer"] == "/output/encoder"
    assert f'"{encoder}" is not available' in fault["detail"]


def test_auto_is_software_without_hardware(shared, assets):
    job = shared.start_export(single(assets["a"], 1, encoder="auto"))

    assert shared.wait(job)["state"] == "completed"


def test_a_film_is_encoded_on_the_card_and_not_taken_for_the_software_one(tmp_path, media):
    program, log = tmp_path / "ffmpeg-card", tmp_path / "card.log"
    program.write_text(CARD.replace("LOG", str(log)))
    program.chmod(0o755)
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(program)).start()
    asset = emulator.upload(media / "a.mp4")
    software = emulator.wait(emulator.start_export(single(asset, 2)))
    assert software["state"] == "completed"
    assert not log.exists()

    for encoder in ("nvenc", "auto"):
        edit = single(asset, 2, encoder=encoder, chunkSeconds=1)
        done = emulator.wait(emulator.start_export(edit))

        assert done["state"] == "completed", done
        film = emulator.download(done, tmp_path / "film.mp4")
        streams = json.loads(
            subprocess.run(
                ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", film],
                check=True,
                capture_output=True,
            ).stdout
        )["streams"]
        assert streams[0]["nb_read_frames"] == "60"
    # Two chunks, and the two frames that start-export tries; auto finds the chunks again.
    runs = log.read_text().splitlines()
    assert len([run for run in runs if "color=size" in run]) >= 1
    assert len([run for run in runs if "color=size" not in run]) == 2
    assert emulator.stop() == 0


def test_the_operator_says_what_render_machines_have(tmp_path, media):
    emulator = Emulator(tmp_path / "data", SPOOL_ENCODERS="none").start()
    asset = emulator.upload(media / "a.mp4")
    assert emulator.call("POST", "/api/export", single(asset, 1, encoder="nvenc")).status == 400
    assert emulator.stop() == 0
