/* The rules that a mutation takes away. Without any of these names the protocol is as it is built. */

#ifdef LOGIN_KEEPS_THE_EPOCH
#define LOGIN_RAISES(v) skip
#else
#define LOGIN_RAISES(v) raise(v)
#endif

#ifdef REFUSED_LOGIN_PROLONGS_THE_LEASE
#define REFUSAL_MATTERS (silence > 0)
#define AFTER_A_REFUSAL silence = 0
#else
#define AFTER_A_REFUSAL skip
#define REFUSAL_MATTERS (ANY(IS_OFF) || (step == 2 || step == 3) && !heardSinceOff)
#endif

#ifdef REPLACED_STAYS_PASSIVE
#define HELD_PASSIVE (passive != NOT_PASSIVE)
#else
#define HELD_PASSIVE (passive == PASSIVE)
#endif

#ifdef LATE_QUESTION_COUNTS
#define LATE_COUNTS true
#else
#define LATE_COUNTS false
#endif

#ifdef LEASE_NEVER_LAPSES
#define LAPSED(v) false
#else
#define LAPSED(v) (silence > lease && !volume[v].off)
#endif

#ifdef ERROR_IS_ANSWERED_IN_FILL
#define WITHHOLDS false
#else
#define WITHHOLDS true
#endif

#ifdef ERROR_IS_NOT_RECORDED
#define RECORDS_LOSS(v) skip
#elif defined(LOSS_KEEPS_THE_EPOCH)
#define RECORDS_LOSS(v) if :: volume[v].owner == PAIR -> record_leg_lost(v) :: else fi
#else
#define RECORDS_LOSS(v) record_leg_lost(v)
#endif

#ifdef REPORT_OF_ANY_EPOCH
#define IS_CURRENT(v) true
#else
#define IS_CURRENT(v) volume[v].answerCurrent
#endif

#ifdef LOSS_IN_A_REPORT_IS_NOT_RECORDED
#define LOSS_IS_TOLD false
#else
#define LOSS_IS_TOLD true
#endif

#ifdef FILL_STAYS_WHEN_THE_PRIMARY_IS_ALONE
#define OWN_LEG_IS_TOLD false
#else
#define OWN_LEG_IS_TOLD true
#endif

#ifdef TAKES_WITHOUT_PROOF
#define TAKES_PRIMARY true
#else
#define TAKES_PRIMARY false
#endif

#ifdef SYNCING_LEG_IS_TAKEN
#define NOT_FOR_TAKING(v) false
#else
#define NOT_FOR_TAKING(v) volume[v].mixed
#endif

#ifdef NO_ABORT
#define ABORTS false
#else
#define ABORTS true
#endif

#ifdef BOTH_LEGS_AT_FAILBACK
#define assemble_home(v) volume[v].localIn = true; volume[v].standbyIn = true
#else
#define assemble_home(v) accept_standby_leg(v); volume[v].localIn = false; volume[v].standbyIn = true
#endif

#ifdef LEASE_IS_RAISED_FIRST
#define RAISED_TOO_EARLY ; lease = LONG
#else
#define RAISED_TOO_EARLY
#endif

#ifdef HEARD_BEFORE_THE_BOOT_COUNTS
#define SILENCE_AT_BOOT 0
#else
#define SILENCE_AT_BOOT 2
#endif

#ifdef START_ALONE_AT_ONCE
#define ALONE_AT_ONCE true
#else
#define ALONE_AT_ONCE false
#endif

#ifdef START_ALONE_IN_FILL
#define ALONE_IN_FILL true
#else
#define ALONE_IN_FILL false
#endif

#ifdef TIMER_RUNS_IN_FILL
#define TIMER_IN_FILL timer
#else
#define TIMER_IN_FILL NEVER
#endif

#ifdef SERVES_WHAT_MD_MADE
#define LOOKS_AT_THE_ARRAY false
#else
#define LOOKS_AT_THE_ARRAY true
#endif

#ifdef LUN_STAYS_OPEN
#define FENCES_LUN skip
#else
#define FENCES_LUN fenced = true; targetSession = false
#endif

#ifdef LOGIN_BEGINS_THE_LEASE_FIRST
#define LOOKS_AT_THE_LEASE silence = 0
#else
#define LOOKS_AT_THE_LEASE skip
#endif

#ifdef HEARD_AFTER_THE_OFF_IS_IGNORED
#define HEARD_COUNTS false
#else
#define HEARD_COUNTS true
#endif

#ifdef WAIT_NEVER_ENDS
#define ENDS_THE_WAIT false
#else
#define ENDS_THE_WAIT true
#endif

#ifdef LOGIN_COUNTS_AS_OFF
#define VOIDS_THE_OFF(v) skip
#else
#define VOIDS_THE_OFF(v) is_heard(v)
#endif

#ifdef MARKER_BLOCKS_A_WHOLE_LEG
#define ENDS_FILL(v) (volume[v].told == PAIR)
#define MARKER_ALLOWS (!fillMarker || ANY(TOLD_FILL))
#else
#define ENDS_FILL(v) (volume[v].told == PAIR || volume[v].told == PRIMARY)
#define MARKER_ALLOWS true
#endif
