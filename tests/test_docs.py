"""The documentation's own machinery: formulas, remote addresses, citations; and that README and API page are true."""

from __future__ import annotations

import importlib
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

import theodolite as th

ROOT = Path(__file__).resolve().parent.parent
MATH = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def extensions():
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    yield {name: importlib.import_module(name) for name in ("mathml", "offline", "bibliography")}
    sys.path.remove(str(ROOT / "docs" / "_ext"))


@pytest.mark.parametrize(
    "latex",
    [
        r"\lambda_1 \ge \lambda_2 > 0",
        r"\tfrac12 \lVert W_2 W_1 X - Y \rVert_F^2",
        r"\mathbb{R}^{d \times n}",
        r"a &= b \\ c &= d",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}",
        r'x < y \text{ "quoted" } \& z',
    ],
)
@pytest.mark.parametrize("block", [True, False])
def test_formulas_become_well_formed_mathml(extensions, latex, block):
    markup = extensions["mathml"].to_mathml(latex, block=block)
    root = ET.fromstring(markup)
    assert root.tag == f"{MATH}math"
    assert root.get("display") == ("block" if block else "inline")
    assert root.get("alttext") == latex
    assert "\\" not in "".join(root.itertext())


def test_letters_of_other_alphabets_are_written_as_themselves(extensions):
    root = ET.fromstring(extensions["mathml"].to_mathml(r"\mathbb R \mathbb{A} \mathbf{x}", block=False))
    assert "".join(root.itertext()) == "ℝ𝔸𝐱"
    assert not [element for element in root.iter() if element.get("mathvariant")]


def test_several_lines_are_aligned(extensions):
    root = ET.fromstring(extensions["mathml"].to_mathml(r"a &= b \\ c &= d", block=True))
    assert len(root.findall(f".//{MATH}mtr")) == 2


@pytest.mark.parametrize("latex", [r"\nosuchcommand x", r"\mathsf T", r"\frac{1}", r"\tbinom40", r"a & b"])
def test_what_browsers_would_not_draw_is_refused(extensions, latex):
    with pytest.raises(ValueError, match=re.escape(repr(latex)[:8])):
        extensions["mathml"].to_mathml(latex, block=False)


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="http://example.org/a.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<img alt="a" SRC="HTTPS://example.org/a.png">',
        '<img srcset="https://example.org/a.png 2x">',
        '<iframe src="https://example.org"></iframe>',
        '<style>@import url("https://example.org/a.css");</style>',
        "<style>p { background: url(//example.org/a.png) }</style>",
        "<p style=\"background: url('https://example.org/a.png')\">a</p>",
        '<svg><image href="https://example.org/a.png"/></svg>',
        '<video poster="https://example.org/a.png"></video>',
    ],
)
def test_addresses_that_a_page_would_fetch_are_found(extensions, page):
    assert len(extensions["offline"].fetched(page)) == 1


@pytest.mark.parametrize(
    "page",
    [
        '<a href="https://arxiv.org/abs/1710.11205">paper</a>',
        '<link rel="stylesheet" href="_static/a.css"><link rel="canonical" href="https://example.org">',
        '<img src="data:image/png;base64,AAAA">',
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="#mark"/></svg>',
        '<math xmlns="http://www.w3.org/1998/Math/MathML"></math>',
        "<style>p { background: url(local.png) }</style>",
        "<p>https://example.org</p>",
    ],
)
def test_links_and_local_files_are_left_alone(extensions, page):
    assert extensions["offline"].fetched(page) == []


def test_files_of_a_folder_are_searched(extensions, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.css").write_text("@import 'https://example.org/b.css';")
    (tmp_path / "index.html").write_text('<link rel="stylesheet" href="sub/a.css">')
    assert list(extensions["offline"].offenders(tmp_path)) == [
        (tmp_path / "sub" / "a.css", "https://example.org/b.css")
    ]


def build(folder: Path, text: str) -> tuple[str, str]:
    """Build one page with our extensions; return its HTML and the warnings."""
    import io

    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    (folder / "index.md").write_text(text)
    (folder / "bibliography.md").write_text("---\norphan: true\n---\n# Papers\n\n```{bibliography}\n```\n")
    warnings = io.StringIO()
    settings = {
        "extensions": ["myst_parser", "mathml", "bibliography", "offline"],
        "myst_enable_extensions": ["dollarmath"],
        "html_math_renderer": "mathml",
        "html_theme": "basic",
    }
    with patch_docutils(), docutils_namespace():
        app = Sphinx(folder, None, folder / "out", folder / "trees", "html", settings, status=None, warning=warnings)
        app.build()
    return (folder / "out" / "index.html").read_text("utf-8"), warnings.getvalue()


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::ResourceWarning"
)
def test_a_page_with_formulas_and_citations_builds(extensions, tmp_path):
    html, warnings = build(
        tmp_path,
        "# A page\n\nInline $\\lambda_1$ and {math}`x^2`, cited {cite}`liu-2020; Theorem 3`.\n\n$$\na = b\n$$\n\n"
        "```{math}\nc = d\n```\n",
    )
    assert warnings == ""
    assert html.count("<math ") == 4
    assert html.count('display="block"') == 2
    assert 'href="bibliography.html#paper-liu-2020"' in html
    assert "Liu (2020), Theorem 3" in html
    assert extensions["offline"].fetched(html) == []
    papers = (tmp_path / "out" / "bibliography.html").read_text("utf-8")
    for key, paper in th.REFERENCES.items():
        assert (f'id="paper-{key}"' in papers) == (key != "theodolite")
        assert paper.url is None or paper.url in papers


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::ResourceWarning"
)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$\\nosuchcommand$", "nosuchcommand"),
        ("{cite}`nobody-1900`", "nobody-1900"),
        ('<img src="https://example.org/a.png">', "https://example.org/a.png"),
    ],
)
def test_mistakes_in_a_page_are_warnings_and_so_fail_the_build(extensions, tmp_path, text, said):
    _, warnings = build(tmp_path, f"# A page\n\n{text}\n")
    assert said in warnings


def test_every_public_name_is_on_the_api_page():
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    documented = set(re.findall(r"^\.\. (?:auto\w+|py:data):: (?:theodolite\.)?(\w+)", page, re.MULTILINE))
    assert documented == set(th.__all__) - {"__version__"}


def test_the_code_in_the_readme_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("strict saddle 3 ")
    assert float(second.split()[-1]) == pytest.approx(18.079, abs=1e-3)
    shown = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[1]
    evidence = str(names["saddle"].evidence)
    for line in shown.splitlines():
        assert re.sub(r"margin \S+,|\.\.\.$", "", line).strip() in re.sub(r"margin \S+,", "", evidence)


def test_the_readme_shows_what_the_command_prints():
    from theodolite.cli import app

    shown = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[0]
    printed = CliRunner().invoke(
        app, ["survey", "iris", "--network", "linear:4-2-4", "--center"], env={"COLUMNS": "120"}
    )
    assert printed.exit_code == 0, printed.output
    assert shown.strip() in printed.output
