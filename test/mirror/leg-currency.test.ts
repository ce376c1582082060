import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PrimaryReport } from '../../src/hosts/host-record.ts';
import { decideEvidence, type EvidenceFacts } from '../../src/mirror/leg-currency.ts';
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
const healthy: Omit<EvidenceFacts, 'reportedAt_ms'> = {
  record: { lastProof: report(T - 500), lastReport: report(T - 500) },
  lastPduAt_ms: T,
  offAt_ms: T + 7_000,
  replacementTimeout_ms: 12_000,
  leg: leg('insync.sb'),
  mirrorUuid,
  lost: [],
};
const verdict = (change: Partial<EvidenceFacts>) => {
  const facts = { ...healthy, ...change };
  const last = facts.record.lastReport ?? facts.record.lastProof;
  return decideEvidence({ ...facts, reportedAt_ms: last && Date.parse(last.receivedAt) });
};
const evidence = suite('evidence');

evidence('a primary proven off within the lease has lost nothing', () => {
  assert.is(verdict({}).verdict, 'current');
  assert.is(verdict({ offAt_ms: T + 11_999 }).verdict, 'current');
});

evidence('after the lease it may have written alone, and the time is reported', () => {
  const late = verdict({ offAt_ms: T + 15_000 });
  assert.is(late.verdict, 'unproven');
  assert.is(late.mayMiss_ms, 3_000);
  assert.is(verdict({ offAt_ms: T + 12_000 }).verdict, 'unproven');
});

evidence('nothing is proven about a primary that may be running', () => {
  assert.is(verdict({ offAt_ms: undefined }).verdict, 'unproven');
});

evidence('a time that is no number proves nothing', () => {
  assert.is(verdict({ offAt_ms: Number.NaN }).verdict, 'unproven');
  assert.is(verdict({ lastPduAt_ms: Number.NaN }).verdict, 'unproven');
  const silent = report(T, { receivedAt: 'yesterday', sessionLoggedIn: false });
  assert.is(verdict({ record: { lastReport: silent } }).verdict, 'unproven');
});

evidence('a dropped leg stays dropped, whatever its superblock says', () => {
  for (const standbyLegState of ['faulty,write_mostly', 'missing', 'write_mostly,spare', 'in_sync,faulty']) {
    assert.is(
      verdict({ record: { lastProof: report(T - 60_000), lastReport: report(T - 500, { standbyLegState }) } }).verdict,
      'unproven',
    );
  }
  const never = verdict({ record: {} });
  assert.is(never.verdict, 'unproven');
});

evidence('a report much older than the mirror traffic proves nothing', () => {
  assert.is(verdict({ record: { lastReport: report(T - 5_001) } }).verdict, 'unproven');
  assert.is(verdict({ record: { lastReport: report(T - 4_999) } }).verdict, 'current');
});

evidence('a restarted target has had no contact: a report with a session counts, one without does not', () => {
  assert.is(verdict({ lastPduAt_ms: null, record: { lastReport: report(T) } }).verdict, 'current');
  assert.is(
    verdict({ lastPduAt_ms: null, record: { lastReport: report(T, { sessionLoggedIn: false }) } }).verdict,
    'unproven',
  );
});

evidence('the standby leg counts, not the local one: a primary that died during a failback has it in sync', () => {
  assert.is(
    verdict({ record: { lastReport: report(T - 500, { localLegState: 'spare', syncAction: 'recover' }) } }).verdict,
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
    const unclean = verdict({ lost });
    assert.is(unclean.verdict, 'unproven');
    assert.is(unclean.mayMiss_bytes, 48 * 2 ** 20);
    assert.is(
      unclean.reasons[0],
      'The standby lost power, or its disk failed: 48 MiB of the standby leg may be stale (16 MiB at offset 0 MiB, 32 MiB at offset 64 MiB)',
    );
    const many = Array.from({ length: 9 }, (_, index) => ({ offset_bytes: index * 2 ** 21, length_bytes: 2 ** 20 }));
    assert.match(verdict({ lost: many }).reasons[0] ?? '', /at offset 6 MiB, and 5 more ranges\)$/);
    assert.is(verdict({ lost, leg: leg('recovering.sb') }).verdict, 'unusable');
  },
);

evidence('a leg that is no state of the volume is never used', () => {
  assert.is(verdict({ leg: leg('recovering.sb') }).verdict, 'unusable');
  assert.is(verdict({ mirrorUuid: '99999999:22222222:33333333:44444444' }).verdict, 'unusable');
  assert.is(verdict({ leg: { ...leg('insync.sb'), badBlocks: true } }).verdict, 'unusable');
  assert.is(verdict({ leg: { ...leg('insync.sb'), role: undefined } }).verdict, 'unusable');
});

evidence.run();
