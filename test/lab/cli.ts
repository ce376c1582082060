import { spawnSync } from 'node:child_process';
import { Lab } from './lab.ts';
import { installPackages, LAB_PACKAGES, MissingPackagesError } from './packages.ts';
import { servePowerSwitch } from './power-switch.ts';
import { labSettings, MACHINE_NAMES, type MachineName } from './settings.ts';

const USAGE = `Usage: npm run lab -- <command> [machine …]

  up [machine …]          build the image where needed, power machines on, wait until they answer
  status                  what runs
  ssh <machine> [cmd …]   a shell on a machine, or one command
  deploy                  bring the working tree to the standby's /opt/spare (restart its daemons yourself)
  kill <machine …>        loss of power (its disks stay)
  freeze|thaw <machine>   stand still, with its clock, and go on
  cut <machine>           pull its network cable (it sees that the carrier is lost)
  silence <machine>       lose all its packets (it sees nothing)
  drop <a> <b>            lose the packets between two machines, both ways
  mute <from> <to>        lose the packets from one machine to another, this way only
  heal <machine …>        take back cut, silence, drop and mute
  down                    end the lab and remove its disks; the image stays in the cache

Machines: ${MACHINE_NAMES.join(', ')}. SPARE_LAB_NAME keeps several labs apart (default: lab),
SPARE_LAB_DIR moves the cache (default: ~/.cache/spare-lab).`;

class UsageError extends Error {}

const tell = (line: string) => console.log(line);

async function main([command = '', ...argv]: string[]): Promise<void> {
  if (command === '' || command === 'help' || command === '--help') return tell(USAGE);
  await installPackages(LAB_PACKAGES, tell);
  const lab = await Lab.open(labSettings(), tell);
  switch (command) {
    case 'up':
      return lab.up(argv.length > 0 ? machines(argv) : MACHINE_NAMES);
    case 'status':
      return status(lab);
    case 'ssh':
      return shell(lab, argv);
    case 'deploy':
      return lab.deploy();
    case 'kill':
      return each(argv, (name) => lab.machine(name).kill());
    case 'freeze':
      return each(argv, (name) => lab.machine(name).freeze());
    case 'thaw':
      return each(argv, (name) => lab.machine(name).thaw());
    case 'cut':
      return each(argv, (name) => lab.network.cut(name));
    case 'silence':
      return each(argv, (name) => lab.network.silence(name));
    case 'drop':
      return lab.network.drop(...pair(argv));
    case 'mute':
      return lab.network.mute(...pair(argv));
    case 'heal':
      return each(argv, (name) => lab.network.heal(name));
    case 'down':
      return lab.down();
    case 'power-switch':
      // Started by `up` inside the lab's network; not for people.
      return servePowerSwitch(lab);
    default:
      throw new UsageError(`Cannot find the command '${command}'`);
  }
}

function machines(argv: readonly string[]): MachineName[] {
  for (const name of argv) {
    if (!(MACHINE_NAMES as string[]).includes(name)) {
      throw new UsageError(`Cannot find machine '${name}': the lab has ${MACHINE_NAMES.join(', ')}`);
    }
  }
  return argv as MachineName[];
}

function pair(argv: readonly string[]): [MachineName, MachineName] {
  const [first, second] = machines(argv);
  if (first === undefined || second === undefined) throw new UsageError('Cannot go on: name two machines');
  return [first, second];
}

async function each(argv: readonly string[], act: (name: MachineName) => void | Promise<void>): Promise<void> {
  if (argv.length === 0) throw new UsageError('Cannot go on: name a machine');
  for (const name of machines(argv)) await act(name);
}

function status(lab: Lab): void {
  tell(
    `Lab '${lab.settings.name}' in ${lab.settings.runDirectory}, network namespace ${lab.settings.namespace}, engine ${lab.engine.name}`,
  );
  for (const name of MACHINE_NAMES) {
    const { pid, address } = lab.machine(name);
    tell(`${name.padEnd(8)} ${address.padEnd(11)} ${pid === undefined ? 'off' : `on   process ${pid}`}`);
  }
}

function shell(lab: Lab, [name = '', ...command]: string[]): void {
  const [machine] = machines([name]);
  const terminal = process.stdin.isTTY === true;
  const [file, argv] = lab.machine(machine ?? 'standby').shell.commandLine(command, terminal);
  const { status: exitCode } = spawnSync(file, argv, { stdio: 'inherit' });
  process.exitCode = exitCode ?? 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? `Error: ${error.message}` : error);
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : error instanceof MissingPackagesError ? 3 : 1;
}
