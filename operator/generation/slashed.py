"""The dashboard *Who is about to be slashed?*, put together."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from generation import slashed_now, slashed_watched
from generation.panels import text_of, variable

UID = "modelbond-slashed"
TITLE = "Who is about to be slashed?"


def slashed() -> str:
    """Return the dashboard as Grafana's JSON."""
    board = dashboard.Dashboard(TITLE).uid(UID).tags(["modelbond"]).timezone("utc").readonly()
    board.description(
        "Leases by how near their hosts are to paying. Money follows the watchers' report on "
        "chain, in whole slices; this shows the same numbers on their way there."
    )
    board.time("now-6h", "now").refresh("1m").tooltip(DashboardCursorSync.CROSSHAIR)
    board.with_variable(dashboard.DatasourceVariable("datasource").label("Data").type("prometheus"))
    leases = "modelbond_lease_objective_ratio"
    board.with_variable(variable("cluster", "Cluster", of=leases))
    board.with_variable(variable("namespace", "Namespace", of=leases))
    board.with_variable(variable("name", "Deployment", of=leases))
    for title, panels in (
        ("Now", slashed_now.standing()),
        ("Verdicts by host", slashed_watched.verdicts()),
        ("Latency against the bound", slashed_watched.latency()),
        ("Reports and credits", [*slashed_now.credited(), *slashed_watched.reported()]),
    ):
        board.with_row(dashboard.Row(title))
        for panel in panels:
            board.with_panel(panel)
    return text_of(board)
