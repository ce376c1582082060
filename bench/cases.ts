import { againstItself, againstPeer, type Case, KIB, MIB, OWN_LOAD, rate, type Setup, slowestP99 } from './case.ts';
import { iscsiPerf } from './clients/iscsi-perf.ts';
import { type Load, ownLoad } from './clients/load.ts';
import { qemuImgBench } from './clients/qemu-img-bench.ts';
import { coreCases, SCALING_CASES } from './scaling-cases.ts';

/** Twenty processes compile their code each for itself: this load has them do so for some ten seconds. */
const HOSTS_WARM_UP_S = 12;
/** 20 hosts, all cached. */
const HOSTS: Setup = { kind: 'hosts', count: 20, size_bytes: 64 * MIB };
const MIXED: Load = { sessions: 20, depth: 8, operation_bytes: 4 * KIB, readShare: 0.7 };

/** What digests cost: the subject with them, against itself without. */
function digestCost(name: string, title: string, load: Omit<Load, 'digests' | 'sessions'>): Case {
  return againstItself(
    { name },
    { label: 'with CRC32C', load: { ...load, sessions: 1, digests: true } },
    { label: 'without', load: { ...load, sessions: 1, digests: false } },
    [rate(name, title, 0.8, load.operation_bytes < MIB ? 'ops/s' : 'MB/s')],
  );
}

/** What the target is held to, one LUN. */
const FILE_CASES: readonly Case[] = [
  againstPeer(
    { name: 'read-4k-d1', client: 'iscsi-perf' },
    () => iscsiPerf({ operation_bytes: 4 * KIB, depth: 1, random: true }),
    [rate('read-4k-d1', '4 KiB random read, depth 1', 1.6)],
  ),
  againstPeer(
    { name: 'read-4k-d32', client: 'iscsi-perf' },
    () => iscsiPerf({ operation_bytes: 4 * KIB, depth: 32, random: true }),
    [rate('read-4k-d32', '4 KiB random read, depth 32', 3.5)],
  ),
  againstPeer(
    { name: 'read-1m-d8', client: 'iscsi-perf' },
    () => iscsiPerf({ operation_bytes: MIB, depth: 8, random: false }),
    [rate('read-1m-d8', '1 MiB read, depth 8', 2.0, 'MB/s')],
  ),
  againstPeer(
    { name: 'write-4k-d1', client: 'qemu-img bench' },
    () => qemuImgBench({ operation_bytes: 4 * KIB, depth: 1 }),
    [rate('write-4k-d1', '4 KiB write, depth 1', 1.3)],
  ),
  againstPeer(
    { name: 'write-4k-d32', client: 'qemu-img bench' },
    () => qemuImgBench({ operation_bytes: 4 * KIB, depth: 32 }),
    [rate('write-4k-d32', '4 KiB write, depth 32', 2.0)],
  ),
  againstPeer(
    { name: 'write-1m-d8', client: 'qemu-img bench' },
    () => qemuImgBench({ operation_bytes: MIB, depth: 8 }),
    [rate('write-1m-d8', '1 MiB write, depth 8', 1.8, 'MB/s')],
  ),
  againstPeer(
    { name: 'flush-4k-d1', client: 'qemu-img bench' },
    () => qemuImgBench({ operation_bytes: 4 * KIB, depth: 1, flushEach: true }),
    [rate('flush-4k-d1', '4 KiB write and flush, depth 1', 1.0)],
  ),
  digestCost('digests-flush-4k-d1', '4 KiB write and flush, depth 1, CRC32C', {
    depth: 1,
    operation_bytes: 4 * KIB,
    readShare: 0,
    flushEach: true,
  }),
  digestCost('digests-read-4k-d32', '4 KiB random read, depth 32, CRC32C', {
    depth: 32,
    operation_bytes: 4 * KIB,
    readShare: 1,
  }),
  digestCost('digests-read-1m-d8', '1 MiB random read, depth 8, CRC32C', {
    depth: 8,
    operation_bytes: MIB,
    readShare: 1,
  }),
  againstPeer({ name: 'sessions-20', client: OWN_LOAD }, () => ownLoad(MIXED), [
    rate('sessions-20', '20 sessions of one LUN, depth 8, 4 KiB, 70 % reads', 3.0),
    slowestP99('sessions-20', 'the slowest of those sessions: p99', 0.33),
  ]),
];

/** A file that was filled otherwise: by a first copy of small writes. */
const SHORT_FILL: Case = againstPeer(
  { name: 'sessions-20-short', client: OWN_LOAD, setup: { kind: 'file', fill_bytes: 128 * KIB } },
  () => ownLoad(MIXED),
  [rate('sessions-20-short', '20 sessions of one LUN on files filled in writes of 128 KiB', null)],
);

const HOST_CASES: readonly Case[] = [
  againstPeer({ name: 'hosts-20', client: OWN_LOAD, setup: HOSTS, warmUp_s: HOSTS_WARM_UP_S }, () => ownLoad(MIXED), [
    rate('hosts-20', '20 hosts, a session each, depth 8, 4 KiB, 70 % reads', 3.0),
    slowestP99('hosts-20', 'the slowest of those hosts: p99', 0.33),
  ]),
  ...coreCases(HOSTS, MIXED),
];

/** Those with the same setup stand together: each change of it ends the targets and starts others. */
export const CASES: readonly Case[] = [...FILE_CASES, ...SCALING_CASES, SHORT_FILL, ...HOST_CASES];
