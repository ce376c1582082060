import type { FailoverPolicy } from '../../config/schema.ts';
import { SpareError } from '../../std/errors.ts';

/** What `spare enroll` is asked for, checked as far as it can be without looking at any machine. */
export interface EnrollOptions {
  host: string;
  ssh: { user: string; address: string; port: number };
  device: string;
  mountPoint: string;
  /** With prefix length. */
  serviceAddress: string;
  networkInterface: string;
  clients: string;
  exportOptions: string;
  policy: FailoverPolicy;
  fenceCommand?: string;
  replacementTimeout_s: number;
  lease_s: number;
}

/** As a Linux host name, and short enough for the names that are made from it (`spare-mountd-…`, the mirror set's 32 bytes). */
const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/;
const IPV4_WITH_PREFIX = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;
/** An absolute path without anything that a shell, exports(5) or fstab would read in another way. */
const PLAIN_PATH = /^(\/[\w.@:+-]+)+$/;
/** exports(5): names, networks, netgroups, wildcards. */
const CLIENTS = /^[\w.:*?/@[\]-]+$/;
const EXPORT_OPTIONS = /^[\w=,.:/@-]+$/;
/** Directories that must stay the machine's own. */
const SYSTEM_DIRECTORIES = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/var',
];

interface Rule {
  code: string;
  isBroken(options: EnrollOptions): boolean;
  message(options: EnrollOptions): string;
  hint: string | ((options: EnrollOptions) => string);
}

const RULES: readonly Rule[] = [
  {
    code: 'BAD_HOST_NAME',
    isBroken: ({ host }) => !HOST_NAME.test(host) || host === 'standby',
    message: ({ host }) => `Cannot enrol a host as '${host}'`,
    hint: "Use up to 24 small letters, digits and hyphens; 'standby' is taken",
  },
  {
    code: 'BAD_DEVICE',
    isBroken: ({ device }) => !PLAIN_PATH.test(device) || !device.startsWith('/dev/'),
    message: ({ device }) => `Cannot mirror '${device}': wanted is a block device below /dev`,
    hint: 'For example: --device /dev/vdb',
  },
  {
    code: 'BAD_MOUNT_POINT',
    isBroken: ({ mountPoint }) =>
      !PLAIN_PATH.test(mountPoint) || SYSTEM_DIRECTORIES.some((path) => isIn(path, mountPoint)),
    message: ({ mountPoint }) =>
      `Cannot mount at '${mountPoint}': wanted is an absolute path outside of the system's own directories`,
    hint: ({ host }) => `For example: --mount /srv/${host}`,
  },
  {
    code: 'BAD_SERVICE_ADDRESS',
    isBroken: ({ serviceAddress }) => !isAddressWithPrefix(serviceAddress),
    message: ({ serviceAddress }) =>
      `Cannot serve at '${serviceAddress}': wanted is an IPv4 address with its prefix length`,
    hint: 'For example: --service-address 10.77.0.101/24',
  },
  {
    code: 'BAD_CLIENTS',
    isBroken: ({ clients }) => !CLIENTS.test(clients),
    message: ({ clients }) => `Cannot export to '${clients}'`,
    hint: 'For example: --clients 10.77.0.0/24',
  },
  {
    code: 'BAD_EXPORT_OPTIONS',
    isBroken: ({ exportOptions }) => !EXPORT_OPTIONS.test(exportOptions) || /(^|,)(fsid|ro)\b/.test(exportOptions),
    message: ({ exportOptions }) => `Cannot export with the options '${exportOptions}'`,
    hint: 'See exports(5); fsid= is chosen by spare',
  },
  {
    code: 'FENCE_NEEDED',
    isBroken: ({ policy, fenceCommand }) => policy === 'auto' && !fenceCommand,
    message: () => "Cannot use the policy 'auto' without a fence command: nothing else proves that a primary is off",
    hint: 'Give --fence-command, or --policy manual',
  },
  {
    code: 'BAD_REPLACEMENT_TIMEOUT',
    isBroken: ({ replacementTimeout_s }) => replacementTimeout_s < 10 || replacementTimeout_s > 60,
    message: ({ replacementTimeout_s }) =>
      `Cannot use a replacement time-out of ${replacementTimeout_s} s: wanted is 10 to 60`,
    hint: 'Shorter drops the mirror at every restart of the target, longer stalls writes when the standby dies',
  },
  {
    code: 'BAD_LEASE',
    isBroken: ({ lease_s }) => lease_s < 5 || lease_s > 90,
    message: ({ lease_s }) => `Cannot use an NFSv4 lease of ${lease_s} s: wanted is 5 to 90`,
    hint: 'Clients wait that long after a takeover before new locks are granted',
  },
];

/** @throws SpareError `usage` for the first thing that is wrong. */
export function checkEnrollOptions(options: EnrollOptions): void {
  const broken = RULES.find((rule) => rule.isBroken(options));
  if (!broken) return;
  const { code, message, hint } = broken;
  throw new SpareError('usage', code, message(options), { hint: typeof hint === 'string' ? hint : hint(options) });
}

function isIn(directory: string, path: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function isAddressWithPrefix(text: string): boolean {
  const [, ...parts] = IPV4_WITH_PREFIX.exec(text) ?? [];
  const [prefix = 0, ...address] = parts.map(Number).toReversed();
  return parts.length > 0 && address.every((part) => part <= 255) && prefix >= 8 && prefix <= 31;
}

/** `user@address[:port]` */
export function parseSshTarget(text: string): EnrollOptions['ssh'] {
  const match = /^(?:([a-z_][\w-]*)@)?([\w.-]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? 22);
  if (!match?.[2] || match[2].startsWith('-') || port < 1 || port > 65_535) {
    throw new SpareError(
      'usage',
      'BAD_SSH_TARGET',
      `Cannot log in to '${text}': wanted is user@address or user@address:port`,
      {
        hint: 'For example: --ssh root@10.77.0.11',
      },
    );
  }
  return { user: match[1] ?? 'root', address: match[2], port };
}
