import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostPermissions } from '../../src/target/host-permissions.ts';

interface Context {
  pool: string;
  server: Server;
}

const test = suite<Context>('the confinement of a host');
const run = promisify(execFile);

test.before.each(async (context) => {
  context.pool = mkdtempSync(join(tmpdir(), 'spare-confined-'));
  for (const host of ['alpha', 'alphabet', 'beta']) {
    mkdirSync(join(context.pool, host));
    writeFileSync(join(context.pool, host, 'leg.img'), host);
  }
  context.server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => context.server.listen(0, '127.0.0.1', resolve));
});
test.after.each(({ pool, server }) => {
  server.close();
  rmSync(pool, { recursive: true });
});

/** What the statement comes to in a process with the permissions of alpha: its value, or the code of the error. */
async function inProcessOfAlpha({ pool }: Context, statement: string): Promise<string> {
  const folder = join(pool, 'alpha');
  const program = `
    const fs = require('node:fs');
    const net = require('node:net');
    (async () => ${statement})().then((value) => console.log(value), (error) => console.log(error.code ?? error.message));
  `;
  const permissions = hostPermissions([folder, `${folder}/*`, join(folder, 'leg.img')]);
  const { stdout } = await run(process.execPath, [...permissions, '--eval', program], { timeout: 100_000 });
  return stdout.trim();
}

const DENIED = 'ERR_ACCESS_DENIED';

test('its own folder can be read and written', async (context) => {
  const leg = JSON.stringify(join(context.pool, 'alpha', 'leg.img'));
  const record = JSON.stringify(join(context.pool, 'alpha', 'fenced'));
  assert.is(await inProcessOfAlpha(context, `fs.readFileSync(${leg}, 'utf8')`), 'alpha');
  assert.is(await inProcessOfAlpha(context, `(fs.writeFileSync(${record}, 'x'), fs.existsSync(${record}))`), 'true');
  assert.is(readFileSync(join(context.pool, 'alpha', 'fenced'), 'utf8'), 'x');
});

test('it can flush, and learns when a flush fails', async (context) => {
  const module = JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'store', 'data-sync.ts'));
  const leg = JSON.stringify(join(context.pool, 'alpha', 'leg.img'));
  const statement = `{
    const { dataSync } = await import(${module});
    const fd = fs.openSync(${leg}, 'r+');
    const flush = (fd) => new Promise((resolve) => dataSync(fd, (error) => resolve(error?.code ?? 'flushed')));
    return (await Promise.all([flush(fd), flush(fd), flush(9999)])).join(' ');
  }`;
  assert.is(await inProcessOfAlpha(context, statement), 'flushed flushed EBADF');
});

test('nothing else can be read', async (context) => {
  const { pool } = context;
  for (const path of [
    join(pool, 'beta', 'leg.img'),
    join(pool, 'alphabet', 'leg.img'),
    '/etc/hostname',
    '/proc/self/environ',
  ]) {
    assert.is(await inProcessOfAlpha(context, `fs.readFileSync(${JSON.stringify(path)}, 'utf8')`), DENIED, path);
  }
  assert.is(await inProcessOfAlpha(context, `fs.readdirSync(${JSON.stringify(pool)})`), DENIED);
});

test('nothing else can be written, its own program least of all', async (context) => {
  const { pool } = context;
  const program = join(import.meta.dirname, '..', '..', 'src', 'target', 'written-by-a-test.ts');
  const paths = [
    join(pool, 'beta', 'leg.img'),
    join(pool, 'gamma'),
    join(pool, 'alphabet', 'new'),
    join(tmpdir(), 'spare-written'),
    program,
  ];
  for (const path of paths) {
    assert.is(await inProcessOfAlpha(context, `fs.writeFileSync(${JSON.stringify(path)}, 'x')`), DENIED, path);
  }
  assert.is(readFileSync(join(pool, 'beta', 'leg.img'), 'utf8'), 'beta');
  assert.not.ok(existsSync(program));
});

test('it can make no link that leads out', async (context) => {
  const link = JSON.stringify(join(context.pool, 'alpha', 'link'));
  const other = JSON.stringify(join(context.pool, 'beta', 'leg.img'));
  assert.is(await inProcessOfAlpha(context, `fs.symlinkSync(${other}, ${link})`), DENIED);
  assert.is(await inProcessOfAlpha(context, `fs.linkSync(${other}, ${link})`), DENIED);
});

test('it can open no connection, accept none, and start no process', async (context) => {
  const { port } = context.server.address() as { port: number };
  const connecting = `new Promise((resolve, reject) => net.connect(${port}, '127.0.0.1', () => resolve('connected')).on('error', reject))`;
  assert.is(await inProcessOfAlpha(context, connecting), DENIED);
  const listening = `new Promise((resolve, reject) => net.createServer().listen(0, () => resolve('listening')).on('error', reject))`;
  assert.is(await inProcessOfAlpha(context, listening), DENIED);
  assert.is(await inProcessOfAlpha(context, `require('node:child_process').execFileSync('/bin/true')`), DENIED);
});

test('it may set its own out-of-memory score, and no other', async (context) => {
  const setting = (pid: string) =>
    `fs.writeFileSync('/proc/${pid}/oom_score_adj', fs.readFileSync('/proc/self/oom_score_adj'))`;
  assert.is(await inProcessOfAlpha(context, setting('self')), 'undefined');
  assert.is(await inProcessOfAlpha(context, setting(String(process.pid))), DENIED);
});

test('its objects have a bound, far below the memory of the machine', async (context) => {
  const limit = Number(await inProcessOfAlpha(context, `require('node:v8').getHeapStatistics().heap_size_limit`));
  assert.ok(limit > 256 << 20 && limit < 400 << 20, `${limit} bytes`);
});

test('the probe itself can do all of that where it is not confined', async ({ pool }) => {
  symlinkSync(join(pool, 'beta', 'leg.img'), join(pool, 'alpha', 'link'));
  const { stdout } = await run(process.execPath, [
    '--eval',
    `console.log(require('node:fs').readFileSync(${JSON.stringify(join(pool, 'alpha', 'link'))}, 'utf8'))`,
  ]);
  assert.is(stdout.trim(), 'beta');
});

test.run();
