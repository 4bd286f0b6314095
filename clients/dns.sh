#!/usr/bin/env bash
# What DNS clients have to be able to do with an access token, unmodified. The shell is already pointed at an authority,
# whose ready file is $READY; every step is asserted, and every name is one of a private zone, so that nothing leaves
# this machine. kdig is needed; dnsperf is used where it is installed. More clients, and refusals: dns_refusals.sh.
set -euo pipefail
export AWS_PAGER='' AWS_DEFAULT_OUTPUT=text

. "$(dirname "$0")/checks.sh"
ready() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$READY" "$1"; }
gr() { aws route53globalresolver "$@"; }
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
status() { sed -n 's/.*status: \([A-Z]*\);.*/\1/p'; }

ca=$(ready data)/tls/ca.pem dot=$(ready dot) doh=$(ready doh)
over_tls=(kdig "@${dot%:*}" -p "${dot##*:}" "+tls-ca=$ca" +tls-hostname=localhost)
over_https=(kdig "@${dot%:*}" -p "${doh##*:}" "+tls-ca=$ca" +tls-hostname=localhost)
ask() { "${over_tls[@]}" "+ednsopt=65440:$(hex "$1")" "${@:2}"; }

resolver=$(gr create-global-resolver --name office --regions us-east-1 --query id)
view=$(gr create-dns-view --global-resolver-id "$resolver" --name laptops --query id)
arn=$(gr get-dns-view --dns-view-id "$view" --query arn)
other=$(gr create-dns-view --global-resolver-id "$resolver" --name guests --query id)
read -r id token <<< "$(gr create-access-token --dns-view-id "$view" --name ada --query '[id, value]')"
guest=$(gr create-access-token --dns-view-id "$other" --query value)
is "$token" "$(gr get-access-token --access-token-id "$id" --query value)"

zone=$(aws route53 create-hosted-zone --name corp.internal --caller-reference walk \
    --hosted-zone-config PrivateZone=true --query HostedZone.Id)
change=$(aws route53 change-resource-record-sets --hosted-zone-id "$zone" --query ChangeInfo.Id --change-batch '{"Changes": [
    {"Action": "CREATE", "ResourceRecordSet": {"Name": "build.corp.internal", "Type": "A", "TTL": 60,
        "ResourceRecords": [{"Value": "10.20.30.40"}]}},
    {"Action": "CREATE", "ResourceRecordSet": {"Name": "*.apps.corp.internal", "Type": "A", "TTL": 60,
        "ResourceRecords": [{"Value": "10.20.30.41"}]}}]}')
aws route53 wait resource-record-sets-changed --id "$change"
gr associate-hosted-zone --hosted-zone-id "${zone##*/}" --resource-arn "$arn" --name corp > /dev/null

echo "private zone: kdig over TLS and HTTPS, curl"
is 10.20.30.40 "$(ask "$token" +short build.corp.internal)"
is 10.20.30.41 "$(ask "$token" +short any.apps.corp.internal)"
is NXDOMAIN "$(ask "$token" absent.corp.internal | status)"
is 10.20.30.40 "$("${over_https[@]}" "+https=/dns-query?token=$token" +short build.corp.internal)"
is 10.20.30.40 "$("${over_https[@]}" "+https=/dns-query?token=$token" +https-get +short build.corp.internal)"
fetched=$(curl -sv -o /dev/null --connect-timeout 1 --cacert "$ca" --doh-insecure \
    --doh-url "https://${doh#https://}/dns-query?token=$token" http://build.corp.internal:9 2>&1 || true)
case $fetched in *'Trying 10.20.30.40:9'*) ;; *) echo "curl did not resolve: $fetched" >&2; exit 1 ;; esac

echo "refused: no token, a wrong one, one of another view's zone"
is REFUSED "$("${over_tls[@]}" build.corp.internal | status)"
is REFUSED "$(ask "$(rev <<< "$token")" build.corp.internal | status)"
is REFUSED "$("${over_https[@]}" "+https=/dns-query" build.corp.internal | status)"
[ "$(ask "$guest" +short build.corp.internal)" != 10.20.30.40 ]

echo "firewall: priority, wildcard, each way to block"
list() {  # list NAME DOMAIN: the id of a domain list of one domain.
    local made
    made=$(gr create-firewall-domain-list --global-resolver-id "$resolver" --name "$1" --query id)
    gr update-firewall-domains --firewall-domain-list-id "$made" --domains "$2" --operation ADD > /dev/null
    echo "$made"
}
rule() { gr create-firewall-rule --dns-view-id "$view" "$@" --query id; }
below=$(list below '*.bad.test') exact=$(list exact ads.test) walled=$(list walled walled.test) good=$(list good fine.bad.test)
rule --name below --action BLOCK --block-response NXDOMAIN --firewall-domain-list-id "$below" --priority 2000 > /dev/null
rule --name exact --action BLOCK --block-response NODATA --firewall-domain-list-id "$exact" > /dev/null
rule --name walled --action BLOCK --block-response OVERRIDE --block-override-domain build.corp.internal \
    --block-override-dns-type CNAME --block-override-ttl 5 --firewall-domain-list-id "$walled" > /dev/null
is NXDOMAIN "$(ask "$token" x.bad.test | status)"
is NOERROR "$(ask "$token" ads.test | status)"
is "build.corp.internal. 10.20.30.40" "$(ask "$token" +short walled.test | tr '\n' ' ' | sed 's/ $//')"
blocking=$(rule --name good --action BLOCK --block-response NODATA --firewall-domain-list-id "$good" --priority 100)
is NOERROR "$(ask "$token" fine.bad.test | status)"
gr delete-firewall-rule --firewall-rule-id "$blocking" > /dev/null
is NXDOMAIN "$(ask "$token" fine.bad.test | status)"

if command -v dnsperf > /dev/null; then
    echo "dnsperf over TLS: 2000 of 2000"
    queries=$(mktemp)
    echo "build.corp.internal A" > "$queries"
    lines=$(dnsperf -m dot -s "${dot%:*}" -p "${dot##*:}" -d "$queries" -n 2000 -c 10 -E "65440:$(hex "$token")" 2>&1 || true)
    rm "$queries"
    is 2000 "$(sed -n 's/.*Response codes: *NOERROR \([0-9]*\).*/\1/p' <<< "$lines")"
fi

echo "disabled, enabled, revoked"
gr disable-dns-view --dns-view-id "$view" > /dev/null
is REFUSED "$(ask "$token" build.corp.internal | status)"
gr enable-dns-view --dns-view-id "$view" > /dev/null
is 10.20.30.40 "$(ask "$token" +short build.corp.internal)"
gr delete-access-token --access-token-id "$id" > /dev/null
is REFUSED "$(ask "$token" build.corp.internal | status)"
is REFUSED "$("${over_https[@]}" "+https=/dns-query?token=$token" build.corp.internal | status)"
