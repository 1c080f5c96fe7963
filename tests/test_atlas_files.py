"""Atlases on the disk: what was saved comes back, and what was not saved by us does no harm."""

import errno
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.support.wells import Wells
from tests.test_survey import assert_same
from theodolite import _atlas_files, _atomic
from theodolite._critical import CriticalSet
from theodolite._exact_values import WrittenNumber, read_fraction, write_fraction
from theodolite._numerics import real_roots
from theodolite._store import Store
from theodolite._table import Table
from theodolite._texts import Texts

SUFFIXES = ("json", "npz", "parquet")
CASES = Path(__file__).parent / "cases"

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
counts = st.none() | st.integers(0, 2**31 - 1)
spans = st.none() | st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted).map(tuple)
margins = st.none() | st.floats(allow_nan=False)
values = st.floats(allow_nan=False, allow_infinity=False) | st.fractions()
references = st.builds(
    th.Reference, words, words, st.integers(1900, 2100), words, st.none() | st.just("2107.13289"), st.none() | words
)
evidences = st.builds(
    th.Evidence,
    st.sampled_from(list(th.Method)),
    st.lists(references, max_size=2).map(tuple),
    st.lists(st.builds(th.Assumption, words, margins, margins), max_size=2).map(tuple),
    words,
    margins,
    st.booleans(),
)
fields = {"label": words, "index": counts, "nullity": counts, "dimension": counts, "evidence": evidences}
fields |= {"index_range": spans, "nullity_range": spans, "ranges_exact": st.booleans()}
rows = st.builds(
    CriticalSet, value=values, kind=st.sampled_from(list(th.Kind)), key=st.binary(min_size=3, max_size=3), **fields
)


@pytest.fixture(scope="module")
def land():
    return Wells((3, 2, 5), (1, Fraction(1, 2), Fraction(1, 3)), exact=True)


@pytest.fixture(scope="module")
def atlas(land):
    return th.survey(land)


def facts(atlas):
    """Everything about an atlas but its rows and its landscape."""
    names = ("description", "fingerprint", "specification", "versions", "command", "complete", "ordered")
    return [getattr(atlas, name) for name in (*names, "stopped", "total", "selection")]


