import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { recordComparison } from '../../src/hosts/host-state.ts';
import { systemClock } from '../../src/std/clock.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import type { CommandWorld } from './command-world.ts';
import type { CommandOutcome } from './run-in-process.ts';

type Run = (...args: string[]) => Promise<CommandOutcome>;
export type Scenario = (world: CommandWorld, run: Run) => Promise<CommandOutcome>;

const root = join(import.meta.dirname, '..', '..');
const recovering = readFileSync(join(root, 'test', 'fixtures', 'mirror', 'recovering.sb'));

/** Serves in a process of its own until it has printed a line; then it is asked to end. */
async function firstLine(command: string, ...args: string[]): Promise<CommandOutcome> {
  const child = execa(join(root, 'bin', 'spare'), [command, ...args, '--json'], { reject: false, timeout: 60_000 });
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const { exitCode, stdout, stderr } = await child;
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

const ENROLL = ['enroll', 'alpha', '--ssh', 'root@10.77.0.11', '--device', '/dev/vdb'];
const SERVED = (world: CommandWorld) => [
  '--service-address',
  `${world.serviceAddress}/24`,
  '--clients',
  '10.77.0.0/24',
];
const enroll =
  (...more: string[]): Scenario =>
  (world, run) => {
    world.forgetAlpha();
    return run(...ENROLL, ...SERVED(world), '--accept-host-key', ...more);
  };

const notInitialised =
  (...args: string[]): Scenario =>
  (world, run) => {
    world.forgetStandby();
    return run(...args);
  };

/** Every command in success and in failure, in a world of its own. */
export const SCENARIOS: Record<string, Record<string, Scenario>> = {
  enroll: {
    'bad input': enroll('--lease', '1'),
    'no standby': notInitialised(...ENROLL, '--service-address', '10.77.0.101/24', '--clients', '10.77.0.0/24'),
    'async is refused': enroll('--export-options', 'rw,async'),
    'again with other values': (world, run) =>
      run(...ENROLL, ...SERVED(world), '--accept-host-key', '--policy', 'auto', '--fence-command', 'off'),
    plan: enroll('--dry-run'),
    'success, with an owner': enroll('--no-wait', '--owner', '1000:1000', '--mode', '2775', '--discard-data'),
    success: enroll('--no-wait'),
    'a step fails': (world, run) => {
      world.failing = 'systemctl enable --now spare-guard.service';
      return enroll()(world, run);
    },
  },
  failback: {
    'nothing to do': (_, run) => run('failback', 'alpha'),
    plan: (world, run) => takenOver(world, run, 'failback', 'alpha', '--dry-run'),
    'the rest of one that was interrupted': async (world, run) => {
      putIntoState('alpha', 'syncing');
      await world.takeover.own('fill');
      return run('failback', 'alpha', '--no-verify');
    },
    'a step fails': (world, run) => {
      recordComparison('alpha', 8, systemClock);
      world.legs = ['vdb in_sync', 'sda faulty,write_mostly'];
      return run('failback', 'alpha');
    },
  },
  failover: {
    success: (_, run) => run('failover', 'alpha'),
    plan: (_, run) => run('failover', 'alpha', '--dry-run'),
    'unknown host': (_, run) => run('failover', 'gamma'),
    'a step refuses': (world, run) => {
      world.takeover.leg = recovering;
      return run('failover', 'alpha');
    },
    abort: (_, run) => failingOver(run, 'failover', 'alpha', '--abort'),
    'plan to abort': (_, run) => failingOver(run, 'failover', 'alpha', '--abort', '--dry-run'),
    'nothing to abort': (_, run) => run('failover', 'alpha', '--abort'),
  },
  help: {
    success: (_, run) => run('help'),
    'a topic': (_, run) => run('help', 'exit-codes'),
    'a command': (_, run) => run('help', 'enroll'),
    'no such topic': (_, run) => run('help', 'nonsense'),
  },
  init: {
    success: (world, run) => run('init', '--pool', world.takeover.standby.poolDirectory),
    plan: (_, run) => run('init', '--dry-run'),
    'bad input': (_, run) => run('init', '--portal', 'standby'),
  },
  pause: {
    success: (_, run) => run('pause', 'alpha', '--for', '30m'),
    'bad input': (_, run) => run('pause', 'alpha', '--for', 'ever'),
  },
  resume: {
    success: (_, run) => run('resume', 'alpha'),
    'unknown host': (_, run) => run('resume', 'gamma'),
  },
  serve: {
    'a file': (world) => {
      const path = join(world.takeover.root, 'disk.img');
      writeFileSync(path, '');
      truncateSync(path, 1 << 20);
      return firstLine('serve', '--file', path, '--portal', '127.0.0.1:0', '--no-auth');
    },
    'bad input': (_, run) => run('serve', '--file', '/dev/null', '--portal', '127.0.0.1:0'),
  },
  set: {
    'the settings': (_, run) => run('set', 'alpha'),
    success: (world, run) => {
      world.serves = true;
      return run('set', 'alpha', '--clients', '10.0.0.0/8', '--lease', '20', '--policy', 'manual');
    },
    plan: (_, run) => run('set', 'alpha', '--replacement-timeout', '20', '--dry-run'),
    'bad input': (_, run) => run('set', 'alpha', '--clients', '10.0.0.0/99'),
    'taken over': (world, run) => takenOver(world, run, 'set', 'alpha', '--lease', '20'),
    'a step fails': (world, run) => {
      world.serves = true;
      world.failing = '/usr/local/lib/spare/service export alpha';
      return run('set', 'alpha', '--clients', '10.0.0.0/8');
    },
  },
  status: {
    success: (_, run) => run('status'),
    'no standby': notInitialised('status'),
  },
  watch: {
    success: (world) => {
      world.forgetAlpha();
      return firstLine('watch');
    },
    'no standby': notInitialised('watch'),
  },
};

async function takenOver({ takeover }: CommandWorld, run: Run, ...args: string[]): Promise<CommandOutcome> {
  putIntoState('alpha', 'taken-over');
  await takeover.own('standby');
  return run(...args);
}

function failingOver(run: Run, ...args: string[]): Promise<CommandOutcome> {
  putIntoState('alpha', 'failing-over', { before: 'suspect' });
  return run(...args);
}
