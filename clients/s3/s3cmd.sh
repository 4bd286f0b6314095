#!/usr/bin/env bash
# s3cmd: put, sync, list, get, a signed URL (SigV2), move, delete.
. clients/s3/common.sh
host=${endpoint#*://}
flag=(--no-ssl)
case $endpoint in https:*) flag=(--ssl "--ca-certs=$AWS_CA_BUNDLE") ;; esac
s3cmd() {
    command s3cmd -c /dev/null "--access_key=$AWS_ACCESS_KEY_ID" "--secret_key=$AWS_SECRET_ACCESS_KEY" \
        "--host=$host" "--host-bucket=$host" --region=us-east-1 "${flag[@]}" "$@"
}

s3cmd --quiet sync "$work/sent/" "s3://$BUCKET/tree/"
mkdir "$work/back"
s3cmd --quiet sync "s3://$BUCKET/tree/" "$work/back/"
same "$work/sent" "$work/back"
is 3 "$(s3cmd ls --recursive "s3://$BUCKET" | wc -l)"
url=$(s3cmd signurl "s3://$BUCKET/tree/small" +60)
case $endpoint in https:*) url=${url/http:/https:} ;; esac
curl -sS --fail --noproxy '*' ${AWS_CA_BUNDLE:+--cacert "$AWS_CA_BUNDLE"} -o "$work/signed" "$url"
cmp "$work/sent/small" "$work/signed"
s3cmd --quiet mv "s3://$BUCKET/tree/small" "s3://$BUCKET/moved"
s3cmd info "s3://$BUCKET/moved" > "$work/info"
grep -q 'File size: 100' "$work/info"
refused s3cmd ls s3://someone-elses
s3cmd --quiet del --recursive --force "s3://$BUCKET"
is '' "$(s3cmd ls --recursive "s3://$BUCKET")"
echo "s3cmd went the whole way: $(command s3cmd --version)"