@given(st.lists(rows, max_size=6), st.booleans(), st.none() | st.integers(7, 10**300), st.none() | words)
def test_every_atlas_comes_back_from_every_format(tmp_path_factory, sets, floats, total, selection):
    if floats:
        sets = [replace(s, value=float(s.value)) for s in sets if abs(s.value) < 10**300]
    folder = tmp_path_factory.mktemp("atlas")
    base = th.survey(Wells((1.0,), (0.5,)))
    labels = Texts.of(s.label for s in sets)
    other = {"complete": False, "ordered": False, "total": total, "selection": selection, "landscape": None}
    atlas = replace(base, table=Table.of(sets), labels=labels, **other)
    for suffix in SUFFIXES:
        atlas.save(folder / f"a.{suffix}")
        loaded = th.load_atlas(folder / f"a.{suffix}")
        assert list(loaded) == sets
        assert [type(s.value) for s in loaded] == [type(s.value) for s in sets]
        assert facts(loaded) == facts(atlas)
        assert_same(loaded, atlas)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_bytes_do_not_depend_on_how_often_they_were_saved(atlas, tmp_path, suffix):
    one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
    atlas.save(one)
    th.load_atlas(one).save(two)
    assert one.read_bytes() == two.read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [one.name, two.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sets_can_be_sampled_again_with_their_landscape(atlas, land, tmp_path, suffix):
    path = tmp_path / f"atlas.{suffix}"
    atlas.save(path)
    alone = th.load_atlas(path)
    assert alone[3].label == atlas[3].label
    with pytest.raises(th.NotCoveredError, match="load_atlas"):
        alone[3].sample(0)
    home = th.load_atlas(path, land)
    assert np.array_equal(home[3].sample(0)[0], atlas[3].sample(0)[0])
    assert list(home) == list(atlas)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_landscape_is_refused_with_both_fingerprints(atlas, tmp_path, suffix):
    atlas.save(tmp_path / f"atlas.{suffix}")
    other = Wells((3, 2, 5), (1, Fraction(1, 2), Fraction(1, 4)), exact=True)
    with pytest.raises(th.AtlasFileError, match=f"{atlas.fingerprint}.*{other.fingerprint}"):
        th.load_atlas(tmp_path / f"atlas.{suffix}", other)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("exact", [True, False])
def test_the_data_is_saved_only_if_asked_for(tmp_path, suffix, exact):
    land = Wells((3, 2, 5), (1, 1, Fraction(1, 3)), exact=exact)
    atlas, path = th.survey(land), tmp_path / f"atlas.{suffix}"
    atlas.save(path)
    assert th.load_atlas(path).data is None
    with pytest.raises(th.AtlasFileError, match="data cannot be saved"):
        th.load_atlas(path).save(path, include_data=True)
    atlas.save(path, include_data=True)
    again = tmp_path / f"again.{suffix}"
    th.load_atlas(path).save(again, include_data=True)
    for name, array in land.data_arrays().items():
        for place in (path, again):
            loaded = th.load_atlas(place).data[name]
            assert loaded.dtype == array.dtype
            assert np.array_equal(loaded, array)


def test_a_linear_atlas_comes_back(tmp_path):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((20, 5))
    land = th.LinearLandscape(X, X @ rng.standard_normal((5, 4)), hidden=3)
    atlas = th.survey(land)
    for suffix in SUFFIXES:
        atlas.save(tmp_path / f"linear.{suffix}")
        home = th.load_atlas(tmp_path / f"linear.{suffix}", land)
        assert list(home) == list(atlas)
        assert land.classify(home[2].sample(1)).critical_set.label == atlas[2].label


def test_json_is_for_everyone(atlas):
    read = json.loads(atlas.to_json())
    assert (read["format"], read["schema"]) == ("theodolite atlas", 2)
    assert read["sets"]["exact"][:2] == ["0", "1/3"]
    assert read["sets"]["label"] == [s.label for s in atlas]
    assert read["sets"]["kind"] == [str(s.kind) for s in atlas]


def test_numpy_and_pyarrow_read_the_other_two(atlas, tmp_path):
    atlas.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert np.array_equal(arrays["value"], atlas.table.value)
    atlas.save(tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").column("label").to_pylist() == [s.label for s in atlas]


@given(
    st.fractions()
    | st.integers().map(Fraction)
    | st.integers(1, 40).map(lambda k: Fraction(7 ** (1000 * k) + 1, 3 ** (1000 * k)))
)
def test_fractions_of_any_length_come_back_from_text(number):
    assert read_fraction(write_fraction(number)) == number


@pytest.fixture(scope="module")
def algebraic(atlas):
    """An atlas whose values are roots and sums of roots, some of them rational after all."""
    roots = [root for root, _ in real_roots([1, -3, 0, 1])] + [root for root, _ in real_roots([-2, 0, 1])]
    sums = [a + b / 3 - Fraction(5, 7) for a in roots for b in roots]
    values = sorted([*roots, *sums, sums[0] - sums[0], sums[1] - sums[1] + 2], key=float)
    sets = [replace(atlas[0], value=value) for value in values]
    return replace(atlas, table=Table.of(sets), complete=False, ordered=False, total=None)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_algebraic_values_come_back_exactly(algebraic, tmp_path, suffix):
    algebraic.save(tmp_path / f"a.{suffix}")
    loaded = th.load_atlas(tmp_path / f"a.{suffix}")
    assert loaded.table.exact == algebraic.table.exact
    assert [type(value) for value in loaded.table.exact] == [type(value) for value in algebraic.table.exact]
    assert_same(loaded, algebraic)
    assert loaded.levels() == algebraic.levels()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"polynomial": ["-1", "0", "1"]}, "not the coefficients of an irreducible"),
        ({"polynomial": ["2", "0", "-1"]}, "not the coefficients of an irreducible"),
        ({"polynomial": ["-4", "0", "2"]}, "not the coefficients of an irreducible"),
        ({"polynomial": ["1/2", "0", "1"]}, "not the coefficients of an irreducible"),
        ({"polynomial": ["x", "0", "1"]}, "not a fraction"),
        ({"polynomial": ["1"]}, "degree 0"),
        ({"polynomial": ["1"] * 300}, "degree 299"),
        ({"polynomial": ["1", "0", "1"]}, "no real root number"),
        ({"index": 7}, "no real root number 7"),
        ({"index": -1}, "no real root number -1"),
        ({"polynomial": ["-3", "0", "1"]}, "disagree"),
        ({"more": 1}, "unknown field `more`"),
    ],
)
def test_roots_that_are_none_are_refused(algebraic, tmp_path, change, match):
    document = json.loads(algebraic.to_json())
    del document["checksum"]
    document["roots"][-1].update(change)
    refused(tmp_path, "json", json.dumps(document).encode(), match)


