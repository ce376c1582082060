import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Image } from '../image.ts';
import { processesOfGroup } from '../process-group.ts';
import type { Engine, MachinePlan } from './engine.ts';
import { PROBE_ANSWER, PROBE_PARAMETER, PROBE_TIMEOUT_MS } from './probe.ts';

/** What runs before systemd; there is no initrd, as everything that the root needs is built in. */
const FIRST_PROGRAM = 'init=/usr/lib/lab/init';
/** Standard output is the console, and nothing else is one. */
const CONSOLE = ['con=null', 'con0=null,fd:1', 'ssl=null'];
/**
 * The kernel and the guest's program take turns, twice for each system call. On one processor that is a switch between two processes; on two, each
 * has to wake the other one up first, and a guest's fork and exec take three times as long.
 */
const BOUND_TO = ['taskset', '--cpu-list'];
/** The guest's memory is a file here, whose pages the guest also executes: a file system in memory. */
const MEMORY_DIRECTORY = '/dev/shm';

/**
 * User-mode Linux: the guest's kernel is a program, which runs the guest's programs on the processor itself and takes over their system calls
 * with ptrace(2). Always one processor. Debian's kernel has its drivers for disks (`ubd`) and network built in.
 */
export function userModeLinux(image: Image, shim: string | undefined): Engine {
  return {
    name: 'uml',
    overlaySuffix: 'cow',
    // Its network driver has no state of the link.
    tellsCarrier: false,
    device: (index) => `/dev/ubd${String.fromCharCode('a'.charCodeAt(0) + index)}`,

    /** The kernel makes the overlay itself. What a machine that lost its power has left of its sockets goes. */
    async prepare(plan) {
      await rm(join(socketDirectory(plan), plan.processName), { recursive: true, force: true });
    },

    commandLine(plan) {
      const argv = [
        ...BOUND_TO,
        String(plan.processor),
        ...[image.userModeKernel, `umid=${plan.processName}`, `uml_dir=${socketDirectory(plan)}`],
        ...[`mem=${plan.memory_MiB}M`, 'root=/dev/ubda', 'rw', FIRST_PROGRAM, ...CONSOLE],
        ...plan.disks.map(({ file, base }, index) => `ubd${index}=${base === undefined ? file : `${file},${base}`}`),
        `eth0=tuntap,${plan.tap},${plan.macAddress}`,
        ...plan.kernelParameters,
      ];
      return { argv, environment: environment(shim) };
    },

    /**
     * The kernel and its threads, which are nobody's tracees. A guest's program that is stopped from outside would tell the kernel of a signal
     * that it does not know, and it would panic; without its kernel the program gets no further than to its next system call.
     */
    kernelProcesses: (leader) => processesOfGroup(leader).filter(isUntraced),

    /**
     * Disks are written by threads of the kernel that are processes of their own and write little else: network and console are the leader's.
     * They do not tell one disk from another.
     */
    async written_bytes(_plan, _disk, leader) {
      const writers = processesOfGroup(leader).filter((pid) => pid !== leader && isUntraced(pid));
      return writers.reduce((sum, pid) => sum + written_bytes(pid), 0);
    },
  };
}

/** Whether ptrace(2) is allowed and does what the kernel needs (containers may forbid it): a guest is booted to see. */
export async function userModeLinuxRunsGuest(image: Image, shim: string | undefined): Promise<boolean> {
  const argv = ['mem=128M', `ubd0r=${image.root}`, 'root=/dev/ubda', 'ro', FIRST_PROGRAM, ...CONSOLE, 'panic=1'];
  const { stdout } = await execa(image.userModeKernel, [...argv, PROBE_PARAMETER], {
    timeout: PROBE_TIMEOUT_MS,
    forceKillAfterDelay: 1000,
    reject: false,
    stdin: 'ignore',
    env: environment(shim),
  });
  return String(stdout).includes(PROBE_ANSWER);
}

function environment(shim: string | undefined): Record<string, string> {
  return { TMPDIR: MEMORY_DIRECTORY, ...(shim === undefined ? {} : { LD_PRELOAD: shim }) };
}

/** Short: a socket's path has 107 characters at most (unix(7)). */
function socketDirectory(plan: MachinePlan): string {
  return join(plan.directory, 'uml');
}

/** proc(5): `wchar` counts what write(2) and its like were given. */
function written_bytes(pid: number): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function isUntraced(pid: number): boolean {
  try {
    return /^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
