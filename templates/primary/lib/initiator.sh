# shellcheck shell=sh
# Asks the standby's target: by logging in, and by a discovery, which leaves nothing behind.

# Its exit code is not trusted: 15, "session exists", also means a session that is still retrying or being refused.
# Seen: a slowly refused login counted as success, and two machines served one host for 10 s.
log_in() {
  timeout 30 iscsiadm --mode node --targetname "$SPARE_IQN" --portal "$SPARE_PORTAL" --login
  session_logged_in
}

log_out() {
  timeout 30 iscsiadm --mode node --targetname "$SPARE_IQN" --portal "$SPARE_PORTAL" --logout
}

# The lease runs while a lost request is waited for: the first ones get little time, in case the next one arrives.
patience=2

# Sets `answer` to `accepted`, `replaced` or `unknown`. Status class 2, detail 4 (RFC 7143 §11.13.5, target removed) is sent
# only to an authenticated initiator, and means: replaced.
ask_target() {
  answer=unknown
  if said=$(timeout "$patience" iscsiadm --mode discoverydb --type sendtargets --portal "$SPARE_PORTAL" --discover --op nonpersistent 2>&1); then
    answer=accepted
  fi
  case $said in
    *'(02/04)'*) answer=replaced ;;
  esac
  if [ "$answer" != unknown ]; then
    patience=2
  elif [ "$patience" -lt 10 ]; then
    patience=$((patience + 2))
  fi
}
