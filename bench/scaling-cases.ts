import { againstItself, againstPeer, type Case, GIB, KIB, MIB, OWN_LOAD, rate, type Setup } from './case.ts';
import { type Load, ownLoad } from './clients/load.ts';
import { usableProcessors } from './confine.ts';

const SESSION_COUNTS = [1, 2, 5, 10, 20];
const OPERATION_SIZES_KIB = [4, 16, 64, 256, 1024];
const FILE_SIZES = [
  { size_bytes: 64 * MIB, text: '64 MiB', name: '64m' },
  { size_bytes: GIB, text: '1 GiB', name: '1g' },
  { size_bytes: 4 * GIB, text: '4 GiB', name: '4g' },
];
const DEPTHS = [1, 32];
const RUNS = 3;

/** How the rate moves with the number of sessions, the size of an operation and the size of the file, in the page cache and not. */
export const SCALING_CASES: readonly Case[] = [
  ...SESSION_COUNTS.map((sessions) => {
    const name = `scale-sessions-${sessions}`;
    return againstPeer(
      { name, client: OWN_LOAD, mostRuns: RUNS },
      () => ownLoad({ sessions, depth: 8, operation_bytes: 4 * KIB, readShare: 0.7 }),
      [rate(name, `${sessions} sessions, depth 8, 4 KiB, 70 % reads`, null)],
    );
  }),
  ...OPERATION_SIZES_KIB.map((size) => {
    const name = `scale-size-${size}k`;
    return againstPeer(
      { name, client: OWN_LOAD, mostRuns: RUNS },
      () => ownLoad({ sessions: 1, depth: 8, operation_bytes: size * KIB, readShare: 1 }),
      [rate(name, `${size} KiB random read, depth 8`, null, 'MB/s')],
    );
  }),
  ...FILE_SIZES.flatMap(({ size_bytes, text, name }) => DEPTHS.map((depth) => fileCase(size_bytes, text, name, depth))),
  ...DEPTHS.map((depth) => fileCase(4 * GIB, '4 GiB', '4g', depth, true)),
];

function fileCase(size_bytes: number, text: string, short: string, depth: number, dropsCache = false): Case {
  const name = `${dropsCache ? 'uncached' : 'scale-file'}-${short}-d${depth}`;
  const where = dropsCache ? 'dropped from the page cache' : 'in the page cache';
  return againstPeer(
    { name, client: OWN_LOAD, setup: { kind: 'shared-file', size_bytes }, dropsCache, mostRuns: RUNS },
    () => ownLoad({ sessions: 1, depth, operation_bytes: 4 * KIB, readShare: 1 }),
    [rate(name, `4 KiB random read, depth ${depth}, file of ${text} ${where}`, null)],
  );
}

/** Whether the rate of many hosts grows with processors: 2, 4, 8 … as far as there are, each against one. */
export function coreCases(setup: Setup, load: Load): Case[] {
  const counts: number[] = [];
  for (let count = 2; count <= usableProcessors().length; count *= 2) counts.push(count);
  return counts.map((count) => {
    const name = `cores-${count}`;
    return againstItself(
      { name, setup, mostRuns: RUNS },
      { label: `on ${count} processors`, load, processors: count },
      { label: 'on 1', load, processors: 1 },
      [rate(name, `that, the daemon on ${count} processors against on 1`, null)],
    );
  });
}
