/** What the benchmark runs: the peer, and the clients of both. */
export const BENCH_PACKAGES = [
  { package: 'tgt', command: 'tgtd' },
  { package: 'libiscsi-bin', command: 'iscsi-perf' },
  { package: 'qemu-utils', command: 'qemu-img' },
  { package: 'qemu-block-extra', file: '/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so' },
];
