import { readdirSync, readFileSync } from 'node:fs';
import { monotonic_ms } from '../src/std/clock.ts';

/** Linux shows times of processes in 1/100 s on every architecture (USER_HZ). */
const TICKS_PER_S = 100;

/** One line of `/proc/<pid>/stat`, as far as it is used here. Times in seconds. */
export interface ProcessTimes {
  pid: number;
  parent: number;
  own_s: number;
  /** Of children that have ended and were waited for. */
  endedChildren_s: number;
}

/** proc_pid_stat(5). The command's name stands in parentheses and may hold spaces and parentheses itself. */
export function parseProcessStat(line: string): ProcessTimes {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // The first field here is the third of the manual page.
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(line, 10),
    parent: field(4),
    own_s: (field(14) + field(15)) / TICKS_PER_S,
    endedChildren_s: (field(16) + field(17)) / TICKS_PER_S,
  };
}

/** The first line of `/proc/stat`: seconds that all processors together were at work since the start. proc_stat(5). */
export function parseBusyTime(text: string): number {
  const fields = (text.split('\n', 1)[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softIrq + steal) / TICKS_PER_S;
}

/** A process and all that descend from it, the process first. */
export function processTree(root: number): ProcessTimes[] {
  const children = new Map<number, ProcessTimes[]>();
  let found: ProcessTimes[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const times = readProcessTimes(Number(entry));
    if (times === null) continue;
    if (times.pid === root) found = [times];
    const siblings = children.get(times.parent);
    if (siblings === undefined) children.set(times.parent, [times]);
    else siblings.push(times);
  }
  for (let at = 0; at < found.length; at++) found.push(...(children.get((found[at] as ProcessTimes).pid) ?? []));
  return found;
}

function readProcessTimes(pid: number): ProcessTimes | null {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It ended between the listing and the look.
    return null;
  }
}

/** Where processor time went at one moment. Two of them make a `ProcessorUse`. */
interface ProcessorSnapshot {
  at_ms: number;
  machine_s: number;
  target_s: number;
  bench_s: number;
}

export interface ProcessorUse {
  elapsed_s: number;
  /** The target with all its processes and threads. */
  target_s: number;
  /** This process and the clients that it ran and that have ended. */
  client_s: number;
  /** Everything else on the machine, the kernel's own threads included. */
  others_s: number;
}

export function snapshotProcessors(targetPid: number): ProcessorSnapshot {
  const bench = parseProcessStat(readFileSync('/proc/self/stat', 'utf8'));
  return {
    at_ms: monotonic_ms(),
    machine_s: parseBusyTime(readFileSync('/proc/stat', 'utf8')),
    target_s: processTree(targetPid).reduce((sum, times) => sum + times.own_s + times.endedChildren_s, 0),
    bench_s: bench.own_s + bench.endedChildren_s,
  };
}

export function processorUse(before: ProcessorSnapshot, after: ProcessorSnapshot): ProcessorUse {
  const target_s = after.target_s - before.target_s;
  const client_s = after.bench_s - before.bench_s;
  const machine_s = after.machine_s - before.machine_s;
  return {
    elapsed_s: (after.at_ms - before.at_ms) / 1000,
    target_s,
    client_s,
    others_s: Math.max(0, machine_s - target_s - client_s),
  };
}
