import type { TargetAddress } from '../targets/target.ts';

/** What one run of a client saw. */
export interface Measurement {
  operations_per_s: number;
  bytes_per_s: number;
  /** All that was moved. */
  bytes: number;
  /** From our own load generator: what an operation costs it, in µs of a processor, logins not counted. */
  clientCpu_us?: number;
  /** From clients that take the time of each operation. */
  latency?: Latency;
  /** Sessions that ended and operations that did not, where the client counts them. */
  errors?: number;
}

export interface Latency {
  p50_us: number;
  p99_us: number;
  /** The p99 of the session whose p99 is the highest. */
  slowestSessionP99_us: number;
}

/** Loads LUN 1 of a target for about `seconds`, in a process of its own that has ended when the promise resolves. */
export type Client = (target: TargetAddress, seconds: number) => Promise<Measurement>;

/** Beyond the wanted duration: to log in, to finish what is in flight and to log out. A hung client is killed then. */
export const CLIENT_GRACE_S = 30;
