"""Surveys that go on where they ended: finished pieces on the disk, whatever happens to process or disk."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.support.surveyor import landscape
from tests.support.wells import Wells
from tests.test_survey import assert_same
from theodolite import _atomic
from theodolite._store import Store

ROOT = Path(__file__).parent.parent


class Counting(Wells):
    """Wells that count the pieces solved."""

    solved = 0

    def solve(self, item):
        self.solved += 1
        return super().solve(item)


def counting():
    """A landscape with 243 sets in eight pieces."""
    return Counting((3.0, 2.0, 5.0, 1.5, 4.0), (1.0, 0.5, 0.25, 0.125, 0.75))


def contents(folder):
    """The bytes of every file by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def full(tmp_path):
    """A store with every piece in it, what it was made from, and how many pieces there are."""
    land = counting()
    atlas = th.survey(land, store=tmp_path / "full")
    return tmp_path / "full", atlas, land.solved


def test_what_is_finished_is_not_done_again(full):
    store, atlas, pieces = full
    assert len(list(store.iterdir())) == pieces
    land = counting()
    again = th.survey(land, store=store)
    assert land.solved == 0
    assert_same(again, atlas)
    assert_same(th.survey(counting()), atlas)


def test_a_longer_survey_uses_the_pieces_of_a_shorter_one(tmp_path):
    th.survey(counting(), store=tmp_path, limit=100)
    kept = len(list(tmp_path.iterdir()))
    land = counting()
    assert th.survey(land, store=tmp_path).complete
    assert land.solved == len(list(tmp_path.iterdir())) - kept
    assert kept >= 4


def test_files_do_not_depend_on_workers(full, tmp_path):
    store, atlas, _ = full
    with ThreadPoolExecutor(3) as pool:
        assert_same(th.survey(counting(), store=tmp_path / "spread", executor=pool), atlas)
    assert contents(tmp_path / "spread") == contents(store)


def test_landscapes_that_share_a_store_do_not_mix(full):
    store, atlas, pieces = full
    other = Counting((3.0, 2.0, 5.0, 1.5, 4.5), (1.0, 0.5, 0.25, 0.125, 0.75))
    there = th.survey(other, store=store)
    assert other.solved == pieces
    assert there[-1].value == atlas[-1].value + 0.5
    assert len(list(store.iterdir())) == 2 * pieces


@pytest.mark.parametrize("exact", [True, False])
def test_exact_values_come_back_exactly(tmp_path, exact):
    heights = [Fraction(1, 3), Fraction(10**30 + 1, 7)] if exact else [0.1, 1e300]
    land = Wells(heights, heights[::-1], exact=exact)
    once = th.survey(land, store=tmp_path)
    assert_same(th.survey(land, store=tmp_path), once)
    assert [s.value for s in th.survey(land, store=tmp_path)] == [s.value for s in th.survey(land)]


def damaged(content, how):
    """``content`` with one thing wrong."""
    middle = len(content) // 2
    return {
        "empty": b"",
        "cut": content[:middle],
        "one byte short": content[:-1],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "something else": b"<html>no survey</html>",
        "zeros": bytes(len(content)),
    }[how]


@pytest.mark.parametrize("how", ["empty", "cut", "one byte short", "flipped", "something else", "zeros"])
def test_a_damaged_file_is_found_out_and_written_anew(full, how):
    store, atlas, _ = full
    before = contents(store)
    victim = sorted(store.iterdir())[3]
    victim.write_bytes(damaged(victim.read_bytes(), how))
    land = counting()
    assert_same(th.survey(land, store=store), atlas)
    assert land.solved == 1
    assert contents(store) == before


def test_a_file_under_the_name_of_another_is_found_out(full):
    store, atlas, _ = full
    one, other = sorted(store.iterdir())[:2]
    shutil.copy(one, other)
    land = counting()
    assert_same(th.survey(land, store=store), atlas)
    assert land.solved == 1


@given(st.data())
def test_no_flipped_bit_goes_unnoticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bits")
    land = Wells((3.0, 2.0), (1.0, 0.5))
    store, item = Store(folder, land.fingerprint), next(land.work())
    table = land.solve(item)
    store.put(item, table)
    path = store.path(item)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    read = store.get(item)
    assert read is None or (
        read.value.tobytes() == table.value.tobytes() and list(read.keys.flat) == list(table.keys.flat)
    )


class FullDisk:
    """Lets so many files be forced to the disk, then says that it is full."""

    def __init__(self, room):
        self.room = room

    def fsync(self, handle):
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("room", [0, 1, 4, 5])
def test_a_full_disk_is_an_error_and_leaves_a_readable_store(tmp_path, monkeypatch, room):
    with monkeypatch.context() as patched:
        patched.setattr(_atomic.os, "fsync", FullDisk(room).fsync)
        with pytest.raises(th.StoreError, match="No space left on device"):
            th.survey(counting(), store=tmp_path)
    names = [path.name for path in tmp_path.iterdir()]
    assert all(name.endswith(".npz") for name in names)
    land = counting()
    assert_same(th.survey(land, store=tmp_path), th.survey(counting()))
    assert land.solved == len(list(tmp_path.iterdir())) - len(names)


