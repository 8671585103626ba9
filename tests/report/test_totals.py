from usernet.report.timeline import Change, Configured
from usernet.report.totals import glance, totals_table

from .reading import Reader
from .recordings import SECOND, counted, recorded

UP = counted(1_234_567, 1_200_000, dropped={"loss": 30_000, "queue": 4567, "mtu": 0}, marked=31_000)
DOWN = counted(800, 600, dropped={"queue": 200}, queue_packets=12)


def test_every_counter_is_there_with_all_its_digits() -> None:
    read = Reader(totals_table({"up": UP, "down": DOWN}))
    digits = {
        head: [int(cell.replace("\u202f", "")) for cell in cells]
        for head, cells in list(read.table.items())[1:]
    }
    assert read.rows[0] == ["", "up", "down"]
    assert digits == {
        "packets in": [1_234_567, 800],
        "bytes in": [1_234_567_000, 800_000],
        "packets out": [1_200_000, 600],
        "bytes out": [1_200_000_000, 600_000],
        "dropped": [34_567, 200],
        "· by loss": [30_000, 0],
        "· by queue": [4567, 200],
        "marked (ECN)": [31_000, 0],
        "duplicated": [31_001, 31_001],
        "corrupted": [31_002, 31_002],
        "reordered": [31_003, 31_003],
        "in the queue at the end": [0, 12],
        "in the delay line at the end": [31_004, 31_004],
    }


def test_a_glance_says_rate_loss_and_delay() -> None:
    waiting = {"up": counted(), "down": counted(queue_ns=1_500_000)}
    changes = [Change(0, "start", {"down": Configured(None, 40_000_000)})]
    read = Reader(glance(recorded(waiting, waiting, waiting), {"up": UP, "down": DOWN}, changes))
    assert read.texts["h2"] == ["up", "down"]
    assert read.texts["b"] == ["4.8 Gbit/s", "2.8 %", "0 ns", "2.4 Mbit/s", "25 %", "41.5 ms"]
    assert "200 of 800 packets" in read.texts["small"]


def test_a_run_of_no_time_has_no_mean() -> None:
    assert Reader(glance(recorded({"up": UP}), {"up": UP}, [])).texts["b"][0] == "–"
    assert glance(recorded(period_ns=SECOND), {"up": UP}, []) == ""
