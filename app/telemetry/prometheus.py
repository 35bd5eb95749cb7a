"""The figures in the text format of Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from app.telemetry.metrics import METRICS, Figures, MetricKind, MetricType

#: What a Prometheus server is told about the text.
CONTENT_TYPE = CONTENT_TYPE_LATEST


def prometheus_text(figures: Figures) -> bytes:
    """Return the figures in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Taken(figures))
    return generate_latest(registry)


class _Taken(Collector):
    """Hands figures that were taken already to the Prometheus client, which knows how to write them."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for kind in METRICS:
            yield self._histogram(kind) if kind.type is MetricType.HISTOGRAM else self._values(kind)

    def _values(self, kind: MetricKind) -> Metric:
        counts = kind.type is MetricType.COUNTER
        family = (CounterMetricFamily if counts else GaugeMetricFamily)(kind.name, kind.help, labels=kind.labels)
        for sample in self._figures.samples:
            if sample.kind is kind:
                family.add_metric(list(sample.labels), sample.value)
        return family

    def _histogram(self, kind: MetricKind) -> Metric:
        # A histogram of the last hour falls as well as it rises, which only the kind for gauges may.
        family = GaugeHistogramMetricFamily(kind.name, kind.help, labels=kind.labels)
        for one in self._figures.distributions:
            if one.kind is kind:
                buckets = [(bound, float(count)) for bound, count in one.buckets.items()]
                family.add_metric(list(one.labels), buckets, one.sum)
        return family
