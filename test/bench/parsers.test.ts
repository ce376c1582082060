import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIscsiPerf } from '../../bench/clients/iscsi-perf.ts';
import { parseQemuImgBench } from '../../bench/clients/qemu-img-bench.ts';
import { parseProcessorList } from '../../bench/confine.ts';
import { parsePss } from '../../bench/memory.ts';
import { parseBusyTime, parseProcessStat, processTree } from '../../bench/processor-time.ts';
import { hotSpots } from '../../bench/profile.ts';
import { namesHost } from '../../bench/worker-process.ts';

const parsers = suite('parsers of the benchmark');

// As iscsi-perf 1.19.0 prints it.
const ISCSI_PERF = [
  'iscsi-perf version 0.1 - (c) 2014-2015 by Peter Lieven <pl@ĸamp.de>\n\n',
  'capacity is 1048576 blocks or 536870912 byte (512 MB)\n',
  'performing RANDOM READ with 32 parallel requests\nFIXED transfer size of 8 blocks (4096 byte)\nwill run for 2 seconds.\n\n',
  '\r00:00:01 - lba 545410, iops current 30677 (119 MB/s), iops average 30677 (119 MB/s), in_flight 32, busy 0        ',
  '\riops average 30088 (117 MB/s)                          \n\nfinished.\n',
].join('');

parsers('iscsi-perf: the last average counts', () => {
  assert.is(parseIscsiPerf(ISCSI_PERF), 30_088);
});

parsers('iscsi-perf: a run that did not finish, or did nothing, is no figure', () => {
  assert.throws(() => parseIscsiPerf(ISCSI_PERF.replace('finished.', '')), /Cannot read a rate/);
  assert.throws(() => parseIscsiPerf('\riops average 0 (0 MB/s)\n\nfinished.\n'), /Cannot read a rate/);
  assert.throws(() => parseIscsiPerf(''), /Cannot read a rate/);
});

parsers('qemu-img bench: seconds', () => {
  const stdout = [
    'Sending 2000 write requests, 4096 bytes each, 1 in parallel (starting at offset 0, step size 4096)',
    'Sending flush every 1 requests',
    'Run completed in 0.996 seconds.',
    '',
  ].join('\n');
  assert.is(parseQemuImgBench(stdout), 0.996);
  assert.throws(() => parseQemuImgBench('Sending 2000 write requests'), /Cannot read a time/);
  assert.throws(() => parseQemuImgBench('Run completed in 0.000 seconds.'), /Cannot read a time/);
});

parsers('/proc/<pid>/stat: a name with spaces and parentheses', () => {
  const line =
    '4321 (node (main) x) S 17 4321 4321 0 -1 4194304 5000 0 0 0 250 50 7 3 20 0 11 0 12345 1073741824 20000 18446744073709551615';
  assert.equal(parseProcessStat(line), { pid: 4321, parent: 17, own_s: 3, endedChildren_s: 0.1 });
});

parsers('/proc/stat: idle and waiting for a disk are not work', () => {
  assert.is(parseBusyTime('cpu  100 10 50 99999 8888 5 15 20 0 0\ncpu0 1 1 1 1\n'), 2);
});

parsers('a process tree starts with its root', () => {
  const tree = processTree(process.pid);
  assert.is(tree[0]?.pid, process.pid);
  assert.is(tree[0]?.parent, process.ppid);
  assert.equal(processTree(2 ** 30), []);
});

parsers('/proc/<pid>/smaps_rollup: what is shared counts in part, kB to bytes, 0 for a kernel thread', () => {
  const rollup = [
    '55d0c0a00000-7ffd3a5f2000 ---p 00000000 00:00 0                          [rollup]',
    'Rss:               69632 kB',
    'Pss:               51200 kB',
    'Pss_Dirty:         40000 kB',
    'SwapPss:               7 kB',
    '',
  ].join('\n');
  assert.is(parsePss(rollup), 52_428_800);
  assert.is(parsePss(''), 0);
});

parsers('a list of processors', () => {
  assert.equal(parseProcessorList('0-2,5\n'), [0, 1, 2, 5]);
  assert.equal(parseProcessorList('7'), [7]);
  assert.equal(parseProcessorList(''), []);
});

parsers('the worker of a host is recognised by a complete word of its command line', () => {
  const line = (...words: string[]) => words.map((word) => `${word}\0`).join('');
  assert.ok(namesHost(line('node', 'worker.ts', 'alpha'), 'alpha'));
  assert.ok(namesHost(line('node', 'worker.ts', '--host=alpha'), 'alpha'));
  assert.not.ok(namesHost(line('node', '/srv/alpha/worker.ts', 'alpha-2'), 'alpha'));
  assert.not.ok(namesHost('', 'alpha'));
});

parsers('a profile: idle time and the start are left out, times of one function are added up', () => {
  const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber });
  const root = new URL('../..', import.meta.url).href;
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('start', 'node:internal/start', 0) },
      { id: 2, callFrame: frame('(idle)') },
      { id: 3, callFrame: frame('push', `${root}/src/iscsi/framer.ts`, 41) },
      { id: 4, callFrame: frame('push', `${root}/src/iscsi/framer.ts`, 41) },
      { id: 5, callFrame: frame('(garbage collector)') },
    ],
    samples: [1, 2, 3, 5, 4],
    timeDeltas: [1_000, 50_000, 2_000, 1_000, 1_000],
  };
  assert.equal(hotSpots([profile], 2, 9), [
    { place: 'push src/iscsi/framer.ts:42', share: 0.75 },
    { place: '(garbage collector)', share: 0.25 },
  ]);
  assert.is(hotSpots([profile], 0, 1).length, 1);
  const idle = { ...profile, samples: [1, 2, 3], timeDeltas: [1_000, 50_000, 4_000] };
  assert.equal(hotSpots([profile, idle], 2, 9)[0], { place: 'push src/iscsi/framer.ts:42', share: 0.875 });
});

parsers.run();
