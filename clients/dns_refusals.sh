#!/usr/bin/env bash
# Who is refused at the DNS door, with each real client, unmodified: an answer with the token; none without one, with a
# wrong one, with one of another view; none with one that was deleted, or has expired, on a connection that was open before.
# dnspython over TLS is bound to its connection; its HTTPS session, unbound and dnsdist may have kept theirs or not.
# The shell is already pointed at an authority whose ready file is $READY, $KEYSTEAD is its command, and $DNSPYTHON a Python
# with dnspython. kdig and dnspython are needed; getdns_query, unbound and dnsdist are used where they are installed.
# The other view blocks every name, so that what it says is its own and nothing leaves this machine.
set -euo pipefail
export AWS_PAGER='' AWS_DEFAULT_OUTPUT=text

ready() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$READY" "$1"; }
gr() { aws route53globalresolver "$@"; }
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

ca=$(ready data)/tls/ca.pem dot=$(ready dot) doh=$(ready doh)
folder=$(mktemp -d)
started=()
finish() {
    exec {asking}>&- || true
    for one in "${started[@]}"; do kill "$one" 2> /dev/null && wait "$one" || true; done
    rm -rf "$folder"
}
exec {asking}> /dev/null
trap finish EXIT

resolver=$(gr create-global-resolver --name office --regions us-east-1 --query id)
view=$(gr create-dns-view --global-resolver-id "$resolver" --name laptops --query id)
arn=$(gr get-dns-view --dns-view-id "$view" --query arn)
other=$(gr create-dns-view --global-resolver-id "$resolver" --name guests --query id)
read -r id token <<< "$(gr create-access-token --dns-view-id "$view" --name ada --query '[id, value]')"
later=$(gr create-access-token --dns-view-id "$view" --name bob --query value)
guest=$(gr create-access-token --dns-view-id "$other" --query value)
wrong=$(rev <<< "$token")

zone=$(aws route53 create-hosted-zone --name corp.internal --caller-reference refusals \
    --hosted-zone-config PrivateZone=true --query HostedZone.Id)
aws route53 change-resource-record-sets --hosted-zone-id "$zone" --change-batch '{"Changes": [{"Action": "CREATE",
    "ResourceRecordSet": {"Name": "*.corp.internal", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.20.30.40"}]}}]}' \
    > /dev/null
gr associate-hosted-zone --hosted-zone-id "${zone##*/}" --resource-arn "$arn" --name corp > /dev/null
# The guests' view has no zone, so that only its firewall speaks.
every=$(gr create-firewall-domain-list --global-resolver-id "$resolver" --name every --query id)
gr update-firewall-domains --firewall-domain-list-id "$every" --domains '*.corp.internal' --operation ADD > /dev/null
gr create-firewall-rule --dns-view-id "$other" --name every --action BLOCK --block-response NXDOMAIN \
    --firewall-domain-list-id "$every" > /dev/null

# Each client is a function of (NAME, TOKEN or nothing) that prints the address or, without one, the response code.
told() { sed -n -e 's/.*status: \([A-Z]*\);.*/\1/p' -e 's/.*\tA\t\(.*\)/\1/p' -e 's/.* IN A \(.*\)/\1/p' | tail -1; }
kdig_tls() {
    kdig "@${dot%:*}" -p "${dot##*:}" +tls-ca="$ca" +tls-hostname=localhost "$1" ${2:+"+ednsopt=65440:$(hex "$2")"} | told
}
kdig_https() {
    kdig "@${dot%:*}" -p "${doh##*:}" +tls-ca="$ca" +tls-hostname=localhost +https=/dns-query "$1" \
        ${2:+"+ednsopt=65440:$(hex "$2")"} | told
}
kdig_https_url() {
    kdig "@${dot%:*}" -p "${doh##*:}" +tls-ca="$ca" +tls-hostname=localhost "+https=/dns-query${2:+?token=$2}" "$1" | told
}
curl_doh() {  # It tells no response code: it tries the address that it was told, or ends with 6, "couldn't resolve".
    local said code=0
    said=$(curl -sv -o /dev/null --connect-timeout 1 --cacert "$ca" --doh-insecure \
        --doh-url "https://${doh#https://}/dns-query${2:+?token=$2}" "http://$1:9" 2>&1) || code=$?
    case $code,$said in 6,*) echo none ;; *'Trying 10.20.30.40:9'*) echo 10.20.30.40 ;; *) echo "exit $code" ;; esac
}
getdns() {
    local said
    said=$(getdns_query -s -L "@${dot%:*}#${dot##*:}~localhost" "$1" A \
        ${2:+"{add_opt_parameters: {options: [{option_code: 65440, option_data: \"$2\"}]}}"} 2>&1 || true)
    case $said in
        *10.20.30.40* | *0x0a141e28*) echo 10.20.30.40 ;;
        *GETDNS_RCODE_REFUSED* | *'"rcode": 5,'*) echo REFUSED ;;
        *GETDNS_RCODE_NXDOMAIN* | *'"rcode": 3,'*) echo NXDOMAIN ;;
        *) head -c 2000 <<< "$said" ;;
    esac
}

mkfifo "$folder/questions" "$folder/answers"
"$DNSPYTHON" clients/dns_persistent.py "$ca" "$dot" "$doh" < "$folder/questions" > "$folder/answers" & started+=($!)
exec {asking}> "$folder/questions" {answers}< "$folder/answers"
dnspython() { local said; echo "$*" >&"$asking"; read -r -t 20 said <&"$answers"; echo "$said"; }
dnspython_tls() { dnspython tls "$@"; }
dnspython_https() { dnspython https "$@"; }

