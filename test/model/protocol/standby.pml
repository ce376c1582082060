/* The standby's daemons: the target of the host, and the watch. */

#define LEASE_IS_OVER(v) (volume[v].owner == PAIR && LAPSED(v))
#define record_lease(v) if :: volume[v].owner == PAIR && LAPSED(v) -> record_owner(v, PRIMARY) :: else fi

active proctype target() {
  do
  :: d_step { standbyUp && ANY(LEASE_IS_OVER) -> EACH(record_lease) }
  od
}


/* What makes MD drop a leg at once: an error status to a write, a Logout. Recorded first; in fill it is withheld instead. */
#define answer_error(v) \
  if \
  :: volume[v].owner == FILL && WITHHOLDS -> targetSession = false \
  :: else -> RECORDS_LOSS(v); \
     if :: volume[v].localIn -> volume[v].standbyIn = false :: else -> stop_array() fi \
  fi

#define ask_volume(v) volume[v].questionCurrent = true
#define WHOLE_BUT_UNPROVEN(v) \
  ((volume[v].owner == PRIMARY || volume[v].owner == FILL) && volume[v].localIn && volume[v].standbyIn && !volume[v].provenPair)
#define UNTOLD_LOSS(v) ((volume[v].owner == PAIR || volume[v].owner == FILL) && volume[v].localIn && !volume[v].standbyIn)
#define PROGRAM_IS_BEHIND (EVERY(SETTLED) && (fillMarker || timer != setting || lease != setting))
/* Without faults a question is asked only when its answer changes something, so that a run comes to its end. */
#define WORTH_ASKING (!calm || (FLOWS && serving && silence == 0 && (ANY(WHOLE_BUT_UNPROVEN) || ANY(UNTOLD_LOSS) || PROGRAM_IS_BEHIND)))


#define read_volume(v) \
  volume[v].provenPair = IS_CURRENT(v) && volume[v].answerInSync && targetSession && silence == 0 && !fenced && answerTimer >= lease && \
    (volume[v].owner == PRIMARY || volume[v].owner == FILL); \
  if \
  :: volume[v].answerCurrent && volume[v].answerDropped && volume[v].owner != STANDBY -> \
     volume[v].excused = false; \
     if \
     :: volume[v].owner == PAIR && LOSS_IS_TOLD -> record_leg_lost(v) \
     :: volume[v].owner == FILL && OWN_LEG_IS_TOLD -> record_owner(v, PRIMARY) \
     :: else \
     fi \
  :: else \
  fi; \
  volume[v].answerCurrent = false; volume[v].answerInSync = false; volume[v].answerDropped = false

#define record_pair(v) \
  if :: volume[v].provenPair && (volume[v].owner == PRIMARY || volume[v].owner == FILL) -> record_owner(v, PAIR) :: else fi
#define IS_PROVEN(v) (volume[v].provenPair)
#define NEEDS_RE_ADD(v) (volume[v].localIn && !volume[v].standbyIn && !volume[v].mixed && volume[v].owner == PRIMARY)
#define re_add(v) if :: NEEDS_RE_ADD(v) -> volume[v].mixed = true; volume[v].standbyStale = true :: else fi

active proctype watch() {
  do
  :: d_step { standbyUp && !question && !answer && WORTH_ASKING ->
       EACH(ask_volume); question = true; questionSinceHome = true; questionLease = setting;
       questionSettled = EVERY(SETTLED) }
  :: d_step { standbyUp && answer ->
       EACH(read_volume);
       if :: answerLease == LONG && answerTimer >= LONG && setting == LONG -> lease = LONG :: else fi;
       answer = false; answerTimer = SHORT; answerLease = SHORT }
  /* The look and the record are two things: what was proven may have ended in between. */
  :: d_step { standbyUp && ANY(IS_PROVEN) -> EACH(record_pair) }
  :: d_step { FLOWS && serving && ANY(NEEDS_RE_ADD) -> EACH(re_add) }
  od
}
