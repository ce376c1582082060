import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from '../../config/configuration.ts';
import { hostFolder } from '../../config/paths.ts';
import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from '../../config/schema.ts';
import { DEFAULT_VOLUME_NAME, FIRST_LUN } from '../../config/volumes.ts';
import { stateOf } from '../../hosts/host-state.ts';
import type { Machine } from '../../machine/machine.ts';
import { ADDRESS_ANSWERS, addressUnusedArgv } from '../../service/address.ts';
import type { Clock } from '../../std/clock.ts';
import { SpareError } from '../../std/errors.ts';
import type { EnrollOptions } from './enroll-options.ts';
import { refuseOtherDevice, refuseOtherValues } from './enrolled-values.ts';
import type { PrimaryFacts } from './facts.ts';

/** open-iscsi takes CHAP secrets of up to 255 characters; RFC 7143 §12.1.3 wants at least 96 bits. */
const SECRET_bytes = 18;
/** The smallest volume that makes sense with an ext4 journal and the metadata of an array. */
const LEAST_VOLUME_bytes = 32 * 1024 * 1024;

/** @throws SpareError `precondition` for the first obstacle. `existing` is set when an interrupted enrolment resumes. */
export function checkFacts(options: EnrollOptions, facts: PrimaryFacts, existing: HostConfiguration | undefined): void {
  const refuse = (code: string, message: string, hint: string): never => {
    throw new SpareError('precondition', code, message, { hint });
  };
  const others = facts.enrolledAs.filter((name) => name !== options.host);
  if (others.length > 0)
    refuse(
      'ENROLLED_OTHERWISE',
      `Cannot enrol this machine as ${options.host}: it is already enrolled as ${others.join(', ')}`,
      'Use another machine: each machine can be only one host',
    );
  if (!facts.initiatorName)
    refuse(
      'NO_INITIATOR_NAME',
      `The iSCSI initiator of ${options.host} has no name`,
      `Run on ${options.host}: systemctl start iscsid`,
    );
  if (!facts.interfaceExists)
    refuse(
      'NO_INTERFACE',
      `${options.host} has no network interface '${options.networkInterface}'`,
      'Choose the interface for the service address with --interface',
    );
  if (facts.realPath === '')
    refuse(
      'NO_DEVICE',
      `${options.host} has no block device ${options.device}`,
      `To list its block devices, run on ${options.host}: lsblk`,
    );
  if (facts.readOnly)
    refuse('DEVICE_READ_ONLY', `Cannot mirror ${options.device}: it is read-only`, 'Choose another device');
  if (facts.size_bytes < LEAST_VOLUME_bytes)
    refuse(
      'DEVICE_TOO_SMALL',
      `Cannot mirror ${options.device}: it has ${facts.size_bytes} bytes, at least ${LEAST_VOLUME_bytes} are needed`,
      'Choose another device',
    );
  if (existing) refuseOtherDevice(options, facts, existing);
  // An interrupted enrolment has already created the array on it, and may have mounted it.
  if (existing?.volumes.some(({ mirrorUuid }) => mirrorUuid === facts.mirrorUuid)) return;
  if (facts.inUse.length > 0)
    refuse(
      'DEVICE_IN_USE',
      `Cannot mirror ${options.device}: it is in use or not empty (${facts.inUse.join('; ')})`,
      wipeHint(options, facts),
    );
  if (!facts.blank && !options.discardData)
    refuse(
      'DEVICE_NOT_BLANK',
      `Cannot mirror ${options.device}: it has no file system or partitions, but its start or its end contains data`,
      'Something may keep its data there directly. Choose another device. Only if nothing on it is needed, add --discard-data',
    );
  if (facts.mountedThere)
    refuse(
      'MOUNT_POINT_IN_USE',
      `Cannot mount at ${options.mountPoint}: ${facts.mountedThere} is mounted there`,
      'Choose another mount point with --mount',
    );
  if (!facts.mountPointEmpty)
    refuse(
      'MOUNT_POINT_NOT_EMPTY',
      `Cannot mount at ${options.mountPoint}: it contains files that would be hidden`,
      'Choose another mount point with --mount, or move the files',
    );
}

