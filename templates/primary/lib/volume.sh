# shellcheck shell=sh
# Whether what is mounted is the volume. An empty directory that is exported under the volume's fsid gives clients ESTALE, and what
# they write there is lost. Starts no process.

# Sets `mounted_device` to the device number of what is mounted at the mount point, such as 9:127, or to nothing.
look_at_mount() {
  mounted_device=
  while read -r _ _ number within where _; do
    if [ "$where" = "$SPARE_MOUNT" ]; then
      mounted_device=$number
      [ "$within" = / ] || mounted_device="$number, the directory $within"
    fi
  done </proc/self/mountinfo
}

# Sets `array_device` to the device number of the array, or to nothing.
look_at_array() {
  array_device=
  for file in "$root"/sys/block/md*/dev; do
    name=${file%/dev}
    # shellcheck disable=SC3013 # -ef has been in POSIX since 2024.
    [ "$root/dev/${name##*/}" -ef "$SPARE_DEVICE" ] || continue
    { read -r array_device <"$file"; } 2>/dev/null || true
  done
}

# Whether the array is mounted at the mount point. Otherwise sets `wrong` to what is.
array_mounted() {
  look_at_mount
  look_at_array
  wrong="$SPARE_MOUNT is not mounted"
  [ -n "$mounted_device" ] || return 1
  wrong="$SPARE_MOUNT is not the volume: device $mounted_device is mounted there, and the array $SPARE_DEVICE is ${array_device:-not running}"
  [ "$mounted_device" = "$array_device" ]
}

# The same, and whether its identity is the volume's. A service file of an older version doesn't have it.
volume_mounted() {
  array_mounted || return 1
  [ -n "$SPARE_IDENTITY" ] || return 0
  { read -r identity <"$SPARE_MOUNT/.spare/identity"; } 2>/dev/null || identity=
  wrong="$SPARE_MOUNT is not the volume: its identity is '$identity', expected '$SPARE_IDENTITY'"
  [ "$identity" = "$SPARE_IDENTITY" ]
}
