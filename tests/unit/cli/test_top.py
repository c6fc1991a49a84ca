"""`modelbond top`: who is about to pay, from the status of deployments alone."""

import asyncio
from typing import Any

import pytest

from fakes.kube import FakeKube
from modelbond.api.kinds import MODEL_DEPLOYMENT
from modelbond.cli.top import shown

Json = dict[str, Any]
LEASE: Json = {
    "state": "Open",
    "period": 1000,
    "allowance": 10,
    "good": 196,
    "bad": 4,
    "unknown": 50,
    "outages": 1,
    "recentBad": 3,
    "recentSeconds": 3600,
    "credited": "0",
}


class Home:
    """A home with deployments of one placement each."""

    def __init__(self) -> None:
        self.kube = FakeKube()

    def leased(self, name: str, *, namespace: str = "models", **lease: Any) -> None:
        placement = {"slot": 0, "host": "alpha", "epoch": 1, "health": "Healthy"}
        if lease:
            placement["lease"] = lease
        self.kube.put(
            MODEL_DEPLOYMENT,
            {
                "metadata": {"name": name, "namespace": namespace},
                "spec": {},
                "status": {"placements": [placement]},
            },
        )

    def lines(self, namespace: str | None = "models") -> list[str]:
        return asyncio.run(shown(self.kube, namespace=namespace)).splitlines()


@pytest.fixture
def home() -> Home:
    return Home()


def test_a_placement_shows_uptime_with_its_error_coverage_budget_time_and_credit(
    home: Home,
) -> None:
    home.leased("llama", **LEASE)
    heading, line = home.lines()
    assert heading.split() == [
        *("NAMESPACE", "NAME", "HOST", "LEASE", "UPTIME", "COVERAGE"),
        *("BUDGET", "LEFT", "TO", "SLASH", "CREDITED"),
    ]
    assert line.split() == [
        *("models", "llama", "alpha", "Open", "98.000%", "±1.066%", "80.000%"),
        *("6", "of", "10", "2h0m", "0"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recentBad": 0}, "not burning"),
        ({"bad": 10}, "now"),
        ({"bad": 9, "recentBad": 9}, "6m"),
        ({"bad": 1, "recentBad": 1, "recentSeconds": 36_000}, "3d18h"),
    ],
)
def test_the_time_to_slash_is_said_as_people_say_it(home: Home, changes: Json, said: str) -> None:
    home.leased("llama", **LEASE | changes)
    assert f"  {said}  " in home.lines()[1]


def test_what_is_not_whole_is_not_shown_as_whole(home: Home) -> None:
    home.leased("llama", **LEASE | {"good": 9_999_999, "bad": 1, "unknown": 0})
    assert "99.999% ±0.001%" in home.lines()[1]
    assert "100.000%" in home.lines()[1], "coverage is whole"


def test_the_nearest_slash_comes_first_and_what_is_unknown_last(home: Home) -> None:
    home.leased("calm", **LEASE | {"recentBad": 0})
    home.leased("burning", **LEASE)
    home.leased("spent", **LEASE | {"bad": 12})
    home.leased("bare")
    assert [line.split()[1] for line in home.lines()[1:]] == ["spent", "burning", "bare", "calm"]


def test_what_no_report_told_yet_is_left_open(home: Home) -> None:
    home.leased("waits", state="Proposed")
    home.leased("older", state="Open", allowance=10, bad=3, credited="5")
    older, waits = home.lines()[1:]
    assert waits.split() == ["models", "waits", "alpha", "Proposed", *["-"] * 5]
    assert older.split()[4:] == ["-", "-", "7", "of", "10", "-", "5"]


def test_a_lease_of_which_no_slice_is_known_has_no_uptime(home: Home) -> None:
    home.leased("dark", **LEASE | {"good": 0, "bad": 0, "unknown": 9, "recentBad": 0})
    assert home.lines()[1].split()[4:6] == ["-", "0.000%"]


def test_one_namespace_or_all_of_them_are_shown(home: Home) -> None:
    home.leased("here", **LEASE)
    home.leased("there", namespace="other", **LEASE)
    assert len(home.lines()) == 2
    assert len(home.lines(None)) == 3


def test_without_placements_it_is_said_where_to_look(home: Home) -> None:
    assert "modelbond explain" in home.lines()[0]
    assert home.kube.writes() == []
