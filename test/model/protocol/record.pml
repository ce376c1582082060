/* How the record changes: the rules of src/ownership/rules.ts, and what the target records before it answers. */

#define record_owner(v, o) volume[v].owner = o; raise(v)

/* A sign of life: the machine is not off. The lease is looked at with that in mind, and before anything that would begin it anew. */
#define is_heard(v) volume[v].off = false
#define record_login(v) \
  VOIDS_THE_OFF(v); \
  if :: volume[v].owner == PAIR && LAPSED(v) -> volume[v].owner = PRIMARY :: else fi; \
  LOGIN_RAISES(v)

inline log_in() {
  LOOKS_AT_THE_LEASE;
  EACH(record_login);
  session = true; targetSession = true; silence = 0
}

#define record_leg_lost(v) \
  if :: volume[v].owner == PAIR -> volume[v].owner = PRIMARY :: else fi; raise(v)

/* As before the takeover; the local leg of a pair has stayed complete. */
#define record_roll_back(v) \
  if \
  :: volume[v].owner == STANDBY -> \
     if \
     :: volume[v].takenFrom == FILL -> volume[v].owner = FILL \
     :: else -> volume[v].owner = PRIMARY \
     fi; \
     volume[v].standbyStale = volume[v].standbyStale || volume[v].leftBehind; volume[v].leftBehind = false; volume[v].takenFrom = PAIR; raise(v) \
  :: else \
  fi

/* A wrong "off" matters while a command believes it, and after a takeover until the machine that it was said of has stopped. */
inline settle_lie() { if :: (step < 2 || step > 4) && (!arrayUp && !loggedIn || !ANY(OF_STANDBY)) -> lied = false :: else fi }

#define stop_volume(v) volume[v].localIn = true; volume[v].standbyIn = true; volume[v].told = STANDBY

/* What is not up has no state of its own: fewer states that differ in nothing. */
inline stop_array() {
  arrayUp = false; serving = false; session = false; loggedIn = false; timer = SHORT;
  EACH(stop_volume); settle_lie()
}
