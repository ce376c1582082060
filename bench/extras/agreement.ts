import { KIB } from '../case.ts';
import { iscsiPerf } from '../clients/iscsi-perf.ts';
import { ownLoad } from '../clients/load.ts';
import { median } from '../statistics.ts';
import type { Target } from '../targets/target.ts';
import { type Extra, type ExtraMeasurement, fewRuns } from './extra.ts';

const LOADS = [
  { name: 'read-4k-d1', title: '4 KiB random read, depth 1', operation_bytes: 4 * KIB, depth: 1 },
  { name: 'read-4k-d32', title: '4 KiB random read, depth 32', operation_bytes: 4 * KIB, depth: 32 },
];

/** How far our load generator and iscsi-perf agree. 1: the same rate on the same target. */
export const agreement: ExtraMeasurement = {
  duration_s: ({ runs, seconds }) => LOADS.length * 2 * fewRuns(runs) * 2 * (seconds + 0.3),
  async measure({ fleet, runs, seconds }) {
    const { subject, peer } = await fleet.pairFor({ kind: 'file' });
    const extras: Extra[] = [];
    for (const { name, title, ...load } of LOADS) {
      const own = ownLoad({ ...load, sessions: 1, readShare: 1 });
      const other = iscsiPerf({ ...load, random: true });
      const agreementOn = async (target: Target) => {
        const ratios: number[] = [];
        for (let run = 0; run < fewRuns(runs); run++) {
          const ours = await own(target, seconds);
          ratios.push(ours.operations_per_s / (await other(target, seconds)).operations_per_s);
        }
        return median(ratios);
      };
      extras.push({
        name: `agreement-${name}`,
        title: `own load generator ÷ iscsi-perf: ${title}`,
        unit: 'share',
        value: await agreementOn(subject),
        peer: await agreementOn(peer),
        limit: null,
      });
    }
    return extras;
  },
};
