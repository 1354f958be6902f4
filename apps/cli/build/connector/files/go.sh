#!/bin/sh
# Starts the Cloud Connector of this folder in the foreground; end it with Ctrl+C. Settings: config/scc.yaml.
set -eu
home=$(dirname "$(readlink -f "$0")")
umask 077
program="$home/program/@VERSION@"
# Whoever wants a variable set for the process, for example KRB5_CONFIG, writes that into this file.
if [ -f "$home/scc_daemon_extension.sh" ]; then . "$home/scc_daemon_extension.sh"; fi
# A Node of your own instead of the one of the archive, for machines on which that one does not run.
node=${LANDBRIDGE_NODE:-$program/node}
if [ -n "${LANDBRIDGE_NODE:-}" ] || [ ! -x "$node" ]; then
  found=$("$node" -p process.versions.node 2>/dev/null) || found=none
  case $found in
    2[4-9].* | [3-9][0-9].*) ;;
    none)
      echo "go.sh: $node is no Node that runs here. Set LANDBRIDGE_NODE to the path of Node 24 or later, or unset it and extract the archive again." >&2
      exit 1
      ;;
    *)
      echo "go.sh: $node is Node $found, and Node 24 or later is needed. Set LANDBRIDGE_NODE to its path, or unset it for the Node of the archive." >&2
      exit 1
      ;;
  esac
fi
# Compiled code is kept for the next start, once the folder is set up; not for root, as others may write to it.
if [ "$(id -u)" -ne 0 ] && [ -f "$home/config/format.json" ]; then export NODE_COMPILE_CACHE="$home/config/cache"; fi
exec "$node" @NODE_FLAGS@ \
  "$program/apps/cli/src/installed/main.ts" run "$home" "$@"
