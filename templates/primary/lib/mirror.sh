# shellcheck shell=sh
# The array of the volume.

assembled() {
  [ -b "$SPARE_DEVICE" ]
}

stop_mirror() {
  if assembled; then mdadm --stop "$SPARE_DEVICE"; fi
}

# Sets `in_sync` to how many legs of the running array are in sync.
count_legs_in_sync() {
  in_sync=0
  array=$(readlink -f "$SPARE_DEVICE")
  for leg in "$root/sys/block/${array##*/}"/md/dev-*/state; do
    { read -r flags <"$leg"; } 2>/dev/null || continue
    case ,$flags, in
      *,faulty,*) ;;
      *,in_sync,*) in_sync=$((in_sync + 1)) ;;
    esac
  done
}
