import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const SPARE = join(import.meta.dirname, '..', '..', 'bin', 'spare');

const test = suite<{ directory: string; disk: string }>('spare serve, bad input');

test.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'spare-errors-'));
  context.disk = join(context.directory, 'disk.img');
  writeFileSync(context.disk, '');
  truncateSync(context.disk, 1 << 20);
  writeFileSync(join(context.directory, 'odd.img'), Buffer.alloc(1000));
  writeFileSync(join(context.directory, 'short'), 'short\n');
});
test.after(({ directory }) => rmSync(directory, { recursive: true }));

interface Told {
  exitCode: number | undefined;
  code: string;
  hint: string;
}

async function serve(...flags: string[]): Promise<Told> {
  const { exitCode, stdout } = await execa(SPARE, ['serve', ...flags, '--json'], {
    reject: false,
    timeout: 300_000,
    stdin: 'ignore',
  });
  const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } };
  return { exitCode, ...error };
}

const ROWS: [string, (context: { directory: string; disk: string }) => string[], string, number][] = [
  ['no such file', ({ directory }) => ['--file', join(directory, 'none'), '--no-auth'], 'STORE_OPEN_FAILED', 3],
  ['a folder', ({ directory }) => ['--file', directory, '--no-auth'], 'STORE_OPEN_FAILED', 3],
  [
    'a size that is not a multiple of the block size',
    ({ directory }) => ['--file', join(directory, 'odd.img'), '--no-auth'],
    'SIZE_NOT_WHOLE_BLOCKS',
    2,
  ],
  ['nothing about authentication', ({ disk }) => ['--file', disk], 'NO_AUTHENTICATION', 2],
  [
    'a portal for all without authentication',
    ({ disk }) => ['--file', disk, '--no-auth', '--portal', '0.0.0.0:3290'],
    'OPEN_PORTAL',
    2,
  ],
  ['a portal that is none', ({ disk }) => ['--file', disk, '--no-auth', '--portal', 'here'], 'BAD_PORTAL', 2],
  ['a port that is none', ({ disk }) => ['--file', disk, '--no-auth', '--portal', '127.0.0.1:99999'], 'BAD_PORTAL', 2],
  [
    'a redirect to what is no portal',
    ({ disk }) => ['--file', disk, '--no-auth', '--redirect', '127.0.0.1'],
    'BAD_PORTAL',
    2,
  ],
  [
    'a redirect to any free port',
    ({ disk }) => ['--file', disk, '--no-auth', '--redirect', '127.0.0.1:0'],
    'BAD_PORTAL',
    2,
  ],
  [
    'a redirect to an address that no key can hold',
    ({ disk }) => ['--file', disk, '--no-auth', '--redirect', `${'a'.repeat(255)}:3260`],
    'BAD_PORTAL',
    2,
  ],
  [
    'a redirect to itself',
    ({ disk }) => ['--file', disk, '--no-auth', '--portal', '127.0.0.1:3291', '--redirect', '127.0.0.1:3291'],
    'REDIRECT_TO_ITSELF',
    2,
  ],
  [
    'a physical block size that does not fit',
    ({ disk }) => ['--file', disk, '--no-auth', '--physical-block-size', '5000'],
    'BAD_PHYSICAL_BLOCK_SIZE',
    2,
  ],
  [
    'a secret that is too short',
    ({ disk, directory }) => ['--file', disk, '--chap-user', 'a', '--chap-secret-file', join(directory, 'short')],
    'SECRET_TOO_SHORT',
    2,
  ],
  [
    'a secret that is not there',
    ({ disk, directory }) => ['--file', disk, '--chap-user', 'a', '--chap-secret-file', join(directory, 'none')],
    'SECRET_UNREADABLE',
    2,
  ],
];

for (const [name, flags, code, exitCode] of ROWS) {
  test(`${name}: ${code}`, async (context) => {
    const told = await serve(...flags(context));
    assert.is(told.code, code);
    assert.is(told.exitCode, exitCode);
    assert.ok(told.hint.length > 10);
  });
}

test('a port in use', async ({ disk }) => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const told = await serve('--file', disk, '--no-auth', '--portal', `127.0.0.1:${port}`);
  server.close();
  assert.is(told.code, 'PORTAL_UNAVAILABLE');
  assert.is(told.exitCode, 3);
  assert.match(told.hint, 'ss -ltnp');
});

test('flags of --file without it', async () => {
  const { exitCode } = await execa(SPARE, ['serve', '--no-auth'], { reject: false, timeout: 300_000, stdin: 'ignore' });
  assert.is(exitCode, 2);
});

test('a disk and a redirect at once', async ({ disk }) => {
  const argv = ['serve', '--file', disk, '--no-auth', '--redirect', '127.0.0.1:3291', '--read-only'];
  const { exitCode, stderr } = await execa(SPARE, argv, { reject: false, timeout: 300_000, stdin: 'ignore' });
  assert.is(exitCode, 2);
  assert.match(stderr, '--redirect');
});

test.run();
