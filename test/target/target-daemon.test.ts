import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Configuration, HostConfiguration } from '../../src/config/schema.ts';
import { chapResponse } from '../../src/iscsi/chap.ts';
import { type Frame, Framer } from '../../src/iscsi/framer.ts';
import { decodeTextKeys } from '../../src/iscsi/text-keys.ts';
import { readRegionFile, writeRegionFile } from '../../src/store/region-file.ts';
import type { RegionRecord } from '../../src/store/region-record.ts';
import { controlTarget, requestStatus } from '../../src/target/control-client.ts';
import type { ControlRequest, HostTargetStatus } from '../../src/target/control-protocol.ts';
import { ControlServer } from '../../src/target/control-server.ts';
import type { ServeEvent } from '../../src/target/event-log.ts';
import { TargetDaemon } from '../../src/target/target-daemon.ts';
import { field, pduBytes, text } from '../fixtures/iscsi/bytes.ts';

const SIZE_BYTES = 1 << 20;

interface Context {
  root: string;
  daemon: TargetDaemon;
  control: ControlServer;
  portal: string;
  events: ServeEvent[];
}

const test = suite<Context>('TargetDaemon');

function hostConfiguration(root: string, name: string): HostConfiguration {
  return {
    name,
    target: {
      iqn: `iqn.2026-11.test:${name}`,
      initiatorName: `iqn.2026-11.test:initiator-${name}`,
      path: join(root, 'pool', name, 'leg.img'),
      size_bytes: SIZE_BYTES,
      chap: { user: name, secret: `secret of ${name}` },
      mutualChap: { user: 'spare', secret: 'secret of spare' },
    },
    // The target reads nothing else.
  } as HostConfiguration;
}

function configure(root: string, ...names: string[]): Configuration {
  const configuration = {
    version: 1,
    standby: { poolDirectory: join(root, 'pool'), portal: { address: '127.0.0.1', port: 0 } },
    hosts: Object.fromEntries(names.map((name) => [name, hostConfiguration(root, name)])),
  } as unknown as Configuration;
  writeFileSync(join(root, 'config.json'), JSON.stringify(configuration), { mode: 0o600 });
  return configuration;
}

function makeDisk(root: string, name: string): void {
  mkdirSync(join(root, 'pool', name));
  writeFileSync(join(root, 'pool', name, 'leg.img'), '');
  truncateSync(join(root, 'pool', name, 'leg.img'), SIZE_BYTES);
}

async function start(context: Context, configuration: Configuration): Promise<void> {
  context.events = [];
  context.daemon = new TargetDaemon(configuration, (event) => context.events.push(event));
  context.portal = await context.daemon.listen();
  context.control = new ControlServer(socketOf(context), (request) => context.daemon.perform(request));
  await context.control.listen();
}

async function stop(context: Context): Promise<void> {
  context.control.close();
  await context.daemon.close();
}

function socketOf({ root }: Context): string {
  return join(root, 'serve.sock');
}

async function hostStatus(context: Context, request: ControlRequest, host = 'alpha'): Promise<HostTargetStatus> {
  const { hosts } = await controlTarget(request, { socketPath: socketOf(context) });
  const status = hosts.find((one) => one.host === host);
  if (!status) throw new Error(`${host} is not there`);
  return status;
}

const environment = { ...process.env };
test.before.each(async (context) => {
  context.root = mkdtempSync(join(tmpdir(), 'spare-daemon-'));
  process.env.SPARE_CONFIG_DIR = context.root;
  process.env.SPARE_RUNTIME_DIR = context.root;
  mkdirSync(join(context.root, 'pool'));
  for (const name of ['alpha', 'beta']) makeDisk(context.root, name);
  await start(context, configure(context.root, 'alpha', 'beta'));
});
test.after.each(async (context) => {
  // They would be asked to log out, and waited for.
  for (const { socket } of clients.splice(0)) socket.destroy();
  await stop(context);
  rmSync(context.root, { recursive: true });
  process.env = { ...environment };
});

/** Those of the test that runs. */
const clients: Client[] = [];

