"""How Sphinx builds these pages: `make docs`, then open build/docs/index.html."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "building"))

project = "interpret"
author = "The interpret developers"
copyright = author
with (HERE.parent / "pyproject.toml").open("rb") as file:
    release = tomllib.load(file)["project"]["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    *("formulas", "docstrings", "commands", "messages", "gallery"),
]
exclude_patterns = ["building"]
smartquotes = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = True

html_theme = "furo"
html_title = f"interpret {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["building/looks"]
html_css_files = ["pages.css"]
highlight_language = "text"
