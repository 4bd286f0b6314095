"""Metrics are counted, not told; regions are those of the model."""

from datetime import UTC, datetime, timedelta

import botocore.session
import pytest

from lightsail.refusals import refused

DAY = timedelta(days=1)
ALL = ["Minimum", "Maximum", "Sum", "Average", "SampleCount"]


def ask(
    lightsail, name, metric="BucketSizeBytes", unit="Bytes", statistics=("Average",), start=None, end=None
):
    now = datetime.now(UTC)
    return lightsail.get_bucket_metric_data(
        bucketName=name,
        metricName=metric,
        startTime=start or now - DAY,
        endTime=end or now + timedelta(minutes=1),
        period=86400,
        statistics=list(statistics),
        unit=unit,
    )


def test_bytes_and_objects_are_those_in_the_bucket(room, lightsail, bucket):
    name = bucket(enableObjectVersioning=True)
    s3 = room.client("s3")
    s3.put_object(Bucket=name, Key="k", Body=b"x" * 1000)
    s3.put_object(Bucket=name, Key="k", Body=b"x" * 234)

    size, count = ask(lightsail, name, statistics=ALL), ask(lightsail, name, "NumberOfObjects", "Count")

    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert size["metricName"] == "BucketSizeBytes"
    assert size["metricData"] == [
        {
            "average": 1234.0,
            "maximum": 1234.0,
            "minimum": 1234.0,
            "sum": 1234.0,
            "sampleCount": 1.0,
            "timestamp": midnight,
            "unit": "Bytes",
        }
    ]
    assert count["metricData"] == [{"average": 2.0, "timestamp": midnight, "unit": "Count"}]


def test_earlier_days_keep_the_last_look(room, lightsail, bucket):
    name = bucket()
    s3 = room.client("s3")
    s3.put_object(Bucket=name, Key="k", Body=b"x" * 10)
    workers = [worker for parts in room.authority.authority.parts for worker in parts.workers]
    measure = next(worker.work for worker in workers if worker.name == "lightsail-measures")

    room.authority.run(measure())
    room.authority.command("clock-advance", seconds=DAY.total_seconds())
    try:
        s3.put_object(Bucket=name, Key="l", Body=b"x" * 5)
        points = ask(lightsail, name, end=datetime.now(UTC) + 2 * DAY)["metricData"]
    finally:
        room.authority.command("clock-reset")

    assert [point["average"] for point in points] == [10.0, 15.0]


def test_unit_that_the_metric_does_not_have_gives_no_points(lightsail, bucket):
    assert ask(lightsail, bucket(), unit="Count")["metricData"] == []


def test_span_has_to_make_sense(lightsail, bucket):
    name, now = bucket(), datetime.now(UTC)

    with refused("InvalidInputException", "The startTime must be before the endTime."):
        ask(lightsail, name, start=now, end=now)
    with refused("InvalidInputException", "The span holds more than 1440 points."):
        ask(lightsail, name, start=now - 1500 * DAY)


def test_regions_are_those_of_the_model(lightsail):
    model = botocore.session.get_session().get_service_model("lightsail")

    plain = lightsail.get_regions()["regions"]
    zoned = lightsail.get_regions(
        includeAvailabilityZones=True, includeRelationalDatabaseAvailabilityZones=True
    )["regions"]

    assert sorted(model.shape_for("RegionName").enum) == sorted(each["name"] for each in plain)
    assert all(each["availabilityZones"] == [] for each in plain)
    for region in zoned:
        for zones in (region["availabilityZones"], region["relationalDatabaseAvailabilityZones"]):
            assert zones
            assert all(zone["zoneName"].startswith(region["name"]) for zone in zones)


@pytest.mark.parametrize("members", [{"period": 59}, {"statistics": ["Median"]}, {"unit": "Apples"}])
def test_values_outside_the_model_are_refused(room, bucket, members):
    client = room.client("lightsail", parameter_validation=False)
    now = datetime.now(UTC)
    usual = {
        "bucketName": bucket(),
        "metricName": "BucketSizeBytes",
        "startTime": now - DAY,
        "endTime": now,
        "period": 60,
        "statistics": ["Sum"],
        "unit": "Bytes",
    }

    with pytest.raises(client.exceptions.InvalidInputException):
        client.get_bucket_metric_data(**{**usual, **members})
