import * as assert from 'uvu/assert';
import type { KernelInitiator, NodeRecord, Session } from '../kernel-initiator.ts';
import type { GuestResult } from '../secure-shell.ts';
import type { VirtualMachine } from '../virtual-machine.ts';
import type { ScenarioStep } from './scenario.ts';

/** Exit codes of sg3-utils (sg3_utils(8)). */
const ILLEGAL_REQUEST = 5;
const UNIT_ATTENTION = 6;
const INVALID_OPCODE = 9;
const MISCOMPARE = 14;
const RESERVATION_CONFLICT = 24;

const BLOCK_BYTES = 512;
const WRITE_EXCLUSIVE = 1;

export interface ScsiCommandsContext {
  initiator: KernelInitiator;
  machine: VirtualMachine;
  record(): NodeRecord;
  /** What the second initiator logs in with. */
  settings: Readonly<Record<string, string>>;
  first(): Session;
}

/** SCSI commands as sg3-utils and the kernel's disk driver send them, with a second initiator on the same machine. The disk is empty before. */
export function scsiCommandSteps(step: ScenarioStep, context: ScsiCommandsContext): void {
  const { initiator, machine, settings } = context;
  let disk: string;
  let other: Session;

  const run = (command: string): Promise<GuestResult> => machine.shell.run(command, { acceptFailure: true });
  const exits = async (exitCode: number, command: string) => {
    const result = await run(command);
    assert.is(result.exitCode, exitCode, `${command}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  };
  const content = async (lba: number, blocks: number) => {
    const read = `dd if=${disk} bs=${BLOCK_BYTES} skip=${lba} count=${blocks} iflag=direct status=none`;
    return exits(0, `${read} | tr "\\0" 0`);
  };
  const filled = (letter: string, blocks: number) => letter.repeat(blocks * BLOCK_BYTES);
  const write = (letter: string, lba: number, blocks: number) =>
    `head -c ${blocks * BLOCK_BYTES} /dev/zero | tr "\\0" ${letter} | dd of=${disk} bs=${BLOCK_BYTES} seek=${lba} oflag=direct conv=notrunc status=none`;

  step('the kernel has understood what the disk is', async () => {
    ({ disk } = context.first());
    const queue = `${context.first().sysfs}/queue`;
    const names = ['logical_block_size', 'physical_block_size', 'optimal_io_size', 'discard_granularity', 'fua'];
    const { stdout } = await machine.shell.run(`cd ${queue} && cat ${names.join(' ')} write_cache discard_max_bytes`);
    const [logical, physical, optimal, granularity, fua, cache, discard] = stdout.trimEnd().split('\n');
    assert.equal([logical, physical, optimal, granularity], ['512', '4096', '1048576', '4096']);
    assert.equal([fua, cache], ['1', 'write back']);
    assert.ok(Number(discard) > 0, 'It can not be discarded');
    assert.match(
      await exits(0, `sg_readcap -l ${disk}`),
      /lbpme=1, lbprz=1[\s\S]*blocks per physical block exponent=3/,
    );
    assert.match(await exits(0, `sg_vpd -p lbpv ${disk}`), /Unmap command supported \(LBPU\): 1/);
    assert.match(await exits(0, `sg_luns ${disk}`), /1 lun entry[\s\S]*0001000000000000/);
  });

  step('what is refused on purpose is not listed, and refused', async () => {
    const listed = [...(await exits(0, `sg_opcodes ${disk}`)).matchAll(/^ ([0-9a-f]{2}) /gm)].map(([, code]) => code);
    assert.ok(
      ['28', '2a', '42', '89', '93', '9e'].every((code) => listed.includes(code)),
      listed.join(' '),
    );
    assert.not.ok(
      ['48', '83', '84', '9c'].some((code) => listed.includes(code)),
      listed.join(' '),
    );
    await exits(INVALID_OPCODE, `sg_sanitize --overwrite --zero --quick ${disk}`);
    await exits(INVALID_OPCODE, `sg_copy_results -p ${disk}`);
  });

  step('both initiators see one disk', async () => {
    const record = {
      ...context.record(),
      interface: { name: 'other', initiatorName: 'iqn.1993-08.org.debian:01:other' },
    };
    await initiator.define(record, settings);
    other = await initiator.login(record);
    const identity = (path: string) => exits(0, `sg_vpd -p di ${path}`);
    assert.is(await identity(other.disk), await identity(disk));
    await exits(0, write('a', 0, 64));
    const { stdout } = await run(`dd if=${other.disk} bs=${BLOCK_BYTES} count=64 iflag=direct status=none`);
    assert.is(stdout, filled('a', 64));
  });

  step('a reservation keeps the other out, is preempted, and then keeps its former holder out', async () => {
    const out = (path: string, action: string) => `sg_persist --no-inquiry --out ${action} ${path}`;
    const reserve = (key: string) => `--reserve --param-rk=${key} --prout-type=${WRITE_EXCLUSIVE}`;
    await exits(0, out(disk, '--register --param-sark=0xa'));
    await exits(0, out(other.disk, '--register --param-sark=0xb'));
    await exits(0, out(disk, reserve('0xa')));
    await exits(RESERVATION_CONFLICT, out(other.disk, reserve('0xb')));
    await exits(RESERVATION_CONFLICT, `sg_unmap --force --lba=0 --num=8 ${other.disk}`);
    await exits(0, write('b', 0, 8));
    await exits(0, out(other.disk, `--preempt --param-rk=0xb --param-sark=0xa --prout-type=${WRITE_EXCLUSIVE}`));
    const refused = await run(write('c', 0, 8));
    // EBADE, what the kernel makes of RESERVATION CONFLICT.
    assert.match(refused.stderr, /Invalid exchange/);
    const holder = await exits(0, `sg_persist --no-inquiry --in --read-full-status ${other.disk}`);
    assert.match(holder, /Key=0xb[\s\S]*Reservation holder[\s\S]*iqn\.1993-08\.org\.debian:01:other/);
    assert.not.match(holder, /Key=0xa\b/);
    await exits(0, out(other.disk, '--clear --param-rk=0xb'));
    assert.is(await content(0, 8), filled('b', 8));
    await exits(0, write('c', 0, 8));
  });

  step('UNMAP, WRITE SAME and COMPARE AND WRITE do what they say', async () => {
    await exits(0, write('d', 0, 64));
    await exits(0, `sg_unmap --force --lba=16 --num=16 ${disk}`);
    assert.is(await content(8, 32), filled('d', 8) + filled('0', 16) + filled('d', 8));
    const provisioned = await exits(0, `sg_get_lba_status --lba=0 --maxlen=4096 ${disk}`);
    assert.match(provisioned, /LBA: 0x0{16} +blocks: +16 +mapped/);
    assert.match(provisioned, /LBA: 0x0{14}10 +blocks: +16 +deallocated/);
    await exits(0, `sg_write_same --16 --unmap --lba=48 --num=8 ${disk}`);
    assert.is(await content(48, 16), filled('0', 8) + filled('d', 8));
    await exits(
      0,
      `printf "%${BLOCK_BYTES}s" | tr " " e > /tmp/block && sg_write_same --lba=16 --num=9 --in=/tmp/block --xferlen=${BLOCK_BYTES} ${disk}`,
    );
    assert.is(await content(16, 10), filled('e', 9) + filled('0', 1));
    await exits(ILLEGAL_REQUEST, `sg_write_same --lba=0 --num=0 --in=/tmp/block --xferlen=${BLOCK_BYTES} ${disk}`);
    const exchange = `sg_compare_and_write --in=/tmp/exchange --lba=16 --num=1 --xferlen=${2 * BLOCK_BYTES} ${disk}`;
    await exits(0, `tr e f < /tmp/block > /tmp/new && cat /tmp/block /tmp/new > /tmp/exchange && ${exchange}`);
    await exits(MISCOMPARE, exchange);
    assert.is(await content(16, 2), filled('f', 1) + filled('e', 1));
  });

  step('a reset, and a write cache that is switched off, are told to the other initiator once', async () => {
    const ready = `sg_turs ${other.disk}`;
    await run(ready);
    await exits(0, ready);
    await exits(0, `sg_reset -d ${disk}`);
    assert.match((await run(ready)).stderr, /reset occurred/);
    await exits(0, ready);
    const cacheType = `/sys/class/scsi_disk/${context.first().scsiAddress}/cache_type`;
    await exits(0, `echo "write through" > ${cacheType}`);
    await exits(UNIT_ATTENTION, ready);
    await exits(0, ready);
    assert.match(await exits(0, `sg_modes -p 8 ${other.disk}`), /^ 00 +08 12 00 /m);
    await exits(0, `echo "write back" > ${cacheType}`);
    assert.match(await exits(0, `cat ${cacheType}`), /^write back$/m);
    await exits(0, `sg_sync ${disk}`);
  });
}
