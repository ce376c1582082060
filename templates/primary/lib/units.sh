# shellcheck shell=sh
# The daemons of a host. Each is a transient unit: it outlives the session or daemon that started it, and systemctl shows it.

# A unit's processes are in its control group: no need to ask systemd.
processes_of() {
  processes="$root/sys/fs/cgroup/system.slice/spare-$1-$SPARE_HOST.service/cgroup.procs"
}

has_processes() {
  processes_of "$1"
  { read -r _ <"$processes"; } 2>/dev/null
}

unit_active() {
  has_processes "$1" || systemctl is-active --quiet "spare-$1-$SPARE_HOST"
}

# unit_runs_in DAEMON NET MNT UTS: whether it runs, and every process of it in these namespaces. Starts no process.
unit_runs_in() {
  has_processes "$1" || return 1
  while read -r process; do
    # shellcheck disable=SC3013 # -ef has been in POSIX since 2024.
    [ "/proc/$process/ns/net" -ef "$2" ] && [ "/proc/$process/ns/mnt" -ef "$3" ] &&
      [ "/proc/$process/ns/uts" -ef "$4" ] || return 1
  done <"$processes"
}

# The same for the namespaces that this runs in.
runs_here() {
  unit_runs_in "$1" /proc/self/ns/net /proc/self/ns/mnt /proc/self/ns/uts
}

# await CONDITION DAEMON: a unit counts as started before its process has entered the namespaces.
await() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "$2 does not run in the namespaces of $SPARE_HOST. Run: journalctl -u spare-$2-$SPARE_HOST"
    sleep 0.05
  done
}

# start_unit DAEMON COMMAND…: starts a command in the namespaces of the host.
start_unit() {
  daemon=$1
  unit=spare-$1-$SPARE_HOST
  shift
  if ! systemd-run --quiet --collect --unit "$unit" --property Restart=on-failure \
    nsenter --net="$SPARE_NAMESPACE" --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" -- "$@" 2>"$SPARE_STATE/$unit.log"; then
    unit_active "$daemon" || fail "cannot start $unit: $(cat "$SPARE_STATE/$unit.log")"
  fi
}

stop_unit() {
  if unit_active "$1"; then systemctl stop "spare-$1-$SPARE_HOST"; fi
}

start_mountd() {
  start_unit mountd rpc.mountd --foreground --no-nfs-version 3
}

start_nfsdcld() {
  start_unit nfsdcld nfsdcld --foreground
}
