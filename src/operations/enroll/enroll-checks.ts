import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from '../../config/configuration.ts';
import { hostFolder } from '../../config/paths.ts';
import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from '../../config/schema.ts';
import { DEFAULT_VOLUME_NAME, FIRST_LUN, onlyVolume } from '../../config/volumes.ts';
import { stateOf } from '../../hosts/host-state.ts';
import type { Machine } from '../../machine/machine.ts';
import {
  installLine,
  missingModules,
  missingPrograms,
  PRIMARY_MODULES,
  PRIMARY_PROGRAMS,
} from '../../machine/requirements.ts';
import { ADDRESS_ANSWERS, addressUnusedArgv } from '../../service/address.ts';
import { systemClock } from '../../std/clock.ts';
import { SpareError } from '../../std/errors.ts';
import type { EnrollOptions } from './enroll-options.ts';
import type { PrimaryFacts } from './facts.ts';

/** open-iscsi takes CHAP secrets of up to 255 characters; RFC 7143 §12.1.3 wants at least 96 bits. */
const SECRET_bytes = 18;
/** The smallest volume that ext4 with a journal and the metadata of a mirror set make sense on. */
const LEAST_VOLUME_bytes = 32 * 1024 * 1024;

/** @throws SpareError `precondition` naming what is missing there and how to get it. */
export async function checkPrograms(machine: Machine): Promise<void> {
  const programs = await missingPrograms(machine, PRIMARY_PROGRAMS);
  if (programs.length > 0) {
    const names = programs.map((program) => program.command).join(', ');
    throw new SpareError('precondition', 'PROGRAMS_MISSING', `Programs are missing on ${machine.name}: ${names}`, {
      hint: `On ${machine.name}: ${installLine(programs)}`,
    });
  }
  const modules = await missingModules(machine, PRIMARY_MODULES);
  if (modules.length > 0) {
    throw new SpareError(
      'precondition',
      'MODULES_MISSING',
      `The kernel of ${machine.name} has no modules: ${modules.join(', ')}`,
      {
        hint: "Debian's kernels have them: apt-get install linux-image-amd64, then restart",
      },
    );
  }
}

/** @throws SpareError `precondition` for the first thing that stands in the way. `existing` is set when an interrupted enrolment goes on. */
export function checkFacts(options: EnrollOptions, facts: PrimaryFacts, existing: HostConfiguration | undefined): void {
  const refuse = (code: string, message: string, hint: string): never => {
    throw new SpareError('precondition', code, message, { hint });
  };
  const others = facts.enrolledAs.filter((name) => name !== options.host);
  if (others.length > 0)
    refuse(
      'ENROLLED_OTHERWISE',
      `Cannot enrol this machine as ${options.host} as it is enrolled as ${others.join(', ')}`,
      'A machine is one host',
    );
  if (!facts.initiatorName)
    refuse(
      'NO_INITIATOR_NAME',
      `The initiator of ${options.host} has no name`,
      `On ${options.host}: systemctl start iscsid`,
    );
  if (!facts.interfaceExists)
    refuse(
      'NO_INTERFACE',
      `There is no interface '${options.networkInterface}' on ${options.host}`,
      'Name the one that shall carry the service address with --interface',
    );
  if (facts.realPath === '')
    refuse('NO_DEVICE', `There is no block device ${options.device} on ${options.host}`, `On ${options.host}: lsblk`);
  if (facts.readOnly)
    refuse('DEVICE_READ_ONLY', `Cannot mirror ${options.device} as it is read-only`, 'Choose another device');
  if (facts.size_bytes < LEAST_VOLUME_bytes)
    refuse(
      'DEVICE_TOO_SMALL',
      `Cannot mirror ${options.device} as it has ${facts.size_bytes} bytes, at least ${LEAST_VOLUME_bytes} are needed`,
      'Choose another device',
    );
  // An interrupted enrolment has made the mirror set on it already, and may have mounted it.
  if (existing?.volumes.some(({ mirrorUuid }) => mirrorUuid === facts.mirrorUuid)) return;
  if (facts.inUse.length > 0)
    refuse(
      'DEVICE_IN_USE',
      `Cannot mirror ${options.device} as it is in use or not empty: ${facts.inUse.join('; ')}`,
      `If nothing on it is needed: wipefs --all ${options.device}`,
    );
  if (facts.mountedThere)
    refuse(
      'MOUNT_POINT_IN_USE',
      `Cannot mount at ${options.mountPoint} as ${facts.mountedThere} is mounted there`,
      'Choose another one with --mount',
    );
  if (!facts.mountPointEmpty)
    refuse(
      'MOUNT_POINT_NOT_EMPTY',
      `Cannot mount at ${options.mountPoint} as it holds files that would be hidden`,
      'Choose another one with --mount, or move the files',
    );
}

/** @throws SpareError `precondition` where another host has the machine, the service address or the mount point. */
export function checkNotTaken(options: EnrollOptions): void {
  const others = Object.values(readConfiguration().hosts).filter((host) => host.name !== options.host);
  const refuse = (code: string, other: HostConfiguration, what: string, hint: string): never => {
    throw new SpareError('precondition', code, `Cannot enrol ${options.host}: ${what} belongs to ${other.name}`, {
      hint,
    });
  };
  for (const other of others) {
    if (other.ssh.address === options.ssh.address && other.ssh.port === options.ssh.port)
      refuse(
        'MACHINE_TAKEN',
        other,
        `the machine at ${options.ssh.address}`,
        'Give the address of another machine with --ssh',
      );
    if (sameAddress(other.service.address, options.serviceAddress))
      refuse(
        'ADDRESS_TAKEN',
        other,
        `the service address ${options.serviceAddress}`,
        'Choose another one with --service-address',
      );
    if (other.volumes.some(({ mountPoint }) => mountPoint === options.mountPoint))
      refuse(
        'MOUNT_POINT_TAKEN',
        other,
        `the mount point ${options.mountPoint}`,
        `Choose another one with --mount, for example /srv/${options.host}`,
      );
  }
}

