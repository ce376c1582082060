import { isExportClient } from '../config/export-client.ts';
import { exportOptionsProblem } from '../config/export-options.ts';
import type { FailoverPolicy, HostConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import { SpareError } from '../std/errors.ts';

/** What an administrator chooses for a host and may change later. Everything else of a host stays as it was enrolled. */
export interface HostSettings {
  policy: FailoverPolicy;
  fenceCommand?: string;
  /** As in exports(5). */
  clients: string;
  /** exports(5) options besides `fsid=`. */
  exportOptions: string;
  /** NFSv4 lease and grace period. */
  lease_s: number;
  /** The initiator's `replacement_timeout`. */
  replacementTimeout_s: number;
}

interface Rule {
  code: string;
  isBroken(settings: HostSettings): boolean;
  message(settings: HostSettings): string;
  hint: string;
}

const RULES: readonly Rule[] = [
  {
    code: 'BAD_CLIENTS',
    isBroken: ({ clients }) => !isExportClient(clients),
    message: ({ clients }) => `Invalid --clients '${clients}'`,
    hint: 'Example: --clients 10.77.0.0/24',
  },
  {
    code: 'BAD_EXPORT_OPTIONS',
    isBroken: ({ exportOptions }) => exportOptionsProblem(exportOptions) !== undefined,
    message: ({ exportOptions }) =>
      `Invalid --export-options '${exportOptions}': ${exportOptionsProblem(exportOptions)}`,
    hint: 'Example: --export-options rw,sync,no_subtree_check. See exports(5)',
  },
  {
    code: 'FENCE_NEEDED',
    isBroken: ({ policy, fenceCommand }) => policy === 'auto' && !fenceCommand,
    message: () => "The policy 'auto' needs a fence command: nothing else confirms that a primary is off",
    hint: 'Add --fence-command, or use --policy manual',
  },
  {
    code: 'BAD_REPLACEMENT_TIMEOUT',
    isBroken: ({ replacementTimeout_s }) => replacementTimeout_s < 10 || replacementTimeout_s > 60,
    message: ({ replacementTimeout_s }) =>
      `Invalid --replacement-timeout ${replacementTimeout_s}: expected 10 to 60 seconds`,
    hint: 'A shorter lease breaks the mirror at every restart of the target; a longer one delays writes when the standby dies',
  },
  {
    code: 'BAD_LEASE',
    isBroken: ({ lease_s }) => lease_s < 5 || lease_s > 90,
    message: ({ lease_s }) => `Invalid --lease ${lease_s}: expected 5 to 90 seconds`,
    hint: 'After a failover, clients wait this long before new locks are granted',
  },
];

/** @throws SpareError `usage` for the first setting that cannot be. */
export function checkHostSettings(settings: HostSettings): void {
  const broken = RULES.find((rule) => rule.isBroken(settings));
  if (broken) throw new SpareError('usage', broken.code, broken.message(settings), { hint: broken.hint });
}

export function settingsOf(host: HostConfiguration): HostSettings {
  const { clients, exportOptions } = onlyVolume(host).nfs;
  return {
    policy: host.policy,
    ...(host.fenceCommand !== undefined && { fenceCommand: host.fenceCommand }),
    clients,
    exportOptions,
    lease_s: host.service.lease_s,
    replacementTimeout_s: host.replacementTimeout_s,
  };
}

/** The host with these settings. An empty fence command stands for none. */
export function withSettings(host: HostConfiguration, settings: HostSettings): HostConfiguration {
  const { fenceCommand: _before, ...others } = host;
  const { policy, fenceCommand, clients, exportOptions, lease_s, replacementTimeout_s } = settings;
  const volume = onlyVolume(host);
  return {
    ...others,
    policy,
    ...(fenceCommand && { fenceCommand }),
    service: { ...host.service, lease_s },
    volumes: [{ ...volume, nfs: { ...volume.nfs, clients, exportOptions } }],
    replacementTimeout_s,
  };
}
