/** What the lab does to machines means the same with every engine: disks and their names, cuts of the network, freezing, loss of power, the power switch. */
import { open } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import { Beacon } from '../beacon.ts';
import { type MachineName, POWER_SWITCH_URL } from '../settings.ts';
import { labScenario } from './scenario.ts';

const NAMES: readonly MachineName[] = ['alpha', 'beta', 'client'];
const DISK = '/dev/disk/by-id/lab-alpha-data';
const WORD = 'written by alpha';
const OFFSET_BYTES = 8 * 2 ** 20;
const WRITTEN_BYTES = 4 * 2 ** 20;

export default labScenario('faults', NAMES, (lab, step) => {
  const { network } = lab;
  const [alpha, beta, client] = [lab.machine('alpha'), lab.machine('beta'), lab.machine('client')];
  const beacon = new Beacon(lab, NAMES);

  /** Whether anything of `speaker` arrives at `listener`, on whom the third machine's packets arrive. */
  const hears = async (listener: MachineName, speaker: MachineName): Promise<boolean> => {
    const [witness] = NAMES.filter((name) => name !== listener && name !== speaker);
    assert.ok(witness);
    return (await beacon.heard(listener, speaker, witness)) > 0;
  };
  const bootId = async (name: MachineName): Promise<string> =>
    (await lab.machine(name).shell.run('cat /proc/sys/kernel/random/boot_id')).stdout;

  step(
    'a disk is found by its name, its bytes are those of its file, and what is written to it is counted',
    async () => {
      const before = await alpha.written_bytes('alpha-data');
      const fill = `yes "${WORD}" | dd of=${DISK} bs=1M seek=${OFFSET_BYTES / 2 ** 20} count=${WRITTEN_BYTES / 2 ** 20}`;
      await alpha.shell.run(`${fill} iflag=fullblock oflag=direct conv=fsync,notrunc status=none`);
      const file = await open(alpha.diskFile('alpha-data'));
      const { buffer } = await file.read(Buffer.alloc(WORD.length), 0, WORD.length, OFFSET_BYTES);
      await file.close();
      assert.is(buffer.toString(), WORD);
      const written = (await alpha.written_bytes('alpha-data')) - before;
      assert.ok(written >= WRITTEN_BYTES && written < 2 * WRITTEN_BYTES, `${written} bytes were counted`);
    },
  );

  step('all machines hear each other', async () => {
    for (const name of NAMES) await beacon.start(name);
    assert.ok((await hears('alpha', 'beta')) && (await hears('beta', 'alpha')) && (await hears('beta', 'client')));
  });

  step('muted one way, nothing arrives that way, and all else does', async () => {
    await network.mute('alpha', 'beta');
    assert.is(await hears('beta', 'alpha'), false);
    assert.is(await hears('alpha', 'beta'), true);
    assert.is(await hears('client', 'alpha'), true);
  });

  step('dropped between two, nothing arrives either way, and a third hears both', async () => {
    await network.drop('alpha', 'beta');
    assert.is(await hears('beta', 'alpha'), false);
    assert.is(await hears('alpha', 'beta'), false);
    assert.is(await hears('client', 'beta'), true);
    await network.heal('beta');
    assert.is(await hears('beta', 'alpha'), true);
  });

  step('silenced, a machine is not heard, and keeps its carrier', async () => {
    await network.silence('alpha');
    assert.is(await hears('beta', 'alpha'), false);
    await network.heal('alpha');
    assert.is(await hears('beta', 'alpha'), true);
    assert.equal(await beacon.carrierChanges('alpha'), []);
  });

  step(
    'with its cable pulled, a machine is not heard, and sees that its carrier is lost, where its engine can tell it',
    async () => {
      await network.cut('alpha');
      assert.is(await hears('beta', 'alpha'), false);
      await network.heal('alpha');
      assert.is(await hears('beta', 'alpha'), true);
      assert.equal(await beacon.carrierChanges('alpha'), lab.engine.tellsCarrier ? ['0', '1'] : []);
    },
  );

  step('frozen, a machine says nothing; thawed, it goes on where it was', async () => {
    const before = await bootId('client');
    await client.shell.run('(while :; do :; done) >/dev/null 2>&1 & echo $! > /run/busy');
    client.freeze();
    assert.is(await hears('beta', 'client'), false);
    client.thaw();
    assert.is(await hears('beta', 'client'), true);
    await client.shell.run('kill "$(cat /run/busy)"');
    assert.is(await bootId('client'), before);
  });

  step('a loss of power takes what was in memory and leaves what was on the disk; a cut outlasts it', async () => {
    await client.shell.run('echo kept > /root/kept && sync && echo lost > /run/lost');
    await network.mute('client', 'beta');
    await client.kill();
    assert.is(client.pid, undefined);
    await lab.up(['client']);
    const { stdout } = await client.shell.run('cat /root/kept; cat /run/lost 2>/dev/null || :');
    assert.is(stdout, 'kept\n');
    await beacon.start('client');
    assert.is(await hears('beta', 'client'), false);
    await network.heal('client');
    assert.is(await hears('beta', 'client'), true);
  });

  step('the power switch says whether a machine is on, and switches it', async () => {
    const ask = async (request: string) => (await beta.shell.run(`busybox wget -q -O - ${request}`)).stdout.trim();
    assert.is(await ask(`${POWER_SWITCH_URL}/client`), 'on');
    assert.is(await ask(`--post-data= ${POWER_SWITCH_URL}/client/off`), 'off');
    assert.is(client.pid, undefined);
    assert.is(await ask(`--post-data= ${POWER_SWITCH_URL}/client/on`), 'on');
    await client.waitForShell();
  });
});
