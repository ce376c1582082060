# shellcheck shell=sh
# Like mountpoint(1), without a process. spare's mount points have no character that proc(5) would escape.
is_mounted() {
  while read -r _ _ _ _ where _; do
    [ "$where" != "$1" ] || return 0
  done </proc/self/mountinfo
  return 1
}

# Whether this runs among the mounts that were made for the host. In a mount namespace without them, the machine's own NFS server
# would be stopped or changed. The kernel gives the number of a namespace that has ended to the next one.
own_mounts() {
  # shellcheck disable=SC3013 # -ef has been in POSIX since 2024.
  [ "$root/var/lib/nfs" -ef "$SPARE_STATE/nfs" ]
}

assert_own_mounts() {
  own_mounts || fail "the namespaces of $SPARE_HOST are not whole. Run: ${0%/inside/*}/service prepare $SPARE_HOST"
}
