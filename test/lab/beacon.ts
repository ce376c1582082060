import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from './lab.ts';
import { MACHINES, type MachineName } from './settings.ts';

const PROGRAM = '/run/lab-beacon.py';
const LOG = '/run/lab-beacon.log';
const UNIT = 'lab-beacon';
const POLL_MS = 200;

/** A program on some machines that sends to all others and logs what arrives: who can be heard by whom, and who has a carrier. */
export class Beacon {
  readonly #lab: Lab;
  readonly #names: readonly MachineName[];

  constructor(lab: Lab, names: readonly MachineName[]) {
    this.#lab = lab;
    this.#names = names;
  }

  async start(name: MachineName): Promise<void> {
    const { shell } = this.#lab.machine(name);
    await shell.run(`cat > ${PROGRAM}`, { input: await readFile(join(import.meta.dirname, 'guest/beacon.py')) });
    const peers = this.#names.filter((peer) => peer !== name).map((peer) => MACHINES[peer].address);
    await shell.run(`systemd-run --quiet --unit=${UNIT} python3 ${PROGRAM} ${name} ${LOG} ${peers.join(' ')}`);
  }

  /**
   * How many packets of `speaker` arrive at `listener` while so many of `witness` do: time as it passes for the machines, however slow they are.
   * What was under way before is waited for first.
   */
  async heard(listener: MachineName, speaker: MachineName, witness: MachineName, packets = 10): Promise<number> {
    const first = await this.#waitFor(
      listener,
      witness,
      (await this.#log(listener)).filter(is(witness)).length + packets,
    );
    const last = await this.#waitFor(listener, witness, first.filter(is(witness)).length + packets);
    return last.filter(is(speaker)).length - first.filter(is(speaker)).length;
  }

  /** Each loss and return of the carrier, as the machine has seen it: `0` and `1`. */
  async carrierChanges(name: MachineName): Promise<string[]> {
    const lines = await this.#log(name);
    return lines.filter((line) => line.startsWith('carrier ')).map((line) => line.slice('carrier '.length));
  }

  async #waitFor(listener: MachineName, witness: MachineName, count: number): Promise<string[]> {
    for (;;) {
      const lines = await this.#log(listener);
      if (lines.filter(is(witness)).length >= count) return lines;
      await sleep(POLL_MS);
    }
  }

  async #log(name: MachineName): Promise<string[]> {
    const { stdout } = await this.#lab.machine(name).shell.run(`cat ${LOG} 2>/dev/null || :`);
    return stdout.split('\n');
  }
}

function is(name: string): (line: string) => boolean {
  return (line) => line === name;
}
