export type EventLevel = 'info' | 'warning' | 'error';

interface EventRow {
  /** Which part of spare raises it. */
  by: 'watch' | 'target' | 'operation' | 'lab';
  level: EventLevel;
  /** What it means, as a sentence without a final period. An event may say it more exactly. */
  sentence: string;
  /** Whether the watch writes it into the host's journal. Operations always write theirs. */
  kept?: true;
}

/** The vocabulary: every event that spare raises. Names are stable. docs/json.md has it as a table. */
export const EVENTS = {
  'watch-started': { by: 'watch', level: 'info', sentence: 'The watch has started' },
  'watch-stopped': { by: 'watch', level: 'info', sentence: 'The watch has stopped: no automatic failover' },
  'host-added': { by: 'watch', level: 'info', sentence: 'The watch monitors this host now' },
  'host-removed': {
    by: 'watch',
    level: 'info',
    sentence: 'The watch no longer monitors this host, or its settings changed',
  },
  'host-unwatched': { by: 'watch', level: 'error', sentence: 'The watch cannot monitor this host' },
  'record-unread': {
    by: 'watch',
    level: 'error',
    sentence: 'Cannot read the state of the host: the watch goes on with what it has in memory',
  },
  'configuration-unread': { by: 'watch', level: 'error', sentence: 'Cannot read the configuration' },
  'prepare-failed': { by: 'watch', level: 'warning', sentence: 'Cannot prepare the standby for a failover' },
  isolation: { by: 'watch', level: 'error', sentence: 'The standby itself is cut off from the network' },
  'isolation-over': { by: 'watch', level: 'info', sentence: 'The standby is connected to the network again' },
  'proven-off': {
    by: 'watch',
    level: 'warning',
    sentence: 'The fence device reports that the machine is off',
    kept: true,
  },
  'ownership-changed': {
    by: 'watch',
    level: 'info',
    sentence: 'The watch changed the ownership record of a volume',
    kept: true,
  },
  'ownership-failed': {
    by: 'watch',
    level: 'error',
    sentence: 'Cannot read or change the ownership record of a volume',
  },
  'snapshot-unwritten': {
    by: 'watch',
    level: 'error',
    sentence: "Cannot write the snapshot of the watch, so 'spare status' does not show what it sees",
  },
  'journal-unwritten': { by: 'watch', level: 'error', sentence: 'Cannot write the journal of the host' },
  'evidence-unwritten': {
    by: 'watch',
    level: 'error',
    sentence: 'Cannot write the evidence about the host: the watch goes on with what it has in memory',
  },
  'state-failed': { by: 'watch', level: 'error', sentence: 'Cannot record the state of the host' },
  'failover-begun': { by: 'watch', level: 'warning', sentence: 'Automatic failover started', kept: true },
  'failover-done': { by: 'watch', level: 'info', sentence: 'Automatic failover done', kept: true },
  'failover-failed': { by: 'watch', level: 'error', sentence: 'Automatic failover failed', kept: true },
  'abort-begun': {
    by: 'watch',
    level: 'warning',
    sentence: 'The rollback of an interrupted failover started',
    kept: true,
  },
  'abort-done': { by: 'watch', level: 'info', sentence: 'The interrupted failover was rolled back', kept: true },
  'abort-failed': { by: 'watch', level: 'error', sentence: 'Cannot roll back the interrupted failover', kept: true },
  'failback-begun': {
    by: 'watch',
    level: 'warning',
    sentence: 'An interrupted failback resumes',
    kept: true,
  },
  'failback-done': { by: 'watch', level: 'info', sentence: 'The interrupted failback is done', kept: true },
  'failback-failed': { by: 'watch', level: 'error', sentence: 'The interrupted failback failed again', kept: true },
  'restore-begun': { by: 'watch', level: 'warning', sentence: 'Restart of the service started', kept: true },
  'restore-done': { by: 'watch', level: 'info', sentence: 'Restart of the service done', kept: true },
  'restore-failed': { by: 'watch', level: 'error', sentence: 'Restart of the service failed', kept: true },
  'remirror-begun': { by: 'watch', level: 'warning', sentence: 'Re-add of the standby leg started', kept: true },
  'remirror-done': { by: 'watch', level: 'info', sentence: 'Re-add of the standby leg done', kept: true },
  'remirror-failed': { by: 'watch', level: 'error', sentence: 'Re-add of the standby leg failed', kept: true },
  'resync-lost-writes-begun': {
    by: 'watch',
    level: 'warning',
    sentence: 'The standby may have lost writes: marking them for resync',
    kept: true,
  },
  'resync-lost-writes-done': {
    by: 'watch',
    level: 'info',
    sentence: 'The ranges with lost writes are marked for resync',
    kept: true,
  },
  'resync-lost-writes-failed': {
    by: 'watch',
    level: 'error',
    sentence: 'Cannot mark the ranges with lost writes for resync',
    kept: true,
  },

  'target-ready': { by: 'target', level: 'info', sentence: 'The target accepts connections' },
  'target-failed': { by: 'target', level: 'error', sentence: 'The target has failed' },
  'store-opened': { by: 'target', level: 'info', sentence: 'The file is open' },
  control: { by: 'target', level: 'info', sentence: 'A control request was carried out' },
  login: { by: 'target', level: 'info', sentence: 'An initiator logged in' },
  'login-refused': { by: 'target', level: 'warning', sentence: 'A login was refused' },
  'session-ended': { by: 'target', level: 'info', sentence: 'A session ended' },
  'connection-dropped': { by: 'target', level: 'warning', sentence: 'A connection was dropped' },
  'not-served': { by: 'target', level: 'error', sentence: 'Cannot open the standby leg: its LUN is not served' },
  unclean: {
    by: 'target',
    level: 'warning',
    sentence: 'The standby leg may have lost writes: its LUN is not served before they are marked for resync',
  },
  'ownership-not-recorded': {
    by: 'target',
    level: 'error',
    sentence: 'Cannot read or write the ownership record: the initiator is not answered',
  },
  'leg-failed': { by: 'target', level: 'error', sentence: 'The disk failed to write the standby leg' },
  'note-not-changed': {
    by: 'target',
    level: 'error',
    sentence: 'Cannot change the note of a failed standby leg',
  },
  'process-ended': { by: 'target', level: 'warning', sentence: 'The target process of the host ended; it restarts' },

  // Written into the journal by whoever enters the state; the watch logs its own as well.
  state: { by: 'operation', level: 'info', sentence: 'The host entered another state' },
  'operation-begun': { by: 'operation', level: 'info', sentence: 'The operation started' },
  'step-begun': { by: 'operation', level: 'info', sentence: 'A step started' },
  'step-done': { by: 'operation', level: 'info', sentence: 'A step is done' },
  'step-skipped': { by: 'operation', level: 'info', sentence: 'A step was done already' },
  'step-failed': { by: 'operation', level: 'error', sentence: 'A step failed' },
  'step-undone': { by: 'operation', level: 'info', sentence: 'A step was rolled back' },
  'undo-failed': { by: 'operation', level: 'error', sentence: 'A step could not be rolled back' },
  'operation-ended': { by: 'operation', level: 'info', sentence: 'The operation ended' },

  // What the lab does to a machine from outside: read beside the journals of the machines.
  'machine-on': { by: 'lab', level: 'info', sentence: 'Powered on' },
  'machine-answers': { by: 'lab', level: 'info', sentence: 'Answers over SSH' },
  'machine-killed': { by: 'lab', level: 'info', sentence: 'Power cut' },
  'machine-frozen': { by: 'lab', level: 'info', sentence: 'Frozen' },
  'machine-thawed': { by: 'lab', level: 'info', sentence: 'Thawed' },
  'link-cut': { by: 'lab', level: 'info', sentence: 'Network cable pulled' },
  'link-silenced': { by: 'lab', level: 'info', sentence: 'All its packets are dropped' },
  'link-muted': { by: 'lab', level: 'info', sentence: 'Its packets to one machine are dropped' },
  'link-healed': { by: 'lab', level: 'info', sentence: 'Connected to all machines' },
} as const satisfies Record<string, EventRow>;

export type EventName = keyof typeof EVENTS;

/** Whether the watch writes this event into the host's journal. */
export function isKept(event: EventName): boolean {
  return 'kept' in EVENTS[event];
}
