# shellcheck shell=sh
# The network, mount and UTS namespaces of a host, once they exist.

# Sets `made_of` to this boot and the namespaces that are bound to the files of the host, as proc(5) names them, such as
# `net:[4026532276]`; `net`, `mnt` and `uts` are those names, empty where nothing is bound. Starts no process.
look_at_namespaces() {
  net='' mnt='' uts=''
  while read -r _ _ _ what where _; do
    case $where in
      "$SPARE_NAMESPACE") net=$what ;;
      "$SPARE_STATE/mnt") mnt=$what ;;
      "$SPARE_STATE/uts") uts=$what ;;
    esac
  done </proc/self/mountinfo
  read -r boot </proc/sys/kernel/random/boot_id
  made_of="$boot $net $mnt $uts"
}

# The file `ready` is written last, and names what was made. Namespaces that were replaced one by one are not prepared: what runs
# in the old ones would serve the directories of another mount namespace. An older version left the file empty.
prepared() {
  { read -r made <"$SPARE_STATE/ready" || [ -e "$SPARE_STATE/ready" ]; } 2>/dev/null || return 1
  look_at_namespaces
  [ -n "$net" ] && [ -n "$mnt" ] && [ -n "$uts" ] && [ "${made:-$made_of}" = "$made_of" ]
}

inside() {
  nsenter --net="$SPARE_NAMESPACE" --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" -- "$@"
}

# Runs a command where the volume is mounted. On a primary that is outside the namespaces: mounts propagate inwards. On the
# standby it is inside only, because two hosts may use the same mount point.
where_mounted() {
  if [ "$SPARE_ROLE" = primary ]; then "$@"; else inside "$@"; fi
}

# Whether a daemon of the host runs, and in its namespaces.
daemon_in_place() {
  unit_runs_in "$1" "$SPARE_NAMESPACE" "$SPARE_STATE/mnt" "$SPARE_STATE/uts"
}
