# shellcheck shell=sh
# The NFS server of a host, seen from inside its namespaces.

serves() {
  { read -r threads <"$root/proc/fs/nfsd/threads"; } 2>/dev/null || threads=0
  [ "$threads" -gt 0 ]
}

# Whether the server listens in the network namespace that this runs in: port 2049 is 0801, a listening socket 0A (proc(5)).
# /proc/fs/nfsd shows the server of the network in which it was mounted.
serves_this_network() {
  while read -r _ local _ state _; do
    case "$local $state" in
      *:0801\ 0A) return 0 ;;
    esac
  done <"$root/proc/self/net/tcp"
  return 1
}

# Sets `exported` to the client as exportfs keeps it: a host name may have another canonical one. The options replace those
# that the client had.
export_volume() {
  said=$(exportfs -v -o "$SPARE_EXPORT_OPTIONS,fsid=$SPARE_FSID" "$SPARE_CLIENTS:$SPARE_MOUNT")
  exported=${said##*exporting }
  exported=${exported%":$SPARE_MOUNT"*}
}

# Clients go by the lease of the server that they know. It is kept on the volume, for the next server, wherever that is.
# Where that fails, it serves all the same.
remember_lease() {
  read -r lease <"$root/proc/fs/nfsd/nfsv4leasetime"
  if [ "$(known_lease)" = "$lease" ]; then return 0; fi
  { echo "$lease" >"$SPARE_MOUNT/.spare/lease"; } 2>/dev/null || echo "${0##*/}: cannot write $SPARE_MOUNT/.spare/lease" >&2
}

known_lease() {
  { read -r known <"$SPARE_MOUNT/.spare/lease"; } 2>/dev/null || known=0
  echo "$known"
}

# After a start, clients have this long to reclaim their locks. One that was idle notices only when its own lease ends.
grace_period() {
  if [ "$(known_lease)" -gt "$SPARE_LEASE" ]; then known_lease; else echo "$SPARE_LEASE"; fi
}