# A forwarder keeps its connection and has one token for its life: one process per token, on a port that it prints.
unbound_with() {
    local port; port=$(free_port)
    mkdir "$folder/unbound-$port"
    cat > "$folder/unbound-$port/conf" <<CONF
server:
  interface: 127.0.0.1@$port
  username: ""
  chroot: ""
  directory: "$folder/unbound-$port"
  pidfile: "$folder/unbound-$port/pid"
  use-syslog: no
  logfile: "$folder/unbound-$port/log"
  num-threads: 1
  do-not-query-localhost: no
  module-config: "iterator"
  tls-cert-bundle: "$ca"
${1:+  edns-client-string: 0.0.0.0/0 \"$1\"
  edns-client-string-opcode: 65440}
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: ${dot%:*}@${dot##*:}#localhost
CONF
    sed -i 's/\\"/"/g' "$folder/unbound-$port/conf"
    unbound -d -c "$folder/unbound-$port/conf" & started+=($!)
    forwarder=$port
}
dnsdist_with() {
    local port; port=$(free_port)
    cat > "$folder/dnsdist-$port.conf" <<CONF
setLocal("127.0.0.1:$port")
newServer{address="${dot%:*}:${doh##*:}", tls="openssl", caStore="$ca", subjectName="localhost",
  dohPath="/dns-query${1:+?token=$1}", validateCertificates=true}:setUp()
CONF
    dnsdist --supervised --disable-syslog -C "$folder/dnsdist-$port.conf" > "$folder/dnsdist-$port.log" 2>&1 & started+=($!)
    forwarder=$port
}
through() {  # through PORT NAME: the forwarder may still be starting.
    local said
    for _ in $(seq 50); do
        said=$(kdig @127.0.0.1 -p "$1" +timeout=2 +retry=0 "$2" 2> /dev/null | told || true)
        [ -n "$said" ] && break
        sleep 0.1
    done
    echo "$said"
}

names=0
fresh() { names=$((names + 1)); name=n$names.corp.internal; }  # A new name each time: nobody's cache answers.
is() { [ "$2" = "$3" ] || { echo "$1: expected $2; found: $3" >&2; exit 1; }; echo "  $1: $3"; }

walk() {  # walk CLIENT REFUSED BLOCKED: how this client tells of REFUSED, and of the NXDOMAIN of the other view.
    fresh; is "$1, its token" 10.20.30.40 "$("$1" "$name" "$token")"
    fresh; is "$1, no token" "$2" "$("$1" "$name")"
    fresh; is "$1, a wrong token" "$2" "$("$1" "$name" "$wrong")"
    fresh; is "$1, another view's token" "$3" "$("$1" "$name" "$guest")"
    fresh; is "$1, its token again" 10.20.30.40 "$("$1" "$name" "$later")"
}
forward() {  # forward FORWARDER REFUSED
    "$1_with" "$token"; fresh; is "$1, its token" 10.20.30.40 "$(through "$forwarder" "$name")"; deleted+=("$1 $forwarder $2")
    "$1_with" ""; fresh; is "$1, no token" "$2" "$(through "$forwarder" "$name")"
    "$1_with" "$wrong"; fresh; is "$1, a wrong token" "$2" "$(through "$forwarder" "$name")"
    "$1_with" "$guest"; fresh; is "$1, another view's token" NXDOMAIN "$(through "$forwarder" "$name")"
    "$1_with" "$later"; fresh; is "$1, another token" 10.20.30.40 "$(through "$forwarder" "$name")"; expiring+=("$1 $forwarder $2")
}
gone() {  # gone WHY TOKEN FORWARDER…: every client; dnspython and the forwarders are those that were running before.
    local why=$1 shown=$2 client port refused; shift 2
    for client in kdig_tls kdig_https kdig_https_url dnspython_tls dnspython_https; do
        fresh; is "$client, $why" REFUSED "$("$client" "$name" "$shown")"
    done
    fresh; is "curl_doh, $why" none "$(curl_doh "$name" "$shown")"
    if command -v getdns_query > /dev/null; then fresh; is "getdns, $why" REFUSED "$(getdns "$name" "$shown")"; fi
    for one in "$@"; do
        read -r client port refused <<< "$one"
        fresh; is "$client, $why" "$refused" "$(through "$port" "$name")"
    done
}

# What a token is good for is its view: by the name of another resolver it opens nothing.
elsewhere=$(gr create-global-resolver --name branch --regions us-east-1 --query dnsName)
fresh; is "kdig_tls, at another resolver's name" REFUSED "$(kdig "@${dot%:*}" -p "${dot##*:}" "+tls-ca=$ca" \
    "+tls-hostname=$elsewhere" "$name" "+ednsopt=65440:$(hex "$token")" | told)"

deleted=() expiring=()
for client in kdig_tls kdig_https kdig_https_url dnspython_tls dnspython_https; do walk "$client" REFUSED NXDOMAIN; done
walk curl_doh none none
if command -v getdns_query > /dev/null; then walk getdns REFUSED NXDOMAIN; fi
# unbound looks for another server when one refuses, and says SERVFAIL when there is none; dnsdist passes it on.
if command -v unbound > /dev/null; then forward unbound SERVFAIL; fi
if command -v dnsdist > /dev/null; then forward dnsdist REFUSED; fi

gr delete-access-token --access-token-id "$id" > /dev/null
gone deleted "$token" "${deleted[@]}"
fresh; is "dnspython_tls, the other token still" 10.20.30.40 "$(dnspython_tls "$name" "$later")"
"$KEYSTEAD" clock advance 366d --data "$(ready data)" > /dev/null
gone expired "$later" "${expiring[@]}"
