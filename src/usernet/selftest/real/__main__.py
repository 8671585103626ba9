"""The inside of the namespace: measures rows of real time, one line of JSON each.

``python -m usernet.selftest.real [--quick] NUMBER...``, in a network namespace of its own; the
numbers are places in `REAL`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from usernet.errors import UsernetError
from usernet.selftest.check import Check, Effort, Finding
from usernet.selftest.real import stage
from usernet.selftest.real.plan import REAL


def main(arguments: list[str]) -> int:
    """Set up the interfaces, measure, and print what was found."""
    try:
        stage.set_up()
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"no interfaces to measure on: {error.stderr.strip()}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"no interfaces to measure on: {error}\n")
        return 1
    effort = Effort(quick="--quick" in arguments)
    for check in (REAL[int(number)] for number in arguments if number.isdigit()):
        print(json.dumps(asdict(_measured(check, effort))), flush=True)
    return 0


def _measured(check: Check, effort: Effort) -> Finding:
    try:
        return check.measure(effort)
    except (UsernetError, OSError) as error:
        return Finding("inconclusive", f"not measured: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
