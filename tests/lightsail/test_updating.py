"""UpdateBucket and UpdateBucketBundle: what is given changes, what is absent stays, what cannot be is refused."""

from datetime import timedelta

import pytest

from lightsail.refusals import refused


def shown(lightsail, name, **members):
    return lightsail.get_buckets(bucketName=name, **members)["buckets"][0]


def test_absent_members_change_nothing(lightsail, bucket):
    name = bucket(tags=[{"key": "a", "value": "b"}])
    lightsail.update_bucket(
        bucketName=name,
        accessRules={"getObject": "public", "allowPublicOverrides": True},
        readonlyAccessAccounts=["111122223333"],
        accessLogConfig={"enabled": True, "destination": name, "prefix": "logs/"},
        cors={"rules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}]},
    )
    before = shown(lightsail, name, includeCors=True)

    answered = lightsail.update_bucket(bucketName=name)

    assert before == shown(lightsail, name, includeCors=True)
    assert {**answered["bucket"], "cors": before["cors"]} == before
    assert before["accessRules"] == {"getObject": "public", "allowPublicOverrides": True}
    assert before["accessLogConfig"] == {"enabled": True, "destination": name, "prefix": "logs/"}
    assert answered["operations"][0]["operationType"] == "UpdateBucket"


def test_each_access_rule_changes_by_itself(lightsail, bucket):
    name = bucket()

    lightsail.update_bucket(bucketName=name, accessRules={"allowPublicOverrides": True})
    rules = lightsail.update_bucket(bucketName=name, accessRules={"getObject": "public"})["bucket"][
        "accessRules"
    ]

    assert rules == {"getObject": "public", "allowPublicOverrides": True}


@pytest.mark.parametrize("versioning", ["Enabled", "Suspended"])
def test_switching_versioning_takes_overrides_back(lightsail, bucket, versioning):
    name = bucket()
    lightsail.update_bucket(bucketName=name, accessRules={"allowPublicOverrides": True})

    changed = lightsail.update_bucket(bucketName=name, versioning=versioning)["bucket"]

    assert versioning == changed["objectVersioning"]
    assert changed["accessRules"] == {"getObject": "private", "allowPublicOverrides": False}


def test_bucket_cannot_go_back_to_before_versioning(lightsail, bucket):
    with refused("InvalidInputException", "The versioning NeverEnabled is none of Enabled, Suspended."):
        lightsail.update_bucket(bucketName=bucket(enableObjectVersioning=True), versioning="NeverEnabled")


def test_readonly_accounts_are_replaced_and_emptied(lightsail, bucket):
    name = bucket()
    two = ["111122223333", "444455556666"]

    first = lightsail.update_bucket(bucketName=name, readonlyAccessAccounts=[*two, two[0]])["bucket"]
    second = lightsail.update_bucket(bucketName=name, readonlyAccessAccounts=[])["bucket"]

    assert two == first["readonlyAccessAccounts"]
    assert second["readonlyAccessAccounts"] == []


@pytest.mark.parametrize("account", ["root", "*", "12345678901", "arn:aws:iam::111122223333:root"])
def test_readonly_account_is_an_account_id(lightsail, bucket, account):
    message = f"The account {account} is not an AWS account id of 12 digits."

    with refused("InvalidInputException", message):
        lightsail.update_bucket(bucketName=bucket(), readonlyAccessAccounts=[account])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"enabled": True}, "The destination of the access log is required when it is enabled."),
        (
            {"enabled": True, "destination": "no-such-bucket"},
            "The destination bucket no-such-bucket is not in the same account and Region.",
        ),
        (
            {"enabled": False, "destination": "any-bucket"},
            "The destination and prefix of the access log must be omitted when it is disabled.",
        ),
    ],
)
def test_access_log_goes_to_a_bucket_of_the_same_account_and_region(lightsail, bucket, config, message):
    with refused("InvalidInputException", message):
        lightsail.update_bucket(bucketName=bucket(), accessLogConfig=config)


def test_access_log_is_switched_off(lightsail, bucket):
    name, logs = bucket(), bucket()
    lightsail.update_bucket(bucketName=name, accessLogConfig={"enabled": True, "destination": logs})

    off = lightsail.update_bucket(bucketName=name, accessLogConfig={"enabled": False})["bucket"]

    assert off["accessLogConfig"] == {"enabled": False}


