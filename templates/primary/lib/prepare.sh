# shellcheck shell=sh
# Creates the namespaces of a host, and starts everything in them that does not need its volume. Nothing is served yet.
# All or nothing: what is not whole is torn down first, and what cannot be finished is torn down again.

# For the verbs that need it. Where all is there it starts no process.
need_prepared() {
  if prepared && daemon_in_place mountd && { [ "$SPARE_ROLE" = primary ] || shim_right; }; then return 0; fi
  prepare
}

prepare() {
  mkdir -p "$SPARE_STATE/nfs" "$SPARE_MOUNT"
  alone "$SPARE_STATE" make_whole
}

make_whole() {
  whole=yes
  if ! prepared || ! inside "$here/inside/own-mounts"; then
    whole=no
    tear_down
    trap tear_down EXIT
  fi
  alone "$root/run/spare/services" make_shared
  make_interface
  if [ $whole = no ]; then make_namespaces; fi
  replace_mountd
  if [ "$SPARE_ROLE" = standby ]; then learn_hardware; fi
  look_at_namespaces
  echo "$made_of" >"$SPARE_STATE/ready"
  trap - EXIT
  if [ "$SPARE_ROLE" = standby ]; then warm_up; fi
}

# What hosts share: modules, the folder of their namespaces, /run/netns and the shim.
make_shared() {
  if [ "$SPARE_ROLE" = standby ]; then
    modprobe -a nfsd macvlan raid1 loop || fail "cannot load the kernel modules nfsd, macvlan, raid1 and loop"
  else
    modprobe -a nfsd macvlan || fail "cannot load the kernel modules nfsd and macvlan"
  fi
  # A file that holds a mount namespace must be on a private mount, or the namespace would contain itself.
  is_mounted "$root/run/spare/services" || mount --bind "$root/run/spare/services" "$root/run/spare/services"
  mount --make-private "$root/run/spare/services"
  is_mounted "$SPARE_NAMESPACE" || ip netns add "$SPARE_NETWORK"
  if [ "$SPARE_ROLE" = standby ]; then prepare_shim; fi
}

make_interface() {
  ip -n "$SPARE_NETWORK" link set lo up
  if ! ip -n "$SPARE_NETWORK" link show "$SPARE_INNER" >/dev/null 2>&1; then
    ip link add link "$SPARE_INTERFACE" name "$SPARE_INNER" netns "$SPARE_NETWORK" type macvlan mode bridge
  fi
  ip netns exec "$SPARE_NETWORK" sysctl -q -w "net.ipv6.conf.$SPARE_INNER.disable_ipv6=1" 2>/dev/null || true
  ip -n "$SPARE_NETWORK" link set "$SPARE_INNER" up
}

make_namespaces() {
  for name in mnt uts; do : >"$SPARE_STATE/$name"; done
  unshare --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" --propagation slave -- hostname "$SPARE_HOST"
  inside "$here/inside/make-mounts"
}

# It answers only for exports that exportfs has set. One of other namespaces would answer with their directories.
replace_mountd() {
  if daemon_in_place mountd; then return 0; fi
  stop_unit mountd
  start_mountd
  await daemon_in_place mountd
}
