#!/usr/bin/env bash
# What the aws CLI has to be able to do. The shell is already pointed at an authority; every step is asserted.
set -euo pipefail
export AWS_PAGER=

. "$(dirname "$0")/checks.sh"
as_user() { AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret "$@"; }
who() { aws sts get-caller-identity --query Arn --output text; }

account=$(aws sts get-caller-identity --query Account --output text)
is "arn:aws:iam::$account:user/admin" "$(who)"

arn=$(aws iam create-user --user-name ada --path /team/ --tags Key=site,Value=lab --query User.Arn --output text)
is "arn:aws:iam::$account:user/team/ada" "$arn"
refused EntityAlreadyExists aws iam create-user --user-name ADA
is lab "$(aws iam list-user-tags --user-name ada --query 'Tags[0].Value' --output text)"

read -r id secret <<< "$(aws iam create-access-key --user-name ada \
    --query 'AccessKey.[AccessKeyId, SecretAccessKey]' --output text)"
is "$arn" "$(as_user who)"
is "$account" "$(aws sts get-access-key-info --access-key-id "$id" --query Account --output text)"
refused AccessDenied as_user aws iam list-users
secret=wrong$secret refused SignatureDoesNotMatch as_user who

aws iam update-access-key --user-name ada --access-key-id "$id" --status Inactive
refused InvalidClientTokenId as_user who
aws iam update-access-key --user-name ada --access-key-id "$id" --status Active
is "$arn" "$(as_user who)"
is sts "$(aws iam get-access-key-last-used --access-key-id "$id" \
    --query AccessKeyLastUsed.ServiceName --output text)"

aws iam create-access-key --user-name ada --query AccessKey.Status --output text > /dev/null
refused LimitExceeded aws iam create-access-key --user-name ada
refused DeleteConflict aws iam delete-user --user-name ada
# The client's own paging, one item to a page.
keys=$(aws iam list-access-keys --user-name ada --page-size 1 --query 'AccessKeyMetadata[].AccessKeyId' --output text)
is 2 "$(wc -w <<< "$keys" | tr -d ' ')"
for key in $keys; do
    aws iam delete-access-key --user-name ada --access-key-id "$key"
done
refused InvalidClientTokenId as_user who
aws iam delete-user --user-name ada
refused NoSuchEntity aws iam get-user --user-name ada
refused InvalidAction aws iam list-mfa-devices

# A role, and a session of it that a session policy limits.
me=$(who)
trust="{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"$me\"},\"Action\":\"sts:AssumeRole\"}}"
role=$(aws iam create-role --role-name reader --assume-role-policy-document "$trust" --query Role.Arn --output text)
aws iam attach-role-policy --role-name reader --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess
limit='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*"}}'
read -r id secret token <<< "$(aws sts assume-role --role-arn "$role" --role-session-name walk --policy "$limit" \
    --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text)"
as_role() { AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token "$@"; }
is "arn:aws:sts::$account:assumed-role/reader/walk" "$(as_role who)"
is reader "$(as_role aws iam list-roles --query 'Roles[0].RoleName' --output text)"
refused AccessDenied as_role aws iam list-users
refused InvalidClientTokenId as_user who
aws iam detach-role-policy --role-name reader --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess
aws iam delete-role --role-name reader
refused InvalidClientTokenId as_role who
echo "the aws CLI went the whole way: $(aws --version)"
