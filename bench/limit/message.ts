/**
 * What the limit is measured with: requests and responses of the lengths that iSCSI has, and nothing else.
 *
 *     request   48 bytes: 0 kind, 4..7 length, 8..13 offset; then, for a write, the data
 *     response  48 bytes; then, for a read, the data
 */
export const HEADER_BYTES = 48;
export const KIND = { read: 0, write: 1 } as const;

export interface LimitOptions {
  port: number;
  /** Of the file: offsets are drawn at random below it. */
  size_bytes: number;
  operation_bytes: number;
  depth: number;
  kind: keyof typeof KIND;
  seconds: number;
}

/** The name of the target that keeps nothing. */
export const DROPPING_IQN = 'iqn.2026-01.example.bench:dropping';
