#!/bin/sh
# The four services as plain processes of this terminal, by the commands of systemd/: for a trial, or a machine without
# systemd. Usage: run-local.sh ENV_FILE [TRACKING_ENV_FILE]; Ctrl-C ends them all. Logs: $DAGSTER_HOME/logs.
# The pages are at the port of CAMPANILE_DAGSTER_URL, tracking at the one that campanile.yaml says, else 8400.
set -eu
env_file=${1:?usage: run-local.sh ENV_FILE [TRACKING_ENV_FILE]}
tracking_file=${2:-$env_file}
bin=${CAMPANILE_BIN:-/opt/campanile/bin}
set -a; . "$env_file"; set +a
umask 077
mkdir -p "$DAGSTER_HOME/logs" "$(dirname "$CAMPANILE_CODE_SOCKET")"
workspace=$CAMPANILE_PROJECT/workspace.yaml
port=${CAMPANILE_DAGSTER_URL##*:}
services=

start() {
    name=$1; shift
    setsid "$@" >>"$DAGSTER_HOME/logs/$name.log" 2>&1 &
    services="$services $!"
    echo "$name: process $!"
}
finish() {
    trap - INT TERM EXIT
    for pid in $services; do kill "$pid" 2>/dev/null || true; done
    left=20  # seconds; a code server does not end by itself while its child answers
    while [ "$left" -gt 0 ] && lives; do sleep 1; left=$((left - 1)); done
    # One service, one group of processes: what it left behind goes with it, as below systemd.
    for pid in $services; do kill -s KILL -- "-$pid" 2>/dev/null || true; done
    wait
}
lives() {
    for pid in $services; do kill -0 "$pid" 2>/dev/null && return 0; done
    return 1
}
trap finish INT TERM EXIT

cd "$CAMPANILE_PROJECT"
"$bin/campanile" status >/dev/null   # makes the tables of a new store
start code "$bin/dagster" code-server start -m campanile.orchestration.definitions -a campaigns \
    --location-name campaigns --socket "$CAMPANILE_CODE_SOCKET"
start daemon "$bin/dagster-daemon" run -w "$workspace"
start webserver "$bin/dagster-webserver" -w "$workspace" -h 127.0.0.1 -p "${port%%/*}"
start tracking env -i PATH="$PATH" sh -c 'set -a; . "$1"; exec "$2/campanile" serve --only tracking' \
    sh "$tracking_file" "$bin"
wait
