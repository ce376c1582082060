import type { FaultBench } from './fault-bench.ts';
import type { Seen, StrikeNotes } from './observation.ts';

/** A row of the fault matrix. */
export interface Fault {
  readonly name: string;
  /** What is done, to which machines. Goes into the table. */
  readonly title: string;
  /** How alpha must be found in the end. */
  readonly expected: Seen;
  /** Does it, and waits until it has had its effect. What it returns goes into the table beside what is seen. */
  strike(bench: FaultBench): Promise<StrikeNotes>;
  /** Takes back what the fault has changed beside the machines' power and cables. */
  repair?(bench: FaultBench): Promise<void>;
}
