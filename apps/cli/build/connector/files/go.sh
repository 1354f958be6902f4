#!/bin/sh
# Starts the Cloud Connector of this folder in the foreground; end it with Ctrl+C. Settings: config/scc.yaml.
set -eu
home=$(dirname "$(readlink -f "$0")")
umask 077
program="$home/program/@VERSION@"
. "$program/find-node.sh"
# Compiled code is kept for the next start, once the folder is set up; not for root, as others may write to it.
if [ "$(id -u)" -ne 0 ] && [ -f "$home/config/format.json" ]; then export NODE_COMPILE_CACHE="$home/config/cache"; fi
exec "$node" @NODE_FLAGS@ \
  "$program/apps/cli/src/installed/main.ts" run "$home" "$@"
