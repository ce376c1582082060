import { systemClock } from '../../src/std/clock.ts';
import { BadDisk } from '../bad-disk/bad-disk.ts';
import { KIB, MIB, type TargetRole } from '../case.ts';
import { type Load, ownLoad } from '../clients/load.ts';
import { untilServed } from '../fleet.ts';
import { makeHosts } from '../make-files.ts';
import { median } from '../statistics.ts';
import type { ServedHost, Target } from '../targets/target.ts';
import { workerOf } from '../worker-process.ts';
import { type Extra, type ExtraContext, type ExtraMeasurement, type ExtraOptions, fewRuns } from './extra.ts';

const HOSTS = 4;
const HOST_BYTES = 64 * MIB;
const SLOW_BY_MS = 100;
/** The others have logged in by then, and the trouble begins, with a load that meets it. */
const LOGIN_MS = 700;
/** From the login of the others to their first operation. */
const WAIT_S = 1.2;
/** What the others may be slowed to. */
const LIMIT = 2;
const LOAD: Omit<Load, 'sessions' | 'depth'> = { operation_bytes: 4 * KIB, readShare: 0.7, countsErrors: true };

/** What happens to the first of the hosts, on which there is a load then. */
interface Trouble {
  /** Before the others are measured, while they wait. */
  begin?(): void;
  /** When a quarter of their measurement is over. */
  strike?(): void;
  end?(): void;
}

interface Observation {
  p99_us: number;
  errors: number;
}

/** One disk is slow, then stuck, with a load on it; the other hosts are measured beside it. */
export const slowDisk: ExtraMeasurement = {
  duration_s: ({ runs, seconds }) => 2 * (fewRuns(runs) * (3 * seconds + 9) + 5),
  async measure(context) {
    const subject = await withBadDisk(context, 'subject');
    const peer = await withBadDisk(context, 'peer');
    return [
      undisturbed('slow-disk-before', subject.before_us, peer.before_us),
      ratio('slow-disk', `one disk takes ${SLOW_BY_MS} ms longer`, subject.slow, peer.slow),
      ratio('stuck-disk', 'one disk hangs', subject.stuck, peer.stuck),
      errors('stuck-disk-errors', 'a slow or stuck disk', subject.errors, peer.errors),
    ];
  },
};

/** The process of one host is killed, with a load on it. */
export const crash: ExtraMeasurement = {
  duration_s: workerDuration,
  measure: (context) =>
    withWorker(context, 'crash', 'one is killed', (worker) => ({ strike: () => process.kill(worker(), 'SIGKILL') })),
};

/** The process of one host is stopped, with a load on it. */
export const stall: ExtraMeasurement = {
  duration_s: workerDuration,
  measure: (context) =>
    withWorker(context, 'stall', 'one is stopped (SIGSTOP)', (worker) => ({
      strike: () => process.kill(worker(), 'SIGSTOP'),
      end: () => process.kill(worker(), 'SIGCONT'),
    })),
};

function workerDuration({ runs, seconds }: ExtraOptions): number {
  return fewRuns(runs) * (2 * seconds + 7) + 5;
}

async function withBadDisk({ sandbox, starters, seconds, runs }: ExtraContext, role: TargetRole) {
  const [first, ...others] = makeHosts(sandbox.folder, `disk-${role}`, HOSTS, HOST_BYTES) as [
    ServedHost,
    ...ServedHost[],
  ];
  const disk = await BadDisk.start(sandbox, first.file);
  const target = await starters[role].serveHosts([{ ...first, file: disk.file }, ...others]);
  const found = { before_us: [] as number[], slow: [] as number[], stuck: [] as number[], errors: 0 };
  try {
    for (let run = 0; run < fewRuns(runs); run++) {
      await untilServed(target);
      const before = await observe(target, seconds, null);
      const slow = await observe(target, seconds, { begin: () => disk.slow(SLOW_BY_MS), end: () => disk.heal() });
      const stuck = await observe(target, seconds, { begin: () => disk.hang(), end: () => disk.heal() });
      found.before_us.push(before.p99_us);
      found.slow.push(slow.p99_us / before.p99_us);
      found.stuck.push(stuck.p99_us / before.p99_us);
      found.errors += slow.errors + stuck.errors;
    }
  } finally {
    disk.heal();
    await target.stop();
    await disk.stop();
  }
  const { before_us, slow, stuck } = found;
  return { before_us: median(before_us), slow: median(slow), stuck: median(stuck), errors: found.errors };
}

async function withWorker(
  { sandbox, starters, seconds, runs }: ExtraContext,
  name: string,
  text: string,
  troubleOf: (worker: () => number) => Trouble,
): Promise<Extra[]> {
  const hosts = makeHosts(sandbox.folder, name, HOSTS, HOST_BYTES);
  const target = await starters.subject.serveHosts(hosts);
  const host = hosts[0]?.name as string;
  const ratios: number[] = [];
  let errorCount = 0;
  try {
    for (let run = 0; run < fewRuns(runs); run++) {
      // After a crash this also shows that the host is served again.
      await untilServed(target);
      const worker = () => workerOf(target, host);
      worker();
      // With the load on the first host, which is as much work for the machine before as it is during the trouble.
      const before = await observe(target, seconds, {});
      const disturbed = await observe(target, seconds, troubleOf(worker));
      ratios.push(disturbed.p99_us / before.p99_us);
      errorCount += disturbed.errors;
    }
  } finally {
    await target.stop();
  }
  return [ratio(name, text, median(ratios), null), errors(`${name}-errors`, text, errorCount, null)];
}

/** The p99 of the other hosts, one operation at a time each, alone or beside a trouble and a load of depth 8 on the first host. */
async function observe(target: Target, seconds: number, trouble: Trouble | null): Promise<Observation> {
  const [first, ...others] = target.hosts as [ServedHost, ...ServedHost[]];
  const load = ownLoad({ ...LOAD, sessions: others.length, depth: 1, wait_s: WAIT_S, drain_s: 2 });
  const measured = load({ ...target, hosts: others }, seconds);
  await Promise.race([systemClock.sleep(LOGIN_MS), measured]);
  let besideEnded: Promise<unknown> = Promise.resolve();
  const struck = new AbortController();
  try {
    trouble?.begin?.();
    if (trouble !== null) {
      const beside = ownLoad({ ...LOAD, sessions: 1, depth: 8 })({ ...target, hosts: [first] }, seconds + WAIT_S);
      // What becomes of it is not the question: it may well end with an error.
      besideEnded = beside.catch(() => {});
    }
    const strikeAt_ms = (WAIT_S + seconds / 4) * 1000 - LOGIN_MS;
    const strike = systemClock.sleep(strikeAt_ms, struck.signal).then(() => trouble?.strike?.());
    const [{ latency, errors = 0 }] = await Promise.all([measured, strike]);
    return { p99_us: latency?.slowestSessionP99_us ?? Number.NaN, errors };
  } finally {
    struck.abort();
    trouble?.end?.();
    await besideEnded;
  }
}

function undisturbed(name: string, value: number, peer: number): Extra {
  return { name, title: 'p99 of the other hosts undisturbed', unit: 'µs', value, peer, limit: null };
}

function ratio(name: string, text: string, value: number, peer: number | null): Extra {
  const title = `p99 of the other hosts while ${text} ÷ before`;
  return { name, title, unit: 'ratio', value, peer, limit: LIMIT };
}

function errors(name: string, text: string, value: number, peer: number | null): Extra {
  const title = `errors that the other hosts see meanwhile (${text})`;
  return { name, title, unit: 'errors', value, peer, limit: 0 };
}
