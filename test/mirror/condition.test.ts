import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PrimaryReport } from '../../src/hosts/host-record.ts';
import {
  type MirrorCondition,
  mirrorCondition,
  standbyLegAlone,
  standbyLegDropped,
} from '../../src/mirror/condition.ts';

const whole: PrimaryReport = {
  receivedAt: '2026-01-02T03:04:05.000Z',
  arrayState: 'clean',
  standbyLegState: 'in_sync,write_mostly',
  localLegState: 'in_sync',
  syncAction: 'idle',
  sessionLoggedIn: true,
  passive: false,
};

const mirror = suite('mirrorCondition');
const table: [what: string, report: Partial<PrimaryReport>, wanted: MirrorCondition, dropped: boolean][] = [
  ['both legs', {}, 'in-sync', false],
  ['being written', { arrayState: 'active' }, 'in-sync', false],
  ['being compared', { syncAction: 'check' }, 'in-sync', false],
  ['first copy', { standbyLegState: 'spare,write_mostly', syncAction: 'recover' }, 'copying', false],
  ['copied back after a takeover', { localLegState: 'spare', syncAction: 'recover' }, 'copying', false],
  ['a copy that waits', { standbyLegState: 'spare,write_mostly' }, 'copying', false],
  ['resync after an unclean stop', { syncAction: 'resync' }, 'copying', false],
  ['standby leg failed', { standbyLegState: 'faulty,write_mostly' }, 'broken', true],
  ['standby leg removed', { standbyLegState: 'missing' }, 'broken', true],
  ['local leg failed', { localLegState: 'faulty' }, 'broken', false],
  ['read-only', { arrayState: 'readonly' }, 'broken', false],
  ['not assembled', { arrayState: 'missing', standbyLegState: 'missing', localLegState: 'missing' }, 'absent', false],
];
for (const [what, report, wanted, dropped] of table) {
  mirror(`${what}: ${wanted}`, () => {
    assert.is(mirrorCondition({ ...whole, ...report }), wanted);
    assert.is(standbyLegDropped({ ...whole, ...report }), dropped);
  });
}

mirror(
  'the standby leg alone holds everything where the own disk has failed or is being filled, and only there',
  () => {
    const alone = (change: Partial<PrimaryReport>): boolean => standbyLegAlone({ ...whole, ...change });
    for (const localLegState of ['faulty', 'missing', 'spare', 'in_sync,faulty']) assert.ok(alone({ localLegState }));
    assert.not.ok(alone({}));
    assert.not.ok(alone({ arrayState: 'readonly' }), 'a broken set with two good legs');
    assert.not.ok(alone({ localLegState: 'faulty', standbyLegState: 'spare' }));
    assert.not.ok(alone({ localLegState: 'missing', standbyLegState: 'missing' }));
  },
);

mirror.run();
