"""docs/schema/edit.schema.json and the decoder accept the same documents.

`edit-check` (Tests/EditCheck) prints the decoder's faults of each request; `jsonschema` checks the
same requests by the schema. A document that the decoder accepts is valid by the schema. One that
it refuses is invalid by the schema, unless every fault breaks a rule that JSON Schema cannot
express: BEYOND_SCHEMA, as the schema's `$comment` lists them.

SPOOL_TEST_SEED replays the mutation of one seed; SPOOL_TEST_RUNS multiplies their number.
"""

import copy
import json
import os
import random
import subprocess

import jsonschema
import pytest
import regex

from conftest import BIN, ROOT

SCHEMA = json.loads((ROOT / "docs/schema/edit.schema.json").read_text())


def expression(pattern):
    """A pattern of ECMA-262: it may name Unicode properties, and `$` is the very end."""
    return regex.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def pattern_errors(_validator, pattern, instance, _schema):
    if isinstance(instance, str) and not expression(pattern).search(instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


# Python's `re` does not support \p{Alphabetic}.
VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"pattern": pattern_errors}
)(SCHEMA)

# The schema describes a document after its merge fields are filled in.
FIXTURES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / "Tests/Fixtures/edits").glob("*.json"))
    if path.stem != "valid.merged-length"
}

# Parts of the details of faults.
BEYOND_SCHEMA = [
    "makes the picture ",
    "frames per second",
    "must be a size such as",
    "is not supported in ",
    "is not supported for ",
    "cannot be combined with hls",
    "cannot be combined with maxBitrate",
    '" cannot be combined with ',
    "in any format",
    "must be from 0 to 51 for ",
    "of the picture",
    "must be later than the",
    "must be 0 for the first switch",
    "must be one of the angles",
    "is not an angle of this clip",
    "must be after the clip's in-point",
    "must be after the clip's start",
    "requires maxBitrate",
    "must have a word",
    "ends before it starts",
    "has no words",
    "is longer than 200 characters",
    "must be a time",
    "is invalid:",
    "has more than 40 lines",
    "s after the in-point, but the clip is",
]

VALUES = [
    None,
    True,
    0,
    1,
    2,
    -1,
    0.5,
    17.25,
    1e6,
    90_000,
    "",
    "auto",
    "end",
    "x",
    "fade",
    "ast_1",
    "1080",
    "1080p",
    "640x360",
    "30000/1001",
    "9:16",
    "#ffffff",
    "aac",
    "mp4",
    "nvenc",
    "high",
    "wipeleft",
    "title",
    "highlight",
    "caption",
    "text",
    "Lato Black",
    "a,b",
    "multicam",
    "color",
    [],
    {},
    [None],
    {"A": "ast_1"},
    [{"at": 0, "volume": 1}, {"at": 1.5, "volume": 0.25}],
]
NAMES = """
    start startTime length duration trim trimStart outPoint volume muted fit position offset x
    scale opacity transition in out type assetId asset clips tracks background soundtrack effect
    format resolution aspectRatio size width height fps frameRate crf preset codec audio
    chunkSeconds quality output settings rotation effects brightness greyscale blur focus y crop
    left speed fadeIn volumeEffect angles offsets switches at angle color overlap clip end
    captions title words otio maxBitrate bufferSize smartCut hls range ducking text style font
    family stroke srt font-family maxWordsPerLine animation colors bold uppercase project timeline
    callback url email language outputs secretRef data clientToken encoder
""".split()


