# What every shell walk of an S3 client begins with: files to send, and how they are compared.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
endpoint=$AWS_ENDPOINT_URL
export HOME=$work

mkdir -p "$work/sent/deep er"
head -c 100 /dev/urandom > "$work/sent/small"
: > "$work/sent/empty"
head -c 20000000 /dev/urandom > "$work/sent/deep er/large +%.bin"
# S3 shows whole seconds: what was sent within the second in which it was made would look newer here than there.
find "$work/sent" -type f -exec touch -d '1 minute ago' {} +

same() {  # same FOLDER FOLDER: equal, file by file, or the walk ends here.
    diff -r "$1" "$2" || { echo "what came back differs from what was sent" >&2; exit 1; }
}
is() {  # is EXPECTED FOUND
    [ "$1" = "$2" ] || { echo "expected: $1; found: $2" >&2; exit 1; }
}
refused() {  # refused COMMAND…: has to fail.
    "$@" > "$work/refused" 2>&1 && { echo "not refused: $*" >&2; exit 1; }
    grep -qiE 'AccessDenied|access denied|403|forbidden' "$work/refused" || { cat "$work/refused" >&2; exit 1; }
}