@pytest.mark.parametrize(
    "text", ["r99", "1 + 1*r99", "1 + r0", "1 + x*r0", "1/0 + 1*r0", "1 + 1*r0*r0", "1e5", "r0 + 1"]
)
def test_sums_that_are_none_are_refused(algebraic, tmp_path, text):
    document = json.loads(algebraic.to_json())
    del document["checksum"]
    document["sets"]["exact"][3] = text
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    if text == "r0 + 1":  # in no notation of ours: text, of which only the float is known
        assert isinstance(th.load_atlas(path)[3].value, WrittenNumber)
    else:
        refused(tmp_path, "json", path.read_bytes())


def test_a_store_keeps_algebraic_values(algebraic, tmp_path):
    store = Store(tmp_path, "x")
    store.put(0, algebraic.table)
    assert store.get(0).exact == algebraic.table.exact


def test_other_exact_numbers_keep_their_writing(atlas, tmp_path):
    root = WrittenNumber("root of x^2 - 2 in [1, 2]", 2**0.5)
    odd = replace(atlas, table=Table.of([replace(atlas[0], value=root)]), complete=False, ordered=False)
    for suffix in SUFFIXES:
        odd.save(tmp_path / f"a.{suffix}")
        loaded = th.load_atlas(tmp_path / f"a.{suffix}")
        assert str(loaded[0].value) == str(root)
        assert float(loaded[0].value) == 2**0.5
        assert [level.multiplicity for level in loaded.levels()] == [1]


# What cannot be saved leaves what was there.


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_the_old_file(atlas, tmp_path, monkeypatch, suffix):
    path = tmp_path / f"atlas.{suffix}"
    atlas.save(path)
    before = path.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_atomic.os, "fsync", full)
    with pytest.raises(th.AtlasFileError, match="No space left on device"):
        atlas[:3].save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_device_is_an_error(atlas, tmp_path, monkeypatch, suffix):
    real = open
    monkeypatch.setattr(_atomic, "open", lambda *_: real("/dev/full", "wb"), raising=False)
    with pytest.raises(th.AtlasFileError, match="No space left on device"):
        atlas.save(tmp_path / f"atlas.{suffix}")


def test_what_is_no_path_or_no_landscape_is_refused(atlas, tmp_path):
    atlas.save(tmp_path / "atlas.json")
    code = """
import sys, theodolite as th
atlas = th.load_atlas(sys.argv[1])
for wrong in (lambda: th.load_atlas(5), lambda: atlas.save(None), lambda: th.load_atlas(sys.argv[1], "linear:4-2-4")):
    try:
        wrong()
    except th.DataError as error:
        print(error)
"""
    # Another process, where no types are checked on the way in.
    run = [sys.executable, "-c", code, tmp_path / "atlas.json"]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.partition(".")[0] for line in told] == [
        "The path is 5",
        "The path is None",
        "The landscape is of type str",
    ]


