import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MirrorFacts, worstVolume } from '../../src/mirror/worst-volume.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { wholeReport } from '../watch/example-host.ts';

const test = suite('worstVolume');
const clock = new FakeClock();
const report = wholeReport(0, clock);

/** Worst first. */
const VOLUMES: readonly MirrorFacts[] = [
  { report, lostWrites: 'some' },
  { report: { ...report, arrayState: 'missing' }, lostWrites: 'none' },
  { report: { ...report, standbyLegState: 'faulty' }, lostWrites: 'none' },
  { report: { ...report, standbyLegState: 'spare', syncAction: 'recover' }, lostWrites: 'none' },
  { report: undefined, lostWrites: 'none' },
  { report, lostWrites: 'unknown' },
  { report, lostWrites: 'none' },
];

test('chooses the worse of any two, whatever their order', () => {
  for (const [index, worse] of VOLUMES.entries()) {
    for (const better of VOLUMES.slice(index + 1)) {
      assert.is(worstVolume([worse, better]), worse);
      assert.is(worstVolume([better, worse]), worse);
    }
  }
});

test.run();
