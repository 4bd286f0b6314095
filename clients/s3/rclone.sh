#!/usr/bin/env bash
# rclone with its defaults: copy, check, list, sync that deletes, move, and another bucket refused.
. clients/s3/common.sh
export RCLONE_CONFIG="$work/rclone.conf"
# This client takes its CA from a setting of its own, and cannot start with the variable.
[ -z "${AWS_CA_BUNDLE:-}" ] || export RCLONE_CA_CERT=$AWS_CA_BUNDLE
unset AWS_CA_BUNDLE
cat > "$RCLONE_CONFIG" <<CONF
[here]
type = s3
provider = Other
env_auth = true
endpoint = $endpoint
region = us-east-1
CONF

rclone copy "$work/sent" "here:$BUCKET/tree"
rclone check --download "$work/sent" "here:$BUCKET/tree"
rclone copy "here:$BUCKET/tree" "$work/back"
same "$work/sent" "$work/back"
is 3 "$(rclone lsf -R --files-only "here:$BUCKET" | wc -l)"
is 'deep er/' "$(rclone lsf --dirs-only "here:$BUCKET/tree")"

rm "$work/sent/small"
rclone sync "$work/sent" "here:$BUCKET/tree"
is 2 "$(rclone lsf -R --files-only "here:$BUCKET" | wc -l)"
rclone moveto "here:$BUCKET/tree/empty" "here:$BUCKET/moved"
is moved "$(rclone lsf --files-only "here:$BUCKET")"
rclone purge "here:$BUCKET/tree"
rclone deletefile "here:$BUCKET/moved"
is '' "$(rclone lsf -R "here:$BUCKET")"
refused rclone --retries 1 --low-level-retries 1 lsf "here:someone-elses"
echo "rclone went the whole way: $(rclone version | head -n 1)"
