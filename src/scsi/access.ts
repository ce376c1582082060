/**
 * How a reservation of another nexus affects a command (SPC-4 §5.13.1 and table 45, SBC-3 §4.17):
 * `always` allowed; `ready`: stopped by RESERVE(6) only; `read` and `write` the medium; `control` changes or reads the unit's own
 * state; the others decide for themselves.
 */
export type Access = 'always' | 'ready' | 'read' | 'write' | 'control' | 'persistent' | 'reserve' | 'release';

/** The access of a command, if it depends on the CDB. */
export type CommandAccess = Access | ((cdb: Buffer) => Access);
