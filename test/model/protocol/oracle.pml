/* What must never be, and the ways in which an administrator's word relaxes it. */

#ifndef CALM
#define CALM 0
#endif

#define use_local_leg(v) assert(!volume[v].localStale || lied)
#define use_standby_leg(v) assert(!volume[v].standbyStale || volume[v].excused)
/* The primary serves from what is in its arrays. */
#define use_legs(v) \
  if :: volume[v].localIn -> use_local_leg(v) :: else fi; if :: volume[v].standbyIn -> use_standby_leg(v) :: else fi
/* It becomes the truth, with what an administrator has left out of it by hand. */
#define accept_standby_leg(v) \
  if \
  :: volume[v].excused -> volume[v].localStale = true; volume[v].standbyStale = false; volume[v].excused = false \
  :: else \
  fi

/* The record and the target say `protected`, and a leg lacks something acknowledged. */
#define FALSE_GREEN(v) \
  (volume[v].owner == PAIR && targetSession && silence == 0 && !fenced && \
   (volume[v].localStale || (volume[v].standbyStale && !volume[v].excused)))
#define TWO_SERVE (standbyServes && serving && !lied)

/* Never true: they name what is asserted. */
bool noFalseGreen;
bool oneMachineServes;

active proctype observer() {
  do
  :: d_step { ANY(FALSE_GREEN) -> assert(noFalseGreen) }
  :: d_step { TWO_SERVE -> assert(oneMachineServes) }
  od
}

#if CALM
/* When the faults have stopped and nothing more happens, a machine serves; with both of them, a pair or the takeover is whole. */
#define ALONE(v) (volume[v].localIn && !volume[v].standbyIn)
#define ON_STANDBY_ONLY(v) (volume[v].owner == STANDBY || volume[v].owner == FILL)
active proctype way_out() {
  atomic { timeout ->
    assert(calm != 1 || (serving && EVERY(OF_PAIR)) || (standbyServes && host == TAKEN_OVER));
    /* Not survived: the primary is lost while its standby leg is being resynced. */
    assert(calm != 2 || standbyServes || ANY(IS_MIXED));
    /* Not survived: the standby is lost while it has the only complete leg, or before the primary heard that it has not. */
    assert(calm != 3 || (serving && EVERY(ALONE)) || ANY(ON_STANDBY_ONLY) || fillMarker) }
}
#endif