def test_places_and_suffixes_that_cannot_be_used_are_named(atlas, tmp_path):
    with pytest.raises(th.AtlasFileError, match=r"suffix '\.csv'.*\.json, \.npz, \.parquet"):
        atlas.save(tmp_path / "atlas.csv")
    with pytest.raises(th.AtlasFileError, match="cannot be written"):
        atlas.save(tmp_path / "no" / "folder" / "atlas.json")
    with pytest.raises(th.AtlasFileError, match="cannot be read"):
        th.load_atlas(tmp_path / "missing.npz")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(th.AtlasFileError, match="cannot be read"):
        th.load_atlas(tmp_path / "folder.json")


def test_values_and_labels_that_could_not_be_read_again_are_not_saved(atlas, tmp_path):
    endless = replace(atlas, table=Table.of([replace(atlas[0], value=float("inf"))]))
    bell = replace(atlas[:1], labels=Texts.of(["\x07"]))
    for odd in (endless, bell):
        for suffix in SUFFIXES:
            with pytest.raises(th.AtlasFileError, match="not written"):
                odd.save(tmp_path / f"atlas.{suffix}")
    assert list(tmp_path.iterdir()) == []


# Files by strangers.


@pytest.fixture(scope="module")
def saved(atlas, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for suffix in SUFFIXES:
        atlas.save(folder / f"atlas.{suffix}")
    return {suffix: (folder / f"atlas.{suffix}").read_bytes() for suffix in SUFFIXES}


def refused(folder, suffix, content, match=None):
    """Assert that a file of this content is refused, for this reason."""
    path = folder / f"strange.{suffix}"
    path.write_bytes(content)
    with pytest.raises(th.AtlasFileError, match=match) as error:
        th.load_atlas(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.data())
def test_no_cut_file_is_read(saved, tmp_path_factory, suffix, data):
    end = data.draw(st.integers(0, len(saved[suffix]) - 1))
    refused(tmp_path_factory.mktemp("cut"), suffix, saved[suffix][:end])


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.data())
def test_flipped_bytes_are_read_or_refused_but_never_crash(saved, tmp_path_factory, suffix, data):
    content = bytearray(saved[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("flipped") / f"a.{suffix}"
    path.write_bytes(content)
    try:
        read = th.load_atlas(path)
    except th.AtlasFileError:
        return
    assert len(list(read)) == len(read)
    assert read.summary()


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_an_edited_number_is_found_out(saved, tmp_path, suffix):
    if suffix == "json":
        content = saved["json"].replace(b'"index":[0', b'"index":[1', 1)
    else:
        content = parquet(saved, lambda columns: columns.update(index=pa.array([1] * 27)))
    refused(tmp_path, suffix, content, "its checksum is another")


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.binary(max_size=200))
def test_noise_is_refused(tmp_path_factory, suffix, noise):
    refused(tmp_path_factory.mktemp("noise"), suffix, noise)


def changed(saved, *path_and_value):
    """The JSON file with one entry replaced."""
    *path, value = path_and_value
    document = json.loads(saved["json"])
    del document["checksum"]
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (["format"], "a song", "its format is 'a song'"),
        (["schema"], 3, "has schema 3, this Theodolite reads up to 2; it was written by.*'theodolite': '"),
        (["schema"], 0, "its schema is 0"),
        (["schema"], True, "its schema is True"),
        (["schema"], "1", "its schema is '1'"),
        (["extra"], 1, "unknown field `extra`"),
        (["fingerprint"], 5, "Expected `str`, got `int` - at `\\$.fingerprint`"),
        (["complete"], "yes", "at `\\$.complete`"),
        (["total"], -5, "total is -5"),
        (["total"], 26, "complete with 27 of 26"),
        (["stopped"], "rm -rf", "stopped"),
        (["versions"], ["1"], "versions"),
        (["command"], "\x1b]0;owned\x07", "control character"),
        (["description", "title"], "\x9b2J", "control character"),
        (["description", "parameter_count"], "many", "parameter_count"),
        (["description", "formulas"], [{"latex": 1, "caption": ""}], "latex"),
        (["evidence", 0, "method"], "guess", "Invalid enum value 'guess'"),
        (["evidence", 0, "references", 0], {"key": "x"}, "authors"),
        (["evidence"], {}, "evidence cannot be read"),
        (["evidence"], [], "points outside the 0 in the file"),
        (["sets"], [], "sets cannot be read"),
        (["sets", "value", 0], "0", "sets cannot be read"),
        (["sets", "value", 0], None, "sets cannot be read"),
        (["sets", "value", 5], 9.0, "disagree"),
        (["sets", "exact", 5], "1/0", "not a fraction that can be used"),
        (["sets", "exact", 5], "9" * 10**6 + "9", "1,000,001 characters"),
        (["sets", "exact", 5], "9" * 4400, "not a fraction that can be used"),
        (["sets", "exact", 5], "7", "disagree"),
        (["sets", "kind", 0], "summit", "'summit' is no kind"),
        (["sets", "index", 0], -1, "'index' has a number that is negative"),
        (["sets", "index", 0], 10**30, "'index' has a number that is negative or above"),
        (["sets", "index", 0], 1.5, "sets cannot be read"),
        (["sets", "index_low", 3], 7, "lowest index of set 3, 7, is above the highest"),
        (["sets", "nullity"], [], "'nullity' has 0 entries, 'value' has 27"),
        (["sets", "label", 0], "\ud800", "half of a character|not a whole JSON|sets cannot be read"),
        (["sets", "label", 0], "\x1b[2J", "control character"),
        (["sets", "key", 0], "zz", "not hexadecimal"),
        (["sets", "key", 0], "00", "not of one length"),
        (["sets", "key"], [""] * 26 + ["00"], "not of one length"),
        (["sets", "evidence", 0], 99, "points outside the"),
        (["sets", "ranges_exact", 0], 1, "sets cannot be read"),
        (["sets", "surprise"], [], "unknown field `surprise`"),
        (["ordered"], None, "ordered"),
        (["data"], {"X": {"type": "float64", "shape": [2, 2], "values": [1.0]}}, "shape \\(2, 2\\) has 1 numbers"),
        (["data"], {"X": {"type": "float64", "shape": [-1, -1], "values": [1.0]}}, "shape"),
        (["data"], {"X": {"type": "float64", "shape": [1], "values": ["1"]}}, "not all float64"),
        (["data"], {"X": {"type": "int64", "shape": [1], "values": [1.5]}}, "not all int64"),
        (["data"], {"X": {"type": "int64", "shape": [1], "values": [10**30]}}, "too large"),
        (["data"], {"X": {"type": "exact", "shape": [1], "values": ["pi"]}}, "not a fraction"),
        (["data"], {"X": {"type": "object", "shape": [1], "values": [1]}}, "type"),
    ],
)
def test_each_thing_that_is_wrong_is_named(saved, tmp_path, path, value, match):
    refused(tmp_path, "json", changed(saved, *path, value), match)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b'"value":[0.0', b'"value":[1e999', "out of range"),
        (b'"value":[0.0', b'"value":[NaN', "malformed"),
        (b'"value":[0.0', b'"value":[' + b"9" * 5000, "out of range|not a whole"),
        (b'"complete":true', b'"complete":' + b"[" * 10**5, "recursion|not a whole|header"),
        (b'"total":27', b'"total":' + b"9" * 5000, "out of range|header"),
        (b'"ordered":true', b'"ordered":true,"ordered":false', ""),
    ],
)
def test_numbers_and_nests_too_large_are_refused(saved, tmp_path, old, new, match):
    assert old in saved["json"]
    content = saved["json"].replace(old, new)
    if match:
        refused(tmp_path, "json", content, match)
    else:  # of two entries of one name the last counts, as everywhere in JSON, and it was not there when the file was saved
        refused(tmp_path, "json", content, "its checksum is another")


