"""One script of several modules."""

from __future__ import annotations

from usernet.web.script import joined

ONE = "export const one = 1;\nconst own = 2;\n"
TWO = """import { one } from "/assets/one.js";
const own = one;
export const two = (told) => own + told;
"""
PAGE = """import { two } from "/assets/two.js";
import { one } from "/assets/one.js";
two(one);
"""


def test_what_is_imported_comes_first_and_once_in_a_scope_of_its_own() -> None:
    assert joined({"page.js": PAGE, "two.js": TWO, "one.js": ONE}, "page.js") == (
        "const { one } = (() => {\nconst one = 1;\nconst own = 2;\nreturn { one };\n})();\n"
        "const { two } = (() => {\nconst own = one;\n"
        "const two = (told) => own + told;\nreturn { two };\n})();\n"
        "const {  } = (() => {\ntwo(one);\nreturn {  };\n})();\n"
    )
