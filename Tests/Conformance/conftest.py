import pathlib
import sys

import pytest

sys.path[:0] = [
    str(pathlib.Path(__file__).parent),
    str(pathlib.Path(__file__).parents[1] / "EndToEnd"),
]
from runtime_platform import Platform  # noqa: E402


@pytest.fixture
def platform():
    platform = Platform()
    yield platform
    platform.close()


@pytest.fixture
def echo(platform):
    """The echo function, waiting for its first event."""
    platform.start()
    platform.connection = platform.first()
    return platform
