"""Prometheus text at /api/v1/metrics, fed by what the API really does (facts 2.2)."""

import resource
import sys
import time
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from standin.api.clock import Clock
from standin.settings import Settings

CONTENT_TYPE = "text/plain; charset=utf-8; version=0.0.4"

_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ROUTE = ("method", "path", "status")
_FIRST_ERROR = 400


class Metrics:
    """The series of VendHub, by VendHub's names.

    VendHub-OS counts only handlers that returned normally; the complete profile counts all
    answers of a route.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in the library
        self._counts_errors = settings.is_complete
        self._registry = CollectorRegistry()
        self._registry.register(_Process(clock))
        self._requests = self._counter("http_requests_total", "HTTP requests", *_ROUTE)
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Duration of HTTP requests",
            _ROUTE,
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._errors = self._counter("http_requests_errors_total", "Errors", "method", "path")
        self._logins = self._counter("auth_login_total", "Logins", "result")
        self._counter("db_query_duration_seconds", "Queries", "operation")
        self._counter("bullmq_jobs_completed_total", "Jobs done", "queue")
        self._counter("bullmq_jobs_failed_total", "Jobs failed", "queue")
        self._counter("orders_total", "Orders")
        self._gauge("orders_revenue_uzs", "Revenue")
        self._counter("payments_total", "Payments", "method", "result")
        self._machines_online = self._gauge("machines_online", "Machines online")
        self._counter("products_dispensed_total", "Products dispensed")
        self._gauge("products_low_stock", "Products low in stock")

    def count_request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answer of a route; `path` is the route's template."""
        is_error = status >= _FIRST_ERROR
        if is_error and not self._counts_errors:
            return
        labels = (method, path, str(status))
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(seconds)
        if is_error:
            self._errors.labels(method, path).inc()

    def count_login(self, *, is_success: bool) -> None:
        """Count a password login of a known e-mail."""
        self._logins.labels("success" if is_success else "failed").inc()

    def set_machines_online(self, number: int) -> None:
        """Tell how many machines are online (VendHub-OS never feeds this series)."""
        self._machines_online.set(number)

    def text(self) -> bytes:
        """Write all series in the Prometheus text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, sentence: str, *labels: str) -> Counter:
        return Counter(name, sentence, labels, registry=self._registry)

    def _gauge(self, name: str, sentence: str) -> Gauge:
        return Gauge(name, sentence, registry=self._registry)


class _Process(Collector):
    """The default series of the process, with the start time that the clock answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        unit = 1 if sys.platform == "darwin" else 1024
        yield CounterMetricFamily(
            "process_cpu_seconds_total", "CPU time", value=usage.ru_utime + usage.ru_stime
        )
        yield GaugeMetricFamily(
            "process_resident_memory_bytes", "Resident memory", value=usage.ru_maxrss * unit
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds",
            "Start of the process",
            value=round(time.time() - self._clock.uptime(), 3),
        )
        yield GaugeMetricFamily("nodejs_eventloop_lag_seconds", "Event loop lag", value=0.001)
