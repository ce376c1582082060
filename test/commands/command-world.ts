import { randomInt } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Server } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { readHostConfiguration } from '../../src/config/configuration.ts';
import { paths } from '../../src/config/paths.ts';
import { onlyVolume } from '../../src/config/volumes.ts';
import {
  removeHostConfiguration,
  writeHostConfiguration,
  writeStandbyConfiguration,
} from '../../src/config/write-configuration.ts';
import type { ExecResult } from '../../src/machine/machine.ts';
import { machines } from '../../src/machine/machines.ts';
import { SpareError } from '../../src/std/errors.ts';
import { RecordingMachine } from '../operations/recording-machine.ts';
import { TakeoverWorld } from '../operations/takeover-world.ts';
import { fakeNfsServer } from './fake-nfs-server.ts';

const PORTAL_ADDRESS = '10.77.0.10';
const FACTS = [
  'initiatorName=iqn.1993-08.org.debian:01:alpha',
  'realPath=/dev/vdb',
  'stablePath=/dev/disk/by-id/virtio-alpha-data',
  'size_bytes=268435456',
  'readOnly=0',
  'interfaceExists=yes',
  'mountPointEmpty=yes',
];

/**
 * Machines in memory around whole commands: the standby of `TakeoverWorld`, a primary that does as it is told, an NFS server at the
 * service address, an sshd that shows a key. Nothing outside of the folder of the world is changed.
 */
export class CommandWorld {
  readonly takeover = new TakeoverWorld();
  readonly primary = new RecordingMachine('alpha', (argv) => this.#primary(argv));
  /** What the primary shows of itself when it is enrolled. */
  facts: string[] = FACTS;
  /** The state of its array, as in sysfs. */
  legs = ['vdb in_sync', 'sda in_sync,write_mostly'];
  /** Its NFS server runs, at the service address. */
  serves = false;
  /** A command line of the primary that fails. */
  failing: string | undefined;
  readonly #real = {
    ...machines,
    networkInterfaces: os.networkInterfaces,
    getuid: process.getuid,
    path: process.env.PATH,
  };
  /** Of this world alone: NFS has one port, and several worlds may be there at once. */
  readonly serviceAddress = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  #nfs: Server | undefined;

  /** A standby with the protected host alpha. */
  async begin(): Promise<void> {
    const { takeover } = this;
    takeover.host = { ...takeover.host, service: { ...takeover.host.service, address: `${this.serviceAddress}/24` } };
    await takeover.begin();
    this.#configureStandby();
    writeHostConfiguration(takeover.host);
    const depth = `${takeover.volume.mountPoint}/.spare/identity`.split('/').length - 1;
    // What enrolling has put there, or what was there.
    const identity = () => onlyVolume(readHostConfiguration('alpha')).identity;
    this.#nfs = await fakeNfsServer(this.serviceAddress, identity, depth);
    this.#keyscan();
    machines.standby = () => takeover.standbyMachine;
    machines.primary = () => this.primary;
    process.getuid = () => 0;
    const address = { address: PORTAL_ADDRESS, netmask: '255.255.255.0', mac: '', cidr: null, internal: false };
    os.networkInterfaces = () => ({ eth0: [{ ...address, family: 'IPv4' }] });
    syncBuiltinESMExports();
  }

  async end(): Promise<void> {
    const { networkInterfaces, getuid, path, ...real } = this.#real;
    Object.assign(machines, real);
    os.networkInterfaces = networkInterfaces;
    syncBuiltinESMExports();
    if (getuid) process.getuid = getuid;
    process.env.PATH = path;
    const nfs = this.#nfs;
    if (nfs) await new Promise((resolve) => nfs.close(resolve));
    await this.takeover.end();
  }

  /** As if alpha had never been enrolled. */
  forgetAlpha(): void {
    removeHostConfiguration('alpha');
    for (const folder of ['hosts', 'volumes', 'journal'])
      rmSync(join(paths().state, folder), { recursive: true, force: true });
  }

  /** As before `spare init`. */
  forgetStandby(): void {
    rmSync(join(paths().configuration, 'config.json'));
  }

  #configureStandby(): void {
    const { root } = this.takeover;
    const folder = join(paths().configuration, 'ssh');
    const poolDirectory = join(root, 'pool');
    mkdirSync(folder);
    mkdirSync(poolDirectory, { recursive: true });
    const sshKey = join(folder, 'id_ed25519');
    writeFileSync(`${sshKey}.pub`, 'ssh-ed25519 AAAA spare@lab\n');
    const files = { poolDirectory, sshKey, knownHosts: join(folder, 'known_hosts') };
    this.takeover.standby = { ...this.takeover.standby, ...files };
    writeStandbyConfiguration(this.takeover.standby);
  }

  /** ssh-keyscan(1), of a machine that shows a key. */
  #keyscan(): void {
    const folder = join(this.takeover.root, 'bin');
    mkdirSync(folder);
    const program = join(folder, 'ssh-keyscan');
    writeFileSync(program, '#!/bin/sh\necho "10.77.0.11 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA"\n');
    chmodSync(program, 0o755);
    process.env.PATH = `${folder}:${process.env.PATH}`;
  }

  #primary(argv: readonly string[]): ExecResult {
    const line = argv.join(' ');
    const says = (...lines: string[]): ExecResult => ({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' });
    if (line === this.failing) {
      throw new SpareError('stepFailed', 'COMMAND_FAILED', `Cannot run '${line}' on alpha`, { hint: 'see it by hand' });
    }
    if (argv[0] === 'stat') return says('0:0 755');
    if (argv.includes('primary-facts')) return says(...this.facts);
    if (argv.includes('mirror-status')) {
      return says(
        'kernelName=md127',
        'local=vdb',
        'standby=sda',
        'sync_action=idle',
        ...this.legs.map((leg) => `leg=${leg}`),
      );
    }
    if (argv[1] === 'status')
      return says('prepared=yes', `nfsThreads=${this.serves ? 8 : 0}`, `address=${this.serves ? 'yes' : 'no'}`);
    if (line.includes('services/alpha.conf')) return says(`SPARE_MIRROR_UUID=${this.takeover.volume.mirrorUuid}`);
    return says('');
  }
}
