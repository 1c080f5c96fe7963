"""Settings of the documentation: pages run their code while they are built, and the built pages ask nothing of any host."""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here / "_ext"))

# The cells run with an IPython of their own, so that nobody's startup files change what a page shows.
profile = here / "_build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text('get_config().IPKernelApp.log_level = "ERROR"\n')
os.environ["IPYTHONDIR"] = str(profile.parent)

project = "Theodolite"
author = "The Theodolite authors"
project_copyright = "2026, the Theodolite authors"
release = version = installed_version("theodolite")

extensions = ["myst_nb", "sphinx.ext.autodoc", "mathml", "bibliography", "example_page", "offline"]
exclude_patterns = ["_build", "_ext", "jupyter_execute"]

# Formulas: `$..$` in pages, converted to MathML by docs/_ext/mathml.py.
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
html_math_renderer = "mathml"

# Code runs on every build; an exception in a cell fails it.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_ipywidgets_js = {}
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_use_legacy_class_based = False
python_use_unqualified_type_names = True
add_module_names = False

html_theme = "furo"
html_title = "Theodolite"
html_static_path = ["_static"]
html_css_files = ["theodolite.css"]
html_favicon = "_static/mark.svg"
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_logo": "mark.svg",
    "dark_logo": "mark.svg",
    "light_css_variables": {
        "color-background-primary": "#FCFCFA",
        "color-background-secondary": "#F6F6F2",
        "color-foreground-primary": "#1B1E21",
        "color-foreground-secondary": "#555B62",
        "color-background-border": "#CFD2CC",
        "color-brand-primary": "#0A5AA8",
        "color-brand-content": "#0A5AA8",
        "color-brand-visited": "#0A5AA8",
        "font-stack": "system-ui, sans-serif",
        "font-stack--monospace": "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
    },
    "dark_css_variables": {
        "color-background-primary": "#14171A",
        "color-background-secondary": "#191D21",
        "color-foreground-primary": "#E6E7E3",
        "color-foreground-secondary": "#A4AAAF",
        "color-background-border": "#3A4046",
        "color-brand-primary": "#5AA9EE",
        "color-brand-content": "#5AA9EE",
        "color-brand-visited": "#5AA9EE",
    },
}
