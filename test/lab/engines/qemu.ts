import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { MachineDisk } from '../machine-disks.ts';
import type { Engine, EngineName, MachinePlan } from './engine.ts';

/** Kernel parameters that shorten a boot under emulation. */
const KERNEL_PARAMETERS = [
  ...['console=ttyS0', 'net.ifnames=0', 'mitigations=off', 'nokaslr', 'tsc=reliable', 'no_timer_check'],
  'rcupdate.rcu_expedited=1',
];
const MONITOR_TIMEOUT_MS = 5_000;

/** A machine as a QEMU process with virtio devices. What differs is who runs the guest's instructions. */
export function qemuEngine(name: EngineName, accelerator: readonly string[]): Engine {
  return {
    name,
    overlaySuffix: 'qcow2',
    tellsCarrier: true,
    device: (index) => `/dev/vd${String.fromCharCode('a'.charCodeAt(0) + index)}`,

    async prepare({ disks: [{ file, base }] }) {
      if (base === undefined || existsSync(file)) return;
      await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, file]);
    },

    commandLine(plan, image) {
      const kernelParameters = [...KERNEL_PARAMETERS, ...plan.kernelParameters].join(' ');
      const argv = [
        ...['qemu-system-x86_64', '-name', plan.processName, '-M', 'q35', ...accelerator],
        ...['-smp', String(plan.processors), '-m', String(plan.memory_MiB)],
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio'],
        ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', kernelParameters],
        ...plan.disks.flatMap(diskArguments),
        ...['-netdev', `tap,id=net0,ifname=${plan.tap},script=no,downscript=no`],
        ...['-device', `virtio-net-pci,netdev=net0,mac=${plan.macAddress}`],
        ...['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'],
        ...['-qmp', `unix:${monitor(plan)},server=on,wait=off`],
      ];
      return { argv, environment: {} };
    },

    kernelProcesses: (leader) => [leader],

    written_bytes: (plan, disk) => askWritten_bytes(monitor(plan), disk.name),
  };
}

function monitor(plan: MachinePlan): string {
  return join(plan.directory, `${plan.processName}.qmp`);
}

/**
 * `cache=unsafe`: what a guest flushes stays in this computer's page cache, which outlives QEMU. Nobody writes to the base, and
 * user-mode Linux locks it in another way: a lab beside this one must not keep QEMU from opening it.
 */
function diskArguments({ name, file, base }: MachineDisk): string[] {
  const format = base === undefined ? 'format=raw' : 'format=qcow2,backing.file.locking=off';
  const drive = `if=none,id=${name},file=${file},${format},cache=unsafe,discard=unmap`;
  return ['-drive', drive, '-device', `virtio-blk-pci,drive=${name}`];
}

interface QmpMessage {
  return?: unknown;
  error?: { desc: string };
}

/** QEMU's count. (Its monitor's protocol: a greeting, `qmp_capabilities`, then commands; events in between.) */
async function askWritten_bytes(path: string, disk: string): Promise<number> {
  const socket = connect(path);
  socket.setTimeout(MONITOR_TIMEOUT_MS, () => socket.destroy(new Error(`Cannot ask QEMU at ${path}: no answer`)));
  try {
    const answers: unknown[] = [];
    for (const command of ['qmp_capabilities', 'query-blockstats'])
      socket.write(`${JSON.stringify({ execute: command })}\n`);
    for await (const line of createInterface({ input: socket })) {
      const message = JSON.parse(line) as QmpMessage;
      if (message.error !== undefined) throw new Error(`Cannot ask QEMU at ${path}: ${message.error.desc}`);
      if ('return' in message) answers.push(message.return);
      if (answers.length === 2) break;
    }
    const devices = answers[1] as { device: string; stats: { wr_bytes: number } }[] | undefined;
    const found = devices?.find(({ device }) => device === disk);
    if (found === undefined) throw new Error(`Cannot find the disk ${disk} in QEMU's statistics`);
    return found.stats.wr_bytes;
  } finally {
    socket.destroy();
  }
}
