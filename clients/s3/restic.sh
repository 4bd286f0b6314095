#!/usr/bin/env bash
# restic: init, two backups, check that reads all data, restore, forget and prune.
. clients/s3/common.sh
export RESTIC_REPOSITORY="s3:$endpoint/$BUCKET/repository" RESTIC_PASSWORD=only-a-test AWS_DEFAULT_REGION=us-east-1
[ -z "${AWS_CA_BUNDLE:-}" ] || export RESTIC_CACERT=$AWS_CA_BUNDLE
options=(--no-cache --quiet)

restic "${options[@]}" init
(cd "$work/sent" && restic "${options[@]}" backup .)
date > "$work/sent/newer"
(cd "$work/sent" && restic "${options[@]}" backup .)
restic "${options[@]}" check --read-data
restic "${options[@]}" restore latest --target "$work/back"
same "$work/sent" "$work/back"
restic "${options[@]}" forget --keep-last 1 --prune
is 1 "$(restic "${options[@]}" snapshots --json | grep -o '"short_id"' | wc -l)"
refused restic --no-cache -r "s3:$endpoint/someone-elses/repository" snapshots
echo "restic went the whole way: $(restic version)"
