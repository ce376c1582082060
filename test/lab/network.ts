import { execa } from 'execa';
import { type EventFacts, eventOf, eventText } from '../../src/std/event.ts';
import type { EventName } from '../../src/std/event-table.ts';
import { HOST_ADDRESS, MACHINE_NAMES, type MachineName } from './settings.ts';

const BRIDGE = 'br0';
// A state of a bridge port, BR_STATE_DISABLED in <linux/if_bridge.h>.
const PORT_DISABLED = '0';

/** Pairs of bridge ports between which nothing is forwarded, in that direction. A service address is behind its machine's port, too. */
const CUTS = 'bridge lab cuts';
const FILTER = `
table bridge lab {
  set cuts { type ifname . ifname; }
  chain forward { type filter hook forward priority 0; meta iifname . meta oifname @cuts drop; }
}
`;

/**
 * The lab's network: a network namespace with a bridge, and a tap for each machine. Nothing of it is seen from outside the
 * namespace, so several labs can use the same addresses. What is cut stays cut when a machine loses its power, until `heal`.
 */
export class Network {
  readonly namespace: string;
  readonly #tell: (line: string) => void;

  constructor(namespace: string, tell: (line: string) => void) {
    this.namespace = namespace;
    this.#tell = tell;
  }

  /** The command line that runs `argv` inside the namespace. */
  inside(argv: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.namespace, ...argv]];
  }

  async exists(): Promise<boolean> {
    const { stdout } = await execa('ip', ['netns', 'list']);
    return stdout.split('\n').some((line) => line.split(' ')[0] === this.namespace);
  }

  /** Makes the namespace and the bridge, unless they are there. */
  async up(): Promise<void> {
    if (await this.exists()) return;
    await execa('ip', ['netns', 'add', this.namespace]);
    await this.#link('set', 'lo', 'up');
    await this.#link('add', BRIDGE, 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0');
    await this.#ip('address', 'add', `${HOST_ADDRESS}/24`, 'dev', BRIDGE);
    await this.#link('set', BRIDGE, 'up');
    await this.#filter(FILTER);
  }

  async down(): Promise<void> {
    if (await this.exists()) await execa('ip', ['netns', 'delete', this.namespace]);
  }

  /** The machine's end of its cable. */
  tap(machine: MachineName): string {
    return `t-${machine}`;
  }

  /** Makes the machine's tap and plugs it in, unless that has been done. */
  async plugIn(machine: MachineName): Promise<void> {
    const tap = this.tap(machine);
    const { failed } = await execa(...this.inside(['ip', 'link', 'show', tap]), { reject: false });
    if (!failed) return;
    await this.#ip('tuntap', 'add', tap, 'mode', 'tap');
    await this.#connect(machine);
  }

  /** Pulls the cable: the machine sees that its carrier is lost. */
  async cut(machine: MachineName): Promise<void> {
    await this.#link('set', this.tap(machine), 'nomaster');
    await this.#link('set', this.tap(machine), 'down');
    this.#report('link-cut', machine);
  }

  /** A switch that forwards nothing: the machine's carrier stays, its packets vanish. */
  async silence(machine: MachineName): Promise<void> {
    await execa(...this.inside(['bridge', 'link', 'set', 'dev', this.tap(machine), 'state', PORT_DISABLED]));
    this.#report('link-silenced', machine);
  }

  /** Loses every packet from one machine to another; both go on seeing all the others, and those of the other direction arrive. */
  async mute(from: MachineName, to: MachineName): Promise<void> {
    await this.#filter(`add element ${CUTS} { ${this.#pair(from, to)} }\n`);
    this.#report('link-muted', from, { to });
  }

  /** Loses every packet between two machines; both go on seeing all the others. */
  async drop(one: MachineName, other: MachineName): Promise<void> {
    await this.mute(one, other);
    await this.mute(other, one);
  }

  /** Takes back whatever has been cut off this machine. */
  async heal(machine: MachineName): Promise<void> {
    await this.#connect(machine);
    this.#report('link-healed', machine);
  }

  /** The machine whose cable a hardware address was last heard on; `undefined` where it was not heard. */
  async machineOf(hardwareAddress: string): Promise<MachineName | undefined> {
    const { stdout } = await execa(...this.inside(['bridge', 'fdb', 'show', 'br', BRIDGE]));
    const line = stdout.split('\n').find((entry) => entry.startsWith(`${hardwareAddress} `));
    return MACHINE_NAMES.find((name) => line?.includes(` dev ${this.tap(name)} `));
  }

  #report(event: EventName, machine: MachineName, facts?: EventFacts): void {
    this.#tell(eventText(eventOf(event, { host: machine, ...(facts && { facts }) })));
  }

  /** A port that is plugged in anew forwards. */
  async #connect(machine: MachineName): Promise<void> {
    const tap = this.tap(machine);
    await this.#link('set', tap, 'nomaster');
    await this.#link('set', tap, 'up');
    await this.#link('set', tap, 'master', BRIDGE);
    const peers = MACHINE_NAMES.filter((name) => name !== machine);
    const pairs = peers.flatMap((peer) => [this.#pair(machine, peer), this.#pair(peer, machine)]).join(', ');
    // Adding first, in the same transaction, since what is not there can't be deleted.
    await this.#filter(`add element ${CUTS} { ${pairs} }\ndelete element ${CUTS} { ${pairs} }\n`);
  }

  #pair(from: MachineName, to: MachineName): string {
    return `"${this.tap(from)}" . "${this.tap(to)}"`;
  }

  /** All of it, or nothing. */
  async #filter(commands: string): Promise<void> {
    await execa(...this.inside(['nft', '-f', '-']), { input: commands });
  }

  async #link(...argv: string[]): Promise<void> {
    await this.#ip('link', ...argv);
  }

  async #ip(...argv: string[]): Promise<void> {
    await execa(...this.inside(['ip', ...argv]));
  }
}