/** @throws SpareError `precondition` if another host has the machine, the service address or the mount point. */
export function checkNotTaken(options: EnrollOptions): void {
  const others = Object.values(readConfiguration().hosts).filter((host) => host.name !== options.host);
  const refuse = (code: string, other: HostConfiguration, what: string, hint: string): never => {
    throw new SpareError('precondition', code, `Cannot enrol ${options.host}: ${what} belongs to ${other.name}`, {
      hint,
    });
  };
  for (const other of others) {
    if (other.ssh.address === options.ssh.address && other.ssh.port === options.ssh.port)
      refuse('MACHINE_TAKEN', other, `the machine at ${options.ssh.address}`, 'Specify another machine with --ssh');
    if (sameAddress(other.service.address, options.serviceAddress))
      refuse(
        'ADDRESS_TAKEN',
        other,
        `the service address ${options.serviceAddress}`,
        'Choose another address with --service-address',
      );
    if (other.volumes.some(({ mountPoint }) => mountPoint === options.mountPoint))
      refuse(
        'MOUNT_POINT_TAKEN',
        other,
        `the mount point ${options.mountPoint}`,
        `Choose another mount point, for example: --mount /srv/${options.host}`,
      );
  }
}

/**
 * A machine that is reached by another address is still the same machine: its initiator has one name.
 * @throws SpareError `precondition` if the device is the local leg of another host.
 */
export function checkDeviceNotTaken(options: EnrollOptions, facts: PrimaryFacts): void {
  const owner = Object.values(readConfiguration().hosts).find(
    ({ name, target, volumes }) =>
      name !== options.host &&
      target.initiatorName === facts.initiatorName &&
      volumes.some(({ localLeg }) => [facts.stablePath, facts.realPath, options.device].includes(localLeg)),
  );
  if (!owner) return;
  throw new SpareError(
    'precondition',
    'DEVICE_TAKEN',
    `Cannot enrol ${options.host}: the device ${options.device} belongs to ${owner.name}, as the machine has the same initiator name ${facts.initiatorName}`,
    {
      hint: `Each machine can be only one host. If ${options.host} is a clone of ${owner.name}, give it a name of its own in /etc/iscsi/initiatorname.iscsi (iscsi-iname makes one), then: systemctl restart iscsid`,
    },
  );
}

/** @throws SpareError `precondition` if the pool has no room for the leg. */
export function checkPool(options: EnrollOptions, facts: PrimaryFacts, standby: StandbyConfiguration): void {
  if (options.host in readConfiguration().hosts) return;
  const { bavail, bsize } = statfsSync(standby.poolDirectory);
  if (bavail * bsize >= facts.size_bytes) return;
  throw new SpareError(
    'precondition',
    'NO_SPACE',
    `The pool ${standby.poolDirectory} has ${bavail * bsize} bytes free; the standby leg of ${options.host} needs ${facts.size_bytes}`,
    {
      hint: 'Enlarge the pool, or choose a smaller device',
    },
  );
}

/**
 * Asks the network by ARP: with one address on two machines, neither would be usable. A resumed enrolment may have it up already.
 * @throws SpareError `precondition` if a machine answers at the service address.
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
    `Cannot serve ${options.host} at ${options.serviceAddress}: a machine already answers at that address`,
    {
      hint: 'Choose an unused address with --service-address. The service needs its own floating address besides that of the machine',
    },
  );
}

/**
 * The configuration of an interrupted enrolment, to resume with the same secrets and UUID.
 * @throws SpareError `precondition` if the host is enrolled already, `usage` if it was enrolled with other values.
 */
export function interruptedEnrolment(options: EnrollOptions): HostConfiguration | undefined {
  const existing = readConfiguration().hosts[options.host];
  if (!existing) return undefined;
  const state = stateOf(options.host);
  refuseOtherValues(options, existing, state !== 'enrolled');
  if (state !== 'enrolled') {
    throw new SpareError(
      'precondition',
      'ALREADY_ENROLLED',
      `Cannot enrol ${options.host}: it has been enrolled since ${existing.enrolledAt} and is ${state}`,
      {
        hint: `${state === 'syncing' ? 'Its initial resync continues automatically. To follow it' : 'To see its state'}, run: spare status ${options.host}`,
      },
    );
  }
  return existing;
}

/** A new host: UUID, identity and secrets are random. */
export function newHostConfiguration(
  options: EnrollOptions,
  facts: PrimaryFacts,
  standby: StandbyConfiguration,
  clock: Clock,
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
    enrolledAt: clock.wallTime().toISOString(),
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

/** A command that wipes is named only where nothing uses the device: a disk with partitions, mounts or swap may carry the system itself. */
function wipeHint({ host, device }: EnrollOptions, { inUse }: PrimaryFacts): string {
  const onlySignatures = inUse.every((use) => use.startsWith('signature of '));
  return onlySignatures
    ? `Choose another device. Only if nothing on it is needed, on ${host}: wipefs --all ${device}. Then enrol with --discard-data`
    : `Choose another device: this one is in use. On ${host}: lsblk ${device}`;
}
