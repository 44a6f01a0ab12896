"""README's commands run as they are written, from top to bottom, in one shell."""

import re
import subprocess

import conftest

README = conftest.ROOT / "README.md"


def blocks():
    """The (language, text) of each fenced block, in order."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(), re.M | re.S)


def commands():
    return [text for language, text in blocks() if language == "sh"]


def test_each_make_target_of_the_readme_exists():
    makefile = (conftest.ROOT / "Makefile").read_text()
    named = set(
        re.findall(r"(?:^|`)(?:[A-Z_]+=\S+ )?make ([a-z][a-z-]*)", README.read_text(), re.M)
    )
    assert {"demo", "test"} <= named
    missing = [name for name in named if not re.search(rf"^{name}:", makefile, re.M)]
    assert not missing


def test_every_command_block_is_marked_as_shell():
    others = [text for language, text in blocks() if language != "sh"]
    assert len(commands()) >= 6
    assert not [text for text in others if re.search(r"^(curl|make|aws) ", text, re.M)]


def test_the_commands_run_from_top_to_bottom(emulator, tmp_path):
    """In a folder like the repository's after `make demo`, with a small film."""
    folder = tmp_path / "repository"
    media = folder / ".data/demo/media"
    media.mkdir(parents=True)
    (folder / ".build").mkdir()
    (folder / ".build/release").symlink_to(conftest.BIN.resolve())
    (folder / "events").symlink_to(conftest.ROOT / "events")
    conftest.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30000/1001:d=8"),
        *("-f", "lavfi", "-i", "sine=330:r=48000:d=8", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", media / "coast.mp4"),
    )
    # The targets of make are long; the test above checks that they exist.
    script = re.sub(r"^make .*$", "", "\n".join(commands()), flags=re.M)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-x", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "SPOOL_API": emulator.api},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(conftest.frame_hashes(folder / "out.mp4")) == 120
    assert '"status":400' not in done.stdout, done.stdout
