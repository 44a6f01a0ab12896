"""A dozen short rounds of chaos; `make chaos` runs any number."""

import chaos
from conftest import SEED

# Rounds that wait for the sweep or for many repeats are left to `make chaos`.
PLANS = ["kills", "faults", "kills", "kills and faults", "disk", "kills"]
# The quick kinds of exports.
NAMES = ["cut", "hls", "lossless", "speed", "still", "wav"]


# A busy machine runs fewer rounds, so that the suite keeps its time.
SECONDS_MAX = 45


def test_a_dozen_rounds_break_no_invariant(tmp_path):
    counts, broken = chaos.run(
        SEED,
        12,
        folder=tmp_path,
        names=NAMES,
        seconds_max=SECONDS_MAX,
        kinds=PLANS,
        kill_count=1,
        exports=2,
    )
    assert broken == []
    assert counts["exports equal to the reference"] == counts["exports"] > 0