def test_cors_is_echoed_by_the_change_replaced_and_removed(lightsail, bucket):
    name = bucket()
    rule = {
        "id": "one",
        "allowedMethods": ["GET", "PUT"],
        "allowedOrigins": ["https://*.example.com"],
        "allowedHeaders": ["x-amz-*"],
        "exposeHeaders": ["ETag"],
        "maxAgeSeconds": 300,
    }

    put = lightsail.update_bucket(bucketName=name, cors={"rules": [rule]})["bucket"]["cors"]
    kept = shown(lightsail, name, includeCors=True)["cors"]
    gone = lightsail.update_bucket(bucketName=name, cors={"rules": []})["bucket"]["cors"]

    assert {"rules": [rule]} == put == kept
    assert gone == {"rules": []}


_BAD = "The {} of a CORS rule hold a value that cannot be used: at most one * each."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"allowedOrigins": []}, "A CORS rule must have at least one allowed method and one allowed origin."),
        ({"allowedMethods": []}, "A CORS rule must have at least one allowed method and one allowed origin."),
        ({"allowedOrigins": ["https://*.*.example"]}, _BAD.format("allowedOrigins")),
        ({"allowedOrigins": ["https://a\r\nx-evil: 1"]}, _BAD.format("allowedOrigins")),
        ({"exposeHeaders": ["*"]}, _BAD.format("exposeHeaders")),
        ({"exposeHeaders": ["j\u00f6"]}, _BAD.format("exposeHeaders")),
        ({"maxAgeSeconds": -1}, "The maxAgeSeconds of a CORS rule must not be negative."),
    ],
)
def test_cors_rule_that_no_browser_could_be_told_is_refused(lightsail, bucket, changes, message):
    name = bucket()
    rule = {"allowedMethods": ["GET"], "allowedOrigins": ["*"], **changes}

    with refused("InvalidInputException", message):
        lightsail.update_bucket(bucketName=name, cors={"rules": [rule]})

    assert shown(lightsail, name, includeCors=True)["cors"] == {"rules": []}


def test_cors_has_limits(lightsail, bucket):
    name = bucket()
    rule = {"allowedMethods": ["GET"], "allowedOrigins": ["https://" + "a" * 3400] * 1}
    same = [{**rule, "id": "x"}] * 2

    with refused("InvalidInputException", "The CORS configuration is larger than 64 KB."):
        lightsail.update_bucket(bucketName=name, cors={"rules": [rule] * 20})
    with refused("InvalidInputException", "Two CORS rules have the same id."):
        lightsail.update_bucket(bucketName=name, cors={"rules": same})


def test_bundle_changes_once_in_a_month(room, lightsail, bucket):
    name = bucket()
    again = f"The bundle of the bucket {name} was already changed in this billing cycle."

    lightsail.update_bucket_bundle(bucketName=name, bundleId="large_1_0")
    changed = shown(lightsail, name)
    with refused("InvalidInputException", again):
        lightsail.update_bucket_bundle(bucketName=name, bundleId="small_1_0")
    room.authority.command("clock-advance", seconds=timedelta(days=32).total_seconds())
    try:
        open_again = room.client("lightsail").get_buckets(bucketName=name)["buckets"][0]
        lightsail.update_bucket_bundle(bucketName=name, bundleId="small_1_0")
    finally:
        room.authority.command("clock-reset")

    assert (changed["bundleId"], changed["ableToUpdateBundle"]) == ("large_1_0", False)
    assert open_again["ableToUpdateBundle"]


def test_same_bundle_is_no_change(lightsail, bucket):
    name = bucket()

    with refused("InvalidInputException", f"The bucket {name} has the bundle small_1_0 already."):
        lightsail.update_bucket_bundle(bucketName=name, bundleId="small_1_0")


def test_bundles_are_listed(lightsail):
    listed = lightsail.get_bucket_bundles(includeInactive=True)["bundles"]

    assert [(each["bundleId"], each["price"], each["storagePerMonthInGb"]) for each in listed] == [
        ("small_1_0", 1.0, 5),
        ("medium_1_0", 3.0, 100),
        ("large_1_0", 5.0, 250),
    ]
    assert listed == lightsail.get_bucket_bundles()["bundles"]
