"""Alerts on leases and on who measures them. docs/runbooks/ has a page for each.

Severity `critical` is for a person now, `warning` for a working day; `sloth_severity` says the same
in Sloth's words where an alert is one of Sloth's.
"""

from dataclasses import dataclass, field

from generation.recording import LEASE, Rule, error_ratio

RUNBOOKS = "https://modelbond.io/runbooks"
"""Where the pages of docs/runbooks/ are read; the chart can name another place."""

_WATCHER = "modelbond_watcher_targets"
_WHO = "{{ $labels.namespace }}/{{ $labels.name }} on {{ $labels.host }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert and the name of its runbook."""

    name: str
    runbook: str
    severity: str
    expr: str
    lasting: str
    summary: str
    description: str
    labels: dict[str, str] = field(default_factory=dict)

    def rule(self) -> Rule:
        """Return it as Prometheus takes it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.runbook}.md",
            },
        }


def groups() -> list[Rule]:
    """Return the one group of alerts."""
    return [{"name": "modelbond-alerts", "rules": [alert.rule() for alert in ALERTS]}]


def _burn(window: str) -> str:
    """Return how many times faster than allowed the budget burns over a window."""
    error = f"max without (sloth_window) ({error_ratio(window)})"
    return f"({error} / on ({LEASE}) group_left () slo:error_budget:ratio)"


def _burns(long: str, short: str, *, factor: float) -> str:
    """Return that it burns over the long window, and still does over the short one."""
    return f"(\n  {_burn(long)} > {factor}\n  and\n  {_burn(short)} > {factor}\n)"


_NO_WATCHER = f"""\
(
  group by (cluster, job) (present_over_time({_WATCHER}[1d]))
  unless
  group by (cluster, job) ({_WATCHER})
)
or
(
  absent({_WATCHER})
  and on ()
  group (modelbond_lease_objective_ratio)
)"""

_FEW_KNOWN = f"""\
modelbond_lease_coverage_ratio < 0.95
or
(
  sum by ({LEASE}) (rate(modelbond_watcher_slices_total{{verdict=~"good|bad"}}[1h]))
  /
  (sum by ({LEASE}) (rate(modelbond_watcher_slices_expected_total[1h])) > 0)
) < 0.95"""


def _rpcs(state: int) -> str:
    return f"count by (cluster, job, instance) (modelbond_chain_rpc_in_service == {state})"


_NO_RPC = f"{_rpcs(0)}\nunless\n{_rpcs(1)}"

ALERTS = (
    Alert(
        name="ModelbondBudgetBurnsFast",
        runbook="budget-burns",
        severity="critical",
        labels={"sloth_severity": "page"},
        expr=f"{_burns('1h', '5m', factor=14.4)}\nor\n{_burns('6h', '30m', factor=6)}",
        lasting="2m",
        summary=f"{_WHO} loses its error budget within hours",
        description=(
            f"Bad slices of {_WHO} burn its error budget "
            "{{ $value | humanize }} times faster than its period allows."
        ),
    ),
    Alert(
        name="ModelbondBudgetBurns",
        runbook="budget-burns",
        severity="warning",
        labels={"sloth_severity": "ticket"},
        expr=f"{_burns('1d', '2h', factor=3)}\nor\n{_burns('3d', '6h', factor=1)}",
        lasting="15m",
        summary=f"{_WHO} loses its error budget before its period ends",
        description=(
            f"For a day or more bad slices of {_WHO} burn its error budget "
            "{{ $value | humanize }} times faster than its period allows."
        ),
    ),
    Alert(
        name="ModelbondSlashNear",
        runbook="slash-near",
        severity="critical",
        expr="modelbond_lease_time_to_slash_seconds < 86400",
        lasting="5m",
        summary=f"The bond behind {_WHO} is about to pay",
        description=(
            f"At the last hour's rate the first slice in breach of {_WHO} is due in "
            "{{ $value | humanizeDuration }}. At 0s the allowance is used up: every further bad "
            "slice of this period is paid for."
        ),
    ),
    Alert(
        name="ModelbondCoverageLow",
        runbook="coverage-low",
        severity="warning",
        expr=_FEW_KNOWN,
        lasting="15m",
        summary=f"Of {_WHO} too little is known",
        description=(
            f"Only {{{{ $value | humanizePercentage }}}} of the slices of {_WHO} are known to be "
            "good or bad. Beyond 5 % of a period, unknown slices are not earned."
        ),
    ),
    Alert(
        name="ModelbondReportOverdue",
        runbook="report-overdue",
        severity="warning",
        expr="modelbond_watcher_report_lag_frames > 2",
        lasting="5m",
        summary="The watchers' report is overdue",
        description=(
            "{{ $value }} frames are over that no report on chain speaks of, says the watcher at "
            "{{ $labels.instance }}. After 24 frames the oldest can be reported no more."
        ),
    ),
    Alert(
        name="ModelbondSigningSealed",
        runbook="signing-sealed",
        severity="warning",
        expr="modelbond_watcher_signing_sealed == 1",
        lasting="10m",
        summary="A watcher may sign nothing",
        description=(
            "The watcher at {{ $labels.instance }} measures, and signs no report: others hold more "
            "of its signatures than its record, or the chain cannot be read. `signing` at "
            "/v1/status says why."
        ),
    ),
    Alert(
        name="ModelbondWatcherAbsent",
        runbook="watcher-absent",
        severity="warning",
        expr=_NO_WATCHER,
        lasting="5m",
        summary="No watcher is heard",
        description=(
            "No watcher {{ with $labels.job }}of job {{ . }} {{ end }}has answered Prometheus for "
            "5 minutes. What it does not measure is unknown."
        ),
    ),
    Alert(
        name="ModelbondRpcGone",
        runbook="rpc-gone",
        severity="critical",
        expr=_NO_RPC,
        lasting="10m",
        summary="{{ $labels.instance }} has no RPC of the chain that it may ask",
        description=(
            "All {{ $value }} RPCs of {{ $labels.job }} at {{ $labels.instance }} are silent, "
            "behind or on another chain. Leases are neither opened, topped up nor settled; what is "
            "served goes on."
        ),
    ),
)
