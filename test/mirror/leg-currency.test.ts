import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { legCurrency } from '../../src/mirror/leg-currency.ts';
import type { OwnershipCause, OwnershipRecord } from '../../src/ownership/record.ts';
import { nextRecord } from '../../src/ownership/rules.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const HOUR_ms = 3_600_000;
const currency = suite('legCurrency');

function recordOf(clock: FakeClock, ...causes: OwnershipCause[]): OwnershipRecord {
  let record: OwnershipRecord | undefined;
  for (const cause of causes) record = nextRecord(record, cause, clock);
  if (!record) throw new Error('No cause');
  return record;
}

/** A pair, of which the target has heard this long ago. */
function judged(
  heardAgo_ms: number,
  causes: OwnershipCause[] = ['created', 'in-sync'],
  lost = [] as { offset_bytes: number; length_bytes: number }[],
) {
  const clock = new FakeClock();
  const heard = { bootId: clock.bootId, bootTime_ms: clock.bootTime_ms() };
  clock.jump(1_000);
  const record = recordOf(clock, ...causes);
  clock.jump(heardAgo_ms - 1_000);
  return legCurrency(record, { heard, sessionHeard: heard, lease_ms: 12_000 }, lost, clock);
}

currency('a pair within its lease holds every acknowledged write', () => {
  const { proven, reasons } = judged(3_000);
  assert.is(proven, true);
  assert.match(reasons.join(), /was last heard 3\.0 s ago, and its lease lasts 8\.8 s more/);
});

currency('a pair whose lease is over does not, however little it is over', () => {
  assert.is(judged(11_000).proven, true);
  const { proven, reasons } = judged(12_000);
  assert.is(proven, false);
  assert.match(reasons.join(), 'its lease of 12.0 s is over: it may have acknowledged writes alone');
});

currency('a machine that is off goes on alone no more, however long ago', () => {
  const { proven, reasons } = judged(HOUR_ms, ['created', 'in-sync', 'proven-off']);
  assert.is(proven, true);
  assert.match(reasons.join(), 'was proven to be off');
});

currency('says why the primary may have gone on alone', () => {
  for (const [cause, why] of [
    ['leg-lost', 'its array has lost the standby leg'],
    ['lease-expired', 'its lease is over'],
    ['standby-booted', 'the standby was down'],
  ] as const) {
    const { proven, reasons } = judged(2_000, ['created', 'in-sync', cause]);
    assert.is(proven, false, cause);
    assert.match(reasons.join(), why);
  }
});

currency('in fill the standby leg is the complete one, whatever was heard', () => {
  const fill: OwnershipCause[] = ['created', 'in-sync', 'taken-over', 'writable', 'gone-home'];
  assert.is(judged(HOUR_ms, fill).proven, true);
});

currency('lost writes count, whatever the record says', () => {
  const { proven, reasons } = judged(3_000, ['created', 'in-sync'], [{ offset_bytes: 2 ** 20, length_bytes: 2 ** 21 }]);
  assert.is(proven, false);
  assert.match(reasons.join(), '2 MiB of the standby leg may be stale (2 MiB at offset 1 MiB)');
});

currency.run();
