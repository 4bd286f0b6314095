#!/usr/bin/env bash
# Just-in-time node access by the aws CLI and our session-manager-plugin: this machine becomes a node; a policy and then
# people let ana in; her keys open a shell there and nothing else; each way of ending is shown, and a shell that is cut.
# The shell is already pointed at an authority, by HTTPS, whose ready file is $READY and whose command is $KEYSTEAD.
set -euo pipefail
export AWS_PAGER='' AWS_DEFAULT_OUTPUT=text

folder=$(mktemp -d)
started=()
finish() {
    local status=$?
    for one in "${started[@]}"; do kill "$one" 2> /dev/null && wait "$one" || true; done
    [ $status = 0 ] || tail -n 20 "$folder"/*.log >&2 || true
    rm -rf "$folder"
}
trap finish EXIT
ready() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$READY" "$1"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
. "$(dirname "$0")/checks.sh"
until_shown() {  # until_shown TEXT FILE: a program that runs beside shows it within twenty seconds.
    for _ in $(seq 800); do grep -qF -- "$1" "$2" && return; sleep 0.025; done
    echo "not shown: $1; but: $(cat "$2")" >&2
    exit 1
}
as() {  # as WHO COMMAND…: with the keys of `keys WHO`.
    local id secret token
    read -r id secret token <<< "${key[$1]}"
    AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=${token:-} "${@:2}"
}
trusting() {  # trusting PRINCIPAL: who may assume a role, as JSON.
    echo "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":$1}}"
}
role() { aws iam create-role --role-name "$1" --assume-role-policy-document "$2" --query Role.Arn "${@:3}"; }
service() { trusting "{\"Service\":\"$1\"}"; }
attach() { aws iam attach-role-policy --role-name "$1" --policy-arn "arn:aws:iam::aws:policy/$2"; }
declare -A key
sample() { echo "file://$policies/$1.json"; }  # One of the policies that the documentation offers.
policies=$(cd "$(dirname "$0")/../docs/how-to/node-access-policies" && pwd)
user() {  # user NAME SAMPLE
    arn=$(aws iam create-user --user-name "$1" --query User.Arn)
    aws iam put-user-policy --user-name "$1" --policy-name work --policy-document "$(sample "$2")"
    key[$1]=$(aws iam create-access-key --user-name "$1" --query 'AccessKey.[AccessKeyId, SecretAccessKey]')
}

echo "this machine becomes a node"
role nodes "$(service ssm.amazonaws.com)" > /dev/null
attach nodes AmazonSSMManagedInstanceCore
read -r activation code <<< "$(aws ssm create-activation --iam-role nodes --query '[ActivationId, ActivationCode]')"
"$KEYSTEAD" node register --endpoint "$(ready https)" --ca "$AWS_CA_BUNDLE" --id "$activation" --code - \
    --dir "$folder/node" <<< "$code" > "$folder/register.log" 2>&1
"$KEYSTEAD" node run --dir "$folder/node" > "$folder/agent.log" 2>&1 &
started+=($!)
node=$(aws ssm describe-instance-information --query 'InstanceInformationList[0].InstanceId')
until [ "$(aws ssm get-connection-status --target "$node" --query Status)" = connected ]; do sleep 0.1; done

echo "who asks, who decides"
role SSM-JustInTimeAccessTokenRole "$(service justintimeaccess.ssm.amazonaws.com)" > /dev/null
attach SSM-JustInTimeAccessTokenRole AWSSystemsManagerJustInTimeAccessTokenPolicy
for one in bob dan eve; do user "$one" approver; done
user administrator administrator
user ana requester
operators=$(role operators "$(trusting "{\"AWS\":\"$arn\"}")" --max-session-duration 43200)
aws iam put-role-policy --role-name operators --policy-name asks --policy-document "$(sample requester)"
aws iam put-role-policy --role-name operators --policy-name decides --policy-document "$(sample approver)"
key[operator]=$(as ana aws sts assume-role --role-arn "$operators" --role-session-name ana --duration-seconds 43200 \
    --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]')
ask() { as operator aws ssm start-access-request --targets "Key=InstanceIds,Values=$node" --reason "to mend it"; }
status() { as operator aws ssm get-access-token --access-request-id "$1" --query '[AccessRequestStatus, Credentials]'; }
take() {  # take REQUEST: the keys of an approved request are `jit`'s from now on.
    local answer
    answer=$(as operator aws ssm get-access-token --access-request-id "$1" \
        --query '[AccessRequestStatus, Credentials.AccessKeyId, Credentials.SecretAccessKey, Credentials.SessionToken]')
    is Approved "${answer%%$'\t'*}"
    key[jit]=${answer#*$'\t'}
}
execution() {
    as bob aws ssm get-ops-item --ops-item-id "$1" --query 'OpsItem.OperationalData."/aws/accessrequest".Value' |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["automationExecutionId"])'
}
signal() {  # signal WHO EXECUTION SIGNAL
    as "$1" aws ssm send-automation-signal --automation-execution-id "$2" --signal-type "$3"
}
open_shell() {  # open_shell WHO: `type_in` types into it, and what it shows is in $folder/shell.
    rm -f "$folder/keyboard"
    mkfifo "$folder/keyboard"
    as "$1" aws ssm start-session --target "$node" < "$folder/keyboard" > "$folder/shell" 2>&1 &
    shell=$!
    started+=("$shell")
    exec {keyboard}> "$folder/keyboard"
}
type_in() { echo "$1" >&"$keyboard"; }

refused ValidationException ask  # No policy applies to the node.
cat > "$folder/people.json" << 'POLICY'
{"schemaVersion": "0.3", "accessDuration": 7200, "accessTokenRole": "SSM-JustInTimeAccessTokenRole", "targets": [],
 "mainSteps": [
  {"name": "team", "action": "aws:approve", "timeoutSeconds": 600, "inputs": {"Message": "?", "MinRequiredApprovals": 2,
   "EnhancedApprovals": {"Approvers": [{"approver": "bob", "type": "IamUser"}, {"approver": "dan", "type": "IamUser"},
                                       {"approver": "ana", "type": "IamUser"}]}}},
  {"name": "lead", "action": "aws:approve", "timeoutSeconds": 600, "inputs": {"Message": "?", "MinRequiredApprovals": 1,
   "EnhancedApprovals": {"Approvers": [{"approver": "eve", "type": "IamUser"}]}}}]}
POLICY
as administrator aws ssm create-document --name people --document-type ManualApprovalPolicy --content "file://$folder/people.json" > /dev/null
refused AccessDeniedException as operator aws ssm start-session --target "$node"  # Who may ask has no shell by that.

echo "two levels of people"
request=$(ask)
run=$(execution "$request")
is $'Pending\tNone' "$(status "$request")"
refused InvalidAutomationSignalException signal operator "$run" Approve  # Her own request, although she is an approver.
refused InvalidAutomationSignalException signal eve "$run" Approve       # Not her level yet.
signal bob "$run" Approve
refused InvalidAutomationSignalException signal bob "$run" Approve       # A signal that is sent again.
signal dan "$run" Approve
is $'Pending\tNone' "$(status "$request")"
signal eve "$run" Approve
refused InvalidAutomationSignalException signal eve "$run" Reject        # Too late.
take "$request"

echo "a shell: echo, a status, its end"
open_shell jit
type_in 'echo told-$((6*7))'
until_shown told-42 "$folder/shell"
type_in '(exit 7); echo status-$?'
until_shown status-7 "$folder/shell"
type_in exit
until_shown "Exiting session with sessionId: ana-" "$folder/shell"
wait "$shell"
exec {keyboard}>&-

echo "and nothing else"
refused AccessDeniedException as jit aws ssm start-session --target mi-0123456789abcdef0
refused AccessDeniedException as jit aws ssm start-session --target "$node" --document-name AWS-StartPortForwardingSession
refused AccessDeniedException as jit aws ssm start-session --target "$node" \
    --document-name AWS-StartNonInteractiveCommand --parameters command=id
refused AccessDeniedException as jit aws ssm describe-instance-information
refused AccessDenied as jit aws iam list-users

echo "a revoke cuts the shell"
open_shell jit
type_in 'echo told-$((6*7))'
until_shown told-42 "$folder/shell"
signal bob "$run" Revoke
revoked=${EPOCHREALTIME/./}
until_shown "Your access to this node was revoked." "$folder/shell"
echo "cut $(((${EPOCHREALTIME/./} - revoked) / 1000)) ms after the answer to the revoke"
wait "$shell"
exec {keyboard}>&-
refused UnrecognizedClientException as jit aws ssm start-session --target "$node"
is $'Revoked\tNone' "$(status "$request")"

echo "rejected, and approved by a policy until the hour is over"
request=$(ask)
signal dan "$(execution "$request")" Reject
is $'Rejected\tNone' "$(status "$request")"
as administrator aws ssm create-document --name SSM-JustInTimeAccessAutoApprovalPolicy --document-type AutoApprovalPolicy \
    --content 'permit(principal, action, resource);' > /dev/null
request=$(ask)
take "$request"
open_shell jit
type_in 'echo told-$((6*7))'
until_shown told-42 "$folder/shell"
"$KEYSTEAD" clock advance 61m --data "$(ready data)" > /dev/null
is $'Expired\tNone' "$(status "$request")"
refused ExpiredTokenException as jit aws ssm start-session --target "$node"
type_in 'echo still-$((6*7))'  # The end of keys ends no session that goes on.
until_shown still-42 "$folder/shell"

echo "a policy edited to deny"
as administrator aws ssm create-document --name SSM-JustInTimeAccessDenyAccessOrgPolicy --document-type AutoApprovalPolicy \
    --content 'forbid(principal, action, resource);' > /dev/null
until_shown "Your access to this node was revoked." "$folder/shell"
wait "$shell"
exec {keyboard}>&-
is $'Revoked\tNone' "$(status "$request")"

echo "an administrator's port and command"
aws ssm start-session --target "$node" --document-name AWS-StartNonInteractiveCommand \
    --parameters '{"command":["echo out-$((6*7)); exit 5"]}' > "$folder/command" 2>&1
grep -q out-42 "$folder/command"
command=0
KEYSTEAD_PLUGIN_EXIT_CODE=1 aws ssm start-session --target "$node" --document-name AWS-StartNonInteractiveCommand \
    --parameters '{"command":["exit 5"]}' > "$folder/command" 2>&1 || command=$?
# The CLI turns what its plugin ends with into a status of its own.
is 255 "$command"
grep -q 'exit status 5' "$folder/command"
mkdir "$folder/site"
echo by-the-port > "$folder/site/page"
there=$(free_port) here=$(free_port)
python3 -m http.server "$there" --bind 127.0.0.1 --directory "$folder/site" > "$folder/site.log" 2>&1 &
started+=($!)
aws ssm start-session --target "$node" --document-name AWS-StartPortForwardingSession \
    --parameters "portNumber=$there,localPortNumber=$here" > "$folder/port" 2>&1 &
port=$!
started+=("$port")
until_shown "Waiting for connections" "$folder/port"
is by-the-port "$(curl -sS --noproxy '*' "http://127.0.0.1:$here/page")"
aws ssm describe-sessions --state Active --filters "key=Target,value=$node" --query 'Sessions[].SessionId' |
    xargs -n 1 aws ssm terminate-session --session-id > /dev/null
wait "$port"
echo "node access went the whole way: $(aws --version)"
