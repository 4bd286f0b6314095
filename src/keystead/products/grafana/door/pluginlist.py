"""The plugins that a workspace names: the panels and data sources whose settings the door stores.

Nothing of them runs here. The names are those of Grafana's own plugins, and of the AWS data sources that Amazon
Managed Grafana brings along.
"""

from collections.abc import Sequence
from typing import NamedTuple

PANEL, SOURCE = "panel", "datasource"


class Plugin(NamedTuple):
    """A plugin. `category` is where a data source stands in the list; one of the `core` is Grafana's own."""

    id: str
    name: str
    type: str
    category: str = ""
    is_core: bool = True


def _panels(**names: str) -> Sequence[Plugin]:
    return [Plugin(each, name, PANEL) for each, name in names.items()]


_CLOUD = "cloud"
PLUGINS: Sequence[Plugin] = sorted(
    [
        *_panels(
            alertlist="Alert list",
            annolist="Annotations list",
            barchart="Bar chart",
            bargauge="Bar gauge",
            candlestick="Candlestick",
            canvas="Canvas",
            dashlist="Dashboard list",
            flamegraph="Flame Graph",
            gauge="Gauge",
            geomap="Geomap",
            graph="Graph (old)",
            heatmap="Heatmap",
            histogram="Histogram",
            logs="Logs",
            news="News",
            nodeGraph="Node Graph",
            piechart="Pie chart",
            stat="Stat",
            table="Table",
            text="Text",
            timeseries="Time series",
            traces="Traces",
            trend="Trend",
            xychart="XY Chart",
        ),
        Plugin("state-timeline", "State timeline", PANEL),
        Plugin("status-history", "Status history", PANEL),
        Plugin("alertmanager", "Alertmanager", SOURCE),
        Plugin("cloudwatch", "CloudWatch", SOURCE, _CLOUD),
        Plugin("elasticsearch", "Elasticsearch", SOURCE, "logging"),
        Plugin("grafana-azure-monitor-datasource", "Azure Monitor", SOURCE, _CLOUD),
        Plugin("graphite", "Graphite", SOURCE, "tsdb"),
        Plugin("influxdb", "InfluxDB", SOURCE, "tsdb"),
        Plugin("jaeger", "Jaeger", SOURCE, "tracing"),
        Plugin("loki", "Loki", SOURCE, "logging"),
        Plugin("mssql", "Microsoft SQL Server", SOURCE, "sql"),
        Plugin("mysql", "MySQL", SOURCE, "sql"),
        Plugin("opentsdb", "OpenTSDB", SOURCE, "tsdb"),
        Plugin("postgres", "PostgreSQL", SOURCE, "sql"),
        Plugin("prometheus", "Prometheus", SOURCE, "tsdb"),
        Plugin("stackdriver", "Google Cloud Monitoring", SOURCE, _CLOUD),
        Plugin("tempo", "Tempo", SOURCE, "tracing"),
        Plugin("testdata", "TestData", SOURCE),
        Plugin("zipkin", "Zipkin", SOURCE, "tracing"),
        Plugin("grafana-athena-datasource", "Amazon Athena", SOURCE, _CLOUD, is_core=False),
        Plugin("grafana-iot-sitewise-datasource", "AWS IoT SiteWise", SOURCE, _CLOUD, is_core=False),
        Plugin("grafana-iot-twinmaker-app", "AWS IoT TwinMaker", "app", is_core=False),
        Plugin("grafana-opensearch-datasource", "OpenSearch", SOURCE, "logging", is_core=False),
        Plugin("grafana-redshift-datasource", "Amazon Redshift", SOURCE, _CLOUD, is_core=False),
        Plugin("grafana-timestream-datasource", "Amazon Timestream", SOURCE, _CLOUD, is_core=False),
        Plugin("grafana-x-ray-datasource", "AWS X-Ray", SOURCE, _CLOUD, is_core=False),
    ],
    key=lambda plugin: plugin.name,
)
