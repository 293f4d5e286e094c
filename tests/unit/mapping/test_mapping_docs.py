"""The reference page is the contract with adapter authors: every example in it runs, every name in it exists."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from hub.mapping import build_set
from hub.mapping.functions import FUNCTIONS
from hub.mapping.grammar import _END, _FILE, _ORIGINS
from hub.mapping.moments import _WRITE

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "mapping.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"```yaml\n# water/a/(\S+)\n(.*?)```", TEXT, flags=re.DOTALL))


def test_the_page_shows_all_three_kinds_of_file():
    assert set(FILES) == {"3001.request.yaml", "3001.reply.yaml", "codes.yaml"}


def test_the_examples_load_together():
    assert build_set("water/a", FILES).has("3001", "request")


def test_the_python_examples_print_what_the_page_says(order):
    globs = {"files": FILES, "order": order}
    blocks = "".join(re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL))
    # A comment behind an example is for the reader; doctest ignores it as Python does.
    example = doctest.DocTestParser().get_doctest(blocks, globs, "mapping.md", str(PAGE), 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example)
    assert runner.tries > 10
    assert runner.failures == 0


@pytest.mark.parametrize(
    "name",
    sorted(
        {key for keys in _ORIGINS.values() for side in keys.values() for key in side}
        | {*_FILE, *_ORIGINS, *_END["request"], *_END["reply"]}
        | {name for side in FUNCTIONS.values() for name in side}
        | set(_WRITE)
    ),
)
def test_every_word_of_the_language_is_on_the_page(name):
    assert re.search(rf"(?<![\w%]){re.escape(name)}(?!\w)", TEXT)
