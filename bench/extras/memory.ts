import { join } from 'node:path';
import { systemClock } from '../../src/std/clock.ts';
import { KIB, MIB, type TargetRole } from '../case.ts';
import { ownLoad } from '../clients/load.ts';
import { untilServed } from '../fleet.ts';
import { makeFile, makeHosts } from '../make-files.ts';
import { MemoryWatch, memoryOf } from '../memory.ts';
import type { Target } from '../targets/target.ts';
import type { Extra, ExtraContext, ExtraMeasurement } from './extra.ts';

const HOSTS = 20;
const HOST_BYTES = 64 * MIB;
const LIMIT_MB = 300;
/** After the last session ended, so that what is freed at once is freed. */
const SETTLE_MS = 2_000;
/** 160 MiB are asked for at once. */
const LOAD = { sessions: HOSTS, depth: 32, operation_bytes: 256 * KIB, readShare: 0.7 };

/** Peak memory of all processes of the daemon under the largest load, and the memory of an idle host. */
export const memory: ExtraMeasurement = {
  duration_s: ({ seconds }) => 4 * (seconds + 5) + 20,
  async measure(context) {
    const figures = { subject: await figuresOf(context, 'subject'), peer: await figuresOf(context, 'peer') };
    const extra = (figure: keyof typeof figures.subject, name: string, title: string, limit: number | null): Extra => {
      const [value, peer] = [figures.subject[figure] / 1e6, figures.peer[figure] / 1e6];
      return { name, title, unit: 'MB', value, peer, limit };
    };
    return [
      extra('filePeak', 'memory', 'memory at 20 sessions of one LUN, depth 32, 256 KiB (peak)', LIMIT_MB),
      extra('hostsPeak', 'memory-hosts-20', 'memory at 20 hosts, a session each, depth 32, 256 KiB (peak)', LIMIT_MB),
      extra('idle', 'memory-hosts-20-idle', 'memory with 20 hosts before any load', null),
      extra('idleHost', 'memory-idle-host', 'of that for each host beyond the first', null),
    ];
  },
};

async function figuresOf({ sandbox, starters, size_bytes, seconds }: ExtraContext, role: TargetRole) {
  const { serveFile, serveHosts } = starters[role];
  const peakOf = async (target: Target) => {
    const watch = new MemoryWatch(target.pid);
    try {
      await ownLoad(LOAD)(target, seconds);
      return watch.stop();
    } finally {
      watch.stop();
      await target.stop();
    }
  };
  const filePeak = await peakOf(await serveFile(makeFile(join(sandbox.folder, 'memory.img'), size_bytes)));
  const hosts = makeHosts(sandbox.folder, `memory-${role}`, HOSTS, HOST_BYTES);
  const one = await serveHosts(hosts.slice(0, 1));
  const idleOne = await idleMemory(one);
  await one.stop();
  const all = await serveHosts(hosts);
  const idle = await idleMemory(all);
  return { filePeak, hostsPeak: await peakOf(all), idle, idleHost: (idle - idleOne) / (HOSTS - 1) };
}

async function idleMemory(target: Target): Promise<number> {
  await untilServed(target);
  await systemClock.sleep(SETTLE_MS);
  return memoryOf(target.pid);
}
