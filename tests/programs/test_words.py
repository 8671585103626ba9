"""Where the words of the program begin on the command line of ``usernet run``."""

import pytest

from usernet.programs.command_line import app
from usernet.programs.words import marked


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("curl http://x", "curl http://x"),
        ("curl --rtt 5 --quiet", "curl --rtt 5 --quiet"),
        ("--rtt 80ms curl -x --loss 3", "curl -x --loss 3"),
        ("--rtt=80ms curl", "curl"),
        ("--quiet --precise curl -- -x", "curl -- -x"),
        ("--no-host curl", "curl"),
        ("--publish 8080:80 --publish 1:1 sh -c ls", "sh -c ls"),
        ("--up loss=2% --json f sh", "sh"),
        ("--rtt 80ms -- --odd name", "--odd name"),
        ("-- sh -- x", "sh -- x"),
    ],
)
def test_from_the_first_word_that_is_no_option(line: str, program: str) -> None:
    words = marked(["run", *line.split()], "run", app)
    end = words.index("--")
    assert " ".join(words[end + 1 :]) == program
    assert [word for word in words if word != "--"] == [
        word for word in ["run", *line.split()] if word != "--"
    ]


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("--wireguard a.conf user@host ls -l", "user@host ls -l"),
        ("--wireguard a.conf -v -p 22 host", "-v -p 22 host"),
        ("--no-agent --timeout=5s -l user host", "-l user host"),
    ],
)
def test_the_short_options_are_all_of_ssh(line: str, program: str) -> None:
    words = marked(["ssh", *line.split()], "ssh", app)
    assert " ".join(words[words.index("--") + 1 :]) == program


@pytest.mark.parametrize("line", ["", "--help", "--rtt", "--rtt 80ms", "--quiet"])
def test_without_a_program_nothing_is_marked(line: str) -> None:
    words = ["run", *line.split()]
    assert marked(words, "run", app) == words


@pytest.mark.parametrize("line", ["", "emulate --between a b curl", "--version"])
def test_other_verbs_have_no_program(line: str) -> None:
    assert marked(line.split(), "run", app) == line.split()