def decoder_faults(requests):
    """The decoder's faults of each request: lists of pointer and detail."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    run = subprocess.run(
        [BIN / "edit-check"],
        input=lines,
        text=True,
        check=True,
        timeout=120,
        stdout=subprocess.PIPE,
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(requests)
    return answers


def is_beyond_schema(faults):
    return bool(faults) and all(
        fault["pointer"].startswith(("/otio", "/media/"))
        or any(rule in fault["detail"] for rule in BEYOND_SCHEMA)
        for fault in faults
    )


def disagreement(request, faults):
    """Why schema and decoder disagree on a request, or None."""
    error = jsonschema.exceptions.best_match(VALIDATOR.iter_errors(request))
    if error and not faults:
        return f"the decoder accepts what the schema refuses: {error.json_path} {error.message}"
    if not error and faults and not is_beyond_schema(faults):
        return f"the schema accepts what the decoder refuses: {faults}"
    return None


def changed(value, numbers):
    """The document with one small change."""
    if isinstance(value, dict):
        value = dict(value)
        name = numbers.choice(sorted(value)) if value else ""
        kind = numbers.randrange(8)
        if kind == 0:
            value.pop(name, None)
        elif kind == 1:
            value[numbers.choice(NAMES)] = copy.deepcopy(numbers.choice(VALUES))
        elif name:
            value[name] = changed(value[name], numbers)
        return value
    if isinstance(value, list):
        if not value or numbers.randrange(8) == 0:
            return [*value, copy.deepcopy(numbers.choice(VALUES))]
        place = numbers.randrange(len(value))
        return [*value[:place], changed(value[place], numbers), *value[place + 1 :]]
    return copy.deepcopy(numbers.choice(VALUES))


def mutation(seed, documents):
    numbers = random.Random(seed)
    request = numbers.choice(documents)
    for _ in range(numbers.randint(1, 2)):
        request = changed(request, numbers)
    return request


def seeds(count):
    """The seed of SPOOL_TEST_SEED, or `count` new ones times SPOOL_TEST_RUNS."""
    if "SPOOL_TEST_SEED" in os.environ:
        return [int(os.environ["SPOOL_TEST_SEED"])]
    runs = max(1, int(os.environ.get("SPOOL_TEST_RUNS", "1")))
    return [random.SystemRandom().getrandbits(64) for _ in range(count * runs)]


def subschemas(schema):
    """Every schema inside a schema, itself included."""
    yield schema
    for keyword, rule in schema.items() if isinstance(schema, dict) else ():
        if keyword in ("properties", "$defs", "patternProperties"):
            inner = rule.values()
        elif keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
            inner = rule
        elif keyword in (
            "items",
            "contains",
            "not",
            "if",
            "then",
            "else",
            "additionalProperties",
            "propertyNames",
        ):
            inner = [rule]
        else:
            inner = []
        for one in inner:
            yield from subschemas(one)


def test_the_schema_is_a_schema_whose_every_keyword_is_checked():
    # The format "regex" is Python's own expressions; patterns are compiled below.
    jsonschema.Draft202012Validator.check_schema(
        SCHEMA, format_checker=jsonschema.FormatChecker(formats=())
    )
    for schema in subschemas(SCHEMA):
        if isinstance(schema, dict) and "pattern" in schema:
            expression(schema["pattern"])
    annotations = {
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "title",
        "description",
        "default",
        "then",
        "else",
    }
    keywords = {
        name for schema in subschemas(SCHEMA) if isinstance(schema, dict) for name in schema
    }

    assert keywords - annotations <= set(jsonschema.Draft202012Validator.VALIDATORS)


def test_schema_and_decoder_agree_on_every_fixture():
    requests = [fixture["request"] for fixture in FIXTURES.values()]

    answers = decoder_faults(requests)

    assert len(FIXTURES) >= 150
    found = {
        name: disagreement(request, faults)
        for name, request, faults in zip(FIXTURES, requests, answers, strict=False)
    }
    assert {name: why for name, why in found.items() if why} == {}
    # Both outcomes occur, from schema and decoder.
    invalid = [
        name
        for name, request in zip(FIXTURES, requests, strict=False)
        if not VALIDATOR.is_valid(request)
    ]
    assert len(invalid) >= 50
    assert sum(not faults for faults in answers) >= 20


def test_schema_and_decoder_agree_on_any_change_of_a_valid_document():
    documents = [fixture["request"] for fixture in FIXTURES.values() if not fixture["faults"]]
    numbers = seeds(3_000)
    requests = [mutation(seed, documents) for seed in numbers]

    answers = decoder_faults(requests)

    for seed, request, faults in zip(numbers, requests, answers, strict=False):
        why = disagreement(request, faults)
        assert why is None, (
            f"{why}\nSPOOL_TEST_SEED={seed} .venv/bin/python -m pytest"
            " Tests/EndToEnd/test_schema.py"
            f"\n{json.dumps(request)}"
        )


@pytest.mark.parametrize(
    ("request_", "faults"),
    [
        (
            {
                "timeline": {
                    "tracks": [
                        {"clips": [{"asset": {"type": "video", "assetId": "a"}, "fit": "stretch"}]}
                    ]
                }
            },
            [],
        ),
        (
            {"timeline": {"tracks": [{"clips": [{"asset": {"type": "video", "assetId": "a"}}]}]}},
            [{"pointer": "/output/fps", "detail": "is required"}],
        ),
    ],
)
def test_a_disagreement_is_found_in_both_directions(request_, faults):
    assert disagreement(request_, faults)
