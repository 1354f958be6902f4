# Read by go.sh and changeport.sh, which have set home and program. Sets node, or says what to do and ends.
# Whoever wants a variable set for the process, for example KRB5_CONFIG, writes that into this file.
if [ -f "$home/scc_daemon_extension.sh" ]; then . "$home/scc_daemon_extension.sh"; fi
# A Node of your own instead of the one of the archive, for machines on which that one does not run.
node=${LANDBRIDGE_NODE:-$program/node}
if [ -n "${LANDBRIDGE_NODE:-}" ] || [ ! -x "$node" ]; then
  found=$("$node" -p process.versions.node 2>/dev/null) || found=none
  case $found in
    2[4-9].* | [3-9][0-9].*) ;;
    none)
      echo "${0##*/}: $node is no Node that runs here. Set LANDBRIDGE_NODE to the path of Node 24 or later, or unset it and extract the archive again." >&2
      exit 1
      ;;
    *)
      echo "${0##*/}: $node is Node $found, and Node 24 or later is needed. Set LANDBRIDGE_NODE to its path, or unset it for the Node of the archive." >&2
      exit 1
      ;;
  esac
fi
