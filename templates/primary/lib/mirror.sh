# shellcheck shell=sh
# The mirror set that the volume lies on.

assembled() {
  [ -b "$SPARE_DEVICE" ]
}

stop_mirror() {
  if assembled; then mdadm --stop "$SPARE_DEVICE"; fi
}
