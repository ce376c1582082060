import { join } from 'node:path';
import { KIB } from '../case.ts';
import { iscsiPerf } from '../clients/iscsi-perf.ts';
import { qemuImgBench } from '../clients/qemu-img-bench.ts';
import { firstLine } from '../first-line.ts';
import { DROPPING_IQN } from '../limit/message.ts';
import { INITIATOR_NAME, type TargetAddress } from '../targets/target.ts';
import { type Extra, type ExtraMeasurement, fewRuns, shareOf } from './extra.ts';

const READ = { operation_bytes: 4 * KIB, depth: 32, random: true };
const WRITE = { operation_bytes: 4 * KIB, depth: 32 };
const LOADS = [
  { name: 'read-4k-d32', title: 'iscsi-perf, 4 KiB random read, depth 32', make: () => iscsiPerf(READ) },
  { name: 'write-4k-d32', title: 'qemu-img bench, 4 KiB write, depth 32', make: () => qemuImgBench(WRITE) },
];
const WARM_UP_S = 1;

/**
 * The rate of each target as a share of what the client reaches against ours over a store that keeps nothing. Where that is near 1, it is the client that is measured, and
 * no target that answers at once can have a ratio above 1 divided by the peer's share.
 */
export const clientLimit: ExtraMeasurement = {
  duration_s: ({ runs, seconds }) => LOADS.length * 3 * (WARM_UP_S + fewRuns(runs) * (seconds + 0.3)),
  async measure({ sandbox, fleet, size_bytes, runs, seconds }) {
    const { subject, peer } = await fleet.pairFor({ kind: 'file' });
    const program = join(import.meta.dirname, '../limit/dropping-target.ts');
    const server = sandbox.start(process.execPath, ['--liftoff-only', program, String(size_bytes)]);
    const port = Number(await firstLine(server, 'the target that keeps nothing'));
    const host = { name: 'dropping', file: '', size_bytes, iqn: DROPPING_IQN, initiatorName: INITIATOR_NAME };
    const dropping: TargetAddress = { host: '127.0.0.1', port, hosts: [host] };
    const extras: Extra[] = [];
    for (const { name, title, make } of LOADS) {
      // A client of its own for each: some remember how fast the last run was.
      const sides = [dropping, subject, peer].map((target) => ({ target, client: make() }));
      for (const { target, client } of sides) await client(target, WARM_UP_S);
      const shares = { subject: [] as number[], peer: [] as number[] };
      for (let run = 0; run < fewRuns(runs); run++) {
        const rates: number[] = [];
        for (const { target, client } of sides) rates.push((await client(target, seconds)).operations_per_s);
        const [most = Number.NaN, ours = Number.NaN, theirs = Number.NaN] = rates;
        shares.subject.push(ours / most);
        shares.peer.push(theirs / most);
      }
      extras.push(
        shareOf(`client-limit-${name}`, `share of what the client reaches where nothing is kept: ${title}`, shares),
      );
    }
    await sandbox.end(server, 'SIGTERM');
    return extras;
  },
};