/** An initiator on a real socket, as little as is needed. */
class Client {
  readonly socket: Socket;
  readonly #frames: Frame[] = [];
  readonly opcodes: number[] = [];
  #wake: (() => void) | undefined;
  closed = false;

  constructor(portal: string) {
    const [host = '', port] = portal.split(':');
    const framer = new Framer(1 << 20, (frame) => {
      this.#frames.push(frame);
      this.opcodes.push(frame.header[0] as number);
    });
    this.socket = connect(Number(port), host);
    clients.push(this);
    this.socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      this.#wake?.();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  request(fields: Record<number, string>, data?: Buffer): Promise<Frame> {
    this.socket.write(pduBytes(fields, data));
    return this.next();
  }

  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      // Pings of the target are not what was asked for.
      if (frame && frame.header[0] !== 0x20) return frame;
      if (this.closed) throw new Error('The target closed the connection');
      if (!frame) await this.#more();
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The status of the login. */
  async login(name: string, secret = `secret of ${name}`): Promise<number> {
    const names = [`InitiatorName=iqn.2026-11.test:initiator-${name}`, `TargetName=iqn.2026-11.test:${name}`];
    const fields = (stages: string) => ({ 0: '43', 1: stages, 8: '400000010000', 24: field(1, 4) });
    await this.request(fields('81'), text(...names, 'AuthMethod=CHAP'));
    const challenge = decodeTextKeys(Buffer.concat((await this.request(fields('00'), text('CHAP_A=5'))).data));
    const value = Buffer.from((challenge.get('CHAP_C') ?? '').slice(2), 'hex');
    const response = chapResponse({ identifier: Number(challenge.get('CHAP_I')), value }, secret);
    const proof = await this.request(fields('81'), text(`CHAP_N=${name}`, `CHAP_R=0x${response.toString('hex')}`));
    if (proof.header.readUInt16BE(36) !== 0) return proof.header.readUInt16BE(36);
    return (await this.request(fields('87'), text('InitialR2T=No'))).header.readUInt16BE(36);
  }

  /** Writes a block of these bytes; the status. The first command meets the unit attention of power on. */
  async write(byte: number, cmdSn: number): Promise<number> {
    const cdb = '2a000000000000000100';
    const fields = {
      0: '01',
      1: 'a0',
      8: '0001',
      16: field(cmdSn, 4),
      20: field(512, 4),
      24: field(cmdSn, 4),
      32: cdb,
    };
    return (await this.request(fields, Buffer.alloc(512, byte))).header[3] as number;
  }
}

async function loggedIn(context: Context, name = 'alpha'): Promise<Client> {
  const client = new Client(context.portal);
  assert.is(await client.login(name), 0);
  return client;
}

/** What a process has open. */
function openFiles(pid: number | null): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** The process that serves a host. */
async function processOf(context: Context, host = 'alpha'): Promise<number> {
  const { pid } = await hostStatus(context, { method: 'status' }, host);
  assert.type(pid, 'number');
  return pid as number;
}

/** Until a write goes well: the first command of a session meets the unit attention of power on. */
async function written(client: Client, byte: number): Promise<void> {
  for (let cmdSn = 1; (await client.write(byte, cmdSn)) !== 0; cmdSn++)
    assert.ok(cmdSn < 4, 'the write does not go well');
}

