import { hostFolder } from './paths.ts';
import type { Configuration, HostConfiguration } from './schema.ts';
import type { ConfigurationV1, HostConfigurationV1 } from './schema-v1.ts';
import { DEFAULT_VOLUME_NAME, FIRST_LUN } from './volumes.ts';

/**
 * The configuration of version 1 as one of version 2: what was the host's only volume is the first of its volumes. Nothing
 * moves: the leg, and what the target remembers of it, stay where they are.
 */
export function upgradeConfiguration({ standby, hosts }: ConfigurationV1): Configuration {
  const upgraded = Object.entries(hosts).map(([name, host]) => [name, upgradeHost(host, standby.poolDirectory)]);
  return { version: 2, standby, hosts: Object.fromEntries(upgraded) };
}

function upgradeHost({ target, volume, service, ...host }: HostConfigurationV1, pool: string): HostConfiguration {
  const { path, size_bytes, ...node } = target;
  const { fsid, clients, exportOptions, ...reached } = service;
  return {
    ...host,
    target: node,
    service: reached,
    volumes: [
      {
        name: DEFAULT_VOLUME_NAME,
        lun: FIRST_LUN,
        ...volume,
        standbyLeg: { path, size_bytes, folder: hostFolder(pool, host.name) },
        nfs: { fsid, clients, exportOptions },
      },
    ],
  };
}