def test_a_device_that_is_full_is_an_error(tmp_path, monkeypatch):
    real = open
    monkeypatch.setattr(_atomic, "open", lambda *_: real("/dev/full", "wb"), raising=False)
    with pytest.raises(th.StoreError, match="No space left on device"):
        th.survey(counting(), store=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        with pytest.raises(th.StoreError, match="cannot be used"):
            th.survey(counting(), store=tmp_path / place)


def test_a_piece_that_is_a_folder_is_an_error_not_a_crash(full):
    store, _, _ = full
    victim = sorted(store.iterdir())[0]
    victim.unlink()
    victim.mkdir()
    with pytest.raises(th.StoreError, match=victim.name):
        th.survey(counting(), store=store)


def test_old_temporary_files_are_swept_and_new_ones_are_not(tmp_path):
    old, new = tmp_path / "a.npz.0000.tmp", tmp_path / "b.npz.1111.tmp"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    Store(tmp_path, "x")
    assert [path.name for path in tmp_path.iterdir()] == [new.name]


def test_names_tell_pieces_apart_and_are_the_same_in_every_process(tmp_path):
    store = Store(tmp_path, "x")
    pieces = [
        0,
        1,
        "1",
        b"1",
        (1, 2),
        (2, 1),
        10**30,
        np.arange(3),
        np.arange(3.0),
        {"a": 1},
        Fraction(1, 3),
        {1j},
        None,
    ]
    names = {store.path(piece).name for piece in pieces}
    assert len(names) == len(pieces)
    assert store.path((1, np.int64(2))) == store.path((1, 2))
    code = "from theodolite._store import Store; import sys; print(Store(sys.argv[1], 'x').path((1, 2)).name)"
    told = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout
    assert told.strip() == store.path((1, 2)).name


def surveyor(store, workers=0, delay=0.02):
    """A survey in a process group of its own that has just become ready."""
    command = [sys.executable, "-m", "tests.support.surveyor", str(store), str(workers), str(delay)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **pipes)
    assert process.stdout.readline() == "ready\n"
    return process


def end(process, how):
    """Send a signal to the whole group, wait, and return what was printed."""
    if process.poll() is None:
        os.killpg(process.pid, how)
    out, _ = process.communicate(timeout=60)
    return out.split("\n")


def check_killed(folder, rng):
    """Kill a survey at a random moment: at most the piece in hand is lost, and the next one goes on."""
    process = surveyor(folder)
    time.sleep(rng.uniform(0.0, 0.25))
    told = [int(line) for line in end(process, signal.SIGKILL)[:-1] if not line.startswith("ended")]
    kept = {path.name for path in folder.glob("*.npz")}
    assert len(told) <= len(kept) <= len(told) + 1
    land = counting()
    resumed = th.survey(land, store=folder)
    assert land.solved == len(list(folder.glob("*.npz"))) - len(kept)
    assert_same(resumed, th.survey(landscape()))
    shutil.rmtree(folder)


def found_in(pieces):
    """How many sets the first ``pieces`` pieces hold: 4, 8, 16, 32, then 64 each, 243 in all."""
    return min(243, sum(min(4 * 2**k, 64) for k in range(pieces)))


def check_interrupted(folder, rng, workers=0):
    """Interrupt a survey at a random moment: it says what it has, and the store is whole."""
    process = surveyor(folder, workers)
    time.sleep(rng.uniform(0.0, 0.25))
    last = ["", *end(process, signal.SIGINT)][-2]
    kept = len(list(folder.glob("*.npz"))) if folder.exists() else 0
    if last.startswith("ended"):
        _, found, complete, stopped = last.split()
        assert (complete, stopped) == (("True", "None") if int(found) == 243 else ("False", "interrupted"))
        assert workers or int(found) in (found_in(kept), found_in(kept - 1))
    land = counting()
    assert_same(th.survey(land, store=folder), th.survey(landscape()))
    assert land.solved == len(list(folder.glob("*.npz"))) - kept
    assert list(folder.glob("*.tmp")) == []
    shutil.rmtree(folder)


def test_a_killed_survey_goes_on(tmp_path):
    rng = random.Random(1)
    for k in range(4):
        check_killed(tmp_path / str(k), rng)


def test_an_interrupted_survey_says_what_it_has(tmp_path):
    rng = random.Random(2)
    for k in range(4):
        check_interrupted(tmp_path / str(k), rng, workers=2 * (k % 2))


@pytest.mark.slow
def test_two_hundred_ends_at_random_moments(tmp_path):
    rng = random.Random(3)
    for k in range(100):
        check_killed(tmp_path / f"killed-{k}", rng)
        check_interrupted(tmp_path / f"interrupted-{k}", rng, workers=2 * (k % 2))
