"""GetBucketMetricData: how many objects a bucket holds and how many bytes, a point per day.

Follows the Lightsail API reference, "GetBucketMetricData": reported once per day, all versions and the parts of
open uploads counted. A worker looks at every bucket each hour and keeps the day's last look; today's point is as
of now.
"""

from datetime import datetime, timedelta
from functools import partial

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.products.lightsail import bucket_records, measure_records
from keystead.products.lightsail.contents import ObjectCounts
from keystead.products.lightsail.errors import invalid
from keystead.products.lightsail.finding import BUCKET, named
from keystead.products.lightsail.times import as_datetime, as_ms
from keystead.store.interface import Store, Transaction
from keystead.types import lightsail

MEASURE_SECONDS = 3600.0
KEPT = timedelta(days=455)
"""How long CloudWatch keeps points of this grain."""
_DAY_MS = 86_400_000
_AT_ONCE = 50
_MOST_POINTS = 1440
_UNITS = {"BucketSizeBytes": "Bytes", "NumberOfObjects": "Count"}


class Measures:
    """Looks at what buckets hold, apart from requests; a failure or a stop costs a look, and there is another."""

    def __init__(self, store: Store, contents: ObjectCounts, clock: Clock) -> None:
        self._store = store
        self._contents = contents
        self._clock = clock

    async def take(self) -> int:
        """Keep today's figures of every bucket, some to a commit; return how many buckets there are."""
        after, seen = 0, 0
        while True:
            last, some = await self._store.write(partial(self._take_some, after=after))
            if last is None:
                break
            after, seen = last, seen + some
        oldest = _day(now_ms(self._clock)) - int(KEPT.total_seconds() * 1000)
        await self._store.write(lambda tx: measure_records.forget_before(tx, oldest))
        return seen

    def _take_some(self, tx: Transaction, after: int) -> tuple[int | None, int]:
        buckets = bucket_records.ids_after(tx, after, _AT_ONCE)
        today = _day(now_ms(self._clock))
        for _, bucket in buckets:
            measure_records.put(tx, bucket, today, *self._contents.measure(tx, bucket))
        return (buckets[-1][0] if buckets else None), len(buckets)


class MetricOperations:
    """The one operation on metrics."""

    def __init__(self, contents: ObjectCounts, clock: Clock) -> None:
        self._contents = contents
        self._clock = clock

    @lightsail.GetBucketMetricData("read", resource=BUCKET)
    def get_bucket_metric_data(
        self, call: Call, request: lightsail.GetBucketMetricDataRequest
    ) -> lightsail.GetBucketMetricDataResult:
        """Return the points of the days that begin in a span; none in a unit that the metric does not have."""
        bucket = named(call, request["bucketName"])
        start, end = _span(request["startTime"], request["endTime"], request["period"])
        metric = request["metricName"]
        if request["unit"] != _UNITS[metric]:
            return {"metricName": metric, "metricData": []}
        today = _day(now_ms(self._clock))
        rows = measure_records.between(call.reader, bucket.id, start, min(end, today))
        if start <= today < end:
            rows.append((today, *self._contents.measure(call.reader, bucket.id)))
        figures = [(day, size if metric == "BucketSizeBytes" else objects) for day, objects, size in rows]
        return {
            "metricName": metric,
            "metricData": [_point(day, float(value), request) for day, value in figures],
        }


def _span(start: datetime, end: datetime, period: int) -> tuple[int, int]:
    """Return the span in epoch ms. Raises the modelled error for one that is empty, or of too many points."""
    if start >= end:
        raise invalid("The startTime must be before the endTime.")
    if period % 60:
        raise invalid("The period must be a multiple of 60.")
    if (end - start) / timedelta(days=1) > _MOST_POINTS:
        raise invalid(f"The span holds more than {_MOST_POINTS} points.")
    return as_ms(start), as_ms(end)


def _point(
    day: int, value: float, request: lightsail.GetBucketMetricDataRequest
) -> lightsail.MetricDatapoint:
    """Return a day's point with the statistics that were asked for; one look a day makes them all alike."""
    point: lightsail.MetricDatapoint = {"timestamp": as_datetime(day), "unit": request["unit"]}
    wanted = set(request["statistics"])
    if "Average" in wanted:
        point["average"] = value
    if "Maximum" in wanted:
        point["maximum"] = value
    if "Minimum" in wanted:
        point["minimum"] = value
    if "Sum" in wanted:
        point["sum"] = value
    if "SampleCount" in wanted:
        point["sampleCount"] = 1.0
    return point


def _day(at_ms: int) -> int:
    """Return the UTC midnight at which the day of a time begins."""
    return at_ms - at_ms % _DAY_MS
