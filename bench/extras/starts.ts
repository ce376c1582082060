import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { monotonic_ms } from '../../src/std/clock.ts';
import { MIB, type TargetRole } from '../case.ts';
import { makeFile, makeHosts } from '../make-files.ts';
import { median } from '../statistics.ts';
import type { Target } from '../targets/target.ts';
import { type ExtraMeasurement, fewRuns } from './extra.ts';

const COMMAND_TIMEOUT_MS = 30_000;
const STARTS_OF_THE_CLI = 9;
const HOSTS = 20;

export const daemonStart: ExtraMeasurement = {
  duration_s: ({ runs }) => fewRuns(runs) * 6 + 5,
  async measure({ sandbox, starters, runs }) {
    const file = makeFile(join(sandbox.folder, 'start.img'), MIB);
    const hosts = makeHosts(sandbox.folder, 'start', HOSTS, MIB);
    const startOf = async (start: () => Promise<Target>) => {
      const times: number[] = [];
      for (let run = 0; run < fewRuns(runs); run++) {
        const target = await start();
        times.push(target.start_ms);
        await target.stop();
      }
      return median(times);
    };
    const fileStart = (role: TargetRole) => startOf(() => starters[role].serveFile(file));
    const hostsStart = (role: TargetRole) => startOf(() => starters[role].serveHosts(hosts));
    return [
      {
        name: 'daemon-start',
        title: 'start of serve --file, until it accepts connections',
        unit: 'ms',
        value: await fileStart('subject'),
        peer: await fileStart('peer'),
        limit: null,
      },
      {
        name: 'daemon-start-hosts-20',
        title: 'start of the daemon with 20 hosts, until it accepts connections',
        unit: 'ms',
        value: await hostsStart('subject'),
        peer: await hostsStart('peer'),
        limit: null,
      },
    ];
  },
};

export const cliStart: ExtraMeasurement = {
  duration_s: () => 2,
  async measure() {
    const program = resolve(import.meta.dirname, '../../bin/spare');
    const times: number[] = [];
    for (let run = 0; run < STARTS_OF_THE_CLI; run++) {
      const start_ms = monotonic_ms();
      await execa(program, ['--version'], { timeout: COMMAND_TIMEOUT_MS });
      times.push(monotonic_ms() - start_ms);
    }
    return [{ name: 'cli-start', title: 'spare --version', unit: 'ms', value: median(times), peer: null, limit: 200 }];
  },
};
