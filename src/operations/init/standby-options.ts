import { existsSync, statfsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isInitialised, readConfiguration } from '../../config/configuration.ts';
import { paths } from '../../config/paths.ts';
import type { StandbyConfiguration } from '../../config/schema.ts';
import type { Machine } from '../../machine/machine.ts';
import { checkRequirements, STANDBY_MODULES, STANDBY_PROGRAMS } from '../../machine/requirements.ts';
import { SpareError } from '../../std/errors.ts';

/** A smaller pool could not hold even a small volume. */
const LEAST_POOL_SPACE_BYTES = 64 * 1024 * 1024;

export interface InitOptions {
  /** IPv4 address of this machine that primaries log in to, with an optional port. */
  portal?: string;
  networkInterface?: string;
  name?: string;
  iqnPrefix?: string;
  poolDirectory?: string;
}

/** The network interfaces of this machine: name to IPv4 addresses. */
export function ipv4Interfaces(): Record<string, string[]> {
  const entries = Object.entries(networkInterfaces()).map(([name, addresses = []]) => {
    const ipv4 = addresses.filter((address) => address.family === 'IPv4' && !address.internal);
    return [name, ipv4.map((address) => address.address)] as const;
  });
  return Object.fromEntries(entries.filter(([, addresses]) => addresses.length > 0));
}

/**
 * The configuration for the given options. Omitted values come from the existing configuration or from the machine.
 * @param current The configuration written by an earlier init.
 * @throws SpareError `usage` if the portal or the interface does not belong to this machine, or the choice is ambiguous.
 */
export function standbyConfiguration(
  options: InitOptions,
  interfaces: Record<string, string[]>,
  current?: StandbyConfiguration,
): StandbyConfiguration {
  const portal =
    current && options.portal === undefined ? current.portal : parsePortal(options.portal ?? onlyAddress(interfaces));
  const carrier = Object.keys(interfaces).find((name) => interfaces[name]?.includes(portal.address));
  if (!carrier) {
    throw new SpareError(
      'usage',
      'PORTAL_NOT_LOCAL',
      `Cannot serve on ${portal.address}: no interface of this machine has that address`,
      {
        hint: `Addresses of this machine: ${describe(interfaces)}`,
      },
    );
  }
  const networkInterface = options.networkInterface ?? current?.networkInterface ?? carrier;
  if (!interfaces[networkInterface]) {
    throw new SpareError(
      'usage',
      'UNKNOWN_INTERFACE',
      `Cannot use the interface '${networkInterface}': it has no IPv4 address on this machine`,
      {
        hint: `Addresses of this machine: ${describe(interfaces)}`,
      },
    );
  }
  const { configuration, state } = paths();
  const name = options.name ?? current?.name ?? hostname();
  return {
    name,
    poolDirectory: options.poolDirectory ?? current?.poolDirectory ?? join(state, 'pool'),
    portal,
    iqnPrefix: options.iqnPrefix ?? current?.iqnPrefix ?? `iqn.2026-11.net.spare:${name}`,
    networkInterface,
    sshKey: join(configuration, 'ssh', 'id_ed25519'),
    knownHosts: join(configuration, 'ssh', 'known_hosts'),
  };
}

/** Refuses a machine that cannot be a standby, before anything is changed. */
export async function checkStandby(machine: Machine, standby: StandbyConfiguration): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new SpareError('precondition', 'NOT_ROOT', 'Only root can set up the standby', {
      hint: 'Run it with sudo',
    });
  }
  await checkRequirements(machine, { programs: STANDBY_PROGRAMS, modules: STANDBY_MODULES, where: 'on this machine' });
  const space_bytes = freeSpace_bytes(standby.poolDirectory);
  if (space_bytes < LEAST_POOL_SPACE_BYTES) {
    throw new SpareError(
      'precondition',
      'NO_SPACE',
      `The pool ${standby.poolDirectory} has ${space_bytes} bytes free; at least ${LEAST_POOL_SPACE_BYTES} are needed`,
      {
        hint: 'Choose a directory on a larger file system with --pool',
      },
    );
  }
  if (isInitialised()) refuseMove(readConfiguration().standby, standby);
}

/** Primaries know the portal and their target's name: changing either while hosts are enrolled would break every mirror. */
function refuseMove(current: StandbyConfiguration, wanted: StandbyConfiguration): void {
  const hosts = Object.keys(readConfiguration().hosts);
  const fixed = ['iqnPrefix', 'poolDirectory', 'portal'] as const;
  const moved = fixed.filter((key) => JSON.stringify(current[key]) !== JSON.stringify(wanted[key]));
  if (hosts.length === 0 || moved.length === 0) return;
  throw new SpareError(
    'refused',
    'HOSTS_ENROLLED',
    `Cannot change ${moved.join(', ')} while hosts are enrolled: ${hosts.join(', ')}`,
    {
      hint: 'Run spare init with the values in /etc/spare/config.json, or without these options',
    },
  );
}

function parsePortal(text: string): { address: string; port: number } {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? 3260);
  if (!match?.[1] || port < 1 || port > 65_535) {
    throw new SpareError('usage', 'BAD_PORTAL', `Invalid --portal '${text}': expected address or address:port`, {
      hint: 'Example: --portal 10.77.0.10:3260',
    });
  }
  return { address: match[1], port };
}

function onlyAddress(interfaces: Record<string, string[]>): string {
  const addresses = Object.values(interfaces).flat();
  const [address] = addresses;
  if (address === undefined || addresses.length > 1) {
    throw new SpareError(
      'usage',
      'PORTAL_NEEDED',
      `Cannot choose the portal: this machine has ${addresses.length} IPv4 addresses`,
      {
        hint: `Choose one with --portal: ${describe(interfaces)}`,
      },
    );
  }
  return address;
}

function describe(interfaces: Record<string, string[]>): string {
  return (
    Object.entries(interfaces)
      .map(([name, addresses]) => `${name} ${addresses.join(' ')}`)
      .join(', ') || 'none'
  );
}

/** Free space of the file system on which the directory is, or will be. */
function freeSpace_bytes(directory: string): number {
  let existing = directory;
  while (!existsSync(existing)) existing = join(existing, '..');
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}
