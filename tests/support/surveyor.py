"""A survey in a process of its own, to be ended at any moment: prints how far it is, and how it ended.

``python -m tests.support.surveyor STORE WORKERS DELAY``
"""

import signal
import sys
from concurrent.futures import ProcessPoolExecutor

import theodolite as th
from tests.support.wells import Wells

HEIGHTS, TILTS = (3.0, 2.0, 5.0, 1.5, 4.0), (1.0, 0.5, 0.25, 0.125, 0.75)


def landscape(delay=0.0):
    """The landscape that is surveyed."""
    return Wells(HEIGHTS, TILTS, delay=delay)


def main(store, workers, delay):
    """Survey, and say what came of it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    land = landscape(float(delay))

    def say(done, total):
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if workers == "0":
        atlas = th.survey(land, store=store, progress=say)
    else:
        with ProcessPoolExecutor(int(workers)) as pool:
            atlas = th.survey(land, store=store, progress=say, executor=pool)
    sys.stdout.write(f"ended {len(atlas)} {atlas.complete} {atlas.stopped}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
