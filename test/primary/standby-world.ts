import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installRoot } from '../../src/machine/template.ts';
import { serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, volumeFixture, withVolume } from '../fixtures/configuration.ts';
import { FIXTURES, PrimaryWorld } from './primary-world.ts';

const HARNESS = join(FIXTURES, 'in-namespaces.sh');
const SERVICE = join(installRoot, 'templates/primary/service');
const TIME_LIMIT_ms = 60_000;

/** What test/fixtures/primary/in-namespaces.sh runs: the tests that use it need it. */
export const NAMESPACE_PROGRAMS = ['taskset', 'unshare', 'nsenter', 'ip', 'ping', 'mount', 'mountpoint', 'flock'];

const ADDRESSES = { alpha: '10.77.0.101/24', beta: '10.77.0.102/24' };

/** A standby made of namespaces and files, in which the real `service` program runs, for two hosts. Only root may make it. */
export class StandbyWorld extends PrimaryWorld {
  readonly mountPoint: string;

  constructor() {
    super();
    this.mountPoint = join(this.root, 'srv/alpha');
    for (const [name, address] of Object.entries(ADDRESSES)) {
      const mountPoint = join(this.root, 'srv', name);
      mkdirSync(mountPoint, { recursive: true });
      const host = { ...hostFixture, name, service: { ...hostFixture.service, address } };
      const change = { mountPoint, device: join(this.root, `array-${name}`) };
      this.put(
        `etc/spare/services/${name}.conf`,
        serviceConfiguration(withVolume(host, change), standbyFixture, 'standby'),
      );
    }
    this.put('proc/filesystems', 'nodev\tnfsd\n\text4\n');
    this.put('proc/mdstat', 'Personalities : [raid1] \nunused devices: <none>\n');
    this.put('proc/fs/nfsd/threads', '0\n');
    this.put('proc/self/net/tcp', '');
    this.put('dev/loop-control', '');
    this.put('run/rpc_pipefs/nfsd/info', '');
    this.put('var/lib/nfs/nfsdcld/machine', "the machine's own records\n");
    this.put('nfsd-records', '1\n');
  }

  /** What the commands print once `alpha` is prepared. Each call has a standby of its own, and the files of this one. */
  run(commands: string): string {
    return this.runFirst(`service prepare alpha; : >"$root/log"; ${commands}`);
  }

  /** The same where nothing is prepared. */
  runFirst(commands: string): string {
    const standby = ['unshare', '-nmpf', '--mount-proc', '--kill-child', 'sh', HARNESS, SERVICE, commands];
    return execFileSync('taskset', ['-c', oneProcessor(), ...standby], {
      env: { ...this.environment, IDENTITY: volumeFixture.identity },
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
