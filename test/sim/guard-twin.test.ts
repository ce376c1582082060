import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseLegs, type GuardLook, type LegFacts, nextAction } from './world/guard-decisions.ts';

const twin = suite('twin of the guard');
const DECIDE = join(import.meta.dirname, '..', '..', 'templates', 'primary', 'lib', 'decide.sh');
const YES_NO = ['yes', 'no'] as const;

/** Every combination of the values. */
function combinations<Facts>(values: Readonly<Record<string, readonly string[]>>): Facts[] {
  const rows = Object.entries(values).reduce<Record<string, string>[]>(
    (before, [name, choices]) => before.flatMap((row) => choices.map((choice) => ({ ...row, [name]: choice }))),
    [{}],
  );
  return rows as Facts[];
}

/** What the shell decides for each, in one process. */
function inShell(call: string, rows: readonly object[], result: string): string[] {
  const lines = rows.map((row) => {
    const assignments = Object.entries(row).map(([name, value]) => `${name}=${value}`);
    return `${assignments.join(' ')}; ${call}; echo "$${result}"`;
  });
  const input = [`. ${DECIDE}`, ...lines].join('\n');
  return execFileSync('sh', [], { input, encoding: 'utf8' }).trim().split('\n');
}

twin('chooses the same action as the shell in every situation', () => {
  const looks = combinations<GuardLook>({
    passive: YES_NO,
    serving: YES_NO,
    assembled: YES_NO,
    link: ['up', 'down', 'none'],
    fresh: YES_NO,
    answer: ['unasked', 'accepted', 'replaced', 'unknown'],
    told: ['standby', 'other'],
    alone: YES_NO,
  });
  assert.is(looks.length, 768);
  assert.equal(looks.map(nextAction), inShell('next_action', looks, 'action'));
});

twin('chooses the same legs as the shell in every situation', () => {
  const facts = combinations<LegFacts>({
    link: ['up', 'down', 'none'],
    owner: ['pair', 'primary', 'standby', 'fill', 'unknown'],
    fill: YES_NO,
    alone: YES_NO,
  });
  assert.equal(facts.map(chooseLegs), inShell('choose_legs', facts, 'legs'));
});
twin.run();
