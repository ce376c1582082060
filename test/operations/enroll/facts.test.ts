import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkFacts } from '../../../src/operations/enroll/enroll-checks.ts';
import type { EnrollOptions } from '../../../src/operations/enroll/enroll-options.ts';
import { parsePrimaryFacts } from '../../../src/operations/enroll/facts.ts';
import { hostFixture, volumeFixture } from '../../fixtures/configuration.ts';

const facts = suite('facts');
const EMPTY_DISK = [
  'initiatorName=iqn.1993-08.org.debian:01:alpha',
  'realPath=/dev/vdb',
  'stablePath=/dev/disk/by-id/virtio-alpha-data',
  'size_bytes=268435456',
  'readOnly=0',
  'mirrorUuid=',
  'interfaceExists=yes',
  'mountedThere=',
  'mountPointEmpty=yes',
];
const options = {
  host: 'alpha',
  device: '/dev/vdb',
  mountPoint: '/srv/alpha',
  networkInterface: 'eth0',
} as EnrollOptions;
const refusal = (lines: string[], existing = undefined as typeof hostFixture | undefined) => {
  try {
    checkFacts(options, { ...parsePrimaryFacts(lines.join('\n'), '/dev/vdb'), blank: true }, existing);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const without = (key: string) => EMPTY_DISK.filter((line) => !line.startsWith(`${key}=`));

facts('an empty disk may be taken, by the name that survives a restart', () => {
  assert.is(refusal(EMPTY_DISK), undefined);
  assert.is(parsePrimaryFacts(EMPTY_DISK.join('\n'), '/dev/vdb').stablePath, '/dev/disk/by-id/virtio-alpha-data');
});

facts('every obstacle is refused', () => {
  assert.is(refusal([...EMPTY_DISK, 'inUse=signature of ext4']), 'DEVICE_IN_USE');
  assert.is(refusal([...EMPTY_DISK, 'inUse=part vdb1 on it']), 'DEVICE_IN_USE');
  assert.is(refusal([...without('realPath')]), 'NO_DEVICE');
  assert.is(refusal([...without('readOnly'), 'readOnly=1']), 'DEVICE_READ_ONLY');
  assert.is(refusal([...without('size_bytes'), 'size_bytes=1048576']), 'DEVICE_TOO_SMALL');
  assert.is(refusal(without('initiatorName')), 'NO_INITIATOR_NAME');
  assert.is(refusal(without('interfaceExists')), 'NO_INTERFACE');
  assert.is(refusal([...without('mountedThere'), 'mountedThere=/dev/vdc']), 'MOUNT_POINT_IN_USE');
  assert.is(refusal(without('mountPointEmpty')), 'MOUNT_POINT_NOT_EMPTY');
  assert.is(refusal([...EMPTY_DISK, 'enrolledAs=beta']), 'ENROLLED_OTHERWISE');
});

facts('an interrupted enrolment resumes with its own array, and with no other', () => {
  const lines = [...without('mirrorUuid'), 'inUse=signature of linux_raid_member', 'inUse=raid1 md127 on it'];
  assert.is(refusal([...lines, `mirrorUuid=${volumeFixture.mirrorUuid}`], hostFixture), undefined);
  assert.is(refusal([...lines, 'mirrorUuid=0:0:0:0'], hostFixture), 'DEVICE_IN_USE');
  assert.is(refusal([...lines, `mirrorUuid=${volumeFixture.mirrorUuid}`]), 'DEVICE_IN_USE');
});

facts.run();
