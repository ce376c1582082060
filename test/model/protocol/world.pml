/* Time, the network, power, and people. */

#define forget_proof(v) volume[v].provenPair = false; volume[v].answerCurrent = false; volume[v].answerInSync = false; volume[v].answerDropped = false
#define forget_question(v) volume[v].questionCurrent = false
#define forget_answer(v) volume[v].answerCurrent = false; volume[v].answerInSync = false; volume[v].answerDropped = false
#define fail_by_hand(v) if :: volume[v].standbyIn -> volume[v].standbyIn = false; volume[v].excused = true :: else fi
#define LOCAL_IS_WHOLE(v) (volume[v].localIn)
#define HAS_STANDBY_LEG(v) (arrayUp && volume[v].standbyIn)
#define error_at(v) if :: volume[v].standbyIn -> answer_error(v) :: else fi

inline lose_question() { EACH(forget_question); question = false; questionSettled = false; questionSinceHome = false; questionLease = SHORT }
inline lose_answer() { EACH(forget_answer); answer = false; answerTimer = SHORT; answerLease = SHORT }
inline crash_primary() { primaryUp = false; stop_array() }
inline crash_standby() {
  standbyUp = false; targetSession = false; standbyServes = false; silence = 2;
  EACH(forget_proof); EACH(is_heard); answer = false; answerTimer = SHORT; answerLease = SHORT; end_command()
}



#define POWER_IS_BACK (!calm || host != TAKEN_OVER)

active proctype nature() {
  do
  :: d_step { standbyUp && !FLOWS && silence < 2 -> silence++ }
  :: d_step { FLOWS && (silence > 0 || ANY(IS_OFF)) -> silence = 0; EACH(is_heard) }
  :: d_step { session && !targetSession -> session = false }
  :: d_step { targetSession && !session -> targetSession = false }
  /* PDUs after the off: it was wrong. */
  :: d_step { FLOWS && (step == 2 || step == 3) && !heardSinceOff -> heardSinceOff = true; EACH(is_heard) }
  :: d_step { !net -> net = true }
  :: d_step { !primaryUp && calm != 2 && (step < 1 || step > 7) && POWER_IS_BACK -> primaryUp = true }
  :: d_step { !standbyUp && calm != 3 -> standbyUp = true; silence = SILENCE_AT_BOOT }
  od
}

active proctype faults() {
progress_faults:
  do
  :: d_step { net -> net = false }
  :: d_step { session -> session = false }
  :: d_step { targetSession -> targetSession = false }
  :: d_step { question -> lose_question() }
  :: d_step { answer -> lose_answer() }
  :: d_step { primaryUp -> crash_primary() }
  :: d_step { standbyUp -> crash_standby() }
  :: d_step { step > 0 -> end_command() }
  :: d_step { FLOWS && serving && HAS_STANDBY_LEG(0) -> error_at(0) }
#if VOLUMES == 2
  :: d_step { FLOWS && serving && HAS_STANDBY_LEG(1) -> error_at(1) }
#endif
  :: d_step { OVERRIDES && serving && volume[0].standbyIn && volume[0].localIn -> fail_by_hand(0) }
#ifdef SETTINGS
  :: d_step { REACHABLE && step == 0 && setting == SHORT -> setting = LONG; questionLease = SHORT; answerLease = SHORT RAISED_TOO_EARLY }
  :: d_step { standbyUp && step == 0 && setting == LONG -> setting = SHORT; lease = SHORT; questionLease = SHORT; answerLease = SHORT }
#endif
#if CALM
  :: d_step { calm = 1 } -> break
  :: d_step { calm = 2; crash_primary() } -> break
  :: d_step { calm = 3; crash_standby() } -> break
#endif
  od
}
