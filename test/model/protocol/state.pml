/* What exists: on disks, in memory, on the wire. Everything is a flag or a small number, so that faults need no limit. */

mtype = { PAIR, PRIMARY, STANDBY, FILL };          /* the owners of a record */
mtype = { NORMAL, FAILING_OVER, TAKEN_OVER, FAILING_BACK };  /* the states of a host, as far as commands depend on them */
mtype = { NOT_PASSIVE, REPLACED, PASSIVE };        /* the primary's passive file: none, the guard's own, or the failback's */

/* The initiator's timer, and the lease: how long a silence they wait for. `silence` counts to 2. */
#define SHORT 0
#define LONG 1
#define NEVER 2

typedef Volume {
  /* The ownership record, durable on the standby. There is no epoch here: all that compares epochs asks whether the record has changed
     since, so each thing that carries an epoch has a flag instead, and `raise` clears the flags. */
  mtype owner = PAIR;
  mtype takenFrom = PAIR;
  bool written;
  bool off;                                        /* the primary was proven to be off within the lease, and has not been heard since */
  /* MD on the primary. */
  bool localIn = true;
  bool standbyIn = true;
  /* In the superblock of the standby leg: it is being resynced, so MD does not assemble it. */
  bool mixed;
  /* The oracle: this leg lacks something acknowledged. */
  bool localStale;
  bool standbyStale;
  /* The oracle: an administrator has failed the leg by hand, and no report has told it yet. */
  bool excused;
  /* The oracle: what a takeover has knowingly left behind. It is missed again if the takeover is rolled back. */
  bool leftBehind;
  /* What the guard was told by its last login. */
  mtype told = STANDBY;
  /* The epoch of a question and of an answer is that of the record. */
  bool questionCurrent;
  bool answerCurrent;
  bool answerInSync;
  bool answerDropped;
  /* In the watch's memory: an answer with the record's epoch has proven this. */
  bool provenPair;
}
Volume volume[VOLUMES];

/* The primary. */
bool primaryUp = true;
bool arrayUp = true;
bool serving = true;
bool session = true;                               /* as the initiator sees it */
byte timer = SHORT;
bool loggedIn = false;                             /* the guard has logged in at its boot, and been told; it has not assembled yet */
mtype passive = NOT_PASSIVE;
bool fillMarker;

/* The standby. */
bool standbyUp = true;
bool targetSession = true;                         /* as the target sees it */
bool fenced;
byte silence;                                      /* how long the target has not heard the session, by its own clock */
byte lease = SHORT;                                /* what the standby counts with */
byte setting = SHORT;                              /* what the administrator has set; also the initiator's own setting */
bool standbyServes;
mtype host = NORMAL;

/* The network. */
bool net = true;
bool question;
bool questionSettled;                              /* no volume was in `fill` or on the standby when it was asked */
bool questionSinceHome = true;                     /* its epochs are greater than that in the primary's fill marker */
byte questionLease = SHORT;
bool answer;
byte answerTimer = SHORT;
byte answerLease = SHORT;

/* The command that holds the host's lock. */
byte step;                                         /* 0: none. 1 to 7: a failover; 11 to 19: a failback */
bool withLoss;                                     /* --allow-data-loss */
bool heardSinceOff;

/* The oracle: "the machine is off" was wrong, and it still matters. */
bool lied;
byte calm;                                         /* 1: no more faults. 2: and the primary is gone for good. 3: the standby is */

#ifdef NO_OVERRIDES
#define OVERRIDES false
#else
#define OVERRIDES true
#endif

#define FLOWS (primaryUp && standbyUp && net && session && targetSession)
#define REACHABLE (primaryUp && standbyUp && net)
#define OWNER_NOW(v) (volume[v].owner == PAIR && LAPSED(v) -> PRIMARY : volume[v].owner)

#if VOLUMES == 1
#define EVERY(P) (P(0))
#define ANY(P) (P(0))
#define EACH(S) S(0)
#else
#define EVERY(P) (P(0) && P(1))
#define ANY(P) (P(0) || P(1))
#define EACH(S) S(0); S(1)
#endif

#define OF_STANDBY(v) (volume[v].owner == STANDBY)
#define OF_FILL(v) (volume[v].owner == FILL)
#define OF_PAIR(v) (volume[v].owner == PAIR)
#define SETTLED(v) (volume[v].owner == PAIR || volume[v].owner == PRIMARY)
#define IS_WRITTEN(v) (volume[v].written)
#define IS_OFF(v) (volume[v].off)
#define IS_MIXED(v) (volume[v].mixed)

/* A new epoch. What carries the old one proves nothing any more. */
#define raise(v) \
  volume[v].questionCurrent = false; volume[v].answerCurrent = false; volume[v].provenPair = false; volume[v].off = false; \
  if :: step == 4 -> step = 3 :: else fi
