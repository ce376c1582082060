import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeHostConfiguration, writeStandbyConfiguration } from '../../../src/config/write-configuration.ts';
import { checkAddressIsFree, checkDeviceNotTaken, checkFacts } from '../../../src/operations/enroll/enroll-checks.ts';
import type { EnrollOptions } from '../../../src/operations/enroll/enroll-options.ts';
import type { PrimaryFacts } from '../../../src/operations/enroll/facts.ts';
import { SpareError } from '../../../src/std/errors.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../../fixtures/configuration.ts';
import { RecordingMachine } from '../recording-machine.ts';
import { TakeoverWorld } from '../takeover-world.ts';

const options: EnrollOptions = {
  host: 'alpha',
  ssh: hostFixture.ssh,
  device: '/dev/vdb',
  mountPoint: '/srv/alpha',
  serviceAddress: '10.77.0.101/24',
  networkInterface: 'eth0',
  clients: '10.77.0.0/24',
  exportOptions: 'rw',
  policy: 'manual',
  replacementTimeout_s: 12,
  lease_s: 10,
  access: {},
  discardData: false,
};

/** A machine on which everything is as it should be. */
const facts: PrimaryFacts = {
  initiatorName: 'iqn.1993-08.org.debian:01:alpha',
  realPath: '/dev/vdb',
  stablePath: '/dev/disk/by-id/virtio-alpha-data',
  size_bytes: 268_435_456,
  readOnly: false,
  inUse: [],
  blank: true,
  mirrorUuid: undefined,
  interfaceExists: true,
  mountedThere: undefined,
  mountPointEmpty: true,
  enrolledAs: [],
  hasUpdateInitramfs: true,
};

const checks = suite('enroll checks');

function codeOf(check: () => void): string {
  try {
    check();
  } catch (error) {
    assert.instance(error, SpareError);
    assert.is((error as SpareError).exitCode, 3);
    return (error as SpareError).code;
  }
  return 'none';
}

const REFUSED: [string, Partial<PrimaryFacts>][] = [
  ['ENROLLED_OTHERWISE', { enrolledAs: ['beta'] }],
  ['NO_INITIATOR_NAME', { initiatorName: undefined }],
  ['NO_INTERFACE', { interfaceExists: false }],
  ['NO_DEVICE', { realPath: '' }],
  ['DEVICE_READ_ONLY', { readOnly: true }],
  ['DEVICE_TOO_SMALL', { size_bytes: 1_000_000 }],
  ['DEVICE_IN_USE', { inUse: ['signature of ext4'] }],
  ['DEVICE_IN_USE', { inUse: ['signature of linux_raid_member'], mirrorUuid: '99999999:0:0:0' }],
  ['DEVICE_NOT_BLANK', { blank: false }],
  ['MOUNT_POINT_IN_USE', { mountedThere: '/dev/vdc' }],
  ['MOUNT_POINT_NOT_EMPTY', { mountPointEmpty: false }],
];

checks('a hint never wipes what is in use', () => {
  const hintFor = (...inUse: string[]) => {
    try {
      checkFacts(options, { ...facts, inUse }, undefined);
      return 'none';
    } catch (error) {
      return (error as SpareError).hint;
    }
  };
  assert.match(hintFor('signature of ext4'), 'wipefs --all /dev/vdb');
  for (const use of ['mounted at /', 'part vdb1 on it', 'swap', 'raid1 md127 on it']) {
    assert.not.match(hintFor('signature of ext4', use), 'wipefs');
  }
});

checks('a machine that is as it should be is taken', () => {
  assert.is(
    codeOf(() => checkFacts(options, facts, undefined)),
    'none',
  );
});

for (const [code, change] of REFUSED) {
  checks(`refuses: ${code} ${JSON.stringify(change)}`, () => {
    assert.is(
      codeOf(() => checkFacts(options, { ...facts, ...change }, undefined)),
      code,
    );
  });
}

checks('data that nothing names is given up only where that is said, and what is in use never', () => {
  const discarding = { ...options, discardData: true };
  const refusal = (change: Partial<PrimaryFacts>) =>
    codeOf(() => checkFacts(discarding, { ...facts, blank: false, ...change }, undefined));
  assert.is(refusal({}), 'none');
  for (const use of ['mounted at /', 'signature of ext4', 'part vdb1 on it', 'swap']) {
    assert.is(refusal({ inUse: [use] }), 'DEVICE_IN_USE', use);
  }
});

checks(
  'a device of a machine that is enrolled is refused for a second host, whatever address the machine has',
  async () => {
    const world = new TakeoverWorld();
    await world.begin();
    try {
      writeStandbyConfiguration(world.standby);
      writeHostConfiguration(world.host);
      const beta = { ...options, host: 'beta', ssh: { ...options.ssh, address: '10.77.0.99' } };
      const own = { ...facts, initiatorName: world.host.target.initiatorName, stablePath: world.volume.localLeg };
      const refusal = (of: EnrollOptions, found: PrimaryFacts) => codeOf(() => checkDeviceNotTaken(of, found));
      assert.is(refusal(beta, own), 'DEVICE_TAKEN');
      assert.is(refusal({ ...beta, host: 'alpha' }, own), 'none');
      assert.is(refusal(beta, { ...own, initiatorName: 'iqn.1993-08.org.debian:01:beta' }), 'none');
      assert.is(refusal(beta, { ...own, stablePath: '/dev/disk/by-id/other' }), 'none');
    } finally {
      await world.end();
    }
  },
);

checks('a resumed enrolment finds its own array, and no other', () => {
  const own = { inUse: ['signature of linux_raid_member'], mirrorUuid: volumeFixture.mirrorUuid };
  assert.is(
    codeOf(() => checkFacts(options, { ...facts, ...own }, hostFixture)),
    'none',
  );
  assert.is(
    codeOf(() => checkFacts(options, { ...facts, ...own, mirrorUuid: '99999999:0:0:0' }, hostFixture)),
    'DEVICE_IN_USE',
  );
});

checks('the service address is asked for by ARP, and refused where somebody answers', async () => {
  const answering = (exitCode: number) => new RecordingMachine('standby', () => ({ exitCode, stdout: '', stderr: '' }));
  const silent = answering(0);
  await checkAddressIsFree(silent, options, standbyFixture);
  assert.equal(silent.commands, [['arping', '-D', '-q', '-c', '2', '-w', '2', '-I', 'eth0', '10.77.0.101']]);
  const error = await checkAddressIsFree(answering(1), options, standbyFixture).catch((thrown: unknown) => thrown);
  assert.instance(error, SpareError);
  assert.equal([(error as SpareError).code, (error as SpareError).exitCode], ['ADDRESS_ANSWERS', 3]);
});

checks.run();
