#!/bin/sh
# The Cloud Connector as a service of the system: the unit scc_daemon of systemd. Run it without arguments for help.
set -eu
here=$(dirname "$(readlink -f "$0")")
unit=scc_daemon
unit_file=/etc/systemd/system/$unit.service
directory=/opt/landbridge/scc
account=scctunnel
port=
starts=yes

usage() {
  cat <<TEXT
Usage: daemon.sh ACTION [OPTIONS]

  install     copy this folder to its place, register the unit $unit, start it now and at every boot; as root
              --directory DIR  where it is installed (default $directory)
              --user NAME      whom it runs as, made if missing (default $account)
              --port PORT      port of the administration (default 8443, or the one it has)
              --no-start       register only
  reinstall   write the unit of this folder anew, and restart it (also: reinstallSystemd); as root
  uninstall   stop and remove the unit; configuration, keys and logs stay; as root
  unit        print the unit without touching anything
  start, stop, restart, status
              of the unit; without systemd, of a process in the background. The exit status of status is 0 when it
              runs and 3 when it does not
TEXT
}

refuse() {
  echo "daemon.sh: $1" >&2
  exit "${2:-1}"
}

need_root() {
  [ "$(id -u)" -eq 0 ] || refuse "$action changes the system: run it as root. Without root, ./go.sh or ./daemon.sh start do."
}

has_systemd() { [ -d /run/systemd/system ]; }

print_unit() {
  cat <<TEXT
[Unit]
Description=Landbridge Cloud Connector
Wants=network-online.target
After=network-online.target nss-lookup.target

[Service]
Type=exec
User=$account
Group=$account
UMask=0077
WorkingDirectory=$directory
ExecStart=$directory/go.sh
Restart=on-failure
RestartSec=2
TimeoutStopSec=40
LimitNOFILE=65536
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths=$directory/config $directory/log
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
TEXT
}

