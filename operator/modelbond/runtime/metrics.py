"""Metrics of the runtime, under the names that controller-runtime's dashboards know."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

QUEUE_DEPTH = Gauge("workqueue_depth", "Keys that wait in a work queue", ["name"])
QUEUE_ADDS = Counter("workqueue_adds", "Keys added to a work queue", ["name"])
QUEUE_RETRIES = Counter("workqueue_retries", "Keys put back after a failure", ["name"])
QUEUE_SECONDS = Histogram(
    "workqueue_queue_duration_seconds",
    "How long a key waited before it was worked on",
    ["name"],
    buckets=_SECONDS,
)
WORK_SECONDS = Histogram(
    "workqueue_work_duration_seconds",
    "How long a key was worked on",
    ["name"],
    buckets=_SECONDS,
)
WORKERS = Gauge(
    "controller_runtime_max_concurrent_reconciles", "Workers of a controller", ["controller"]
)
ACTIVE_WORKERS = Gauge(
    "controller_runtime_active_workers", "Workers that reconcile at present", ["controller"]
)
RECONCILES = Counter(
    "controller_runtime_reconcile",
    "Reconciles by result: success, requeue_after, error",
    ["controller", "result"],
)
RECONCILE_ERRORS = Counter(
    "controller_runtime_reconcile_errors", "Reconciles that failed", ["controller"]
)
RECONCILE_SECONDS = Histogram(
    "controller_runtime_reconcile_time_seconds",
    "How long a reconcile took",
    ["controller"],
    buckets=_SECONDS,
)
TERMINAL_ERRORS = Counter(
    "controller_runtime_terminal_reconcile_errors",
    "Reconciles that fail until somebody changes something",
    ["controller"],
)
BUGS = Counter("modelbond_bugs", "Failures that are our own mistake", ["controller"])
TASK_RESTARTS = Counter(
    "modelbond_task_restarts", "Supervised tasks that ended and were started again", ["task"]
)
INFORMER_LISTS = Counter("modelbond_informer_lists", "Whole lists taken by informers", ["kind"])
INFORMER_FAILURES = Counter(
    "modelbond_informer_failures", "Lists and watches that failed", ["kind", "error"]
)
LOOP_LAG = Gauge("modelbond_loop_lag_seconds", "How late the event loop runs")