def test_values_out_of_order_are_refused_if_order_is_claimed(saved, tmp_path):
    document = json.loads(saved["json"])
    for column in document["sets"].values():
        column.reverse()
    refused(tmp_path, "json", json.dumps(document).encode(), "it is ordered, but its values are not")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_markup_in_labels_stays_text(atlas, tmp_path, suffix):
    nasty = "<script>alert(1)</script>&\"'</style>[bold]{{x}}"
    marked = replace(atlas[:2], labels=Texts.of([nasty, "<img src=x onerror=alert(2)>"]))
    marked.save(tmp_path / f"a.{suffix}")
    loaded = th.load_atlas(tmp_path / f"a.{suffix}")
    assert loaded[0].label == nasty
    assert "<script>alert" not in loaded._repr_html_()
    assert "<script>alert" not in loaded[0]._repr_html_()
    loaded.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_keys_that_mean_nothing_are_found_out_at_home(saved, land, tmp_path):
    for key in ("ffffff", "000001"):
        (tmp_path / "a.json").write_bytes(changed(saved, "sets", "key", 0, key))
        assert len(th.load_atlas(tmp_path / "a.json")) == 27
        with pytest.raises(th.AtlasFileError, match="key of set 0"):
            th.load_atlas(tmp_path / "a.json", land)


