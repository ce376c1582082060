import { readConfiguration, readHostConfiguration } from '../config/configuration.ts';
import { readHostRecord } from '../hosts/host-records.ts';
import { unfinishedOperations } from '../hosts/journal.ts';
import { isFileLocked } from '../machine/file-lock.ts';
import type { Clock } from '../std/clock.ts';
import { isHostLocked } from '../steps/host-lock.ts';
import { requestStatus } from '../target/client/control-client.ts';
import { readWatchSnapshot, watchLockPath } from '../watch/watch-file.ts';
import { freeSpace } from './space.ts';
import { type StatusReport, statusReport } from './status-report.ts';

const ANSWER_TIMEOUT_ms = 2000;

/**
 * The status of all hosts, or of one. It works while the daemons are down, and reports that they are.
 * @throws SpareError if this machine is not a standby, or the host is not enrolled.
 */
export async function gatherStatus(clock: Clock, host?: string): Promise<StatusReport> {
  const { standby, hosts: all } = readConfiguration();
  const hosts = host === undefined ? Object.values(all) : [readHostConfiguration(host)];
  const target = await requestStatus({ timeout_ms: ANSWER_TIMEOUT_ms, clock }).catch(() => undefined);
  return statusReport({
    clock,
    standby,
    hosts,
    record: readHostRecord,
    unfinished: (name) => (isHostLocked(name) ? [] : unfinishedOperations(name)),
    watch: readWatchSnapshot(),
    watchLocked: isFileLocked(watchLockPath()),
    target,
    space: freeSpace(standby.poolDirectory),
  });
}
