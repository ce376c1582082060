import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import type { BootMoment } from '../std/boot-moment.ts';
import { replaceFile } from '../std/durable-file.ts';
import type { PathSnapshot } from './host-monitor.ts';
import type { ProbePath } from './probe-paths.ts';
import type { Verdict } from './verdict.ts';

/** The last thing that the watch tried for a host and could not do. */
export interface WatchFailure {
  /** What was tried: `failover`, `remirror`, … */
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
}

/** `/run/spare/watch.json`: what the watch knows at the moment, rewritten each second. Times are ISO 8601. */
export interface WatchSnapshot {
  version: 1;
  pid: number;
  at: string;
  /** The same by the boot clock. */
  moment: BootMoment;
  /** The standby itself is cut off: nothing can be said of any host. */
  isolated: boolean;
  hosts: Record<string, HostSnapshot>;
}

/** Where the lock of the one watch with authority is, which is what tells whether it runs. */
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

/** What the watch wrote last, however long ago; `undefined` if it has not run since the machine was started. */
export function readWatchSnapshot(): WatchSnapshot | undefined {
  try {
    const snapshot = JSON.parse(readFileSync(watchFilePath(), 'utf8')) as WatchSnapshot;
    return snapshot.version === 1 ? snapshot : undefined;
  } catch {
    return undefined;
  }
}
