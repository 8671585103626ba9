"""``usernet emulate``: what it refuses before it touches an interface.

What it does to traffic is in test_emulate_traffic.py and its neighbours, which need root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.errors import ConfigError, FilterError, InterfaceError, UnitError
from usernet.programs.emulate import emulate
from usernet.programs.main import run
from usernet.programs.options import LineOptions

if TYPE_CHECKING:
    from pathlib import Path

NONE_SUCH = ("un-a", "un-b")


def test_an_interface_is_not_joined_to_itself() -> None:
    with pytest.raises(ConfigError, match='between = "lo": joins an interface to itself'):
        emulate(between=("lo", "lo"))


def test_an_interface_that_is_not_there_is_named() -> None:
    with pytest.raises(InterfaceError, match="there is no interface un-a"):
        emulate(between=NONE_SUCH)


def test_the_line_is_read_first() -> None:
    with pytest.raises(UnitError, match=r"both\.delay"):
        emulate(between=NONE_SUCH, line=LineOptions(delay="40"))


@pytest.mark.parametrize("duration", ["60", "-1s", "soon"])
def test_a_duration_has_a_unit(duration: str) -> None:
    with pytest.raises(UnitError, match=r"^duration = "):
        emulate(between=NONE_SUCH, duration=duration)


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"storm\.toml"):
        emulate(between=NONE_SUCH, line=LineOptions(scenario=tmp_path / "storm.toml"))


SCENARIO = """[[flow]]
name = "dns"
filter = "udp port 53"

[[flow]]
name = "voice"
filter = "udp prot 5060"
"""


@pytest.mark.parametrize("flow", [(), ("name=web filter='tcp port 80'",)])
def test_a_filter_that_is_none_is_told_with_its_line(tmp_path: Path, flow: tuple[str, ...]) -> None:
    file = tmp_path / "storm.toml"
    file.write_text(SCENARIO)
    with pytest.raises(FilterError) as caught:
        emulate(between=NONE_SUCH, line=LineOptions(scenario=file, flow=flow))
    assert str(caught.value).startswith(f'{file}:7: flow[1].filter = "udp prot 5060": ')


def test_a_filter_of_the_command_line_has_no_file(tmp_path: Path) -> None:
    file = tmp_path / "storm.toml"
    file.write_text(SCENARIO.replace("prot", "port"))
    wrong = LineOptions(scenario=file, flow=("name=web filter='tcp prot 80'",))
    with pytest.raises(FilterError, match=r"^flow\[0\]\.filter = "):
        emulate(between=NONE_SUCH, line=wrong)


def test_a_flow_by_process_is_refused_where_nobody_knows_whose_a_packet_is() -> None:
    with pytest.raises(ConfigError, match=r'^flow\[1\]\.process = "curl": nobody knows'):
        emulate(
            between=NONE_SUCH, line=LineOptions(flow=("name=a filter=udp", "name=b process=curl"))
        )


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lte\.trace"):
        emulate(between=NONE_SUCH, line=LineOptions(trace=str(tmp_path / "lte.trace")))


def test_nothing_is_left_half_written(tmp_path: Path) -> None:
    with pytest.raises(InterfaceError):
        emulate(between=NONE_SUCH, pcap=tmp_path / "o.pcapng", report=tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_capture_survives_a_misspelt_interface(tmp_path: Path) -> None:
    path = tmp_path / "earlier.pcapng"
    path.write_bytes(b"earlier")
    with pytest.raises(InterfaceError):
        emulate(between=NONE_SUCH, pcap=path)
    assert path.read_bytes() == b"earlier"


def test_a_report_without_a_folder_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "none" / "r.html"
    assert run(["emulate", "--between", "un-a", "un-b", "--report", str(report)]) == 6
    assert capsys.readouterr().err == f"usernet: {report}: the report's folder does not exist\n"
