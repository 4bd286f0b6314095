#!/usr/bin/env bash
# Policies by the aws CLI: each change decides the very next request, and a denial says what is missing and why.
# The shell is already pointed at an authority; every step is asserted.
set -euo pipefail
export AWS_PAGER=

. "$(dirname "$0")/checks.sh"
denied() {  # denied ACTION RESOURCE REASON COMMAND…: refused, in AWS's words.
    local told="User: $me is not authorized to perform: $1 on resource: $2 $3" said
    shift 3
    said=$("$@" 2>&1) && { echo "not denied: $*" >&2; exit 1; }
    [[ $said == *"(AccessDenied)"*"$told"* ]] || { echo "expected: $told; found: $said" >&2; exit 1; }
}
as_user() { AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret "$@"; }
who() { aws sts get-caller-identity --query Arn --output text; }
policy() {  # policy EFFECT ACTION [RESOURCE]
    echo "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"$1\",\"Action\":\"$2\",\"Resource\":\"${3:-*}\"}}"
}
get_user() { aws iam get-user --user-name bob --query User.UserName --output text; }

account=$(aws sts get-caller-identity --query Account --output text)
admin=$(who)
read_only=arn:aws:iam::aws:policy/IAMReadOnlyAccess
no_identity='because no identity-based policy allows the iam:GetUser action'
no_boundary='because no permissions boundary allows the iam:GetUser action'
explicit='with an explicit deny in an identity-based policy'

me=$(aws iam create-user --user-name bob --query User.Arn --output text)
read -r id secret <<< "$(aws iam create-access-key --user-name bob \
    --query 'AccessKey.[AccessKeyId, SecretAccessKey]' --output text)"

echo "no policy: nothing but its own identity"
is "$me" "$(as_user who)"
denied iam:GetUser "$me" "$no_identity" as_user get_user

echo "attach, detach"
aws iam attach-user-policy --user-name bob --policy-arn $read_only
is bob "$(as_user get_user)"
aws iam detach-user-policy --user-name bob --policy-arn $read_only
denied iam:GetUser "$me" "$no_identity" as_user get_user

echo "group membership"
aws iam create-group --group-name readers > /dev/null
aws iam attach-group-policy --group-name readers --policy-arn $read_only
aws iam add-user-to-group --group-name readers --user-name bob
is bob "$(as_user get_user)"
aws iam remove-user-from-group --group-name readers --user-name bob
denied iam:GetUser "$me" "$no_identity" as_user get_user
aws iam add-user-to-group --group-name readers --user-name bob

echo "permissions boundary"
boundary=$(aws iam create-policy --policy-name edge --policy-document "$(policy Allow 'iam:List*')" \
    --query Policy.Arn --output text)
aws iam put-user-permissions-boundary --user-name bob --permissions-boundary "$boundary"
denied iam:GetUser "$me" "$no_boundary" as_user get_user
as_user aws iam list-users > /dev/null
aws iam delete-user-permissions-boundary --user-name bob
is bob "$(as_user get_user)"

echo "inline deny"
aws iam put-user-policy --user-name bob --policy-name stop --policy-document "$(policy Deny iam:GetUser)"
denied iam:GetUser "$me" "$explicit" as_user get_user
simulated=$(aws iam simulate-principal-policy --policy-source-arn "$me" --action-names iam:GetUser iam:ListUsers \
    --query 'EvaluationResults[].EvalDecision' --output text)
is $'explicitDeny\tallowed' "$simulated"
aws iam delete-user-policy --user-name bob --policy-name stop
is bob "$(as_user get_user)"

echo "role trust"
trusting() {
    echo "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"$1\"},\"Action\":\"sts:AssumeRole\"}}"
}
role=$(aws iam create-role --role-name door --assume-role-policy-document "$(trusting "$me")" \
    --query Role.Arn --output text)
assume() {
    aws sts assume-role --role-arn "$role" --role-session-name bob --query AssumedRoleUser.Arn --output text
}
is "arn:aws:sts::$account:assumed-role/door/bob" "$(as_user assume)"
aws iam update-assume-role-policy --role-name door --policy-document "$(trusting "$admin")"
denied sts:AssumeRole "$role" "" as_user assume

echo "no word of other accounts"
stranger=arn:aws:iam::999999999999:role/door
denied sts:AssumeRole "$stranger" "" as_user aws sts assume-role --role-arn "$stranger" --role-session-name probe

aws iam delete-role --role-name door
aws iam delete-access-key --user-name bob --access-key-id "$id"
aws iam remove-user-from-group --group-name readers --user-name bob
aws iam delete-user --user-name bob
aws iam detach-group-policy --group-name readers --policy-arn $read_only
aws iam delete-group --group-name readers
aws iam delete-policy --policy-arn "$boundary"
is "None" "$(aws iam list-groups --query 'Groups[0]' --output text)"
echo "policies decided each next request: $(aws --version)"
