import { join } from 'node:path';
import { execa } from 'execa';
import { KIB, MIB } from '../case.ts';
import { ownLoad } from '../clients/load.ts';
import { firstLine } from '../first-line.ts';
import type { LimitOptions } from '../limit/message.ts';
import { type Extra, type ExtraMeasurement, fewRuns, shareOf } from './extra.ts';

const COMMAND_TIMEOUT_MS = 30_000;
const LOADS: ReadonlyArray<{ name: string; title: string } & Pick<LimitOptions, 'operation_bytes' | 'depth' | 'kind'>> =
  [
    { name: 'read-4k-d1', title: '4 KiB read, depth 1', operation_bytes: 4 * KIB, depth: 1, kind: 'read' },
    { name: 'read-4k-d32', title: '4 KiB read, depth 32', operation_bytes: 4 * KIB, depth: 32, kind: 'read' },
    { name: 'read-1m-d8', title: '1 MiB read, depth 8', operation_bytes: MIB, depth: 8, kind: 'read' },
    { name: 'write-4k-d1', title: '4 KiB write, depth 1', operation_bytes: 4 * KIB, depth: 1, kind: 'write' },
    { name: 'write-4k-d32', title: '4 KiB write, depth 32', operation_bytes: 4 * KIB, depth: 32, kind: 'write' },
    { name: 'write-1m-d8', title: '1 MiB write, depth 8', operation_bytes: MIB, depth: 8, kind: 'write' },
  ];

/** The rate of each target as a share of what a bare socket with `pread` or `pwrite` reaches. One session on each side. */
export const limitShare: ExtraMeasurement = {
  duration_s: ({ runs, seconds }) => LOADS.length * fewRuns(runs) * 3 * (seconds + 0.3),
  async measure({ sandbox, fleet, size_bytes, runs, seconds }) {
    const { subject, peer } = await fleet.pairFor({ kind: 'file' });
    const file = subject.hosts[0]?.file as string;
    const server = sandbox.start(process.execPath, [join(import.meta.dirname, '../limit/server.ts'), file]);
    const port = Number(await firstLine(server, 'the server of the limit'));
    const bareRate = async (load: Omit<LimitOptions, 'port' | 'size_bytes' | 'seconds'>) => {
      const options: LimitOptions = { ...load, port, size_bytes, seconds };
      const program = join(import.meta.dirname, '../limit/client.ts');
      const timeout = seconds * 1000 + COMMAND_TIMEOUT_MS;
      const { stdout } = await execa(process.execPath, [program, JSON.stringify(options)], { timeout });
      return Number(stdout);
    };
    const extras: Extra[] = [];
    for (const { name, title, kind, operation_bytes, depth } of LOADS) {
      const own = ownLoad({ operation_bytes, depth, sessions: 1, readShare: kind === 'read' ? 1 : 0 });
      const shares = { subject: [] as number[], peer: [] as number[] };
      for (let run = 0; run < fewRuns(runs); run++) {
        const bare = await bareRate({ operation_bytes, depth, kind });
        shares.subject.push((await own(subject, seconds)).operations_per_s / bare);
        shares.peer.push((await own(peer, seconds)).operations_per_s / bare);
      }
      extras.push(
        shareOf(
          `limit-${name}`,
          `share of a bare socket with ${kind === 'read' ? 'pread' : 'pwrite'}: ${title}`,
          shares,
        ),
      );
    }
    await sandbox.end(server, 'SIGTERM');
    return extras;
  },
};
