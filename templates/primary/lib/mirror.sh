# shellcheck shell=sh
# The array of the volume.

assembled() {
  [ -b "$SPARE_DEVICE" ]
}

stop_mirror() {
  if assembled; then mdadm --stop "$SPARE_DEVICE"; fi
}
