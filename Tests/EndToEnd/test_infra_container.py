"""The files for one machine: they agree with each other and with the programs."""

import re
import subprocess
import tomllib

import yaml

from conftest import BIN, ROOT

FOLDER = ROOT / "infra/container"


def test_the_images_copy_only_existing_files():
    for name in ("Dockerfile", "Dockerfile.lambda"):
        text = (FOLDER / name).read_text()
        sources = re.findall(r"^COPY (?!--from)(\S+) ", text, re.M)
        assert len(sources) >= 4
        for source in sources:
            assert (ROOT / source).exists(), f"{name}: {source}"


def test_the_container_passes_only_options_of_the_emulator():
    text = (FOLDER / "Dockerfile").read_text()
    entry = text[text.index("ENTRYPOINT") :]
    options = re.findall(r'"(--[a-z0-9-]+)"', entry)
    known = subprocess.run(
        [BIN / "local-emulator", "--help"], capture_output=True, text=True, check=False
    ).stdout
    assert len(options) == 7
    for option in options:
        assert f"{option} " in known, option


def test_compose_and_fly_ask_for_the_secrets_and_keep_the_data_on_a_volume():
    service = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["spool"]
    for name in ("SPOOL_TOKENS", "SPOOL_ADMIN_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert ":?" in service["environment"][name], name
    assert service["volumes"] == ["spool-data:/data"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    fly = tomllib.loads((FOLDER / "fly.toml").read_text())
    assert fly["mounts"][0]["destination"] == "/data"
    ports = {fly["http_service"]["internal_port"], fly["services"][0]["internal_port"]}
    assert ports == {int(p.split(":")[-1]) for p in service["ports"]}


def test_fly_stops_an_idle_machine_and_never_one_at_work():
    fly = tomllib.loads((FOLDER / "fly.toml").read_text())
    assert fly["http_service"]["force_https"]
    for service in (fly["http_service"], fly["services"][0]):
        # The proxy sees requests, not renders: only the emulator itself may end.
        assert service["auto_stop_machines"] == "off"
        assert service["auto_start_machines"]
        assert service["min_machines_running"] == 0
    assert fly["restart"] == [{"policy": "on-failure", "retries": 10}]
    assert fly["env"]["DATA_DIR"] == fly["mounts"][0]["destination"]
    # Longer than the sweep's quiet time, after which a lost event is sent again.
    assert int(fly["env"]["SPOOL_EXIT_WHEN_IDLE"]) >= 300
    assert fly["env"]["SPOOL_DISK_PERCENT_MAX"] == "80"
    assert fly["vm"][0] == {"cpu_kind": "shared", "cpus": 1, "memory": "1gb"}


def test_the_entry_of_the_image_passes_the_handler(tmp_path):
    script = (FOLDER / "lambda-entry").read_text()
    program = tmp_path / "bootstrap"
    program.write_text('#!/bin/sh\necho "$_HANDLER"\n')
    program.chmod(0o755)
    entry = tmp_path / "entry"
    entry.write_text(script.replace("/usr/local/bin/bootstrap", str(program)))
    entry.chmod(0o755)
    assert (
        subprocess.run([entry, "sweep"], capture_output=True, text=True, check=False).stdout
        == "sweep\n"
    )
    assert subprocess.run([entry], capture_output=True, check=False).returncode != 0
