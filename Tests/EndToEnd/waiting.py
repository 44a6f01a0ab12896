"""The bounded wait of the Python tests."""

import time


def wait_until(what, condition, seconds=60):
    """Polls the condition until its value is true, and returns the value.

    Fails after the given seconds and says what it waited for.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
