import { readFileSync } from 'node:fs';
import { MACHINE_NAMES, type MachineName } from '../settings.ts';

/**
 * The processor of this computer that a machine with one processor is bound to. The standby, which everybody waits for, has one for itself; the
 * others share the rest. Labs that run side by side begin at different ones.
 */
export function processorOf(machine: MachineName, lab: string, processors = usableProcessors()): number {
  const seat = MACHINE_NAMES.indexOf(machine);
  const others = Math.max(processors.length - 1, 1);
  const place = seat === 0 ? 0 : 1 + ((seat - 1) % others);
  const begin = [...lab].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return processors[(begin + place) % processors.length] ?? 0;
}

/** Those that this process may run on: proc(5), `Cpus_allowed_list`, such as `0-3,8`. */
function usableProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