# The paths end up in a unit and in messages: nothing in them may have a meaning there.
check_options() {
  case $directory in
    /*) ;;
    *) refuse "--directory must be an absolute path, not $directory" 2 ;;
  esac
  case $directory in *[!A-Za-z0-9/._-]*) refuse "--directory may hold letters, digits and / . _ - only" 2 ;; esac
  case $account in *[!A-Za-z0-9._-]* | '' | -*) refuse "--user must be the name of a user" 2 ;; esac
  [ "$account" != root ] || refuse "--user root: the Cloud Connector needs no root, and would be worth more to an attacker" 2
}

copy_program() {
  [ "$here" != "$directory" ] || return 0
  mkdir -p "$directory/program"
  # Whole or not at all, also when the disk is full.
  rm -rf "$directory/program/@VERSION@.new"
  cp -R "$here/program/@VERSION@" "$directory/program/@VERSION@.new"
  rm -rf "$directory/program/@VERSION@"
  mv "$directory/program/@VERSION@.new" "$directory/program/@VERSION@"
  for file in go.sh changeport.sh daemon.sh LICENSE; do
    # Whole or not at all: a process that reads the former script goes on with that.
    cp "$here/$file" "$directory/$file.new"
    mv -f "$directory/$file.new" "$directory/$file"
  done
}

own_files() {
  getent group "$account" >/dev/null || groupadd --system "$account"
  id "$account" >/dev/null 2>&1 ||
    useradd --system --gid "$account" --home-dir "$directory" --no-create-home --shell /usr/sbin/nologin "$account"
  # The process may write to its configuration and its logs, not to its own program.
  chown -R -P 0:0 "$directory/program"
  chown 0:0 "$directory" "$directory"/*.sh "$directory/LICENSE"
  chmod 0755 "$directory"
  for folder in config log; do
    mkdir -p "$directory/$folder"
    # writeHexDump says what its owner allows, who is somebody else.
    find "$directory/$folder" ! -name writeHexDump -exec chown -h "$account:$account" {} +
    chmod 0700 "$directory/$folder"
  done
}

need_systemd() {
  has_systemd || refuse "this machine does not run systemd, nothing was changed. ./daemon.sh unit prints the unit, ./daemon.sh start starts without it."
}

write_unit() {
  print_unit >"$unit_file"
  systemctl daemon-reload
  systemctl enable "$unit"
  [ "$starts" = no ] || systemctl restart "$unit"
}

remove_former_programs() {
  for former in "$directory"/program/*; do
    [ "$former" = "$directory/program/@VERSION@" ] || rm -rf "$former"
  done
}

install_all() {
  need_root
  need_systemd
  check_options
  copy_program
  own_files
  [ -z "$port" ] || "$directory/changeport.sh" "$port"
  write_unit
  remove_former_programs
  echo "Installed in $directory as $unit. The administration is on port $("$directory/changeport.sh" --show)."
}

# Without systemd: a process in the background, found by the file with its ID and the program that it runs.
pid_file=$here/config/daemon.pid

running_pid() {
  [ -f "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF " run $here " || return 1
  echo "$pid"
}

start_process() {
  if pid=$(running_pid); then
    echo "$unit runs already (process $pid)."
    return 0
  fi
  umask 077
  mkdir -p "$here/log"
  setsid "$here/go.sh" --pid-file "$pid_file" </dev/null >>"$here/log/scc_daemon.log" 2>&1 &
  child=$!
  waited=0
  until running_pid >/dev/null; do
    kill -0 "$child" 2>/dev/null || refuse "it ended at once; the end of $here/log/scc_daemon.log: $(tail -n 5 "$here/log/scc_daemon.log")"
    waited=$((waited + 1))
    [ "$waited" -lt 300 ] || refuse "it is not ready after 30 seconds; see $here/log/scc_daemon.log"
    sleep 0.1
  done
  echo "$unit started (process $(running_pid))."
}

stop_process() {
  if ! pid=$(running_pid); then
    echo "$unit does not run."
    return 0
  fi
  kill -TERM "$pid"
  waited=0
  while kill -0 "$pid" 2>/dev/null && running_pid >/dev/null; do
    waited=$((waited + 1))
    [ "$waited" -lt 400 ] || refuse "process $pid did not end within 40 seconds"
    sleep 0.1
  done
  echo "$unit stopped."
}

status_process() {
  if pid=$(running_pid); then
    echo "$unit runs (process $pid)."
  else
    echo "$unit does not run."
    exit 3
  fi
}

is_installed() { has_systemd && [ -f "$unit_file" ] && grep -qF "ExecStart=$here/go.sh" "$unit_file"; }

action=${1:-help}
[ $# -eq 0 ] || shift
while [ $# -gt 0 ]; do
  case $1 in
    --no-start) starts=no ;;
    --directory | --user | --port)
      [ $# -ge 2 ] || refuse "$1 needs a value" 2
      case $1 in --directory) directory=$2 ;; --user) account=$2 ;; --port) port=$2 ;; esac
      shift
      ;;
    *) refuse "there is no option $1; run ./daemon.sh without arguments for help" 2 ;;
  esac
  shift
done

case $action in
  install) install_all ;;
  reinstall | reinstallSystemd)
    need_root
    need_systemd
    directory=$here
    [ ! -d "$here/config" ] || account=$(stat -c %U "$here/config")
    check_options
    own_files
    write_unit
    ;;
  uninstall)
    need_root
    need_systemd
    systemctl disable --now "$unit"
    rm -f "$unit_file"
    systemctl daemon-reload
    echo "Removed the unit $unit. Configuration, keys and logs stay in $here."
    ;;
  unit)
    check_options
    print_unit
    ;;
  start | stop | restart | status)
    if is_installed; then exec systemctl "$action" "$unit"; fi
    case $action in
      start) start_process ;;
      stop) stop_process ;;
      restart) stop_process && start_process ;;
      status) status_process ;;
    esac
    ;;
  help | --help | -h) usage ;;
  *)
    usage >&2
    refuse "there is no action $action" 2
    ;;
esac
