import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inquiryText } from '../../src/ownership/inquiry-text.ts';
import { OWNERS, type OwnershipRecord } from '../../src/ownership/record.ts';

const RECORD: OwnershipRecord = {
  version: 1,
  epoch: 41,
  owner: 'pair',
  cause: 'in-sync',
  at: '2026-01-02T03:00:00.000Z',
  changed: { bootId: 'boot', bootTime_ms: 1 },
};

const test = suite('inquiry text');

test('is the owner and the epoch in 20 characters', () => {
  assert.is(inquiryText(RECORD), 'spare pair 41       ');
  for (const owner of OWNERS) {
    const text = inquiryText({ ...RECORD, owner });
    assert.equal([text.length, text.trim()], [20, `spare ${owner} 41`]);
  }
});

test('leaves out an epoch that does not fit, and never a part of it', () => {
  assert.is(inquiryText({ ...RECORD, owner: 'standby', epoch: 999_999 }), 'spare standby 999999');
  assert.is(inquiryText({ ...RECORD, owner: 'standby', epoch: 1_000_000 }), 'spare standby       ');
});

test('without a record the owner is unknown', () => {
  assert.is(inquiryText(undefined), 'spare unknown 0     ');
});

test.run();
