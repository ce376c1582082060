import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PrimaryReport } from '../../src/hosts/host-record.ts';
import { type CurrencyFacts, decideCurrency } from '../../src/mirror/leg-currency.ts';
import { parseSuperblock } from '../../src/mirror/md/superblock.ts';

const T = Date.parse('2026-11-22T12:00:00Z');
const mirrorUuid = '11111111:22222222:33333333:44444444';
const leg = (name: string) =>
  parseSuperblock(readFileSync(join(import.meta.dirname, '..', 'fixtures', 'mirror', name)), name);

function report(at_ms: number, change: Partial<PrimaryReport> = {}): PrimaryReport {
  return {
    receivedAt: new Date(at_ms).toISOString(),
    arrayState: 'clean',
    standbyLegState: 'in_sync,write_mostly',
    localLegState: 'in_sync',
    syncAction: 'idle',
    sessionLoggedIn: true,
    passive: false,
    ...change,
  };
}

/** A primary that lost power half a second after its last PDU, and was confirmed off 7 s after it. */
const healthy: Omit<CurrencyFacts, 'reportedAt_ms'> = {
  evidence: { lastProof: report(T - 500), lastReport: report(T - 500) },
  lastPduAt_ms: T,
  offAt_ms: T + 7_000,
  replacementTimeout_ms: 12_000,
  leg: leg('insync.sb'),
  mirrorUuid,
  lost: [],
};
const judged = (change: Partial<CurrencyFacts>) => {
  const facts = { ...healthy, ...change };
  const last = facts.evidence.lastReport ?? facts.evidence.lastProof;
  return decideCurrency({ ...facts, reportedAt_ms: last && Date.parse(last.receivedAt) });
};
const evidence = suite('evidence');

evidence('a primary proven off within the lease has lost nothing', () => {
  assert.is(judged({}).currency, 'current');
  assert.is(judged({ offAt_ms: T + 11_999 }).currency, 'current');
});

evidence('after the lease it may have written alone, and the time is reported', () => {
  const late = judged({ offAt_ms: T + 15_000 });
  assert.is(late.currency, 'unproven');
  assert.is(late.mayMiss_ms, 3_000);
  assert.is(judged({ offAt_ms: T + 12_000 }).currency, 'unproven');
});

evidence('nothing is proven about a primary that may be running', () => {
  assert.is(judged({ offAt_ms: undefined }).currency, 'unproven');
});

evidence('a time that is no number proves nothing', () => {
  assert.is(judged({ offAt_ms: Number.NaN }).currency, 'unproven');
  assert.is(judged({ lastPduAt_ms: Number.NaN }).currency, 'unproven');
  const silent = report(T, { receivedAt: 'yesterday', sessionLoggedIn: false });
  assert.is(judged({ evidence: { lastReport: silent } }).currency, 'unproven');
});

evidence('a dropped leg stays dropped, whatever its superblock says', () => {
  for (const standbyLegState of ['faulty,write_mostly', 'missing', 'write_mostly,spare', 'in_sync,faulty']) {
    assert.is(
      judged({ evidence: { lastProof: report(T - 60_000), lastReport: report(T - 500, { standbyLegState }) } })
        .currency,
      'unproven',
    );
  }
  const never = judged({ evidence: {} });
  assert.is(never.currency, 'unproven');
});

evidence('a report much older than the mirror traffic proves nothing', () => {
  assert.is(judged({ evidence: { lastReport: report(T - 5_001) } }).currency, 'unproven');
  assert.is(judged({ evidence: { lastReport: report(T - 4_999) } }).currency, 'current');
});

evidence('a restarted target has had no contact: a report with a session counts, one without does not', () => {
  assert.is(judged({ lastPduAt_ms: null, evidence: { lastReport: report(T) } }).currency, 'current');
  assert.is(
    judged({ lastPduAt_ms: null, evidence: { lastReport: report(T, { sessionLoggedIn: false }) } }).currency,
    'unproven',
  );
});

evidence('the standby leg counts, not the local one: a primary that died during a failback has it in sync', () => {
  assert.is(
    judged({ evidence: { lastReport: report(T - 500, { localLegState: 'spare', syncAction: 'recover' }) } }).currency,
    'current',
  );
});

evidence(
  'a leg with lost writes is not proven, whatever the contact with the primary, and the ranges are reported',
  () => {
    const lost = [
      { offset_bytes: 0, length_bytes: 16 * 2 ** 20 },
      { offset_bytes: 64 * 2 ** 20, length_bytes: 32 * 2 ** 20 },
    ];
    const unclean = judged({ lost });
    assert.is(unclean.currency, 'unproven');
    assert.is(unclean.mayMiss_bytes, 48 * 2 ** 20);
    assert.is(
      unclean.reasons[0],
      'The standby lost power, or its disk failed: 48 MiB of the standby leg may be stale (16 MiB at offset 0 MiB, 32 MiB at offset 64 MiB)',
    );
    const many = Array.from({ length: 9 }, (_, index) => ({ offset_bytes: index * 2 ** 21, length_bytes: 2 ** 20 }));
    assert.match(judged({ lost: many }).reasons[0] ?? '', /at offset 6 MiB, and 5 more ranges\)$/);
    assert.is(judged({ lost, leg: leg('recovering.sb') }).currency, 'unusable');
  },
);

evidence('a leg that is no state of the volume is never used', () => {
  assert.is(judged({ leg: leg('recovering.sb') }).currency, 'unusable');
  assert.is(judged({ mirrorUuid: '99999999:22222222:33333333:44444444' }).currency, 'unusable');
  assert.is(judged({ leg: { ...leg('insync.sb'), badBlocks: true } }).currency, 'unusable');
  assert.is(judged({ leg: { ...leg('insync.sb'), role: undefined } }).currency, 'unusable');
});

evidence.run();
