# What a walk asserts with; sourced by those of the aws CLI.

is() {  # is EXPECTED FOUND: equal, or the walk ends here.
    [ "$1" = "$2" ] || { echo "expected: $1; found: $2" >&2; exit 1; }
}
refused() {  # refused CODE COMMAND…: fails, and says so with this code.
    local code=$1 said
    shift
    said=$("$@" 2>&1) && { echo "not refused: $*" >&2; exit 1; }
    [[ $said == *"($code)"* ]] || { echo "expected $code of $*; found: $said" >&2; exit 1; }
}
