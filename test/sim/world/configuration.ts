import type { Configuration, HostConfiguration } from '../../../src/config/schema.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../../fixtures/configuration.ts';
import { FENCE_COMMAND } from './fence-device.ts';
import { BLOCKS, CHUNK_bytes } from './leg.ts';
import type { WorldHost } from './world-options.ts';

export const POOL = '/var/lib/spare/pool';

export function hostConfiguration(
  { name, policy, hasFence, replacementTimeout_s }: WorldHost,
  number: number,
): HostConfiguration {
  const folder = `${POOL}/${name}`;
  const { fenceCommand: _none, ...host } = hostFixture;
  return {
    ...host,
    name,
    policy,
    ...(hasFence && { fenceCommand: FENCE_COMMAND }),
    ssh: { address: `10.77.0.${20 + number}`, port: 22, user: 'root' },
    target: {
      ...host.target,
      iqn: `iqn.2026-11.net.spare:lab:${name}`,
      initiatorName: `iqn.1993-08.org.debian:01:${name}`,
    },
    service: { ...host.service, address: `10.77.0.${100 + number}/24` },
    replacementTimeout_s,
    volumes: [
      {
        ...volumeFixture,
        mirrorUuid: `11111111:22222222:33333333:4444444${number}`,
        device: `/dev/md/${name}`,
        localLeg: `/dev/disk/by-id/virtio-${name}-data`,
        standbyLeg: { path: `${folder}/leg.img`, size_bytes: BLOCKS * CHUNK_bytes, folder },
        mountPoint: `/srv/${name}`,
        identity: `identity-of-${name}`,
      },
    ],
  };
}

export function configurationOf(hosts: readonly HostConfiguration[]): Configuration {
  return {
    version: 2,
    standby: { ...standbyFixture, poolDirectory: POOL },
    hosts: Object.fromEntries(hosts.map((host) => [host.name, host])),
  };
}
