import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { iscsiPerf } from './clients/iscsi-perf.ts';
import { ownLoad } from './clients/load.ts';
import { firstLine } from './first-line.ts';
import type { LimitOptions } from './limit/message.ts';
import { MemoryWatch } from './memory.ts';
import type { Sandbox } from './sandbox.ts';
import { median } from './statistics.ts';
import type { Target } from './targets.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const COMMAND_TIMEOUT_MS = 30_000;
const STARTS_OF_THE_CLI = 9;

/** A figure that is no ratio of two alternating loads. */
export interface Extra {
  name: string;
  title: string;
  unit: 'MB' | 'ms' | 'share';
  /** Of spare. */
  value: number;
  /** Of tgt, where there is one. */
  peer: number | null;
  /** `value` is to stay below, where one is set. */
  limit: number | null;
}

export interface ExtraContext {
  sandbox: Sandbox;
  subject: Target;
  peer: Target;
  size_bytes: number;
  seconds: number;
  runs: number;
  /** Starts a second daemon of the kind, on a file of its own: its memory holds nothing of earlier loads. */
  startAnother(role: 'subject' | 'peer'): Promise<Target>;
}

type MeasureExtra = (context: ExtraContext) => Promise<Extra[]>;

/** 20 sessions × depth 32 × 256 KiB: 160 MiB are asked for at once. */
async function memory({ startAnother, seconds }: ExtraContext): Promise<Extra[]> {
  const load = ownLoad({ sessions: 20, depth: 32, operation_bytes: 256 * KIB, readShare: 0.7 });
  const peakOf = async (role: 'subject' | 'peer') => {
    const target = await startAnother(role);
    const watch = new MemoryWatch(target.pid);
    try {
      await load(target, seconds);
      return watch.stop() / 1e6;
    } finally {
      watch.stop();
      await target.stop();
    }
  };
  const title = 'memory at 20 sessions, depth 32, 256 KiB (peak)';
  const value = await peakOf('subject');
  return [{ name: 'memory', title, unit: 'MB', value, peer: await peakOf('peer'), limit: 300 }];
}

async function daemonStart({ startAnother, runs }: ExtraContext): Promise<Extra[]> {
  const startsOf = async (role: 'subject' | 'peer') => {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      const target = await startAnother(role);
      times.push(target.start_ms);
      await target.stop();
    }
    return median(times);
  };
  const value = await startsOf('subject');
  const title = 'start of the daemon, until it accepts connections';
  return [{ name: 'daemon-start', title, unit: 'ms', value, peer: await startsOf('peer'), limit: null }];
}

async function cliStart(): Promise<Extra[]> {
  const program = resolve(import.meta.dirname, '../bin/spare');
  const times: number[] = [];
  for (let run = 0; run < STARTS_OF_THE_CLI; run++) {
    const start_ms = performance.now();
    await execa(program, ['--version'], { timeout: COMMAND_TIMEOUT_MS });
    times.push(performance.now() - start_ms);
  }
  return [{ name: 'cli-start', title: 'spare --version', unit: 'ms', value: median(times), peer: null, limit: 200 }];
}

/** How far our load generator and iscsi-perf agree. 1: the same rate on the same target. */
async function agreement({ subject, peer, runs, seconds }: ExtraContext): Promise<Extra[]> {
  const loads = [
    { name: 'read-4k-d1', title: '4 KiB random read, depth 1', operation_bytes: 4 * KIB, depth: 1 },
    { name: 'read-4k-d32', title: '4 KiB random read, depth 32', operation_bytes: 4 * KIB, depth: 32 },
  ];
  const extras: Extra[] = [];
  for (const { name, title, ...load } of loads) {
    const own = ownLoad({ ...load, sessions: 1, readShare: 1 });
    const other = iscsiPerf({ ...load, random: true });
    const agreementOn = async (target: Target) => {
      const ratios: number[] = [];
      for (let run = 0; run < runs; run++) {
        const ours = await own(target, seconds);
        ratios.push(ours.operations_per_s / (await other(target, seconds)).operations_per_s);
      }
      return median(ratios);
    };
    extras.push({
      name: `agreement-${name}`,
      title: `own load generator ÷ iscsi-perf: ${title}`,
      unit: 'share',
      value: await agreementOn(subject),
      peer: await agreementOn(peer),
      limit: null,
    });
  }
  return extras;
}

/** The rate of each target as a share of what a bare socket with `pread` or `pwrite` reaches. One session on each side. */
async function limitShare({ sandbox, subject, peer, size_bytes, runs, seconds }: ExtraContext): Promise<Extra[]> {
  const loads: Array<{ name: string; title: string } & Pick<LimitOptions, 'operation_bytes' | 'depth' | 'kind'>> = [
    { name: 'read-4k-d1', title: '4 KiB read, depth 1', operation_bytes: 4 * KIB, depth: 1, kind: 'read' },
    { name: 'read-4k-d32', title: '4 KiB read, depth 32', operation_bytes: 4 * KIB, depth: 32, kind: 'read' },
    { name: 'read-1m-d8', title: '1 MiB read, depth 8', operation_bytes: MIB, depth: 8, kind: 'read' },
    { name: 'write-4k-d1', title: '4 KiB write, depth 1', operation_bytes: 4 * KIB, depth: 1, kind: 'write' },
    { name: 'write-4k-d32', title: '4 KiB write, depth 32', operation_bytes: 4 * KIB, depth: 32, kind: 'write' },
    { name: 'write-1m-d8', title: '1 MiB write, depth 8', operation_bytes: MIB, depth: 8, kind: 'write' },
  ];
  const server = sandbox.start(process.execPath, [join(import.meta.dirname, 'limit/server.ts'), subject.file]);
  const port = Number(await firstLine(server, 'the server of the limit'));
  const bareRate = async (load: Omit<LimitOptions, 'port' | 'size_bytes' | 'seconds'>) => {
    const options: LimitOptions = { ...load, port, size_bytes, seconds };
    const program = join(import.meta.dirname, 'limit/client.ts');
    const timeout = seconds * 1000 + COMMAND_TIMEOUT_MS;
    const { stdout } = await execa(process.execPath, [program, JSON.stringify(options)], { timeout });
    return Number(stdout);
  };
  const extras: Extra[] = [];
  for (const { name, title, kind, operation_bytes, depth } of loads) {
    const own = ownLoad({ operation_bytes, depth, sessions: 1, readShare: kind === 'read' ? 1 : 0 });
    const shares = { subject: [] as number[], peer: [] as number[] };
    for (let run = 0; run < runs; run++) {
      const bare = await bareRate({ operation_bytes, depth, kind });
      shares.subject.push((await own(subject, seconds)).operations_per_s / bare);
      shares.peer.push((await own(peer, seconds)).operations_per_s / bare);
    }
    extras.push({
      name: `limit-${name}`,
      title: `share of a bare socket with ${kind === 'read' ? 'pread' : 'pwrite'}: ${title}`,
      unit: 'share',
      value: median(shares.subject),
      peer: median(shares.peer),
      limit: null,
    });
  }
  await sandbox.end(server, 'SIGTERM');
  return extras;
}

export const EXTRAS: Readonly<Record<string, MeasureExtra>> = {
  memory,
  'daemon-start': daemonStart,
  'cli-start': cliStart,
  agreement,
  limit: limitShare,
};
