# shellcheck shell=sh
# Like mountpoint(1), without a process. spare's mount points have no character that proc(5) would escape.
is_mounted() {
  while read -r _ _ _ _ where _; do
    [ "$where" != "$1" ] || return 0
  done </proc/self/mountinfo
  return 1
}