test('serves every host, tells who is there and when it wrote', async (context) => {
  const before = Date.now();
  const client = await loggedIn(context);
  await written(client, 0x5a);
  const alpha = await hostStatus(context, { method: 'status' });
  assert.is(alpha.sessions.length, 1);
  assert.is(alpha.sessions[0]?.initiatorName, 'iqn.2026-11.test:initiator-alpha');
  assert.ok((alpha.lastWriteAt ?? 0) >= before && (alpha.lastPduAt ?? 0) >= before);
  assert.is(alpha.counters.writtenBytes, 512);
  assert.is(alpha.sessionEndedAt, null);
  const beta = await hostStatus(context, { method: 'status' }, 'beta');
  assert.equal([beta.sessions, beta.lastPduAt, beta.lastWriteAt], [[], null, null]);

  client.socket.destroy();
  for (let count = 0; count < 100; count++) {
    if ((await hostStatus(context, { method: 'status' })).sessions.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(((await hostStatus(context, { method: 'status' })).sessionEndedAt ?? 0) >= before);
});

test('fence: the record, the sessions, the file, the login, and only of that host', async (context) => {
  const alpha = await loggedIn(context);
  const beta = await loggedIn(context, 'beta');
  const path = join(context.root, 'pool', 'alpha', 'leg.img');
  assert.ok(openFiles(await processOf(context)).includes(path));

  const status = await hostStatus(context, { method: 'fence', host: 'alpha' });
  assert.ok(status.fenced);
  assert.equal(status.sessions, []);
  assert.not.ok(openFiles(status.pid).includes(path), 'the file is still open');
  assert.ok(statSync(join(context.root, 'pool', 'alpha', 'fenced')).isFile());
  await alpha.untilClosed();
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
  assert.is(await new Client(context.portal).login('alpha', 'a wrong secret'), 0x0201);
  assert.not.ok(beta.closed);
  assert.type(await beta.write(1, 1), 'number');

  assert.ok((await hostStatus(context, { method: 'fence', host: 'alpha' })).fenced);
  assert.not.ok((await hostStatus(context, { method: 'unfence', host: 'alpha' })).fenced);
  assert.not.ok(readdirSync(join(context.root, 'pool', 'alpha')).includes('fenced'));
  await loggedIn(context);
});

test('a fence outlives the daemon', async (context) => {
  await controlTarget({ method: 'fence', host: 'alpha' }, { socketPath: socketOf(context) });
  await stop(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.ok((await hostStatus(context, { method: 'status' })).fenced);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test('a host whose disk is missing can be fenced, and does not stop the others', async (context) => {
  await stop(context);
  rmSync(join(context.root, 'pool', 'alpha', 'leg.img'));
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  await loggedIn(context, 'beta');
  assert.ok((await hostStatus(context, { method: 'fence', host: 'alpha' })).fenced);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test('a disk whose size has changed is not served', async (context) => {
  await stop(context);
  truncateSync(join(context.root, 'pool', 'alpha', 'leg.img'), SIZE_BYTES * 2);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  assert.match(JSON.stringify(context.events), /its size must be 1048576 bytes/);
});

test('add serves a host that was enrolled meanwhile, and leaves what is served alone', async (context) => {
  configure(context.root, 'alpha', 'beta', 'gamma');
  makeDisk(context.root, 'gamma');
  const alpha = await loggedIn(context);
  await controlTarget({ method: 'add', host: 'gamma' }, { socketPath: socketOf(context) });
  await controlTarget({ method: 'add', host: 'alpha' }, { socketPath: socketOf(context) });
  await loggedIn(context, 'gamma');
  assert.not.ok(alpha.closed);
});

test('close forgets a host', async (context) => {
  const client = await loggedIn(context);
  const { hosts } = await controlTarget({ method: 'close', host: 'alpha' }, { socketPath: socketOf(context) });
  assert.equal(
    hosts.map(({ host }) => host),
    ['beta'],
  );
  await client.untilClosed();
  assert.is(await new Client(context.portal).login('alpha'), 0x0201);
});

test('an unknown host is told, with those that are known', async (context) => {
  try {
    await controlTarget({ method: 'fence', host: 'omega' }, { socketPath: socketOf(context) });
    assert.unreachable('fenced nobody');
  } catch (error) {
    assert.is((error as { code: string }).code, 'UNKNOWN_HOST');
    assert.match((error as { hint: string }).hint, 'alpha, beta');
  }
});

test('a process that stands still holds up no other host, and its own is fenced all the same', async (context) => {
  const alpha = await loggedIn(context);
  const beta = await loggedIn(context, 'beta');
  await written(beta, 1);
  const pid = await processOf(context);
  process.kill(pid, 'SIGSTOP');
  try {
    assert.is(await beta.write(2, 3), 0);
    const status = await hostStatus(context, { method: 'status' });
    assert.equal([status.responding, status.pid, status.sessions.length], [false, pid, 1]);
    await loggedIn(context, 'beta');
    const fenced = hostStatus(context, { method: 'fence', host: 'alpha' });
    assert.ok((await hostStatus(context, { method: 'fence', host: 'beta' }, 'beta')).fenced, 'beta is not fenced');
    assert.ok((await fenced).fenced);
  } finally {
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGCONT');
  }
  await alpha.untilClosed();
  assert.not.ok(existsSync(`/proc/${pid}`), 'what stood still may go on writing');
  assert.is(await loginOnceServed(context, 'alpha'), 0x0204);
});

test('a process that dies is started again, and only its own host notices', async (context) => {
  const alpha = await loggedIn(context);
  const beta = await loggedIn(context, 'beta');
  await written(alpha, 0x41);
  await written(beta, 1);
  const pid = await processOf(context);
  process.kill(pid, 'SIGKILL');
  await alpha.untilClosed();
  assert.is(await beta.write(2, 3), 0);
  assert.is(await loginOnceServed(context, 'alpha'), 0);
  assert.is.not(await processOf(context), pid);
  assert.is(readFileSync(join(context.root, 'pool', 'alpha', 'leg.img'))[0], 0x41);
  assert.match(JSON.stringify(context.events), /"event":"process-ended","host":"alpha","cause":"SIGKILL"/);
});

/** The status of a login, once the host's new process is there. */
async function loginOnceServed(context: Context, host: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return await new Client(context.portal).login(host);
    } catch {
      await pause(50);
    }
  }
  throw new Error(`${host} is not served again`);
}

test('what comes with the first request, and right after it, reaches the host', async (context) => {
  const client = new Client(context.portal);
  const names = [
    'InitiatorName=iqn.2026-11.test:initiator-alpha',
    'TargetName=iqn.2026-11.test:alpha',
    'AuthMethod=CHAP',
  ];
  const first = pduBytes({ 0: '43', 1: '81', 8: '400000010000', 24: field(1, 4) }, text(...names));
  const second = pduBytes({ 0: '43', 1: '00', 8: '400000010000', 24: field(1, 4) }, text('CHAP_A=5'));
  for (const byte of first.subarray(0, 60)) {
    client.socket.write(Buffer.of(byte));
    await pause(0);
  }
  client.socket.write(first.subarray(60));
  for (const part of [second.subarray(0, 10), second.subarray(10, 50), second.subarray(50)]) {
    client.socket.write(part);
    await pause(1);
  }
  assert.is((await client.next()).header.readUInt16BE(36), 0);
  assert.match(String(Buffer.concat((await client.next()).data)), 'CHAP_C=0x');
});

test('who says nothing keeps nobody out', async (context) => {
  const silent = Array.from({ length: 80 }, () => new Client(context.portal));
  await Promise.all(silent.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  await loggedIn(context);
  for (const { socket } of silent) socket.destroy();
});

test('what is no login is dropped, and what names no host of ours is refused like a wrong secret', async (context) => {
  const noise = new Client(context.portal);
  noise.socket.write(Buffer.alloc(4_096, 0x47));
  await noise.untilClosed();
  const command = new Client(context.portal);
  command.socket.write(pduBytes({ 0: '01', 1: 'a0' }));
  await command.untilClosed();
  assert.is(await new Client(context.portal).login('omega'), 0x0201);
});

/** As if the machine had lost its power after what was written until now: the record is of another boot. */
function losePower({ root }: Context, host = 'alpha'): void {
  const path = join(root, 'pool', host, 'regions');
  const record = readRegionFile(path);
  if (typeof record === 'string') throw new Error(`The record is ${record}`);
  const marks = Uint8Array.from(record.marks).fill(1, 0, 1);
  writeRegionFile(path, { ...record, bootId: '11111111-2222-3333-4444-555555555555', marks });
}

const EVERYTHING = [{ offset_bytes: 0, length_bytes: SIZE_BYTES }];

test('writes are cached, and the record says where; in order it ends clean', async (context) => {
  const record = () => readRegionFile(join(context.root, 'pool', 'alpha', 'regions')) as RegionRecord;
  const client = await loggedIn(context);
  for (let cmdSn = 1; (await client.write(0x5a, cmdSn)) !== 0; cmdSn++)
    assert.ok(cmdSn < 4, 'the write does not go well');
  assert.equal([...record().marks], [1]);
  await stop(context);
  assert.equal([...record().marks], [0]);
  await start(context, configure(context.root, 'alpha', 'beta'));
});

test('a leg that may have lost writes is not served, across restarts, until that is accepted; the others are', async (context) => {
  await stop(context);
  losePower(context);
  for (let restarts = 0; restarts < 2; restarts++) {
    await start(context, configure(context.root, 'alpha', 'beta'));
    assert.equal((await hostStatus(context, { method: 'status' })).lost, EVERYTHING);
    assert.is(await new Client(context.portal).login('alpha'), 0x0301);
    assert.match(JSON.stringify(context.events), /"unclean","host":"alpha","ranges":1,"lost_bytes":1048576/);
    await loggedIn(context, 'beta');
    await stop(context);
  }
  await start(context, configure(context.root, 'alpha', 'beta'));
  await controlTarget({ method: 'add', host: 'alpha' }, { socketPath: socketOf(context) });
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  for (let times = 0; times < 2; times++) {
    assert.equal((await hostStatus(context, { method: 'accept', host: 'alpha' })).lost, []);
  }
  await loggedIn(context);
});

test('a fence changes nothing of what was lost, and accepting it opens no fenced LUN', async (context) => {
  await stop(context);
  losePower(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.equal((await hostStatus(context, { method: 'fence', host: 'alpha' })).lost, EVERYTHING);
  await stop(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  const restarted = await hostStatus(context, { method: 'status' });
  assert.equal([restarted.fenced, restarted.lost], [true, EVERYTHING]);
  const unfenced = await hostStatus(context, { method: 'unfence', host: 'alpha' });
  assert.equal([unfenced.fenced, unfenced.lost], [false, EVERYTHING]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);

  await controlTarget({ method: 'fence', host: 'alpha' }, { socketPath: socketOf(context) });
  const accepted = await hostStatus(context, { method: 'accept', host: 'alpha' });
  assert.equal([accepted.fenced, accepted.lost], [true, []]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test('the control socket is for its owner only, and there is one daemon', async (context) => {
  assert.is(statSync(socketOf(context)).mode & 0o777, 0o600);
  try {
    await new ControlServer(socketOf(context), () => Promise.reject(new Error('no'))).listen();
    assert.unreachable('two daemons on one socket');
  } catch (error) {
    assert.is((error as { code: string }).code, 'ALREADY_SERVING');
  }
});

test('nonsense on the control socket is answered, and ends nothing', async (context) => {
  const socket = connect(socketOf(context));
  const answer = new Promise<string>((resolve) => socket.on('data', (chunk) => resolve(String(chunk))));
  socket.write('nonsense\n');
  assert.match(await answer, 'BAD_REQUEST');
  socket.destroy();
  assert.is((await requestStatus({ socketPath: socketOf(context) })).pid, process.pid);
});

test('a daemon that does not run is unreachable, with a hint', async (context) => {
  try {
    await requestStatus({ socketPath: `${socketOf(context)}.none` });
    assert.unreachable('reached nobody');
  } catch (error) {
    assert.is((error as { kind: string }).kind, 'unreachable');
    assert.match((error as { hint: string }).hint, 'systemctl start spare-serve');
  }
});

test('at the end initiators are told, and nothing stays open', async (context) => {
  const client = await loggedIn(context);
  const pids = [await processOf(context), await processOf(context, 'beta')];
  await stop(context);
  await client.untilClosed();
  // Asked to log out, and dropped as it did not.
  assert.is(client.opcodes.filter((opcode) => opcode === 0x32).length, 2);
  for (const pid of pids) assert.not.ok(existsSync(`/proc/${pid}`), 'a process goes on');
  await start(context, configure(context.root, 'alpha', 'beta'));
});

test.run();
