/**
 * All limits of the iSCSI side. A peer that exceeds one is refused or dropped; nothing may grow without limit with the input
 * of a peer.
 */
export const LIMITS = {
  /** Connections of one process, whatever their state. */
  connections: 256,
  /** Connections that have not finished their login, for each place where they may wait: this stops a port scan or a login storm. */
  connectionsInLogin: 64,
  /** Sessions of one target. One is usual, two while a path or a rebooted initiator overlaps. */
  sessionsPerTarget: 32,
  /** From accepting the connection to full feature phase. */
  login_ms: 15_000,
  /** Login requests of one connection, all stages. CHAP needs four. */
  loginRequests: 32,
  /** Data segment of one PDU during login (RFC 7143 §13.12 gives 8192 as the default). */
  loginDataSegment_bytes: 8_192,
  /** Data segment of one PDU in full feature phase: the target's MaxRecvDataSegmentLength. */
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
  /** Data of one SCSI command. More is refused with sense before any of it is requested. */
  transfer_bytes: 16 * 1024 * 1024,
  /** FirstBurstLength and MaxBurstLength that the target offers. */
  firstBurst_bytes: 262_144,
  maxBurst_bytes: 1024 * 1024,
  /** R2Ts at one time for one command. */
  outstandingR2t: 4,
  /** Data of outstanding commands in one session: while it is used up, no task starts and the socket is not read. */
  sessionData_bytes: 32 * 1024 * 1024,
  /**
   * The same for all sessions together, plus one command for each target: no host can stop another by holding all of it.
   * If each host has its own process, each gets its share, and at least `leastShare_bytes`.
   */
  allData_bytes: 96 * 1024 * 1024,
  leastShare_bytes: 8 * 1024 * 1024,
  /** Input of all connections that waits for the next turn of the event loop; beyond this, it is processed at once. */
  waiting_bytes: 1024 * 1024,
  /** Output queued for a peer that does not read; beyond this, the target stops reading too. Larger than `sessionData_bytes`, which limits all Data-In. */
  backlog_bytes: 40 * 1024 * 1024,
  /** How long task management waits for a task in the store. */
  abort_ms: 10_000,
  /** How long initiators have to log out at an orderly shutdown. */
  askedLogout_ms: 2_000,
  /** How long the end of a session, a logout and a shutdown wait for the peer to receive everything. */
  linger_ms: 2_000,
  /** A session without any input for this long is dropped (if pings are on). */
  silence_ms: 15_000,
} as const;
