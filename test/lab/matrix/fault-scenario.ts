import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Scenario } from '../scenarios/scenario.ts';
import { scenario } from '../scenarios/scenario.ts';
import { PRIMARY_NAMES } from '../settings.ts';
import type { Fault } from './fault.ts';
import { FaultBench } from './fault-bench.ts';
import type { Observation } from './observation.ts';

const WRITING_MS = 4_000;

/** A row as a scenario: the fault, the way back, and what the clients lost. `observe` gets what was seen, also where it is not what was expected. */
export function faultScenario(fault: Fault, observe: (name: string, seen: Partial<Observation>) => void): Scenario {
  return scenario(fault.name, (job, step) => {
    const bench = new FaultBench(job);

    step(fault.title, async () => {
      await sleep(WRITING_MS);
      for (const host of PRIMARY_NAMES) await job.waitForAcknowledgement(host);
      const notes = await fault.strike(bench);
      const { seen, problems } = await bench.see('alpha');
      const command = problems.find((problem) => problem.command !== undefined)?.command;
      observe(fault.name, { ...notes, ...seen, ...(command !== undefined && { command }) });
      assert.equal(seen, fault.expected);
    });

    step('all is repaired, and both hosts are protected again', async () => {
      await fault.repair?.(bench);
      observe(fault.name, { wayBack: await bench.bringHome() });
      for (const host of PRIMARY_NAMES) await job.waitForAcknowledgement(host);
    });

    step('no acknowledged record is lost, and no client saw an error', async () => {
      const accounts = await job.settle();
      const sum = (count: (host: 'alpha' | 'beta') => number) =>
        PRIMARY_NAMES.reduce((all, name) => all + count(name), 0);
      observe(fault.name, {
        acknowledged: sum((name) => accounts[name].acknowledgements.length),
        lost: sum((name) => accounts[name].lost.length),
      });
      for (const host of PRIMARY_NAMES) assert.equal([accounts[host].errors, accounts[host].lost], [[], []]);
    });
  });
}