class Bomb:
    """Does harm if it is ever unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


def members_of(content):
    """The members of an NPZ file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members, compression=zipfile.ZIP_STORED):
    """An NPZ file of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npy(array):
    """An NPY file of this array, pickled if it has to be."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=True)
    return stream.getvalue()


def claiming(array, **claims):
    """An NPY file whose header claims something else."""
    stream = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape} | claims
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + array.tobytes()


def test_nothing_pickled_is_ever_read(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bomb = np.array([Bomb()], dtype=object)
    members = members_of(saved["npz"])
    refused(tmp_path, "npz", zipped(members | {"value.npy": npy(bomb)}), "holds object, not numbers")
    refused(tmp_path, "npz", zipped(members | {"value.npy": pickle.dumps(Bomb())}), "is not an array")
    refused(tmp_path, "npz", pickle.dumps(Bomb()), "not a whole NPZ file")
    refused(tmp_path, "json", pickle.dumps(Bomb()), "not a whole JSON object")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("value.npy", claiming(np.zeros(2), shape=(10**15,)), "has 16 bytes of numbers"),
        ("value.npy", claiming(np.zeros(2), shape=(-2,)), "shape|not an array"),
        ("value.npy", claiming(np.zeros(2), shape=(2**32, 2**32)), "has 16 bytes of numbers"),
        ("value.npy", npy(np.zeros(3)), "rows, 'value' has 3"),
        ("value.npy", npy(np.full(27, np.nan)), "value of set 0, nan, is not a finite number"),
        ("value.npy", npy(np.full(27, np.inf)), "is not a finite number"),
        ("value.npy", npy(np.zeros(27, dtype=np.float32)), "'value' holds float32"),
        ("value.npy", npy(np.zeros((27, 1))), "'value' has shape"),
        ("value.npy", npy(np.zeros(27, dtype=[("a", "f8")])), "not numbers"),
        ("value.npy", npy(np.zeros(27, dtype="M8[s]")), "not numbers"),
        ("kind.npy", npy(np.full(27, -1, dtype=np.int8)), "code that stands for no kind"),
        ("kind.npy", npy(np.full(27, 99, dtype=np.int8)), "code that stands for no kind"),
        ("integers.npy", npy(np.full((27, 7), -2, dtype=np.int32)), "the index of set 0, -2, is negative"),
        ("integers.npy", npy(np.zeros((27, 6), dtype=np.int32)), "has 6 entries a row"),
        ("integers.npy", npy(np.asfortranarray(np.zeros((27, 7), dtype=np.int32))), "bytes of numbers"),
        ("label_ends.npy", npy(np.full(27, 10**15)), "do not end where they say"),
        ("label_ends.npy", npy(np.arange(27)[::-1].copy()), "do not end where they say"),
        ("label_letters.npy", npy(np.full(81, 255, dtype=np.uint8)), "not UTF-8"),
        ("exact_ends.npy", b"", "not an array"),
        ("header.json", b"{", "not a whole JSON object"),
        ("header.json", b"[1]", "not a whole JSON object"),
        ("header.json", b"{}", "its format is None"),
    ],
)
def test_arrays_that_lie_are_refused(saved, tmp_path, name, content, match):
    refused(tmp_path, "npz", zipped(members_of(saved["npz"]) | {name: content}), match)


