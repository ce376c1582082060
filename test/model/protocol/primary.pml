/* The primary: its kernel (MD and the initiator), the guard, and the report program. */

#define TIMER_HAS_FIRED (timer != NEVER && (silence > timer || !standbyUp))
/* The service writes, and the standby leg does not get it. */
#define acknowledge_alone(v) \
  if \
  :: volume[v].owner == STANDBY && lied -> volume[v].leftBehind = true \
  :: else -> volume[v].standbyStale = true; volume[v].excused = volume[v].excused || volume[v].off \
  fi

proctype kernel(byte v) {
  do
  /* The session has been down for as long as the initiator waits: writes to the standby leg fail, and MD drops it. */
  :: d_step { arrayUp && volume[v].localIn && volume[v].standbyIn && !session && TIMER_HAS_FIRED -> volume[v].standbyIn = false }
  :: d_step { arrayUp && serving && volume[v].localIn && !volume[v].standbyIn && !volume[v].standbyStale && !calm ->
       acknowledge_alone(v) }
  /* In fill: the local leg has been resynced. */
  :: d_step { arrayUp && !volume[v].localIn && volume[v].standbyIn && FLOWS -> volume[v].localIn = true; volume[v].localStale = volume[v].standbyStale }
  /* The leg that was re-added has been resynced. */
  :: d_step { arrayUp && volume[v].localIn && !volume[v].standbyIn && volume[v].mixed && FLOWS ->
       volume[v].standbyIn = true; volume[v].mixed = false; volume[v].standbyStale = volume[v].localStale; volume[v].excused = false }
  od
}

/* It shows that the machine is alive, and says nothing of the session: the lease goes on. */
inline hear_refused_login() {
  EACH(is_heard); if :: step == 2 || step == 3 -> heardSinceOff = true :: else fi;
  AFTER_A_REFUSAL
}

/* iscsid: logs in again without being asked, in the same session of the kernel. */
active proctype initiator() {
  do
  :: d_step { arrayUp && !session && REACHABLE && !fenced -> log_in() }
  :: d_step { primaryUp && !session && REACHABLE && fenced && REFUSAL_MATTERS -> hear_refused_login() }
  od
}

#define forget_told(v) volume[v].told = STANDBY
#define TOLD_PAIR(v) (volume[v].told == PAIR)
#define NOT_TOLD_FILL(v) (volume[v].told != FILL)


/* A login of the guard: it makes a new session, and reads who owns each volume. */
#define hear_owner(v) volume[v].told = volume[v].owner
inline ask_owner() { log_in(); timer = setting; loggedIn = true; EACH(hear_owner) }

#define TOLD_STANDBY(v) (volume[v].told == STANDBY)
#define TOLD_FILL(v) (volume[v].told == FILL)
#define LEFT_OUT(v) (volume[v].told == PAIR && !volume[v].standbyIn)

/* By what the record says, never by what MD finds. In a pair either leg may be the newer one in what was never acknowledged. */
#define assemble(v) \
  if \
  :: volume[v].told == PAIR -> volume[v].localIn = true; volume[v].standbyIn = !volume[v].excused \
  :: volume[v].told == PRIMARY -> volume[v].localIn = true; volume[v].standbyIn = false \
  :: volume[v].told == FILL -> accept_standby_leg(v); volume[v].localIn = false; volume[v].standbyIn = true \
  fi
#define alone_legs(v) volume[v].localIn = true; volume[v].standbyIn = false
#define leave_out(v) if :: volume[v].told == PAIR -> alone_legs(v) :: else -> assemble(v) fi

active proctype guard() {
  do
  /* Boot, or not serving: ask. */
  :: d_step { primaryUp && !arrayUp && !loggedIn && REACHABLE && !fenced && !HELD_PASSIVE ->
       ask_owner();
       if
       :: ANY(TOLD_STANDBY) -> session = false; loggedIn = false; EACH(forget_told)
       :: else ->
          passive = NOT_PASSIVE;
          if :: ANY(TOLD_FILL) -> fillMarker = true :: EVERY(ENDS_FILL) -> fillMarker = false :: else fi
       fi }
  /* Fenced: replaced. */
  :: d_step { REACHABLE && fenced && !session && passive == NOT_PASSIVE -> passive = REPLACED }
  :: d_step { passive == REPLACED && arrayUp -> stop_array() }
  /* Assemble. A leg that MD can't read is left out. */
  :: atomic { loggedIn && !arrayUp && session && passive == NOT_PASSIVE && MARKER_ALLOWS && (FLOWS || !calm && EVERY(NOT_TOLD_FILL)) ->
       if
       :: d_step { FLOWS -> EACH(assemble) }
       :: d_step { !calm && EVERY(NOT_TOLD_FILL) -> EACH(leave_out) }
       fi;
       d_step { arrayUp = true; if :: ANY(TOLD_FILL) -> timer = TIMER_IN_FILL :: else fi } }
  /* The session went before: ask again. */
  :: d_step { primaryUp && loggedIn && !arrayUp && !session -> loggedIn = false; EACH(forget_told); settle_lie() }
  /* Serve, after a look at what MD made of it. */
  :: d_step { primaryUp && arrayUp && !serving && loggedIn && passive == NOT_PASSIVE ->
       if
       :: ANY(LEFT_OUT) && LOOKS_AT_THE_ARRAY -> if :: FLOWS -> EACH(record_leg_lost); targetSession = false :: else fi; stop_array()
       :: else -> EACH(use_legs); serving = true; loggedIn = false; EACH(forget_told)
       fi }
  /* Home, and the session went before its timer could be set: the guard logs out when that time has passed. */
  :: d_step { arrayUp && !session && timer == NEVER && !fillMarker && ENDS_THE_WAIT -> timer = setting }
  /* An administrator lets it serve alone, and removes the passive file where the standby will not come back. It waits for as long as the standby counts on the pair. */
  :: d_step { primaryUp && !arrayUp && !loggedIn && (passive == NOT_PASSIVE || passive == REPLACED && calm == 3) && (!net || !standbyUp) && (calm == 0 || calm == 3) &&
       (silence > setting || !standbyUp || ALONE_AT_ONCE) && (!fillMarker || ALONE_IN_FILL) -> if :: ANY(OF_STANDBY) -> lied = true :: else fi;
       EACH(alone_legs); EACH(use_legs); arrayUp = true; serving = true; passive = NOT_PASSIVE }
  od
}

#define QUESTION_COUNTS (questionSettled && (questionSinceHome || LATE_COUNTS))

#define answer_volume(v) \
  volume[v].answerCurrent = volume[v].questionCurrent; \
  volume[v].answerInSync = serving && volume[v].localIn && volume[v].standbyIn && session; \
  volume[v].answerDropped = serving && volume[v].localIn && !volume[v].standbyIn; \
  volume[v].questionCurrent = false

active proctype report() {
  do
  :: d_step { question && REACHABLE && !answer ->
       if :: QUESTION_COUNTS && arrayUp -> fillMarker = false; if :: session -> timer = questionLease :: else fi :: else fi;
       EACH(answer_volume); answerTimer = timer; answerLease = questionLease; answer = true;
       question = false; questionSettled = false; questionSinceHome = false; questionLease = SHORT }
  od
}
