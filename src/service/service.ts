import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from '../config/schema.ts';
import type { Machine } from '../machine/machine.ts';
import { quoteForShell } from '../machine/quote.ts';

/** The directory of spare's programs, on primaries and standby alike. */
export const PROGRAM_DIRECTORY = '/usr/local/lib/spare';
/** The fence record of a primary: while it exists, nothing starts. */
export const PASSIVE_PATH = '/etc/spare/passive';
/** On a primary: while it exists, the guard does not use the local leg, which is not complete yet. `report` removes it. */
export const FILL_PATH = '/etc/spare/fill';
const SERVICE_PROGRAM = `${PROGRAM_DIRECTORY}/service`;
/** A cold start loads modules and creates namespaces: 13 s under emulation. */
const VERB_TIMEOUT_ms = 120_000;

/** The verbs of `templates/primary/service`; its header explains each. */
export type ServiceVerb =
  | 'prepare'
  | 'ready'
  | 'mount'
  | 'unmount'
  | 'nfs-start'
  | 'nfs-stop'
  | 'export'
  | 'address-up'
  | 'address-down'
  | 'down'
  | 'status';

export interface ServiceStatus {
  prepared: boolean;
  assembled: boolean;
  mounted: boolean;
  nfsThreads: number;
  address: boolean;
}

export function serviceArgv(verb: ServiceVerb, host: string): string[] {
  return [SERVICE_PROGRAM, verb, host];
}

export async function service(
  machine: Machine,
  verb: ServiceVerb,
  host: string,
  timeout_ms = VERB_TIMEOUT_ms,
): Promise<void> {
  await machine.exec(serviceArgv(verb, host), { timeout_ms });
}

/** What a takeover of the host would lack on the standby, as sentences for people; empty if it is ready. */
export async function lackedByTakeover(standby: Machine, host: string, timeout_ms: number): Promise<string[]> {
  const { stdout } = await standby.exec(serviceArgv('ready', host), { timeout_ms });
  return stdout.split('\n').filter((line) => line !== '');
}

export async function serviceStatus(machine: Machine, host: string): Promise<ServiceStatus> {
  const { stdout } = await machine.exec(serviceArgv('status', host));
  return parseServiceStatus(stdout);
}

export function parseServiceStatus(stdout: string): ServiceStatus {
  const values = new Map(stdout.split('\n').map((line) => line.split('=') as [string, string | undefined]));
  const yes = (key: string) => values.get(key) === 'yes';
  return {
    prepared: yes('prepared'),
    assembled: yes('assembled'),
    mounted: yes('mounted'),
    nfsThreads: Number(values.get('nfsThreads') ?? 0),
    address: yes('address'),
  };
}

/** Whether any part of the host's service is up there: on a passive machine nothing is. */
export function isPassive(status: ServiceStatus): boolean {
  return !status.assembled && !status.mounted && status.nfsThreads === 0 && !status.address;
}

export function serviceConfigurationPath(host: string): string {
  return `/etc/spare/services/${host}.conf`;
}

/**
 * `/etc/spare/services/<host>.conf`: shell assignments, read by the programs of templates/primary. No secrets. What belongs
 * to the host is assigned at once, what belongs to a volume by the function `use_volume NAME`.
 */
export function serviceConfiguration(
  host: HostConfiguration,
  standby: StandbyConfiguration,
  role: 'primary' | 'standby',
): string {
  const lines = [
    `# Written by spare: changes will be overwritten. Read by the programs in ${PROGRAM_DIRECTORY}.`,
    ...assignments(hostSettings(host, standby, role)),
    'use_volume() {',
    '  case $1 in',
    ...host.volumes.flatMap((volume) => [
      `    ${quoteForShell([volume.name])})`,
      ...assignments(volumeSettings(volume, role)).map((line) => `      ${line}`),
      '      ;;',
    ]),
    '    *) return 1 ;;',
    '  esac',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

type Settings = Record<string, string | number>;

function hostSettings(host: HostConfiguration, standby: StandbyConfiguration, role: 'primary' | 'standby'): Settings {
  const { address, primaryInterface, lease_s } = host.service;
  return {
    SPARE_HOST: host.name,
    SPARE_ROLE: role,
    SPARE_ADDRESS: address,
    SPARE_INTERFACE: role === 'primary' ? primaryInterface : standby.networkInterface,
    SPARE_LEASE: lease_s,
    ...(role === 'primary'
      ? { SPARE_IQN: host.target.iqn, SPARE_PORTAL: `${standby.portal.address}:${standby.portal.port}` }
      : { SPARE_SHIM_SOURCE: standby.portal.address }),
    SPARE_VOLUMES: host.volumes.map(({ name }) => name).join(' '),
  };
}

function volumeSettings(volume: VolumeConfiguration, role: 'primary' | 'standby'): Settings {
  return {
    SPARE_VOLUME: volume.name,
    SPARE_LUN: volume.lun,
    SPARE_MIRROR_UUID: volume.mirrorUuid,
    SPARE_DEVICE: volume.device,
    SPARE_MOUNT: volume.mountPoint,
    SPARE_FSID: volume.nfs.fsid,
    SPARE_CLIENTS: volume.nfs.clients,
    SPARE_EXPORT_OPTIONS: volume.nfs.exportOptions,
    SPARE_IDENTITY: volume.identity,
    ...(role === 'primary' && { SPARE_LOCAL_LEG: volume.localLeg }),
  };
}

function assignments(settings: Settings): string[] {
  return Object.entries(settings).map(([name, value]) => `${name}=${quoteForShell([String(value)])}`);
}
