import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EnrollOptions } from '../../../src/operations/enroll/enroll-options.ts';
import { refuseOtherDevice, refuseOtherValues } from '../../../src/operations/enroll/enrolled-values.ts';
import { parsePrimaryFacts } from '../../../src/operations/enroll/facts.ts';
import { SpareError } from '../../../src/std/errors.ts';
import { hostFixture, volumeFixture } from '../../fixtures/configuration.ts';

const test = suite('a second enrolment with other values');

/** As the host of the fixtures was enrolled. */
const same: EnrollOptions = {
  host: 'alpha',
  ssh: hostFixture.ssh,
  device: '/dev/vdb',
  mountPoint: volumeFixture.mountPoint,
  serviceAddress: hostFixture.service.address,
  networkInterface: hostFixture.service.primaryInterface,
  clients: volumeFixture.nfs.clients,
  exportOptions: volumeFixture.nfs.exportOptions,
  policy: hostFixture.policy,
  replacementTimeout_s: hostFixture.replacementTimeout_s,
  lease_s: hostFixture.service.lease_s,
  access: {},
  discardData: false,
};

function refusal(check: () => void): SpareError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    assert.instance(error, SpareError);
    assert.equal([(error as SpareError).code, (error as SpareError).exitCode], ['OTHER_VALUES', 2]);
    return error as SpareError;
  }
}

const OTHERS: [Partial<EnrollOptions>, string][] = [
  [{ ssh: { ...hostFixture.ssh, address: '10.77.0.12' } }, '--ssh root@10.77.0.11:22 → root@10.77.0.12:22'],
  [{ ssh: { ...hostFixture.ssh, user: 'admin' } }, '--ssh root@10.77.0.11:22 → admin@10.77.0.11:22'],
  [{ mountPoint: '/srv/other' }, '--mount /srv/alpha → /srv/other'],
  [{ serviceAddress: '10.77.0.102/24' }, '--service-address 10.77.0.101/24 → 10.77.0.102/24'],
  [{ networkInterface: 'eth1' }, '--interface eth0 → eth1'],
  [{ clients: '10.78.0.0/16' }, '--clients 10.77.0.0/24 → 10.78.0.0/16'],
  [{ exportOptions: 'rw' }, '--export-options rw,sync,no_subtree_check → rw'],
  [{ policy: 'auto' }, '--policy manual → auto'],
  [{ fenceCommand: 'off "$1"' }, '--fence-command none → off "$1"'],
  [{ replacementTimeout_s: 20 }, '--replacement-timeout 12 → 20'],
  [{ lease_s: 15 }, '--lease 10 → 15'],
];

test('the same values are taken', () => {
  assert.is(
    refusal(() => refuseOtherValues(same, hostFixture, false)),
    undefined,
  );
});

for (const [change, said] of OTHERS) {
  test(`is refused, with both values: ${said}`, () => {
    assert.match(refusal(() => refuseOtherValues({ ...same, ...change }, hostFixture, true))?.message ?? '', said);
  });
}

test('every option of an enrolment is compared, or has nothing that is kept', () => {
  const compared = new Set(OTHERS.flatMap(([change]) => Object.keys(change)));
  const others = Object.keys(same).filter((name) => !compared.has(name));
  // Its name is what it is found by; the device is compared when the machine has been asked.
  assert.equal(others, ['host', 'device', 'access', 'discardData']);
});

test('the hint is the command that changes what can be changed, and says what cannot', () => {
  const changed = { ...same, clients: '*.lab', fenceCommand: 'off "$1"', mountPoint: '/srv/other' };
  const hint = refusal(() => refuseOtherValues(changed, hostFixture, true))?.hint ?? '';
  assert.match(hint, `run: spare set alpha --clients '*.lab' --fence-command 'off "$1"'`);
  assert.match(hint, 'cannot be changed for: --mount');
  assert.not.match(hint, 'enrolled values');
});

test('of an enrolment that was interrupted, the hint is to finish it first', () => {
  const hint = refusal(() => refuseOtherValues({ ...same, clients: '*.lab' }, hostFixture, false))?.hint ?? '';
  assert.match(hint, /^To finish the enrolment, run the command with the enrolled values\./);
});

test('another device is refused, the same one by any of its names is not', () => {
  const facts = (stablePath: string, mirrorUuid = '') => ({
    ...parsePrimaryFacts(`stablePath=${stablePath}\nmirrorUuid=${mirrorUuid}`, '/dev/vdc'),
    blank: true,
  });
  const refusalOf = (device: string, found: ReturnType<typeof facts>) =>
    refusal(() => refuseOtherDevice({ ...same, device }, found, hostFixture));
  assert.match(
    refusalOf('/dev/vdc', facts('/dev/disk/by-id/other'))?.message ?? '',
    `--device ${volumeFixture.localLeg} → /dev/vdc`,
  );
  assert.is(refusalOf('/dev/vdc', facts(volumeFixture.localLeg)), undefined);
  assert.is(refusalOf(volumeFixture.localLeg, facts('/dev/disk/by-id/other')), undefined);
  assert.is(refusalOf('/dev/vdc', facts('/dev/disk/by-id/other', volumeFixture.mirrorUuid)), undefined);
});

test.run();
