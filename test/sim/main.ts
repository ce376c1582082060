/**
 * The simulation's command line, run by `npm run sim`:
 *
 *     --schedules N      how many, with the seeds S, S+1, … [default: 5000]
 *     --seed S           the first seed [default: 1]
 *     --keep 0,3         one schedule with these of its actions only: how a shrunk one is replayed
 *     --jobs N           worker processes [default: the number of processors]
 *     --quick            do not shrink what is found
 *     --except a,b       do not check these rules, e.g. crash
 *     --mutations        break the safety code in each of the ways of mutation-table.ts, and see whether it is found by so many schedules
 *     --json             end with one line of JSON
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/std/clock.ts';
import { runMutations } from './mutations.ts';
import { runSchedule } from './run-schedule.ts';
import { scheduleOf } from './schedule.ts';
import { type Found, shrink, unshrunk, withOnly } from './shrink.ts';
import { type Batch, runBatches } from './workers.ts';

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      schedules: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'string' },
      except: { type: 'string', default: '' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      quick: { type: 'boolean', default: false },
      mutations: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
    },
  });
  const batch: Batch = {
    seed: Number(values.seed),
    schedules: Number(values.schedules),
    quick: values.quick,
    except: values.except,
  };
  if (values.worker) await work(batch);
  else if (values.mutations)
    await tellMutations(values.json, { jobs: Number(values.jobs), schedules: batch.schedules });
  else if (values.keep !== undefined || batch.schedules === 1) await replay(batch, values.keep, values.json);
  else await runAll(batch, Number(values.jobs), values.json);
}

/** A line of JSON for each violation, and one with the number of steps at the end. */
async function work({ seed, schedules, quick, except }: Batch): Promise<void> {
  // Errors are a part of most schedules, and what a violation needs is its story.
  Error.stackTraceLimit = 0;
  let steps = 0;
  for (let index = 0; index < schedules; index += 1) {
    const schedule = scheduleOf(seed + index);
    const outcome = await runSchedule(schedule, passedOver(except));
    steps += outcome.steps;
    if (outcome.violations.length === 0) continue;
    const found = quick ? unshrunk(seed + index, outcome) : await shrink(schedule, outcome, passedOver(except));
    console.log(JSON.stringify({ found }));
  }
  console.log(JSON.stringify({ steps }));
}

function passedOver(except: string): ReadonlySet<string> {
  return new Set(except.split(','));
}

async function runAll(batch: Batch, jobs: number, json: boolean): Promise<void> {
  const started_ms = systemClock.bootTime_ms();
  const { found, steps } = await runBatches(batch, jobs);
  const elapsed_s = (systemClock.bootTime_ms() - started_ms) / 1000;
  if (!json) for (const each of found) console.log(`${asText(each)}\n`);
  const violations = found.map(({ seed, keep, violation, story }) => ({ seed, keep, ...violation, story }));
  if (json) console.log(JSON.stringify({ schedules: batch.schedules, seed: batch.seed, violations, steps, elapsed_s }));
  else
    console.log(
      `${batch.schedules} schedules from seed ${batch.seed}, ${steps} steps in ${elapsed_s.toFixed(1)} s: ${found.length} violations`,
    );
  process.exitCode = found.length > 0 ? 1 : 0;
}

async function replay({ seed, except }: Batch, keep: string | undefined, json: boolean): Promise<void> {
  const started_ms = systemClock.bootTime_ms();
  const whole = scheduleOf(seed);
  const numbers = (keep ?? '')
    .split(',')
    .filter((word) => word !== '')
    .map(Number);
  const { violations, story, steps } = await runSchedule(
    keep === undefined ? whole : withOnly(whole, numbers),
    passedOver(except),
  );
  const elapsed_s = (systemClock.bootTime_ms() - started_ms) / 1000;
  if (json)
    console.log(
      JSON.stringify({
        schedules: 1,
        seed,
        violations: violations.map((violation) => ({ seed, ...violation, story })),
        steps,
        elapsed_s,
      }),
    );
  else console.log(story.join('\n'));
  process.exitCode = violations.length > 0 ? 1 : 0;
}

function asText({ seed, keep, violation, story }: Found): string {
  const { oracle, host, message } = violation;
  return [
    `Seed ${seed}: ${oracle}${host && `, ${host}`}: ${message}`,
    `Replay: npm run sim -- --seed ${seed} --keep ${keep.join(',')}`,
    ...story,
  ].join('\n');
}

async function tellMutations(json: boolean, limits: { jobs: number; schedules: number }): Promise<void> {
  const mutations = await runMutations(limits, (line) => {
    if (!json) console.log(line);
  });
  const caught = mutations.filter(({ caughtBy }) => caughtBy !== null).length;
  if (json) console.log(JSON.stringify({ mutations, caught, total: mutations.length }));
  else console.log(`${caught} of ${mutations.length} mutations were found`);
  process.exitCode = caught === mutations.length ? 0 : 1;
}
