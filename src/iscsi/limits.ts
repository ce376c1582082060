/**
 * Every bound of the iSCSI side, in one place. A peer that goes past one is refused or dropped;
 * nothing here may grow with what a peer sends.
 */
export const LIMITS = {
  /** Connections of one process, whatever their state. */
  connections: 256,
  /** Connections that have not finished their login, in each place where they may wait: a port scan or a login storm gets no further. */
  connectionsInLogin: 64,
  /** Sessions of one target. One is usual, two while a path or a rebooted initiator overlaps. */
  sessionsPerTarget: 32,
  /** From accepting the connection to full feature phase. */
  login_ms: 15_000,
  /** Login requests of one connection, all stages. CHAP needs four. */
  loginRequests: 32,
  /** Data segment of one PDU during login (RFC 7143 §13.12 gives 8192 as the default). */
  loginDataSegment_bytes: 8_192,
  /** Data segment of one PDU in full feature phase: our MaxRecvDataSegmentLength. */
  dataSegment_bytes: 262_144,
  /** Text of one negotiation, put together from requests with the C bit. */
  text_bytes: 16_384,
  /** Keys in one text. Names of keys: RFC 7143 §6.1, 63 bytes. */
  textKeys: 64,
  keyName_bytes: 63,
  /** Values other than large binary ones: RFC 7143 §6.1. */
  value_bytes: 255,
  /** Large binary values (CHAP_C, CHAP_R) decoded: RFC 7143 §12.1.3. */
  binaryValue_bytes: 1_024,
  /** Commands of one session between their arrival and their response: the window of CmdSN. */
  commands: 128,
  /** Immediate commands at one time, beyond the window (RFC 7143 §4.2.2.1). */
  immediateCommands: 16,
  /** Data of one SCSI command. More is refused with sense, before any of it is asked for. */
  transfer_bytes: 16 * 1024 * 1024,
  /** FirstBurstLength and MaxBurstLength that we offer. */
  firstBurst_bytes: 262_144,
  maxBurst_bytes: 1024 * 1024,
  /** R2Ts at one time for one command. */
  outstandingR2t: 4,
  /** Data of commands under way in one session: while it is used up no task is started and the socket is not read. */
  sessionData_bytes: 32 * 1024 * 1024,
  /**
   * The same for all sessions together, and one command more for each target: no host can stop another one by holding all of it.
   * Where each host has a process of its own, each has its part of it, and at least `leastShare_bytes`.
   */
  allData_bytes: 96 * 1024 * 1024,
  leastShare_bytes: 8 * 1024 * 1024,
  /** What all connections together have sent that waits for the next turn of the event loop: beyond it, it is worked on at once. */
  waiting_bytes: 1024 * 1024,
  /** What one connection has queued for a peer that does not read: beyond it, we don't read either. Over `sessionData_bytes`, which bounds all Data-In. */
  backlog_bytes: 40 * 1024 * 1024,
  /** Task management waits so long for a task that is in the store's hands. */
  abort_ms: 10_000,
  /** At an orderly end initiators have so long to log out, once they were asked to. */
  askedLogout_ms: 2_000,
  /** Ending a session, a logout and a shutdown wait so long for the peer to take what was sent. */
  linger_ms: 2_000,
  /** A session from which nothing arrives for so long is dropped (when pings are on). */
  silence_ms: 15_000,
} as const;
