# shellcheck shell=sh
# The mark of an incomplete local leg: after a failback it is not used until it is resynced. `spare failback` and the guard write the
# file, with a line for each volume, `VOLUME EPOCH`: the epoch of its ownership record when that said `fill`. What is told of an
# earlier epoch is from before the failback, and changes nothing.
FILL=$root/etc/spare/fill

# Sets `fill_epoch` for a volume; to 0 where it has no mark. Starts no process.
look_at_fill() {
  fill_epoch=0
  [ -e "$FILL" ] || return 0
  # shellcheck disable=SC2034 # `report` uses it, `guard` does not.
  while read -r marked at_epoch _; do
    case $marked/$at_epoch in
      "$1"/ | "$1"/*[!0-9]*) ;;
      "$1"/*) fill_epoch=$at_epoch ;;
    esac
  done <"$FILL"
} 2>/dev/null
