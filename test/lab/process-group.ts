import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const DIE_TIMEOUT_MS = 10_000;
const POLL_MS = 10;

/** Every process of the group that still has anything, its locks on files included: those that only wait to be reaped have not. */
export function processesOfGroup(leader: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isAliveIn(leader, pid));
}

/** SIGKILL to all of them in one system call; returns when none is left. */
export async function killGroup(leader: number): Promise<void> {
  process.kill(-leader, 'SIGKILL');
  const deadline = Date.now() + DIE_TIMEOUT_MS;
  for (let left = processesOfGroup(leader); left.length > 0; left = processesOfGroup(leader)) {
    if (Date.now() > deadline) throw new Error(`Cannot kill process ${left.join(', ')}: it is still there`);
    await sleep(POLL_MS);
  }
}

/** proc(5): `<pid> (<name>) <state> <parent> <group> …`, where the name may contain anything. */
function isAliveIn(leader: number, pid: number): boolean {
  try {
    const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(group) === leader && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
