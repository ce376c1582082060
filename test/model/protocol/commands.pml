/* `spare failover` and `spare failback`. Either may be killed between any two steps; then only the records and the host's state are left. */

#define TAKEABLE(v) (OWNER_NOW(v) != PRIMARY || TAKES_PRIMARY)

inline end_command() { step = 0; withLoss = false; heardSinceOff = false; settle_lie() }

inline roll_back() {
  EACH(record_roll_back); fenced = false;
  if :: ANY(OF_FILL) -> host = FAILING_BACK :: else -> host = NORMAL fi;
  end_command()
}

/* It outlasts the lease. */
#define record_off(v) if :: volume[v].owner == PAIR && !LAPSED(v) -> raise(v); volume[v].off = true :: else fi
/* One compare-and-set for each volume. A loss that was accepted is none. */
#define take_over(v) \
  if \
  :: volume[v].owner != STANDBY -> \
     if \
     :: lied || volume[v].excused || (withLoss && OWNER_NOW(v) == PRIMARY) -> \
        volume[v].leftBehind = volume[v].standbyStale; volume[v].standbyStale = false \
     :: else \
     fi; \
     volume[v].takenFrom = volume[v].owner; record_owner(v, STANDBY) \
  :: else \
  fi
#define mark_written(v) volume[v].written = true
#define bring_into_service(v) use_standby_leg(v); assert(!volume[v].mixed); volume[v].localStale = true; volume[v].leftBehind = false; volume[v].excused = false

inline serve_on_standby() { EACH(bring_into_service); standbyServes = true; host = TAKEN_OVER; end_command() }

/* In the calm a person follows the hints: a failover of a dead primary, with loss where the proof is missing. */
#define WANTS_FAILOVER (host != TAKEN_OVER && (!calm || (calm == 2 && !ANY(IS_MIXED)) || (calm == 1 && host == FAILING_OVER && EVERY(OF_STANDBY))))

active proctype failover() {
  do
  :: d_step { standbyUp && step == 0 && !standbyServes && WANTS_FAILOVER && EVERY(OF_STANDBY) -> host = FAILING_OVER; step = 5 }
  :: d_step { standbyUp && step == 0 && !standbyServes && WANTS_FAILOVER && !EVERY(OF_STANDBY) && EVERY(TAKEABLE) -> host = FAILING_OVER; step = 1 }
  :: d_step { standbyUp && step == 0 && !standbyServes && WANTS_FAILOVER && !EVERY(TAKEABLE) && (OVERRIDES || calm) ->
       host = FAILING_OVER; step = 1; withLoss = true }
  /* The fence command: it works; it lies, or --confirmed-off is wrong; it fails. */
  :: d_step { standbyUp && step == 1 -> primaryUp = false; stop_array(); EACH(record_off); step = 2 }
  :: d_step { standbyUp && step == 1 && !calm && primaryUp && OVERRIDES -> lied = true; EACH(record_off); step = 2 }
  :: d_step { standbyUp && step == 1 && !calm -> roll_back() }
  :: d_step { standbyUp && step == 2 -> FENCES_LUN; step = 3 }
  :: d_step { standbyUp && step == 3 && EVERY(OF_STANDBY) -> step = 5; settle_lie() }
  :: d_step { standbyUp && step == 3 && !EVERY(OF_STANDBY) ->
       if :: (EVERY(TAKEABLE) || withLoss) && !(heardSinceOff && HEARD_COUNTS) -> step = 4 :: else -> roll_back() fi }
  :: atomic { standbyUp && step == 4 ->
       assert(!heardSinceOff);
       if
       :: d_step { volume[0].owner != STANDBY -> take_over(0) }
#if VOLUMES == 2
       :: d_step { volume[1].owner != STANDBY -> take_over(1) }
#endif
       fi }
  :: d_step { standbyUp && step == 5 -> if :: ANY(NOT_FOR_TAKING) && !ANY(IS_WRITTEN) -> roll_back() :: else -> step = 6 fi }
  :: d_step { standbyUp && step == 6 -> EACH(mark_written); step = 7 }
  :: d_step { standbyUp && step == 7 -> serve_on_standby() }
  /* spare failover --abort */
  :: d_step { standbyUp && step == 0 && host == FAILING_OVER && !ANY(IS_WRITTEN) && ABORTS && calm != 2 -> roll_back() }
  /* spare restore, and the watch */
  :: d_step { standbyUp && step == 0 && !standbyServes && host == TAKEN_OVER -> serve_on_standby() }
  od
}

#define go_home(v) \
  if \
  :: volume[v].owner == STANDBY -> \
     questionSinceHome = false; volume[v].written = false; volume[v].takenFrom = PAIR; volume[v].leftBehind = false; \
     record_owner(v, FILL) \
  :: else \
  fi

#ifndef NO_FAILBACK
active proctype failback() {
  do
  :: d_step { REACHABLE && step == 0 && (host == FAILING_BACK || (host == TAKEN_OVER && standbyServes && !calm)) ->
       host = FAILING_BACK;
       if
       :: !ANY(OF_STANDBY) && !fenced && passive != PASSIVE -> host = NORMAL
       :: else -> step = 11
       fi }
  :: d_step { REACHABLE && step == 11 && ANY(OF_STANDBY) -> passive = PASSIVE; stop_array(); step = 12 }
  :: d_step { REACHABLE && step == 11 && !ANY(OF_STANDBY) -> passive = PASSIVE; if :: fenced -> stop_array() :: else fi; step = 14 }
  :: d_step { standbyUp && step == 12 -> standbyServes = false; step = 13 }
  :: atomic { standbyUp && step == 13 ->
       if
       :: d_step { volume[0].owner == STANDBY -> go_home(0) }
#if VOLUMES == 2
       :: d_step { volume[1].owner == STANDBY -> go_home(1) }
#endif
       :: d_step { !ANY(OF_STANDBY) -> step = 14 }
       fi }
  :: d_step { standbyUp && step == 14 -> fenced = false; step = 15 }
  :: d_step { REACHABLE && step == 15 -> fillMarker = true; step = 16 }
  :: d_step { REACHABLE && step == 16 && arrayUp -> step = 19 }
  :: d_step { REACHABLE && step == 16 && !arrayUp -> log_in(); timer = setting; step = 17 }
  :: d_step { REACHABLE && step == 17 && session -> timer = TIMER_IN_FILL; step = 18 }
  :: d_step { step == 18 && FLOWS -> EACH(assemble_home); arrayUp = true; step = 19 }
  :: d_step { REACHABLE && step == 19 && arrayUp -> EACH(use_legs); passive = NOT_PASSIVE; serving = true; host = NORMAL; end_command() }
  /* A step has failed. */
  :: d_step { standbyUp && ((step == 17 || step == 18) && !session || step == 19 && !arrayUp || step >= 11 && !primaryUp) -> end_command() }
  /* Undone: the standby serves again. */
  :: d_step { standbyUp && step == 0 && host == FAILING_BACK && EVERY(OF_STANDBY) && calm != 1 && calm != 3 -> serve_on_standby() }
  od
}
#endif