/** @throws SpareError `precondition` where the standby cannot hold the leg. */
export function checkPool(options: EnrollOptions, facts: PrimaryFacts, standby: StandbyConfiguration): void {
  if (options.host in readConfiguration().hosts) return;
  const { bavail, bsize } = statfsSync(standby.poolDirectory);
  if (bavail * bsize >= facts.size_bytes) return;
  throw new SpareError(
    'precondition',
    'NO_SPACE',
    `The pool ${standby.poolDirectory} has ${bavail * bsize} bytes free, the leg of ${options.host} needs ${facts.size_bytes}`,
    {
      hint: 'Enlarge the pool, or choose a smaller device',
    },
  );
}

/**
 * Asks the network, by ARP: two machines with one address would both be unusable. An enrolment that goes on may have it up already.
 * @throws SpareError `precondition` where somebody answers at the service address.
 */
export async function checkAddressIsFree(
  machine: Machine,
  options: EnrollOptions,
  standby: StandbyConfiguration,
): Promise<void> {
  const address = options.serviceAddress.replace(/\/.*/, '');
  const { exitCode } = await machine.exec(addressUnusedArgv(standby.networkInterface, address), {
    acceptExitCodes: [ADDRESS_ANSWERS],
  });
  if (exitCode !== ADDRESS_ANSWERS) return;
  throw new SpareError(
    'precondition',
    'ADDRESS_ANSWERS',
    `Cannot serve ${options.host} at ${options.serviceAddress} as a machine answers at that address`,
    {
      hint: 'Choose another one with --service-address: the machine keeps its own address, the service gets one that can move',
    },
  );
}

/**
 * The configuration of an enrolment that was interrupted, to go on with the same secrets and UUID.
 * @throws SpareError `precondition` where the host is enrolled already, `usage` where it was begun with other values.
 */
export function interruptedEnrolment(options: EnrollOptions): HostConfiguration | undefined {
  const existing = readConfiguration().hosts[options.host];
  if (!existing) return undefined;
  const state = stateOf(options.host);
  if (state !== 'enrolled') {
    throw new SpareError(
      'precondition',
      'ALREADY_ENROLLED',
      `Cannot enrol ${options.host} as it is enrolled since ${existing.enrolledAt}, and ${state}`,
      {
        hint: `${state === 'syncing' ? 'Its first copy goes on by itself, and the watch follows it' : 'See it'}: spare status ${options.host}`,
      },
    );
  }
  const { mountPoint } = onlyVolume(existing);
  const same =
    mountPoint === options.mountPoint &&
    existing.service.address === options.serviceAddress &&
    existing.ssh.address === options.ssh.address;
  if (same) return existing;
  throw new SpareError(
    'usage',
    'OTHER_VALUES',
    `Cannot go on enrolling ${options.host} with other values than it was begun with: ${existing.ssh.address}, ${mountPoint}, ${existing.service.address}`,
    {
      hint: 'Run it with the values that it was begun with',
    },
  );
}

/** A new host: UUID, identity and secrets are random. */
export function newHostConfiguration(
  options: EnrollOptions,
  facts: PrimaryFacts,
  standby: StandbyConfiguration,
): HostConfiguration {
  const { host } = options;
  return {
    name: host,
    ssh: options.ssh,
    policy: options.policy,
    ...(options.fenceCommand !== undefined && { fenceCommand: options.fenceCommand }),
    target: {
      iqn: `${standby.iqnPrefix}:${host}`,
      initiatorName: facts.initiatorName ?? '',
      chap: { user: host, secret: randomBytes(SECRET_bytes).toString('base64url') },
      mutualChap: { user: `${host}-standby`, secret: randomBytes(SECRET_bytes).toString('base64url') },
    },
    service: {
      address: options.serviceAddress,
      primaryInterface: options.networkInterface,
      lease_s: options.lease_s,
    },
    volumes: [newVolumeConfiguration(options, facts, standby)],
    replacementTimeout_s: options.replacementTimeout_s,
    enrolledAt: systemClock.wallTime().toISOString(),
  };
}

function newVolumeConfiguration(
  { host, mountPoint, clients, exportOptions }: EnrollOptions,
  facts: PrimaryFacts,
  standby: StandbyConfiguration,
): VolumeConfiguration {
  const folder = hostFolder(standby.poolDirectory, host);
  return {
    name: DEFAULT_VOLUME_NAME,
    lun: FIRST_LUN,
    mirrorUuid: randomBytes(16)
      .toString('hex')
      .replace(/(.{8})(?=.)/g, '$1:'),
    device: `/dev/md/${host}`,
    localLeg: facts.stablePath,
    standbyLeg: { path: join(folder, 'leg.img'), size_bytes: facts.size_bytes, folder },
    fileSystem: 'ext4',
    mountPoint,
    identity: randomUUID(),
    nfs: { fsid: randomInt(1, 2 ** 31), clients, exportOptions },
  };
}

function sameAddress(one: string, other: string): boolean {
  return one.replace(/\/.*/, '') === other.replace(/\/.*/, '');
}
