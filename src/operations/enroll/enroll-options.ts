import { SpareError } from '../../std/errors.ts';
import { checkHostSettings, type HostSettings } from '../host-settings.ts';
import type { WantedAccess } from './root-access.ts';

/** The options of `spare enroll`, checked as far as possible without contacting a machine. */
export interface EnrollOptions extends HostSettings {
  host: string;
  ssh: { user: string; address: string; port: number };
  device: string;
  mountPoint: string;
  /** With prefix length. */
  serviceAddress: string;
  networkInterface: string;
  /** Who may write in the root directory of the volume. */
  access: WantedAccess;
  /** Takes a device that has data but nothing that names it: no file system, no partitions. */
  discardData: boolean;
}

/** A Linux hostname, short enough for the names derived from it (`spare-mountd-…`, the array's 32 bytes). */
const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/;
const IPV4_WITH_PREFIX = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;
/** An absolute path without characters that a shell, exports(5) or fstab would interpret. */
const PLAIN_PATH = /^(\/[\w.@:+-]+)+$/;
/** chown(1), with numbers alone: what a name means may differ between the two machines. */
const OWNER = /^\d{1,10}(:\d{1,10})?$/;
/** The kernel keeps 2^32 - 1 to mean "no change". */
const MAX_ID = 2 ** 32 - 2;
const MODE = /^[0-7]{3,4}$/;
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
    code: 'BAD_OWNER',
    isBroken: ({ access: { owner } }) => owner !== undefined && !isOwner(owner),
    message: ({ access: { owner } }) => `Invalid --owner '${owner}': expected UID or UID:GID, as numbers`,
    hint: 'Example: --owner 1000:1000. To see the numbers of a user, run: id USER',
  },
  {
    code: 'BAD_MODE',
    isBroken: ({ access: { mode } }) => mode !== undefined && !MODE.test(mode),
    message: ({ access: { mode } }) => `Invalid --mode '${mode}': expected three or four octal digits`,
    hint: 'Example: --mode 2775',
  },
];

/** @throws SpareError `usage` for the first invalid option. */
export function checkEnrollOptions(options: EnrollOptions): void {
  const broken = RULES.find((rule) => rule.isBroken(options));
  if (broken) {
    const { code, message, hint } = broken;
    throw new SpareError('usage', code, message(options), { hint: typeof hint === 'string' ? hint : hint(options) });
  }
  checkHostSettings(options);
}

function isIn(directory: string, path: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function isOwner(text: string): boolean {
  return OWNER.test(text) && text.split(':').every((id) => Number(id) <= MAX_ID);
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
