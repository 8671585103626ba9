"""Settings: what a marker can say, and what is said of one that says something wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.net.network import Network
from usernet.testing.setting import KEYS, Setting
from usernet.trace import profiles

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_is_a_perfect_pair_in_virtual_time(tmp_path: Path) -> None:
    assert Setting.of({}, tmp_path) == Setting()
    assert Setting().line == Scenario()
    assert not Setting().real_time
    assert Setting().strict


def test_impairments_lie_over_a_profile(tmp_path: Path) -> None:
    setting = Setting.of(
        {"profile": "lte", "loss": "2%", "down": "rate=1mbit", "seed": 7}, tmp_path
    )
    lte = profiles.load("lte")
    assert setting.seed == 7
    assert setting.line.link.up == lte.link.up.replace(loss="2%")
    assert setting.line.link.down == lte.link.down.replace(loss="2%", rate="1mbit")
    assert setting.line.timeline == lte.timeline


def test_a_scenario_file_is_found_beside_the_test(tmp_path: Path) -> None:
    (tmp_path / "storm.toml").write_text(
        'seed = 5\nrtt = "80ms"\n[[at]]\ntime = "1s"\noutage = "2s"\n'
    )
    setting = Setting.of({"scenario": "storm.toml"}, tmp_path)
    assert setting.line.link == Link(Impairment(delay="40ms"), Impairment(delay="40ms"))
    assert len(setting.line.timeline) == 1
    assert setting.seed == 5
    assert Setting.of({"scenario": "storm.toml", "seed": 6}, tmp_path).seed == 6


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"los": "2%"}, "los: unknown key 'los': did you mean loss?"),
        ({"profil": "lte"}, "did you mean profile?"),
        ({"loss": "2"}, 'loss.probability = "2": a probability needs its unit'),
        ({"profile": "lta"}, "profile: unknown profile 'lta': did you mean lte"),
        ({"profile": "lte", "scenario": "x.toml"}, "a profile and a scenario"),
        ({"scenario": "nowhere.toml"}, "cannot be read"),
        ({"topology": "pare"}, "topology: unknown topology 'pare': did you mean pair?"),
        ({"seed": -1}, "seed = -1: not a whole number in range"),
        ({"strict": 1}, 'strict = "1": not a flag'),
        ({"real_time": "yes"}, 'real_time = "yes": not a flag'),
        ({"hosts": "client"}, 'hosts = "client": names are expected'),
        ({"hosts": ("a", "b"), "topology": print}, "hosts: a topology of one's own"),
    ],
)
def test_refusals(keys: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Setting.of(keys, tmp_path)
    assert message in str(caught.value)


def test_every_key_has_a_name_of_its_own() -> None:
    assert len(KEYS) == len(set(KEYS))


def test_a_topology_of_one_s_own(tmp_path: Path) -> None:
    def alone(network: Network, line: Scenario) -> None:
        network.host("alone", "10.0.0.9/24")
        assert line.link.up.loss is not None

    network = Network()
    Setting.of({"topology": alone, "loss": "1%"}, tmp_path).build(network)
    assert list(network.hosts) == ["alone"]


def test_hosts_have_names_and_perhaps_addresses(tmp_path: Path) -> None:
    network = Network()
    Setting.of({"hosts": {"phone": "10.9.0.1/24", "web": ["10.9.0.2/24"]}}, tmp_path).build(network)
    assert network.addresses_of("phone") == ["10.9.0.1"]
    assert list(network.links) == ["phone-web"]
