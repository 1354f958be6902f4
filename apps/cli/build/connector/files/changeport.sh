#!/bin/sh
# Sets the port of the administration: ./changeport.sh 9443. It counts from the next start on.
set -eu
home=$(dirname "$(readlink -f "$0")")
umask 077
program="$home/program/@VERSION@"
. "$program/find-node.sh"
exec "$node" @NODE_FLAGS@ "$program/apps/cli/src/installed/main.ts" changeport "$home" "$@"
