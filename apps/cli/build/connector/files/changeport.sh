#!/bin/sh
# Sets the port of the administration: ./changeport.sh 9443. It counts from the next start on.
set -eu
home=$(dirname "$(readlink -f "$0")")
umask 077
program="$home/program/@VERSION@"
# A Node of your own instead of the one of the archive, for machines on which that one does not run.
node=${LANDBRIDGE_NODE:-$program/node}
if [ -n "${LANDBRIDGE_NODE:-}" ] || [ ! -x "$node" ]; then
  found=$("$node" -p process.versions.node 2>/dev/null) || found=none
  case $found in
    2[4-9].* | [3-9][0-9].*) ;;
    none)
      echo "changeport.sh: $node is no Node that runs here. Set LANDBRIDGE_NODE to the path of Node 24 or later, or unset it and extract the archive again." >&2
      exit 1
      ;;
    *)
      echo "changeport.sh: $node is Node $found, and Node 24 or later is needed. Set LANDBRIDGE_NODE to its path, or unset it for the Node of the archive." >&2
      exit 1
      ;;
  esac
fi
exec "$node" @NODE_FLAGS@ "$program/apps/cli/src/installed/main.ts" changeport "$home" "$@"
