# shellcheck shell=sh
# The daemons of a host. Each is a transient unit: it outlives the session or daemon that started it, and systemctl shows it.

# A unit's processes are in its control group: no need to ask systemd.
has_processes() {
  { read -r _ <"$root/sys/fs/cgroup/system.slice/$1.service/cgroup.procs"; } 2>/dev/null
}

unit_active() {
  has_processes "$1" || systemctl is-active --quiet "$1"
}

# Starts a command in the namespaces of the host, as the unit of that name.
start_unit() {
  unit=$1
  shift
  if ! systemd-run --quiet --collect --unit "$unit" --property Restart=on-failure \
    nsenter --net="$SPARE_NAMESPACE" --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" -- "$@" 2>"$SPARE_STATE/$unit.log"; then
    unit_active "$unit" || fail "cannot start $unit: $(cat "$SPARE_STATE/$unit.log")"
  fi
}

start_mountd() {
  start_unit "spare-mountd-$SPARE_HOST" rpc.mountd --foreground --no-nfs-version 3
}
