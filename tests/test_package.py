"""What the package promises as a whole: light imports, a complete wheel, documented names, downward arrows, short files."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

import theodolite as th

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "theodolite"
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = (
    "numba",
    "matplotlib",
    "flint",
    "scipy.optimize",
    "pyarrow",
    "torch",
    "pandas",
    "polars",
    "sklearn",
    "distributed",
)

# From the ground up. A module may import from rows below its own, and from its own row where that is marked as one circle.
BASE = {"_version", "_versions", "_typing", "_errors", "_budget", "_atomic", "_counting"}
VOCABULARY = {"_references", "_evidence", "_kind", "_notebook", "_panels", "_critical", "_verdict", "_table", "_texts"}
VOCABULARY |= {"_arrays", "_landscape", "_hessian", "_certificate", "_endings", "_trainable"}
FILES = {"_crew", "_npz", "_progress"}
SURVEY = {path.stem for path in PACKAGE.glob("_[a-z]*.py")} - BASE - VOCABULARY - FILES - {"_registry"}
ROWS = [
    BASE,
    {"checker"},
    {"_numerics"},
    VOCABULARY,
    FILES,
    {"dominance", "arrangement", "io"},
    {"linear", "activated", "affine", "relu", "probability"},
    {"_registry"},
    SURVEY,
    {"__init__"},
    {"report"},
    {"explorer"},
    {"cli"},
    {"__main__"},
]
CIRCLES = (BASE, VOCABULARY, FILES, SURVEY)
# These show themselves: they call the faces above them, from inside functions, so that importing one never loads the other.
LAZY_UPWARD = {("_atlas", "report"), ("_ensemble", "report"), ("_ensemble_faces", "report"), ("probability", "report")}


def row(unit: str) -> int:
    found = [number for number, members in enumerate(ROWS) if unit in members]
    assert found, f"{unit} has no row in {Path(__file__).name}: say where it belongs"
    return found[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each unit of the package that the file imports, and whether that happens when the file is imported."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {
        child
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            modules = [node.module or ""]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            parts = module.split(".")
            if parts[0] == "theodolite":
                yield (parts[1] if len(parts) > 1 else "__init__"), node not in inside


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_down(path):
    unit = unit_of(path)
    for other, at_import in imports(path):
        if other == unit or (not at_import and (unit, other) in LAZY_UPWARD):
            continue
        together = any(unit in circle and other in circle for circle in CIRCLES)
        assert row(other) < row(unit) or together, f"{unit} imports {other}, which lies above or beside it"


def test_the_walk_over_imports_sees_what_it_should():
    found = dict(imports(PACKAGE / "_atlas.py"))
    assert found["_table"] is True
    assert found["report"] is False


def run_python(code: str) -> str:
    """Run code in a fresh interpreter without the test run's import hook."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "statement",
    ["import theodolite", "import theodolite.cli", "from theodolite.cli import main", "import theodolite.io"],
)
def test_importing_stays_light(statement):
    loaded = run_python(f"{statement}; import sys; print(*sorted(sys.modules))").split()
    assert "theodolite" in loaded
    assert not set(HEAVY) & set(loaded)


def test_importing_warns_of_nothing_and_prints_nothing():
    assert run_python("import warnings; warnings.simplefilter('error'); import theodolite") == ""


def test_the_version_is_said_once():
    assert re.fullmatch(r"\d+\.\d+\.\d+([ab.rc]+\d+)?", th.__version__)
    assert th.__version__ in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"version: {th.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as hatchling builds it, without an index: the build tool is imported where it is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import os; os.chdir({str(ROOT)!r}); from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    return folder / run_python(code).split()[-1]


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        texts = {
            name.split("/")[-1]: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name
        }
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "src/theodolite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert held == {name.removeprefix("src/") for name in tracked}
    assert "theodolite/py.typed" in held
    assert any(name.endswith((".csv", ".csv.gz")) for name in held), "bundled data sets"
    assert {"theodolite/report/assets/page.css", "theodolite/report/assets/page.js"} <= held
    metadata = Parser().parsestr(texts["METADATA"])
    assert metadata["Name"] == "theodolite"
    assert metadata["Version"] == th.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    needed = {re.split(r"[<>=; \[]", line)[0] for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert not needed & {"torch", "matplotlib", "pyarrow", "scikit-learn", "pandas", "polars"}
    assert "theodolite = theodolite.cli:main" in texts["entry_points.txt"]
    assert "Apache License" in texts["LICENSE"]


def test_every_public_name_is_listed_in_order_and_exists():
    assert th.__all__ == sorted(th.__all__, key=lambda name: (not name.isupper(), name.islower(), name))
    assert len(set(th.__all__)) == len(th.__all__)
    for name in th.__all__:
        assert getattr(th, name) is not None


@pytest.mark.parametrize("name", th.__all__)
def test_every_public_name_and_its_public_members_say_what_they_are(name):
    thing = getattr(th, name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return
    assert inspect.getdoc(thing), name
    for member, value in vars(thing).items() if inspect.isclass(thing) else ():
        documented = inspect.isroutine(value) or isinstance(value, (property, classmethod, staticmethod))
        if documented and not member.startswith("_"):
            assert inspect.getdoc(getattr(thing, member)), f"{name}.{member}"


def text_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    kinds = (".py", ".md", ".toml", ".txt", ".cff", ".js", ".css", ".html", ".svg", "Makefile", "run")
    return [ROOT / name for name in listed if name.endswith(kinds) and (ROOT / name).is_file()]


def test_no_program_file_is_longer_than_four_hundred_lines():
    programs = [path for path in text_files() if path.suffix in (".py", ".js") and ROOT / "tests" not in path.parents]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in programs}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_the_text_speaks_of_the_project_alone():
    unwanted = [
        "/" + "work/",
        "theory " + "note",
        "lorem " + "ipsum",
        "issue " + "#",
        r"\bTO" + r"DO\b",
        r"\bFIX" + r"ME\b",
    ]
    pattern = re.compile("|".join(unwanted))
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_suppressed_warning_of_a_checker_names_it():
    bare = re.compile(r"#\s*(noqa(?!:)|type:\s*ignore(?!\[))")
    assert [str(path) for path in SOURCES if bare.search(path.read_text("utf-8"))] == []


def test_dependencies_are_pinned_without_addresses():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert lines == sorted(lines, key=str.lower)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9a-z.]+", line) for line in lines), "names and versions only"
    assert "torch==2.13.0" in lines


def test_links_in_the_readme_lead_somewhere():
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text("utf-8"))
        for link in links:
            if not link.startswith(("http://", "https://")):
                assert (ROOT / link).exists(), f"{page} links to {link}"
