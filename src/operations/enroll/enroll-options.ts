import { isExportClient } from '../../config/export-client.ts';
import type { FailoverPolicy } from '../../config/schema.ts';
import { SpareError } from '../../std/errors.ts';

/** The options of `spare enroll`, checked as far as possible without contacting a machine. */
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

/** A Linux hostname, short enough for the names derived from it (`spare-mountd-…`, the array's 32 bytes). */
const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/;
const IPV4_WITH_PREFIX = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;
/** An absolute path without characters that a shell, exports(5) or fstab would interpret. */
const PLAIN_PATH = /^(\/[\w.@:+-]+)+$/;
const EXPORT_OPTIONS = /^[\w=,.:/@-]+$/;
/** System directories that cannot be a mount point. */
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
    message: ({ host }) => `Invalid host name '${host}'`,
    hint: "Use up to 24 lowercase letters, digits and hyphens. The name 'standby' is reserved",
  },
  {
    code: 'BAD_DEVICE',
    isBroken: ({ device }) => !PLAIN_PATH.test(device) || !device.startsWith('/dev/'),
    message: ({ device }) => `Invalid --device '${device}': expected a block device below /dev`,
    hint: 'Example: --device /dev/vdb',
  },
  {
    code: 'BAD_MOUNT_POINT',
    isBroken: ({ mountPoint }) =>
      !PLAIN_PATH.test(mountPoint) || SYSTEM_DIRECTORIES.some((path) => isIn(path, mountPoint)),
    message: ({ mountPoint }) =>
      `Invalid --mount '${mountPoint}': expected an absolute path outside the system directories`,
    hint: ({ host }) => `Example: --mount /srv/${host}`,
  },
  {
    code: 'BAD_SERVICE_ADDRESS',
    isBroken: ({ serviceAddress }) => !isAddressWithPrefix(serviceAddress),
    message: ({ serviceAddress }) =>
      `Invalid --service-address '${serviceAddress}': expected an IPv4 address with its prefix length`,
    hint: 'Example: --service-address 10.77.0.101/24',
  },
  {
    code: 'BAD_CLIENTS',
    isBroken: ({ clients }) => !isExportClient(clients),
    message: ({ clients }) => `Invalid --clients '${clients}'`,
    hint: 'Example: --clients 10.77.0.0/24',
  },
  {
    code: 'BAD_EXPORT_OPTIONS',
    isBroken: ({ exportOptions }) => !EXPORT_OPTIONS.test(exportOptions) || /(^|,)(fsid|ro)\b/.test(exportOptions),
    message: ({ exportOptions }) => `Invalid --export-options '${exportOptions}'`,
    hint: 'See exports(5). spare sets fsid= itself',
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

/** @throws SpareError `usage` for the first invalid option. */
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
      `Invalid --ssh '${text}': expected user@address or user@address:port`,
      {
        hint: 'Example: --ssh root@10.77.0.11',
      },
    );
  }
  return { user: match[1] ?? 'root', address: match[2], port };
}
