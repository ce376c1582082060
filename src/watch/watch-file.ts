import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import type { BootMoment } from '../std/boot-moment.ts';
import { replaceFile } from '../std/durable-file.ts';
import type { PathSnapshot } from './host-monitor.ts';
import type { ProbePath } from './probe-paths.ts';
import type { Verdict } from './verdict.ts';

/** The watch's last failed action for a host. */
export interface WatchFailure {
  /** The action: `failover`, `remirror`, … */
  action: string;
  at: string;
  code: string;
  message: string;
  hint: string;
}

export interface HostSnapshot {
  verdict: Verdict;
  paths: Record<ProbePath, PathSnapshot>;
  /** What the watch is doing for this host right now. */
  running?: string;
  failure?: WatchFailure;
  /** What a takeover would lack on the standby, although the watch has tried to prepare it; absent before the first look. */
  lacks?: readonly string[];
}

/** `/run/spare/watch.json`: the watch's snapshot, rewritten every second. Times are ISO 8601. */
export interface WatchSnapshot {
  version: 1;
  pid: number;
  at: string;
  /** The same by the boot clock. */
  moment: BootMoment;
  /** The standby itself is isolated: nothing is known about any host. */
  isolated: boolean;
  hosts: Record<string, HostSnapshot>;
}

/** The lock of the one watch that may act. Whether it is held tells whether that watch is running. */
export function watchLockPath(): string {
  return join(paths().runtime, 'watch.lock');
}

function watchFilePath(): string {
  return join(paths().runtime, 'watch.json');
}

/** It need not survive a restart. */
export function writeWatchSnapshot(snapshot: WatchSnapshot): void {
  const path = watchFilePath();
  mkdirSync(paths().runtime, { recursive: true, mode: 0o700 });
  replaceFile(path, JSON.stringify(snapshot), 0o600);
}

/** The watch's last snapshot, however old; `undefined` if it has not run since the machine booted. */
export function readWatchSnapshot(): WatchSnapshot | undefined {
  try {
    const snapshot = JSON.parse(readFileSync(watchFilePath(), 'utf8')) as WatchSnapshot;
    return snapshot.version === 1 ? snapshot : undefined;
  } catch {
    return undefined;
  }
}
