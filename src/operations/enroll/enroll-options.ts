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

/** @throws SpareError `usage` for the first thing that is wrong. */
export function checkEnrollOptions(options: EnrollOptions): void {
  const refuse = (code: string, message: string, hint: string): never => {
    throw new SpareError('usage', code, message, { hint });
  };
  if (!HOST_NAME.test(options.host) || options.host === 'standby') {
    refuse(
      'BAD_HOST_NAME',
      `Cannot enrol a host as '${options.host}'`,
      "Use up to 24 small letters, digits and hyphens; 'standby' is taken",
    );
  }
  if (!PLAIN_PATH.test(options.device) || !options.device.startsWith('/dev/')) {
    refuse(
      'BAD_DEVICE',
      `Cannot mirror '${options.device}': wanted is a block device below /dev`,
      'For example: --device /dev/vdb',
    );
  }
  const { mountPoint } = options;
  if (
    !PLAIN_PATH.test(mountPoint) ||
    SYSTEM_DIRECTORIES.some((path) => mountPoint === path || mountPoint.startsWith(`${path}/`))
  ) {
    refuse(
      'BAD_MOUNT_POINT',
      `Cannot mount at '${mountPoint}': wanted is an absolute path outside of the system's own directories`,
      `For example: --mount /srv/${options.host}`,
    );
  }
  const address = IPV4_WITH_PREFIX.exec(options.serviceAddress);
  if (
    !address ||
    address.slice(1, 5).some((part) => Number(part) > 255) ||
    Number(address[5]) < 8 ||
    Number(address[5]) > 31
  ) {
    refuse(
      'BAD_SERVICE_ADDRESS',
      `Cannot serve at '${options.serviceAddress}': wanted is an IPv4 address with its prefix length`,
      'For example: --service-address 10.77.0.101/24',
    );
  }
  if (!CLIENTS.test(options.clients))
    refuse('BAD_CLIENTS', `Cannot export to '${options.clients}'`, 'For example: --clients 10.77.0.0/24');
  if (!EXPORT_OPTIONS.test(options.exportOptions) || /(^|,)(fsid|ro)\b/.test(options.exportOptions)) {
    refuse(
      'BAD_EXPORT_OPTIONS',
      `Cannot export with the options '${options.exportOptions}'`,
      'See exports(5); fsid= is chosen by spare',
    );
  }
  if (options.policy === 'auto' && !options.fenceCommand) {
    refuse(
      'FENCE_NEEDED',
      "Cannot use the policy 'auto' without a fence command: nothing else proves that a primary is off",
      'Give --fence-command, or --policy manual',
    );
  }
  if (options.replacementTimeout_s < 10 || options.replacementTimeout_s > 60) {
    refuse(
      'BAD_REPLACEMENT_TIMEOUT',
      `Cannot use a replacement time-out of ${options.replacementTimeout_s} s: wanted is 10 to 60`,
      'Shorter drops the mirror at every restart of the target, longer stalls writes when the standby dies',
    );
  }
  if (options.lease_s < 5 || options.lease_s > 90) {
    refuse(
      'BAD_LEASE',
      `Cannot use an NFSv4 lease of ${options.lease_s} s: wanted is 5 to 90`,
      'Clients wait that long after a takeover before new locks are granted',
    );
  }
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
