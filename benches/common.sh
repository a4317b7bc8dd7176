# Shared by benches/run and benches/peers: a fresh file system, free ports, servers that end with the script.
# shellcheck shell=bash
# The caller sets place, mounted and kind.

readonly DEADLINE_SECONDS=30

fail() {
    echo "${0##*/}: $1" >&2
    exit 1
}

# Installs from Debian what is missing: lines of a command that shows it and its package on standard input.
install_missing() {
    local missing=() command package
    while read -r command package; do
        command -v "$command" >/dev/null || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A file system of so many GiB that has never held anything, its tables written before anything is measured.
# Its file is sparse.
make_image() {
    truncate -s "$1G" "$place/image"
    case $kind in
    ext4) mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$place/image" ;;
    xfs) mkfs.xfs -q -f "$place/image" ;;
    esac
    mkdir "$mounted"
    mount -o loop "$place/image" "$mounted"
    sync -f "$mounted"
}

# As many ports as asked for that were free a moment ago.
free_ports() {
    local port found=()
    while [ ${#found[@]} -lt "$1" ]; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && [[ " ${found[*]} " != *" $port "* ]]; then
            found+=("$port")
        fi
    done
    echo "${found[@]}"
}

# Waits until a command succeeds, as long as a process lives.
wait_until() {
    local process=$1 log=$2 end=$((SECONDS + DEADLINE_SECONDS))
    shift 2
    until "$@" >/dev/null 2>&1; do
        kill -0 "$process" 2>/dev/null || fail "a server ended: $(tail -n 5 "$log")"
        [ "$SECONDS" -lt "$end" ] || fail "a server was not ready within $DEADLINE_SECONDS s: $(tail -n 5 "$log")"
        sleep 0.02
    done
}
