import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installRoot } from '../../src/machine/template.ts';
import { serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, withVolume } from '../fixtures/configuration.ts';
import { FIXTURES, PrimaryWorld } from './primary-world.ts';

const HARNESS = join(FIXTURES, 'in-namespaces.sh');
const SERVICE = join(installRoot, 'templates/primary/service');
const TIME_LIMIT_ms = 60_000;

/** What test/fixtures/primary/in-namespaces.sh runs: the tests that use it need it. */
export const NAMESPACE_PROGRAMS = ['taskset', 'unshare', 'nsenter', 'ip', 'ping', 'mount'];

/** A standby made of namespaces and files, in which the real `service` program runs. Only root may make it. */
export class StandbyWorld extends PrimaryWorld {
  readonly mountPoint: string;

  constructor() {
    super();
    this.mountPoint = join(this.root, 'srv/alpha');
    mkdirSync(this.mountPoint, { recursive: true });
    const change = { mountPoint: this.mountPoint, device: join(this.root, 'md') };
    const text = serviceConfiguration(withVolume(hostFixture, change), standbyFixture, 'standby');
    this.put('etc/spare/services/alpha.conf', text);
  }

  /** What the commands print. Each call has a standby of its own, and the files of this one. */
  run(commands: string): string {
    return execFileSync('taskset', ['-c', oneProcessor(), 'unshare', '-nm', 'sh', HARNESS, SERVICE, commands], {
      env: this.environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT_ms,
    });
  }
}

/** The number of one that this process may run on. */
function oneProcessor(): string {
  const [, number] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (number === undefined) throw new Error('Cannot find a processor to run on');
  return number;
}
