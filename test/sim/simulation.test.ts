import './edge/hooks.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const { runSchedule } = await import('./run-schedule.ts');
const { scheduleOf } = await import('./schedule.ts');
const { MUTATIONS } = await import('./mutation-table.ts');
const { mutated } = await import('./mutations.ts');

const simulation = suite('simulation');
const SCHEDULES = 200;
const FIRST_SEED = 1;

simulation('finds no violation in the schedules of fixed seeds', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed += 1) {
    const { violations, story } = await runSchedule(scheduleOf(seed));
    assert.equal(violations, [], `seed ${seed}:\n${story.join('\n')}`);
  }
});

simulation('is the same for the same seed', async () => {
  const [one, other] = [await runSchedule(scheduleOf(8)), await runSchedule(scheduleOf(8))];
  assert.equal(one.story, other.story);
  assert.is(one.steps, other.steps);
});

simulation('every mutation has its place in the code', () => {
  const root = join(import.meta.dirname, '..', '..');
  for (const mutation of MUTATIONS) {
    assert.ok(mutated(mutation, readFileSync(join(root, mutation.file), 'utf8')).includes(mutation.replace));
  }
});
simulation.run();
