"""Makes a bucket and a key for it with unmodified boto3, and prints them for a shell to `eval`."""

import shlex
import sys

import boto3

name = sys.argv[1]
lightsail = boto3.client("lightsail")
lightsail.create_bucket(bucketName=name, bundleId="small_1_0")
key = lightsail.create_bucket_access_key(bucketName=name)["accessKey"]
for variable, value in {
    "BUCKET": name,
    "AWS_ACCESS_KEY_ID": key["accessKeyId"],
    "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"],
}.items():
    print(f"export {variable}={shlex.quote(value)}")
print("unset AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE AWS_SESSION_TOKEN")
