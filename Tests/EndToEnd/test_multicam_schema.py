"""docs/schema/multicam.schema.json and the decoder accept the same configs."""

import json

import jsonschema
import referencing

import test_schema
from conftest import ROOT
from test_schema import decoder_faults, mutation, pattern_errors, seeds

SCHEMA = json.loads((ROOT / "docs/schema/multicam.schema.json").read_text())
REGISTRY = referencing.Registry().with_resources(
    (schema["$id"], referencing.Resource.from_contents(schema))
    for schema in (SCHEMA, test_schema.SCHEMA)
)
VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"pattern": pattern_errors}
)(SCHEMA, registry=REGISTRY)

# Parts of the details of faults that a schema cannot express, besides those of an edit.
BEYOND_SCHEMA = [
    *test_schema.BEYOND_SCHEMA,
    "is the ID of another source",
    "must be one of the sources",
    "must be after the segment's start",
    "makes a segment longer",
    "which only a server with MEDIA_BASE_PATH accepts",
    "must be a number in a config with segments",
]

SOURCES = [
    {"id": "cam-a", "assetId": "ast_1"},
    {"id": "cam-b", "key": "uploads/local/ast_2/b.mp4", "offset": -0.5},
    {"id": "mic", "assetId": "ast_3", "offset": 2},
]
SWITCHES = [{"at": 0, "source": "cam-a"}, {"at": 2.5, "source": "cam-b"}]
SEGMENTS = [
    {"source": "cam-a", "start": 1, "end": 4},
    {"source": "cam-b", "start": 4, "end": 5.5},
]
OUTPUT = {"resolution": "720", "fps": 25, "audio": {"codec": "aac"}}
VALID = [
    {"sources": SOURCES, "switches": SWITCHES, "audio": "mic", "output": OUTPUT},
    {"sources": SOURCES, "switches": SWITCHES, "trim": 3, "length": 60, "clientToken": "t"},
    {"sources": SOURCES, "segments": SEGMENTS, "switches": None, "audio": {"volume": 0.5}},
    {
        "sources": SOURCES,
        "segments": SEGMENTS,
        "audio": {"source": "mic", "fadeIn": 1, "volumeEffect": "fadeOut"},
        "outputs": [{"resolution": "1080"}, {"format": "webm"}],
    },
    {
        "sources": SOURCES,
        "switches": SWITCHES,
        "audio": {"source": "mic", "volume": [{"at": 0, "volume": 1}, {"at": 2, "volume": 0}]},
        "callback": {"url": "https://example.org/done"},
    },
]
FILES = [{"id": "cam", "path": "takes/a.mp4"}]
INVALID = [
    ({"sources": SOURCES}, "/switches"),
    ({"sources": [], "switches": SWITCHES}, "/sources"),
    ({"sources": SOURCES, "switches": SWITCHES, "segments": SEGMENTS}, "/segments"),
    ({"sources": SOURCES, "segments": SEGMENTS, "trim": 1}, "/trim"),
    ({"sources": SOURCES, "segments": SEGMENTS, "length": 1}, "/length"),
    ({"sources": SOURCES, "switches": SWITCHES, "length": 0}, "/length"),
    ({"sources": SOURCES, "switches": SWITCHES, "timeline": {}}, "/sources"),
    ({"sources": SOURCES, "switches": [{"at": 0, "source": "x"}]}, "/switches/0/source"),
    ({"sources": SOURCES, "switches": [{"at": 1, "source": "mic"}]}, "/switches/0/at"),
    ({"sources": SOURCES, "switches": SWITCHES, "audio": "x"}, "/audio"),
    ({"sources": SOURCES, "switches": SWITCHES, "audio": 1}, "/audio"),
    ({"sources": [*SOURCES, SOURCES[0]], "switches": SWITCHES}, "/sources/3/id"),
    ({"sources": [{"id": "a"}], "switches": SWITCHES}, "/sources/0"),
    (
        {"sources": [{"id": "a", "assetId": "b", "path": "c"}], "switches": SWITCHES},
        "/sources/0",
    ),
    ({"sources": [{"id": "a", "key": "x/y"}], "switches": SWITCHES}, "/sources/0/key"),
    ({"sources": FILES, "switches": [{"at": 0, "source": "cam"}]}, "/sources/0/path"),
    (
        {"sources": SOURCES, "segments": [{"source": "mic", "start": 2, "end": 2}]},
        "/segments/0/end",
    ),
]
NAMES = """
    sources switches segments audio output outputs trim length callback clientToken id assetId key
    path offset at source start end volume fadeIn fadeOut volumeEffect timeline project clip otio
    resolution fps format crf url
""".split()


def disagreement(config, faults):
    """Why schema and decoder disagree on a config, or None."""
    error = jsonschema.exceptions.best_match(VALIDATOR.iter_errors(config))
    if error and not faults:
        return f"the decoder accepts what the schema refuses: {error.json_path} {error.message}"
    beyond = all(any(rule in fault["detail"] for rule in BEYOND_SCHEMA) for fault in faults)
    if not error and not beyond:
        return f"the schema accepts what the decoder refuses: {faults}"
    return None


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(
        SCHEMA, format_checker=jsonschema.FormatChecker(formats=())
    )


def test_valid_configs_are_valid_by_schema_and_decoder():
    assert decoder_faults(VALID) == [[] for _ in VALID]
    for config in VALID:
        VALIDATOR.validate(config)


def test_every_fault_names_its_field():
    answers = decoder_faults([config for config, _ in INVALID])

    for (config, pointer), faults in zip(INVALID, answers, strict=True):
        assert pointer in [fault["pointer"] for fault in faults], (config, faults)
        assert disagreement(config, faults) is None


def test_schema_and_decoder_agree_on_any_change_of_a_valid_config(monkeypatch):
    monkeypatch.setattr(test_schema, "NAMES", NAMES)
    numbers = seeds(2_000)
    configs = [
        config
        for config in (mutation(seed, VALID) for seed in numbers)
        # Without sources it is no config.
        if isinstance(config, dict) and config.get("sources") is not None
    ]

    answers = decoder_faults(configs)

    assert len(configs) > 1_500
    for config, faults in zip(configs, answers, strict=True):
        why = disagreement(config, faults)
        assert why is None, f"{why}\n{json.dumps(config)}"
