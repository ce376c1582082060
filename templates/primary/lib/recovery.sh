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
