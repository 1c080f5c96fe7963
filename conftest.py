"""What every test run shares: checked shapes, fixed random examples, and the browser that the page tests click through.

Shapes are checked while the tests run: jaxtyping's import hook puts beartype on every function of the package.
"""

from __future__ import annotations

import os
import shutil

import pytest
from jaxtyping import install_import_hook

hook = install_import_hook("theodolite", "beartype.beartype")

from hypothesis import HealthCheck, settings  # noqa: E402  the hook comes before anything that might import the package

settings.register_profile(
    "fixed", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", parent=settings.get_profile("fixed"), max_examples=600)
settings.load_profile(os.environ.get("THEODOLITE_HYPOTHESIS", "fixed"))

INSTALL = "install Debian's chromium or name one in THEODOLITE_CHROMIUM"


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    names = (os.environ.get("THEODOLITE_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the Chromium for tests marked ``browser``."""
    path = find_chromium()
    assert path is not None, f"no Chromium found: {INSTALL}"
    return path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser tests out where there is no browser, except on a build server, where they fail."""
    if find_chromium() is not None or os.environ.get("CI", "").lower() in ("1", "true"):
        return
    lost = [item for item in items if item.get_closest_marker("browser")]
    if lost:
        items[:] = [item for item in items if not item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=lost)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly, right above the closing line, when browser tests were left out."""
    if find_chromium() is None and not hasattr(config, "workerinput"):
        terminalreporter.section("BROWSER TESTS NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(f"No Chromium was found, so no page was opened and clicked through: {INSTALL}.", red=True)
