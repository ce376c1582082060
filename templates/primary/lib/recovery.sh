# shellcheck shell=sh
# How long writes wait after the session breaks, until the initiator fails them and the array drops the standby leg: the session's
# recovery_tmo, in seconds. Starts no process.

# Out of reach: writes wait for the standby. While the local leg is being resynced, the kernel must not continue with it alone.
OUT_OF_REACH=7200

# Sets `recovery_timeout` for the session that look_at_session has found, or to nothing.
look_at_recovery_timeout() {
  recovery_timeout=
  [ "$session" = LOGGED_IN ] || return 0
  { read -r recovery_timeout <"$session_folder/recovery_tmo"; } 2>/dev/null || recovery_timeout=
}

# Fails unless the session has it afterwards. While a session is broken, the kernel refuses (EBUSY).
set_recovery_timeout() {
  look_at_session
  { echo "$1" >"$session_folder/recovery_tmo"; } 2>/dev/null
  look_at_recovery_timeout
  [ "$recovery_timeout" = "$1" ]
}

# Sets `endless` to whether writes wait without limit, as in `fill`: yes or no, also while the session is broken.
# shellcheck disable=SC2034 # `guard` uses it, `report` does not.
look_at_wait() {
  endless=no
  { read -r waits <"$session_folder/recovery_tmo"; } 2>/dev/null || return 0
  [ "$waits" != "$OUT_OF_REACH" ] || endless=yes
}

# Sets `recorded_timeout` to what the initiator gives its next session, or to nothing. `spare set` changes it before the lease where
# that becomes longer, and after it where it becomes shorter: the standby never counts on more.
look_at_recorded_timeout() {
  recorded_timeout=
  for record in "$root/etc/iscsi/nodes/$SPARE_IQN"/*/default; do
    [ -r "$record" ] || continue
    while read -r setting _ seconds; do
      [ "$setting" != node.session.timeo.replacement_timeout ] || recorded_timeout=$seconds
    done <"$record"
  done
  case $recorded_timeout in
    *[!0-9]*) recorded_timeout= ;;
  esac
}
