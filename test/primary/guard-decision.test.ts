import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installRoot } from '../../src/machine/template.ts';
import {
  chooseLegs,
  type GuardSituation,
  INPUTS,
  isSound,
  type Legs,
  type LegsSituation,
  nextAction,
} from './guard-decision.ts';

type Row = Record<string, string>;

const DECIDE = join(installRoot, 'templates/primary/lib/decide.sh');
const FOR_ACTION = [
  'passive',
  'serving',
  'assembled',
  'link',
  'fresh',
  'answer',
  'told',
  'alone',
  'silent',
  'endless',
  'fill',
] as const;
const FOR_LEGS = ['link', 'owner', 'fill', 'alone'] as const;

/** Every combination of the inputs. */
function combinations(names: readonly (keyof typeof INPUTS)[]): Row[] {
  return names.reduce<Row[]>(
    (rows, name) => rows.flatMap((row) => INPUTS[name].map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

/** What the shell decides for each row, in one process. */
function inShell(call: string, result: string, rows: readonly Row[]): string[] {
  const lines = rows.map((row) => {
    const variables = Object.entries(row).map(([name, value]) => `${name}=${value}`);
    return `${variables.join(' ')}; ${call}; echo "$${result}"`;
  });
  const script = `set -u; . ${DECIDE}\n${lines.join('\n')}\n`;
  return execFileSync('sh', ['-s'], { input: script, encoding: 'utf8' }).trim().split('\n');
}

function situationOf(row: Row): GuardSituation {
  const { passive, link, answer } = row as unknown as GuardSituation;
  const is = (name: string) => row[name] === 'yes';
  return {
    link,
    answer,
    passive,
    serving: is('serving'),
    assembled: is('assembled'),
    fresh: is('fresh'),
    toldStandby: row.told === 'standby',
    alone: is('alone'),
    silent: is('silent'),
    endless: is('endless'),
    fill: is('fill'),
  };
}

function legsSituationOf(row: Row): LegsSituation {
  const { link, owner } = row as unknown as LegsSituation;
  return { link, owner, fill: row.fill === 'yes', alone: row.alone === 'yes' };
}

const test = suite('decisions of the guard');

test('the shell decides as its twin does, whatever it sees', () => {
  const rows = combinations(FOR_ACTION);
  const decided = inShell('next_action', 'action', rows);
  for (const [index, row] of rows.entries()) {
    assert.is(decided[index], nextAction(situationOf(row)), JSON.stringify(row));
  }
  assert.equal([rows.length, decided.length], [9216, 9216]);
});

test('it chooses the legs as its twin does', () => {
  const rows = combinations(FOR_LEGS);
  const decided = inShell('choose_legs', 'legs', rows);
  for (const [index, row] of rows.entries()) {
    assert.is(decided[index], chooseLegs(legsSituationOf(row)), JSON.stringify(row));
  }
  assert.equal([rows.length, decided.length], [60, 60]);
});

test('it judges the array as its twin does', () => {
  const rows = combinations(['legs', 'in_sync']);
  const twin = rows.map(({ legs, in_sync }) => isSound(legs as Exclude<Legs, 'none'>, Number(in_sync)));
  assert.equal(
    inShell('judge_array', 'sound', rows),
    twin.map((sound) => (sound ? 'yes' : 'no')),
  );
});

test('an incomplete local leg is never used alone, nor is any leg of a volume that the standby owns', () => {
  for (const row of combinations(FOR_LEGS).map(legsSituationOf)) {
    const legs = chooseLegs(row);
    if (row.fill && row.link !== 'up') assert.is(legs, 'none', JSON.stringify(row));
    if (row.link === 'up' && row.owner === 'fill') assert.is(legs, 'lun', JSON.stringify(row));
    if (row.link === 'up' && (row.owner === 'standby' || row.owner === 'unknown')) assert.is(legs, 'none');
  }
});

test('a round ends: what is done brings another situation, and none comes twice', () => {
  // What the world may make of an action: the login may succeed, be refused, or fail; the target may answer anything.
  const after: Record<string, (now: GuardSituation) => GuardSituation[]> = {
    ask: (now) => (['accepted', 'replaced', 'unknown'] as const).map((answer) => ({ ...now, answer })),
    'log-in': (now) => [
      { ...now, link: 'up', answer: 'accepted', fresh: true },
      ...(['replaced', 'unknown'] as const).map((answer) => ({ ...now, answer })),
    ],
    'log-out': (now) => [{ ...now, link: 'none', assembled: false }],
    'come-back': (now) => [{ ...now, passive: 'no' }],
  };
  const follow = (now: GuardSituation, seen: readonly string[]): void => {
    const key = JSON.stringify(now);
    assert.not.ok(seen.includes(key), `comes twice: ${key}`);
    for (const next of after[nextAction(now)]?.(now) ?? []) follow(next, [...seen, key]);
  };
  for (const row of combinations(FOR_ACTION).map(situationOf)) {
    if (row.answer === 'unasked' && !row.fresh) follow(row, []);
  }
});

test('nothing is served alone before the standby has stopped to count on a pair', () => {
  for (const row of combinations(FOR_ACTION).map(situationOf)) {
    if (row.link === 'up' || row.silent || row.answer !== 'unknown') continue;
    assert.ok(['rest', 'stop', 'log-out'].includes(nextAction(row)), JSON.stringify(row));
  }
});

test('a wait without end ends after a lease, and never while the local leg is incomplete', () => {
  const ended = combinations(FOR_ACTION)
    .map(situationOf)
    .filter((row) => nextAction(row) === 'give-up');
  assert.ok(ended.length > 0);
  for (const { serving, link, silent, endless, fill } of ended) {
    assert.equal([serving, link, silent, endless, fill], [true, 'down', true, true, false]);
  }
});

test('only its own passive state is left, by a new login', () => {
  for (const row of combinations(FOR_ACTION).map(situationOf)) {
    if (row.passive === 'held') assert.is(nextAction(row), 'rest');
    if (nextAction(row) === 'come-back') assert.equal([row.passive, row.link, row.fresh], ['replaced', 'up', true]);
    if (row.passive === 'replaced') assert.not.ok(['assemble', 'serve'].includes(nextAction(row)));
  }
});

test.run();
