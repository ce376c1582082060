import type { FailoverPolicy } from '../config/schema.ts';
import type { HostStateName } from '../hosts/host-record.ts';
import type { MirrorCondition } from '../mirror/condition.ts';
import type { ByteRange } from '../std/byte-range.ts';
import type { NotServed } from '../target/not-served.ts';
import type { ProbePath, Sample } from '../watch/probe-paths.ts';
import type { WatchFailure } from '../watch/watch-file.ts';

/** What is wrong, as a sentence, and the command that leads on, where there is one. */
export interface Problem {
  sentence: string;
  command?: string;
}

export interface CopyStatus {
  /** 0 to 1. */
  fraction: number;
  speed_bytes_s?: number;
  timeLeft_s?: number;
}

/**
 * One host in `spare status --json`. Times are ISO 8601, ages seconds. `null` is what is not known: nothing is green by default.
 */
export interface HostStatus {
  host: string;
  /** `unproven`: recorded as protected, with no fresh proof, as after a restart of the standby. */
  state: HostStateName | 'unproven' | null;
  since: string | null;
  policy: FailoverPolicy;
  paused: { until: string; reason: string } | null;
  /** By the primary's last report, which `reportAge_s` dates. */
  mirror: {
    condition: MirrorCondition | null;
    localLeg: string | null;
    standbyLeg: string | null;
    copy: CopyStatus | null;
    reportAge_s: number | null;
  };
  /** When both legs were last seen in sync. */
  proof: { at: string | null; age_s: number | null; fresh: boolean };
  /** Ranges of the standby leg that may lack their last writes since the standby lost its power; by the target. */
  lost: readonly ByteRange[] | null;
  /** Why its LUN is not served, where it is neither fenced nor has lost writes; by the target, `null` where that does not answer. */
  notServed: NotServed | null;
  /** By the watch's last look; `sample` is `unknown` when the watch does not run. */
  paths: Record<ProbePath, { sample: Sample; misses: number | null; heardAge_s: number | null; detail: string }>;
  /** What the watch is doing for this host. */
  running: string | null;
  failure: WatchFailure | null;
  problems: Problem[];
}
