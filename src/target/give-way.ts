import { readFileSync, writeFileSync } from 'node:fs';

/** `proc_pid_oom_score_adj(5)`: added to the score by which the kernel chooses a process to kill when memory runs out, in thousandths of the memory. */
export const KILL_PREFERENCE = '/proc/self/oom_score_adj';
/** Above the daemon and the watch (templates/systemd), below processes without a setting: a process that uses half of the memory is killed first. */
const OF_A_HOST = -500;

/**
 * When memory runs out, a host's process must be killed before the daemon, which restarts it: the kernel already has its writes. The
 * process inherits the daemon's value, and may raise it without any capability.
 */
export function giveWay(path = KILL_PREFERENCE): void {
  try {
    if (Number(readFileSync(path, 'utf8')) < OF_A_HOST) writeFileSync(path, String(OF_A_HOST));
  } catch {
    // Without access to /proc the host is served anyway.
  }
}