def test_archives_that_lie_are_refused(saved, tmp_path):
    members = members_of(saved["npz"])
    bomb = {"value.npy": bytes(10**7)}
    refused(tmp_path, "npz", zipped(members | bomb, zipfile.ZIP_DEFLATED), "compressed")
    refused(tmp_path, "npz", zipped(members | {f"{k}.npy": b"" for k in range(200)}), "members, more than")
    refused(tmp_path, "npz", zipped({n: c for n, c in members.items() if n != "kind.npy"}), "'kind' is missing")
    refused(tmp_path, "npz", zipped({n: c for n, c in members.items() if n != "header.json"}), "no member header")
    content = saved["npz"]
    inflated = content.replace((216).to_bytes(4, "little"), (2**31).to_bytes(4, "little"))
    if inflated != content:
        refused(tmp_path, "npz", inflated)


def parquet(saved, change=lambda columns: None, metadata=True):
    """The Parquet file with its columns changed."""
    table = pq.read_table(io.BytesIO(saved["parquet"]))
    columns = {name: table.column(name) for name in table.column_names}
    change(columns)
    stream = io.BytesIO()
    pq.write_table(pa.table(columns, metadata=table.schema.metadata if metadata else None), stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "column", "match"),
    [
        ("value", pa.array([1.0] * 26 + [None]), "sets cannot be read"),
        ("value", pa.array([float("nan")] * 27), "not a finite number"),
        ("value", pa.array(["x"] * 27), "sets cannot be read"),
        ("index", pa.array([-5] * 27), "negative"),
        ("index", pa.array([2**40] * 27), "negative or above"),
        ("label", pa.array([1] * 27), "holds int64, not texts|sets cannot be read"),
        ("label", pa.array(["a"] * 26 + [None]), "sets cannot be read"),
        ("label", pa.array([["a"]] * 27), "not texts|sets cannot be read"),
        ("label", pa.array([b"\xff"] * 27), "UTF-8|utf-8|sets cannot be read"),
        ("kind", pa.array(["summit"] * 27), "'summit' is no kind"),
        ("key", pa.array(["0"] * 27), "not hexadecimal|one length"),
        ("surprise", pa.array([0] * 27), "unknown field `surprise`"),
    ],
)
def test_parquet_columns_that_lie_are_refused(saved, tmp_path, name, column, match):
    refused(tmp_path, "parquet", parquet(saved, lambda columns: columns.update({name: column})), match)


def test_parquet_files_of_something_else_and_of_too_much_are_refused(saved, tmp_path):
    refused(tmp_path, "parquet", parquet(saved, metadata=False), "of something else")
    refused(tmp_path, "parquet", parquet(saved, lambda columns: columns.pop("kind")), "missing required field `kind`")

    def many(columns):
        columns.clear()
        columns["value"] = pa.array(np.zeros(2 * 10**7 + 1, dtype=np.int8))

    refused(tmp_path, "parquet", parquet(saved, many), "claims 20,000,001 sets")

    def long(columns):
        size = 2 * 10**6
        columns.clear()
        indices = pa.array(np.zeros(size, dtype=np.int32))
        columns["label"] = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 10**4]))

    refused(tmp_path, "parquet", parquet(saved, long), "would have 20,000,000,000 bytes")


