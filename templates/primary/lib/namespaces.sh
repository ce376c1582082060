# shellcheck shell=sh
# The network, mount and UTS namespaces of a host, once they exist.

prepared() {
  [ -e "$SPARE_NAMESPACE" ] && [ -e "$SPARE_STATE/ready" ]
}

inside() {
  nsenter --net="$SPARE_NAMESPACE" --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" -- "$@"
}

# Runs a command where the volume is mounted. On a primary that is outside the namespaces: mounts propagate inwards. On the
# standby it is inside only, because two hosts may use the same mount point.
where_mounted() {
  if [ "$SPARE_ROLE" = primary ]; then "$@"; else inside "$@"; fi
}
