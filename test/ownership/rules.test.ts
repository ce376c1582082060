import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { leaseLeft_ms, ownerNow, ownerWhenHeard } from '../../src/ownership/lease.ts';
import type { OwnershipCause, OwnershipRecord } from '../../src/ownership/record.ts';
import { nextRecord, OWNERSHIP_RULES } from '../../src/ownership/rules.ts';
import { bootMomentNow } from '../../src/std/boot-moment.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const clock = new FakeClock();

function after(...causes: OwnershipCause[]): OwnershipRecord {
  let record: OwnershipRecord | undefined;
  for (const cause of causes) record = nextRecord(record, cause, clock);
  assert.ok(record);
  return record;
}

const refusal = (record: OwnershipRecord, cause: OwnershipCause) => {
  try {
    return nextRecord(record, cause, clock).owner;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('each rule raises the epoch and leads where it says', () => {
  for (const { from, cause, to, takenFrom } of OWNERSHIP_RULES) {
    const before: OwnershipRecord | undefined =
      from === null
        ? undefined
        : {
            version: 1,
            epoch: 41,
            owner: from,
            cause: 'created',
            at: '',
            changed: bootMomentNow(clock),
            ...(takenFrom && takenFrom !== 'standby' && { takenFrom }),
          };
    const next = nextRecord(before, cause, clock);
    assert.is(next.owner, to);
    assert.is(next.epoch, from === null ? 1 : 42);
  }
});

test('only both legs in sync make a pair', () => {
  assert.equal(
    [...new Set(OWNERSHIP_RULES.filter(({ to, from }) => to === 'pair' && from !== 'pair').map(({ cause }) => cause))],
    ['in-sync'],
  );
});

test('the loss of a leg never makes the primary the owner while its own leg is filled', () => {
  const fill = after('created', 'in-sync', 'taken-over', 'writable', 'gone-home');
  assert.is(fill.owner, 'fill');
  assert.is(nextRecord(fill, 'leg-lost', clock).owner, 'fill');
  assert.is(refusal(fill, 'lease-expired'), 'OWNERSHIP_RULE');
});

test('a stale leg is taken over only if its loss is accepted', () => {
  const primary = after('created', 'in-sync', 'leg-lost');
  assert.is(refusal(primary, 'taken-over'), 'OWNERSHIP_RULE');
  assert.is(refusal(primary, 'taken-over-with-loss'), 'standby');
});

test('a takeover is rolled back only until the leg is writable', () => {
  assert.is(refusal(after('created', 'in-sync', 'taken-over'), 'takeover-rolled-back'), 'primary');
  assert.is(refusal(after('created', 'in-sync', 'taken-over', 'writable'), 'takeover-rolled-back'), 'OWNERSHIP_RULE');
  assert.is(refusal(after('created-fenced'), 'takeover-rolled-back'), 'OWNERSHIP_RULE');
  const again = after('created', 'in-sync', 'taken-over', 'writable', 'gone-home', 'taken-over');
  assert.is(refusal(again, 'takeover-rolled-back'), 'fill');
});

test('a pair lapses after its lease, and everything unknown counts as lapsed', () => {
  const fake = new FakeClock();
  const pair = after('created', 'in-sync');
  const heard = bootMomentNow(fake);
  const lease_ms = 12_000;
  assert.is(ownerNow(pair, { heard, sessionHeard: heard, lease_ms }, fake), 'pair');
  assert.is(ownerNow(pair, { heard, sessionHeard: undefined, lease_ms }, fake), 'primary');
  assert.is(ownerNow(pair, { heard, sessionHeard: { ...heard, bootId: 'another' }, lease_ms }, fake), 'primary');
  for (const bootTime_ms of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    heard.bootTime_ms + 1,
    heard.bootTime_ms - lease_ms,
  ]) {
    assert.is(ownerNow(pair, { heard, sessionHeard: { ...heard, bootTime_ms }, lease_ms }, fake), 'primary');
  }
  const fill = after('created', 'in-sync', 'taken-over', 'writable', 'gone-home');
  assert.is(ownerNow(fill, { heard, sessionHeard: undefined, lease_ms }, fake), 'fill');
  assert.ok(
    leaseLeft_ms({ heard, sessionHeard: heard, lease_ms }, fake) < lease_ms,
    'the clocks of two computers differ',
  );
});

test('a primary that was proven to be off keeps its lease until it is heard again', () => {
  const fake = new FakeClock();
  const lease_ms = 12_000;
  const heard = bootMomentNow(fake);
  const sessionHeard = heard;
  fake.jump(5_000);
  const off = nextRecord(after('created', 'in-sync'), 'proven-off', fake);
  fake.jump(3_600_000);
  assert.is(ownerNow(off, { heard, sessionHeard, lease_ms }, fake), 'pair');
  assert.is(ownerNow(off, { heard: undefined, sessionHeard, lease_ms }, fake), 'primary');
  assert.is(
    ownerWhenHeard(off, { heard, sessionHeard, lease_ms }, fake),
    'primary',
    'it is heard again after its lease',
  );
  const later = { ...heard, bootTime_ms: heard.bootTime_ms + 6_000 };
  assert.is(ownerNow(off, { heard: later, sessionHeard, lease_ms }, fake), 'primary', 'the off was a lie');
  assert.is(
    ownerNow({ ...off, changed: { ...off.changed, bootId: 'before' } }, { heard, sessionHeard, lease_ms }, fake),
    'primary',
  );
  assert.is(nextRecord(off, 'logged-in', fake).off, undefined);
  assert.is(nextRecord(off, 'taken-over', fake).owner, 'standby');
});

test('a login that is refused does not prolong the lease', () => {
  const fake = new FakeClock();
  const sessionHeard = bootMomentNow(fake);
  fake.jump(13_000);
  const facts = { heard: bootMomentNow(fake), sessionHeard, lease_ms: 12_000 };
  assert.is(ownerNow(after('created', 'in-sync'), facts, fake), 'primary');
});

test.run();
