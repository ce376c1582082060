import { statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installRoot } from '../../src/machine/template.ts';
import { programsOf } from '../../src/service/programs.ts';

const programs = suite('programs');

programs('a program runs, a library is sourced: their modes say so, here and where they are installed', () => {
  for (const { name, content, mode } of programsOf('primary')) {
    const isLibrary = name.startsWith('lib/');
    assert.is(mode, isLibrary ? 0o644 : 0o755, name);
    assert.is(content.startsWith(isLibrary ? '# shellcheck shell=sh\n' : '#!/bin/sh\n'), true, name);
    const { mode: here } = statSync(join(installRoot, 'templates/primary', name));
    assert.is((here & 0o100) !== 0, !isLibrary, `${name} in templates`);
  }
});

programs('the standby gets what brings a service up, a primary its guard and its report too', () => {
  const primary = programsOf('primary').map(({ name }) => name);
  assert.equal(
    programsOf('standby').map(({ name }) => name),
    primary.filter((name) => name !== 'guard' && name !== 'report'),
  );
  assert.equal(primary.slice(-3), ['guard', 'report', 'service']);
});

programs('what is sourced or run by another is there, stands before it, and nothing lies about unused', () => {
  const all = programsOf('primary');
  const used = all.flatMap(({ name, content }, index) =>
    [...content.matchAll(/"\$here\/((?:lib|inside)\/[\w.-]+)"/g)].map(([, path = '']) => {
      const at = all.findIndex((program) => program.name === path);
      assert.ok(at >= 0, `${name} uses ${path}`);
      if (!name.includes('/')) assert.ok(at < index, `${path} is installed after ${name}`);
      return path;
    }),
  );
  const parts = all.map(({ name }) => name).filter((name) => name.includes('/'));
  assert.equal([...new Set(used)].sort(), parts.sort());
});

programs.run();
