#!/usr/bin/env bash
# The aws CLI with its defaults: cp, sync that deletes, ls, presign, rm, and another bucket refused.
. clients/s3/common.sh
export AWS_PAGER=

aws s3 sync --only-show-errors "$work/sent" "s3://$BUCKET/tree"
aws s3 sync --only-show-errors "s3://$BUCKET/tree" "$work/back"
same "$work/sent" "$work/back"
is 3 "$(aws s3 ls --recursive "s3://$BUCKET" | wc -l)"
is 'PRE deep er/' "$(aws s3 ls "s3://$BUCKET/tree/" | grep PRE | sed 's/^ *//')"
is '' "$(aws s3 sync "$work/sent" "s3://$BUCKET/tree")"

rm "$work/sent/small"
aws s3 sync --only-show-errors --delete "$work/sent" "s3://$BUCKET/tree"
is 2 "$(aws s3 ls --recursive "s3://$BUCKET" | wc -l)"
# Up, across within the bucket, and down as a stream.
large="$work/sent/deep er/large +%.bin"
aws s3 cp --only-show-errors "s3://$BUCKET/tree/deep er/large +%.bin" "s3://$BUCKET/copied"
aws s3 cp --only-show-errors "s3://$BUCKET/copied" - | cmp - "$large"
url=$(aws s3 presign --expires-in 60 "s3://$BUCKET/copied")
curl --silent --show-error --fail "$url" | cmp - "$large"

aws s3 rm --only-show-errors "s3://$BUCKET/copied"
is 404 "$(curl --silent --output "$work/gone" --write-out '%{http_code}' "$url")"
aws s3 rm --only-show-errors --recursive "s3://$BUCKET/tree"
is '' "$(aws s3 ls --recursive "s3://$BUCKET" || true)"
refused aws s3 ls "s3://someone-elses"
echo "aws s3 went the whole way: $(aws --version)"
