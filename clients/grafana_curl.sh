#!/usr/bin/env bash
# What curl sees of a workspace at URL with the tokens ADMIN, EDITOR and VIEWER: within a role 200, beyond it 403,
# and 401 without a token that is good here, each with Grafana's body. Needs curl and nothing else.
set -euo pipefail
url=$1

ask() {  # ask TOKEN METHOD PATH [JSON]: the body, and the status on a line of its own. No token stands in argv.
    local token=$1 method=$2 path=$3
    shift 3
    curl -sS --noproxy '*' --config - --request "$method" --header 'Content-Type: application/json' \
        ${1:+--data "$1"} --write-out '\n%{http_code}' "$url$path" <<< "${token:+header = \"Authorization: Bearer $token\"}"
}
told() {  # told STATUS WORDS TOKEN METHOD PATH [JSON]: this status, and these words in the body, or the walk ends.
    local status=$1 words=$2 said
    shift 2
    said=$(ask "$@")
    [[ ${said##*$'\n'} == "$status" && $said == *"$words"* ]] ||
        { echo "expected $status $words of $2 $3; found: $said" >&2; exit 1; }
}

told 200 '"database":"ok"' '' GET /api/health
for token in "$ADMIN" "$EDITOR" "$VIEWER"; do
    told 200 '"name":"Main Org."' "$token" GET /api/org
done
echo 'everybody: health without a token, the organisation with one'

told 200 '"title":"Curled"' "$EDITOR" POST /api/folders '{"uid":"curled","title":"Curled"}'
told 200 '"status":"success"' "$EDITOR" POST /api/dashboards/db \
    '{"dashboard":{"uid":"curled-board","title":"Board"},"folderUid":"curled"}'
told 200 '"title":"Board"' "$VIEWER" GET /api/dashboards/uid/curled-board
told 200 '"uid":"curled-board"' "$VIEWER" GET '/api/search?query=Board'
told 200 '"serviceAccounts":[' "$ADMIN" GET /api/serviceaccounts/search
echo 'within the role: an Editor writes, a Viewer reads, an Admin lists service accounts'

told 403 "You'll need additional permissions to perform this action. Permissions needed: folders:create" \
    "$VIEWER" POST /api/folders '{"title":"Refused"}'
told 403 '"accessErrorId":"ACE' "$VIEWER" GET /api/serviceaccounts/search
told 403 '"title":"Access denied"' "$EDITOR" GET /api/serviceaccounts/search
told 403 '"message":"Permission denied"' "$ADMIN" GET /api/admin/settings
told 404 '"message"' "$VIEWER" GET /api/dashboards/uid/none
echo 'beyond the role: 403 with the permission that is needed'

told 401 '"message":"Unauthorized"' '' GET /api/org
told 401 '"messageId":"api-key.invalid"' "${VIEWER%?}" GET /api/org
told 401 '"message":"Invalid API key"' eyJrIjoieCIsIm4iOiJ4IiwiaWQiOjF9 GET /api/org
echo 'without a good token: 401'

told 200 '' "$EDITOR" DELETE /api/folders/curled
told 404 '' "$VIEWER" GET /api/dashboards/uid/curled-board
echo 'gone again'
