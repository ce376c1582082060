import type { HostConfiguration } from '../../src/config/schema.ts';
import type { PrimaryReport } from '../../src/hosts/host-record.ts';
import type { Clock } from '../../src/std/clock.ts';

/** A host as `spare enroll` would have written it. */
export function exampleHost(name: string, change: Partial<HostConfiguration> = {}): HostConfiguration {
  return {
    name,
    ssh: { address: '10.77.0.11', port: 22, user: 'root' },
    policy: 'auto',
    fenceCommand: 'power-switch "$1"',
    target: {
      iqn: `iqn.2026-11.net.spare:standby:${name}`,
      initiatorName: `iqn.1993-08.org.debian:01:${name}`,
      chap: { user: name, secret: 'not-a-secret-1' },
      mutualChap: { user: 'standby', secret: 'not-a-secret-2' },
    },
    service: {
      address: '10.77.0.101/24',
      primaryInterface: 'eth0',
      lease_s: 10,
    },
    volumes: [
      {
        name: 'data',
        lun: 1,
        mirrorUuid: '01234567:89abcdef:01234567:89abcdef',
        device: `/dev/md/${name}`,
        localLeg: '/dev/disk/by-id/virtio-data',
        standbyLeg: {
          path: `/var/lib/spare/pool/${name}.img`,
          size_bytes: 1_000_000_000,
          folder: '/var/lib/spare/pool',
        },
        fileSystem: 'ext4',
        mountPoint: `/srv/${name}`,
        identity: `identity-of-${name}`,
        nfs: { fsid: 101, clients: '10.77.0.0/24', exportOptions: 'rw,sync,no_subtree_check' },
      },
    ],
    replacementTimeout_s: 12,
    enrolledAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

/** A report of an array in sync, received `age_ms` ago. */
export function wholeReport(age_ms: number, clock: Clock, change: Partial<PrimaryReport> = {}): PrimaryReport {
  return {
    receivedAt: new Date(clock.wallTime().getTime() - age_ms).toISOString(),
    received: { bootId: clock.bootId, bootTime_ms: clock.bootTime_ms() - age_ms },
    arrayState: 'active',
    standbyLegState: 'in_sync,write_mostly',
    localLegState: 'in_sync',
    syncAction: 'idle',
    sessionLoggedIn: true,
    passive: false,
    epoch: 7,
    recoveryTimeout_s: 12,
    ...change,
  };
}
