import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = resolve(import.meta.dirname, '../..');
const test = suite('floors');

/** Source files by path, each with what it imports. */
type Tree = Readonly<Record<string, readonly string[]>>;

const KEPT: Tree = {
  'src/main.ts': ["import './commands/status.ts'"],
  'src/commands/status.ts': ["import '../cli/table.ts'", "import '../target/daemon.ts'"],
  'src/cli/table.ts': ["import '../std/text.ts'"],
  'src/mirror/leg.ts': ["import '../steps/step.ts'", "import type { Status } from '../target/client/protocol.ts'"],
  'src/target/daemon.ts': ["import '../iscsi/session.ts'", "import './client/protocol.ts'"],
  'src/target/client/protocol.ts': ["import '../../machine/machine.ts'"],
  'src/machine/machine.ts': ["import '../std/text.ts'"],
  'src/iscsi/session.ts': ["import '../scsi/commands/read.ts'"],
  'src/scsi/commands/read.ts': ["import '../../store/store.ts'"],
  'src/store/store.ts': [],
  'src/steps/step.ts': [],
  'src/std/text.ts': [],
  'test/mirror/leg.test.ts': ["import '../../src/mirror/leg.ts'"],
};

/** What the gate's check says of a tree: `rule: from → to`, in order. */
async function check(tree: Tree): Promise<{ exitCode: number | undefined; violations: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'spare-floors-'));
  try {
    for (const [path, imports] of Object.entries(tree)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), `${imports.join(';\n')}\nexport {};\n`);
    }
    const depcruise = join(root, 'node_modules/.bin/depcruise');
    const argv = [depcruise, '--config', join(root, 'scripts/floors.ts'), 'src', 'test'];
    const env = { NO_COLOR: '1' };
    const { stdout, exitCode } = await execa(process.execPath, argv, { cwd: folder, env, reject: false });
    // A circle goes on over several lines: its first two files say enough.
    const found = stdout.matchAll(/error (\S+): (\S+) →\s+(\S+)/g);
    return { exitCode, violations: [...found].map(([, rule, from, to]) => `${rule}: ${from} → ${to}`).sort() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a tree that keeps the floors passes', async () => {
  assert.equal(await check(KEPT), { exitCode: 0, violations: [] });
});

test('upwards, sideways, past the client, out of the program and in a circle: each fails, types or not', async () => {
  const { exitCode, violations } = await check({
    ...KEPT,
    'src/std/text.ts': ["import '../cli/table.ts'"],
    'src/steps/step.ts': ["import type { Leg } from '../mirror/leg.ts'"],
    'src/service/address.ts': ["import { type Leg } from '../mirror/leg.ts'"],
    'src/mirror/resync.ts': ["export type { Daemon } from '../target/daemon.ts'"],
    'src/target/client/control.ts': ["import type { Daemon } from '../daemon.ts'"],
    'src/mirror/loop.ts': ["import '../../test/mirror/leg.test.ts'"],
    'src/store/store.ts': ["import type { Region } from './region.ts'"],
    'src/store/region.ts': ["import type { Store } from './store.ts'"],
    'src/elsewhere/file.ts': ["import '../std/text.ts'"],
  });
  const circles = violations.filter((violation) => violation.startsWith('no-circle'));
  assert.equal(
    violations.filter((violation) => !circles.includes(violation)),
    [
      'every-file-has-a-room: src/elsewhere/file.ts → src/std/text.ts',
      'mirror-uses-what-is-below-it: src/mirror/resync.ts → src/target/daemon.ts',
      'service-uses-what-is-below-it: src/service/address.ts → src/mirror/leg.ts',
      'std-uses-what-is-below-it: src/std/text.ts → src/cli/table.ts',
      'steps-uses-what-is-below-it: src/steps/step.ts → src/mirror/leg.ts',
      'target/client-uses-what-is-below-it: src/target/client/control.ts → src/target/daemon.ts',
      'the-program-needs-no-tests: src/mirror/loop.ts → test/mirror/leg.test.ts',
    ],
  );
  assert.ok(circles.includes('no-circle: src/store/region.ts → src/store/store.ts'), 'a circle of types alone');
  assert.ok((exitCode ?? 0) > 0, 'the gate fails');
});

test.run();
