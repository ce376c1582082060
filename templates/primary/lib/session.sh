# shellcheck shell=sh
# The kernel's state of the iSCSI session with the standby's target.

# Sets `session` to its state, such as LOGGED_IN, FAILED or FREE, or to `none` if there is no session, and `session_folder` to its
# folder. Of several sessions, one that is logged in counts. Starts no process.
look_at_session() {
  session=none session_folder=
  for folder in "$root"/sys/class/iscsi_session/session*; do
    { read -r target <"$folder/targetname"; } 2>/dev/null || continue
    # shellcheck disable=SC2153 # use_host sets it.
    [ "$target" = "$SPARE_IQN" ] || continue
    session_folder=$folder
    { read -r session <"$folder/state"; } 2>/dev/null || session=
    [ "$session" != LOGGED_IN ] || return 0
  done
}

session_logged_in() {
  look_at_session
  [ "$session" = LOGGED_IN ]
}
