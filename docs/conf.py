"""How Sphinx builds these pages; `make check` treats every warning as an error."""

from importlib import metadata

project = "usernet"
author = "the usernet contributors"
copyright = author
version = release = metadata.version("usernet")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
nitpicky = True
# Only our own names can be looked up: an inventory of other projects would need a network.
nitpick_ignore_regex = [(r"py:.*", r"(?!usernet).*")]

html_theme = "furo"
html_title = f"usernet {version}"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autoclass_content = "both"
napoleon_numpy_docstring = False

# Only marked blocks are examples that run; a page starts with usernet imported.
doctest_test_doctest_blocks = ""
doctest_global_setup = "import usernet"
