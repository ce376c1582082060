# shellcheck shell=sh
# Whether the standby has what a takeover of the host needs, before it is needed.

# Prints what is missing, a line each.
ready() {
  for module in nfsd:/proc/filesystems raid1:/proc/mdstat; do
    grep -qw "${module%%:*}" "$root${module#*:}" 2>/dev/null || echo "the kernel module ${module%%:*} is not loaded"
  done
  [ -e "$root/dev/loop-control" ] || echo "the kernel module loop is not loaded"
  if ! [ -e "$root/sys/class/net/$SPARE_INTERFACE" ]; then
    echo "there is no network interface $SPARE_INTERFACE"
  elif ! shim_right; then
    echo "the interface $shim is not there, not up, or not on $SPARE_INTERFACE"
  fi
  if prepared; then
    daemon_in_place mountd || echo "mountd does not run in the namespaces of $SPARE_HOST"
    inside "$here/inside/ready"
  else
    echo "the namespaces of $SPARE_HOST are not prepared"
  fi
}
