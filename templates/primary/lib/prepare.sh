# shellcheck shell=sh
# Creates the namespaces of a host, and starts everything in them that does not need its volume. Nothing is served yet.

prepare() {
  if prepared; then return 0; fi
  modprobe -a nfsd macvlan || fail "cannot load the kernel modules nfsd and macvlan"
  make_network
  make_namespaces
  inside "$here/inside/make-mounts"
  # It answers only for exports that exportfs has set.
  start_mountd
  if [ "$SPARE_ROLE" = standby ]; then
    prepare_shim
    warm_up
  fi
  : >"$SPARE_STATE/ready"
}

make_network() {
  [ -e "$SPARE_NAMESPACE" ] || ip netns add "$SPARE_NETWORK"
  ip -n "$SPARE_NETWORK" link set lo up
  if ! ip -n "$SPARE_NETWORK" link show "$SPARE_INNER" >/dev/null 2>&1; then
    ip link add link "$SPARE_INTERFACE" name "$SPARE_INNER" netns "$SPARE_NETWORK" type macvlan mode bridge
  fi
  ip netns exec "$SPARE_NETWORK" sysctl -q -w "net.ipv6.conf.$SPARE_INNER.disable_ipv6=1" 2>/dev/null || true
  ip -n "$SPARE_NETWORK" link set "$SPARE_INNER" up
}

make_namespaces() {
  mkdir -p "$SPARE_STATE/nfs" "$SPARE_MOUNT"
  # A file that holds a mount namespace must be on a private mount, or the namespace would contain itself.
  is_mounted "$root/run/spare/services" || mount --bind "$root/run/spare/services" "$root/run/spare/services"
  mount --make-private "$root/run/spare/services"
  for name in mnt uts; do
    if is_mounted "$SPARE_STATE/$name"; then umount "$SPARE_STATE/$name"; fi
    : >"$SPARE_STATE/$name"
  done
  unshare --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" --propagation slave -- hostname "$SPARE_HOST"
}
