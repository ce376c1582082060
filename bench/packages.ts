/** What the benchmark runs: the peer, the clients of both, what confines a process, and the file system that is a bad disk. */
export const BENCH_PACKAGES = [
  { package: 'tgt', command: 'tgtd' },
  { package: 'libiscsi-bin', command: 'iscsi-perf' },
  { package: 'qemu-utils', command: 'qemu-img' },
  { package: 'qemu-block-extra', file: '/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so' },
  { package: 'util-linux', command: 'taskset' },
  { package: 'python3-fusepy', file: '/usr/lib/python3/dist-packages/fusepy.py' },
];
