"""The cases: inputs in few words, and beside them what they come to, computed by hand.

All have frames of an hour and slices of a minute, and count in frame 500,000: slices 30,000,000 to
30,000,059. Where nothing else is said a period is 100 slices, so 5 unknown ones are earned; 5 bad
ones are free; a breach credits 300; three watchers of weight 1 share a fee of 6 for each slice that
is earned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fakes.evidence import BEGIN, NOBODY, WATCHERS, Leased, carried, evidence

ALL_GOOD = "g" * 60
DROPPED = "0x" + "d0" * 32
ODD_SECONDS, ODD_FRAME_SLICES = 7, 514
ODD_BEGIN = 257_142_857
"""1,800,000,000 / 7, rounded down; the frame's end is in slice 257,143,371."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a lease comes to."""

    leaf: Sequence[int]
    period: int = 0
    bad: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Leases, what each comes to, and what each watcher was awarded in all, by place."""

    leased: Sequence[Leased]
    counted: Sequence[Counted]
    awarded: Sequence[int]
    changes: Mapping[str, Any] = field(default_factory=dict)

    def evidence(self) -> dict[str, Any]:
        """Return the evidence."""
        return evidence(*self.leased, **self.changes)


def three(letters: str) -> list[str]:
    """Let three watchers agree."""
    return [letters] * 3


CASES: dict[str, Case] = {}

# It was bad twice before. Slices 70 to 129 of the lease; down from 90 to 115, so 10 of period 0 and
# 16 of period 1. Period 0: bad goes from 2 to 12, beyond 5 of them 7. Period 1: 16, beyond 5 11.
# Earned 60 - 26 = 34; 34 x 6 = 204, a third of it each.
CASES["an-outage-over-the-edge-of-a-period"] = Case(
    leased=[
        Leased(
            first=BEGIN - 70,
            letters=three("g" * 20 + "b" * 26 + "g" * 14),
            carried=carried([70, 2, 0], bad=2),
        )
    ],
    counted=[Counted(leaf=[130, 28, 18], period=1, bad=16)],
    awarded=[68, 68, 68],
)

# Two of three know nothing for 12 slices: weight 1 is no quorum. 5 of them are earned, 7 are not.
# Earned 53; 53 x 6 = 318; known 60 + 48 + 48 = 156: 318 x 60 / 156 = 122.3, 318 x 48 / 156 = 97.8.
CASES["unknown-beyond-five-percent"] = Case(
    leased=[Leased(first=BEGIN, letters=[ALL_GOOD, *["u" * 12 + "g" * 48] * 2])],
    counted=[Counted(leaf=[60, 7, 0], unknown=12)],
    awarded=[122, 97, 97],
)

# The lease begins in the frame's slice 10 and ends in its slice 50. Bad until the frame's slice 35,
# that is 25 of the lease: 5 of grace, 5 in breach, 10 announced, 5 in breach; then 15 good ones. 15
# x 6 = 90; each knew the 40 slices of the lease.
CASES["grace-and-announced-maintenance"] = Case(
    leased=[
        Leased(
            first=BEGIN + 10,
            end=BEGIN + 50,
            letters=three("b" * 35 + "g" * 25),
            announced=[(BEGIN + 20, 10)],
            offer={"grace": 5, "allowance": 0},
        )
    ],
    counted=[Counted(leaf=[40, 25, 10], bad=10)],
    awarded=[30, 30, 30],
)

# 10 good, then bad: 2 are free, the next 5 credit 300 each, which is more than the cover of 1,400:
# it ends after slice 16. 10 x 6 = 60.
CASES["the-cover-is-used-up"] = Case(
    leased=[
        Leased(
            first=BEGIN,
            letters=three("g" * 10 + "b" * 50),
            offer={"allowance": 2, "cover": "1400"},
        )
    ],
    counted=[Counted(leaf=[17, 7, 5], bad=7)],
    awarded=[20, 20, 20],
)

# Nobody reported the frame before: slices 60 to 119 of the lease are unknown. Period 0 had one, so
# of its 40 more 4 are earned and 36 not; period 1 has 20: 5 and 15. Then 60 good ones. Earned 4 + 5
# + 60 = 69; 69 x 6 = 414.
CASES["the-frame-before-was-missed"] = Case(
    leased=[
        Leased(first=BEGIN - 120, letters=three(ALL_GOOD), carried=carried([60, 0, 0], unknown=1))
    ],
    counted=[Counted(leaf=[180, 51, 0], period=1, unknown=20)],
    awarded=[138, 138, 138],
)

# Carried: earned 54, idle 2, breach 4. Settled: earned 38, idle 2, breach 10. The larger of each:
# 54, 2 and 10, so slice 66 is next and its period's bad ones begin at 0. Slices 70 to 79 are bad: 2
# free, 8 in breach. Earned 54 + 44, idle 4, breach 18. 44 x 6 = 264.
CASES["settled-ahead-of-carried"] = Case(
    leased=[
        Leased(
            first=BEGIN - 60,
            letters=three("g" * 10 + "b" * 10 + "g" * 40),
            settled=(50, 12, 10),
            carried=carried([60, 6, 4], bad=6, unknown=3),
            offer={"allowance": 2},
        )
    ],
    counted=[Counted(leaf=[120, 22, 18], period=1)],
    awarded=[88, 88, 88],
)

# As before, but settled through slice 149 and ended there: nothing is counted, and period 1 is that
# of the last slice.
CASES["settled-through-the-end"] = Case(
    leased=[
        Leased(
            first=BEGIN - 150,
            end=BEGIN,
            letters=three(ALL_GOOD),
            settled=(150, 12, 10),
            carried=carried([60, 6, 4], bad=6, unknown=3),
        )
    ],
    counted=[Counted(leaf=[150, 12, 10], period=1)],
    awarded=[0, 0, 0],
)

# The third is silent. Of the last 3 slices one says good, one bad: neither has two thirds of what
# is known, so they are unknown, and earned. 60 x 6 = 360, half each.
CASES["two-watchers-of-three"] = Case(
    leased=[Leased(first=BEGIN, letters=[ALL_GOOD, "g" * 57 + "b" * 3, None])],
    counted=[Counted(leaf=[60, 0, 0], unknown=3)],
    awarded=[180, 180, 0],
)

# The first says the contrary of the truth, in both directions; nothing comes of it. The last 20 are
# bad: 5 free, 15 in breach. 40 x 6 = 240.
CASES["a-lying-minority"] = Case(
    leased=[
        Leased(first=BEGIN, letters=["b" * 40 + "g" * 20, *["g" * 40 + "b" * 20] * 2]),
    ],
    counted=[Counted(leaf=[60, 20, 15], bad=20)],
    awarded=[80, 80, 80],
)

# A lease was released since the last report and leaves the result; what was awarded for it stays.
# The other is carried to slice 60 and has 60 good ones: 360, to 100, 0 and 7 from before.
CASES["a-released-lease-is-dropped"] = Case(
    leased=[Leased(first=BEGIN - 60, letters=three(ALL_GOOD), carried=carried([60, 0, 0]))],
    counted=[Counted(leaf=[120, 0, 0], period=1)],
    awarded=[220, 120, 127],
    changes={
        "carried": {
            **NOBODY,
            "leases": {DROPPED: carried([900, 40, 11], period=8, bad=3)},
            "awarded": {WATCHERS[0]: "100", WATCHERS[2]: "7"},
        }
    },
)

# Weights 3, 2 and 2: a quorum is 5 of 7. Slices 0 to 9: 3 + 2 say bad, 2 good: 15 >= 14, bad. 10 to
# 14: 3 say bad, 2 good, 2 nothing: 9 < 10 and 6 < 10, unknown. 15 to 19: 4 are known, unknown. Bad
# 10, 4 free, 6 in breach; unknown 10, 5 earned. Earned 45; 45 x 6 = 270; known 55 + 55 + 60 = 170:
# 270 x 55 / 170 = 87.4, 270 x 60 / 170 = 95.3.
CASES["weights"] = Case(
    leased=[
        Leased(
            first=BEGIN,
            letters=[
                "b" * 15 + "u" * 5 + "g" * 40,
                "b" * 10 + "u" * 5 + "b" * 5 + "g" * 40,
                "g" * 15 + "b" * 5 + "g" * 40,
            ],
            offer={"allowance": 4},
        )
    ],
    counted=[Counted(leaf=[60, 15, 6], bad=10, unknown=10)],
    awarded=[87, 87, 95],
    changes={
        "table": [
            {"signer": watcher, "weight": weight}
            for watcher, weight in zip(WATCHERS, (3, 2, 2), strict=False)
        ]
    },
)

# Three leases at once. The first is by other rules: 60 unknown ones, 5 earned, whose 30 nobody
# gets. The second has slices of 7 seconds, of which 514 end in the frame, the first of them begun
# before it; the first watcher wrote one letter too many, which counts as nothing, the others agree:
# with a period of 5,000 all good. 514 x 6 = 3,084, half each. The third ended before the frame:
# nothing is counted.
CASES["three-leases"] = Case(
    leased=[
        Leased(first=BEGIN, letters=three(ALL_GOOD), offer={"rules": "0x" + "ee" * 32}),
        Leased(
            first=ODD_BEGIN,
            end=2 * ODD_BEGIN,
            letters=["b" * (ODD_FRAME_SLICES + 1), *["g" * ODD_FRAME_SLICES] * 2],
            offer={"slice": ODD_SECONDS, "period": 5000, "epoch": 2},
        ),
        Leased(
            first=BEGIN - 90,
            end=BEGIN - 10,
            letters=three(ALL_GOOD),
            carried=carried([80, 9, 3], bad=8),
            offer={"epoch": 3},
        ),
    ],
    counted=[
        Counted(leaf=[60, 55, 0], unknown=60),
        Counted(leaf=[514, 0, 0]),
        Counted(leaf=[80, 9, 3], bad=8),
    ],
    awarded=[0, 1542, 1542],
)
