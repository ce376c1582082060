import { readFileSync, writeFileSync } from 'node:fs';

/** `proc_pid_oom_score_adj(5)`: what the kernel's choice of a process to kill is shifted by when memory runs out, in thousandths of it. */
export const KILL_PREFERENCE = '/proc/self/oom_score_adj';
/** Above that of the daemon and of the watch (templates/systemd), below that of what has set none: who has taken half of the memory goes first. */
const OF_A_HOST = -500;

/**
 * When memory runs out, a host's process is to be killed before the daemon, which starts it again: its writes are in the kernel's hands. It has
 * inherited the daemon's value, and may raise it without any capability.
 */
export function giveWay(path = KILL_PREFERENCE): void {
  try {
    if (Number(readFileSync(path, 'utf8')) < OF_A_HOST) writeFileSync(path, String(OF_A_HOST));
  } catch {
    // Where /proc is closed the host is served all the same.
  }
}
