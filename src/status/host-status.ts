import type { FailoverPolicy } from '../config/schema.ts';
import type { HostStateName } from '../hosts/host-record.ts';
import type { MirrorCondition } from '../mirror/condition.ts';
import type { ByteRange } from '../std/byte-range.ts';
import type { NotServed, OwnershipStatus } from '../target/client/control-protocol.ts';
import type { ProbePath, Sample } from '../watch/probe-paths.ts';
import type { WatchFailure } from '../watch/watch-file.ts';

/** A problem as a sentence, and the command to run next, if there is one. */
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

/** From the primary's last report; `reportAge_s` is its age. */
export interface MirrorStatus {
  condition: MirrorCondition | null;
  localLeg: string | null;
  standbyLeg: string | null;
  copy: CopyStatus | null;
  reportAge_s: number | null;
}

/** When both legs were last confirmed in sync. */
export interface ProofStatus {
  at: string | null;
  age_s: number | null;
  fresh: boolean;
}

export interface VolumeStatus {
  name: string;
  lun: number;
  mountPoint: string;
  size_bytes: number;
  mirror: MirrorStatus;
  proof: ProofStatus;
  /** Lost writes, reported by the target: ranges of the standby leg that may be stale since the standby lost power. */
  lost: readonly ByteRange[] | null;
  /** Why the LUN is not served, if it is neither fenced nor has lost writes. Reported by the target; `null` if that does not answer. */
  notServed: NotServed | null;
  /** The ownership record, reported by the target; `null` if there is none, it cannot be read, or the target does not answer. */
  ownership: OwnershipStatus | null;
}

/**
 * One host in `spare status --json`. Times are ISO 8601, ages seconds. `null` means unknown: nothing is green by default.
 */
export interface HostStatus {
  host: string;
  /** `unproven`: recorded as protected, but not confirmed recently, as after a restart of the standby. */
  state: HostStateName | 'unproven' | null;
  since: string | null;
  policy: FailoverPolicy;
  paused: { until: string; reason: string } | null;
  /** Of the volume whose mirror is in the worst condition. */
  mirror: MirrorStatus;
  volumes: VolumeStatus[];
  /** Of the volume that was not confirmed in sync for longest. */
  proof: ProofStatus;
  /** The watch's last probes; `sample` is `unknown` when the watch is not running. */
  paths: Record<ProbePath, { sample: Sample; misses: number | null; heardAge_s: number | null; detail: string }>;
  /** What the watch is doing for this host. */
  running: string | null;
  failure: WatchFailure | null;
  /** What a takeover would lack on the standby, as sentences. `null` if the watch has not looked, or is not running. */
  lacks: readonly string[] | null;
  problems: Problem[];
}
