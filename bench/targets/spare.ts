import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { hostFolder } from '../../src/config/paths.ts';
import type { Configuration, HostConfiguration } from '../../src/config/schema.ts';
import { monotonic_ms } from '../../src/std/clock.ts';
import { firstLine } from '../first-line.ts';
import type { Sandbox } from '../sandbox.ts';
import { freePort, INITIATOR_NAME, profilerEnvironment, type ServedHost, type Starter } from './target.ts';

const root = resolve(import.meta.dirname, '../..');

export function spare(sandbox: Sandbox): Starter {
  return {
    async serveFile(file, profile) {
      const started_ms = monotonic_ms();
      const child = sandbox.start(
        join(root, 'bin/spare'),
        ['serve', '--file', file, '--portal', `127.0.0.1:${await freePort()}`, '--no-auth', '--json'],
        profilerEnvironment(profile),
      );
      const ready = JSON.parse(await firstLine(child, 'spare serve')) as { portal: string; iqn: string };
      return {
        name: 'spare',
        ...addressOf(ready.portal),
        hosts: [{ name: 'file', file, size_bytes: statSync(file).size, iqn: ready.iqn, initiatorName: INITIATOR_NAME }],
        pid: child.pid as number,
        start_ms: monotonic_ms() - started_ms,
        stop: () => sandbox.end(child, 'SIGTERM'),
      };
    },

    /** The program of spare-serve.service, with a configuration and folders of its own. */
    async serveHosts(hosts, profile) {
      const folder = mkdtempSync(join(sandbox.folder, 'daemon-'));
      const folders = { SPARE_CONFIG_DIR: join(folder, 'configuration'), SPARE_STATE_DIR: join(folder, 'state') };
      const environment = { ...folders, SPARE_RUNTIME_DIR: join(folder, 'run') };
      for (const path of Object.values(environment)) mkdirSync(path, { mode: 0o700 });
      for (const { name } of hosts) mkdirSync(hostFolder(environment.SPARE_STATE_DIR, name), { mode: 0o700 });
      const configuration = configurationOf(hosts, environment.SPARE_STATE_DIR, await freePort());
      writeFileSync(join(environment.SPARE_CONFIG_DIR, 'config.json'), JSON.stringify(configuration), { mode: 0o600 });
      const started_ms = monotonic_ms();
      const child = sandbox.start(
        join(root, 'node_modules/node/bin/node'),
        ['--disable-warning=ExperimentalWarning', '--liftoff-only', join(root, 'src/target/daemon.ts')],
        { ...environment, ...profilerEnvironment(profile) },
      );
      const ready = await firstLine(child, 'the daemon of spare', {
        stream: 'stderr',
        pattern: /accepts connections portal=/,
      });
      return {
        name: 'spare',
        ...addressOf(ready.slice(ready.indexOf('=') + 1)),
        hosts,
        pid: child.pid as number,
        start_ms: monotonic_ms() - started_ms,
        stop: () => sandbox.end(child, 'SIGTERM'),
      };
    },
  };
}

function addressOf(portal: string): { host: string; port: number } {
  const [host = '', port = ''] = portal.split(':');
  return { host, port: Number(port) };
}

/** As much of a configuration as the target reads. */
function configurationOf(hosts: readonly ServedHost[], poolDirectory: string, port: number): Configuration {
  return {
    version: 2,
    standby: { name: 'bench', poolDirectory, portal: { address: '127.0.0.1', port } },
    hosts: Object.fromEntries(hosts.map((host) => [host.name, hostConfiguration(host)])),
  } as unknown as Configuration;
}

function hostConfiguration({ name, iqn, initiatorName, file, size_bytes, chap }: ServedHost): HostConfiguration {
  const mutualChap = { user: `${name}-standby`, secret: `${chap?.secret} of the standby` };
  const volume = { name: 'data', lun: 1, standbyLeg: { path: file, size_bytes, folder: dirname(file) } };
  return { name, target: { iqn, initiatorName, chap, mutualChap }, volumes: [volume] } as HostConfiguration;
}
