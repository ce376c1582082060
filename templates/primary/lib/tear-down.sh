# shellcheck shell=sh
# Ends what is left of a host's namespaces that are not whole: some of them were replaced, or one of several steps failed. A server
# in them would go on serving at the host's address. It ends by what is found, and touches nothing of the machine's own.

tear_down() {
  rm -f "$SPARE_STATE/ready" "$SPARE_STATE/hardware"
  if [ "$SPARE_ROLE" = standby ]; then forget_route; fi
  for daemon in nfsdcld mountd; do
    if has_processes "$daemon"; then end_networks_of "$processes"; fi
  done
  look_at_namespaces
  if [ -n "$net" ]; then end_network "$SPARE_NAMESPACE"; fi
  for daemon in nfsdcld mountd; do stop_unit "$daemon"; done
  if [ "$SPARE_ROLE" = standby ] && [ -n "$mnt" ]; then
    nsenter --mount="$SPARE_STATE/mnt" -- "$here/inside/unmount-volume"
  fi
  if [ -n "$mnt" ]; then umount "$SPARE_STATE/mnt"; fi
  if [ -n "$uts" ]; then umount "$SPARE_STATE/uts"; fi
  if [ -n "$net" ]; then ip netns delete "$SPARE_NETWORK"; fi
  rm -f "$SPARE_NAMESPACE"
}

# A daemon may be the last that knows of a network namespace.
end_networks_of() {
  while read -r process; do
    # shellcheck disable=SC3013 # -ef has been in POSIX since 2024.
    [ "/proc/$process/ns/net" -ef /proc/self/ns/net ] || end_network "/proc/$process/ns/net"
  done <"$1"
}

# In a mount namespace of its own, for the file system through which that network's NFS server is stopped.
end_network() {
  if [ -e "$1" ]; then nsenter --net="$1" -- unshare --mount -- "$here/inside/end-network"; fi
}

# For the verbs that stop something. In namespaces that are not whole, they would stop what belongs to the machine.
end_unprepared() {
  look_at_namespaces
  if [ -n "$net$mnt$uts" ] || has_processes mountd || has_processes nfsdcld; then alone "$SPARE_STATE" end_if_unprepared; fi
}

# Meanwhile somebody else may have prepared it.
end_if_unprepared() {
  prepared || tear_down
}
