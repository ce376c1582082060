# shellcheck shell=sh
# What only one process at a time may do. Hosts share an interface, a folder of mounts and modules, and two that are prepared at
# once must not both find them missing.

# alone FILE COMMAND…: runs a command while nobody else holds the lock of that file. It runs in a subshell, whose end releases the
# lock; what it sets is gone.
alone() (
  exec 9>"$1.lock"
  flock --timeout 60 9 || fail "cannot prepare $SPARE_HOST: $1.lock has been held for 60 s. To see by whom, run: fuser -v $1.lock"
  shift
  "$@"
)
