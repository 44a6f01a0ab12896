"""A dozen short rounds of chaos; `make chaos` runs any number."""

import chaos
from conftest import SEED

# Rounds that wait for the sweep or for many repeats are left to `make chaos`.
PLANS = ["kills", "faults", "kills", "kills and faults", "disk", "kills"]


def test_a_dozen_rounds_break_no_invariant(tmp_path):
    counts, broken = chaos.run(
        SEED, 12, folder=tmp_path, kinds=PLANS, kill_count=1, exports=2, report=print
    )
    assert broken == []
    assert counts["exports equal to the reference"] == 24