def test_older_schemas_are_brought_up_to_date(saved, tmp_path, monkeypatch):
    def rename(header, columns):
        header = dict(header, schema=3, command=header["order"])
        del header["order"]
        return header, columns

    old = json.loads(saved["json"])
    old["order"] = old.pop("command")
    del old["checksum"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    monkeypatch.setattr(_atlas_files, "SCHEMA", 3)
    monkeypatch.setitem(_atlas_files.UPGRADES, 2, rename)
    assert th.load_atlas(tmp_path / "old.json").command == old["order"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_schema_1_is_still_read(tmp_path, suffix):
    old = CASES / f"atlas_of_schema_1.{suffix}"  # written when 1 was the newest schema, never to be written anew
    found = th.load_atlas(old)
    assert found.table.exact == tuple(Fraction(n, 2) for n in (4, 9, 13, 16, 20, 25, 29))
    assert [item.label for item in found] == ["{1, 2}", "{1, 3}", "{1}", "{2, 3}", "{2}", "{3}", "∅"]
    assert found.complete
    assert found.table.bounds is None
    found.save(tmp_path / f"new.{suffix}")
    again = th.load_atlas(tmp_path / f"new.{suffix}")
    assert_same(again, found)
    assert facts(again) == facts(found)


def test_a_file_of_schema_1_cannot_have_what_came_later(tmp_path):
    old = json.loads((CASES / "atlas_of_schema_1.json").read_text())
    old["sets"] |= {"lower": old["sets"]["value"], "upper": old["sets"]["value"]}
    del old["checksum"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    with pytest.raises(th.AtlasFileError, match="came with schema 2"):
        th.load_atlas(tmp_path / "old.json")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bounds_of_values_come_back(atlas, tmp_path, suffix):
    value = atlas.table.value
    bounds = np.stack([np.nextafter(value, -np.inf), np.nextafter(value, np.inf)], axis=1)
    bounds[-1] = -np.inf, np.inf
    bounded = replace(atlas, table=replace(atlas.table, bounds=bounds))
    bounded.save(tmp_path / f"atlas.{suffix}")
    assert th.load_atlas(tmp_path / f"atlas.{suffix}").table.bounds.tolist() == bounds.tolist()
    Store(tmp_path, "x").put(1, bounded.table)
    assert Store(tmp_path, "x").get(1).bounds.tolist() == bounds.tolist()
    assert bounded.to_frame("pandas")["upper"].tolist() == bounds[:, 1].tolist()
    wrong = replace(atlas, table=replace(atlas.table, bounds=bounds[:, ::-1].copy()))
    wrong.save(tmp_path / f"wrong.{suffix}")
    with pytest.raises(th.AtlasFileError, match=r"the value of set 0, .*, is not within its bounds"):
        th.load_atlas(tmp_path / f"wrong.{suffix}")


def test_bounds_come_in_pairs(atlas, tmp_path):
    document = json.loads(atlas.to_json())
    document["sets"]["lower"] = document["sets"]["value"]
    del document["checksum"]
    (tmp_path / "half.json").write_text(json.dumps(document))
    with pytest.raises(th.AtlasFileError, match="'lower' and 'upper'"):
        th.load_atlas(tmp_path / "half.json")


def test_parquet_without_pyarrow_says_what_to_install(atlas, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(th.AtlasFileError, match=r"theodolite\[parquet\]"):
        atlas.save(tmp_path / "atlas.parquet")
    with pytest.raises(th.AtlasFileError, match=r"cannot be read|theodolite\[parquet\]"):
        th.load_atlas(tmp_path / "atlas.parquet")
