import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { onlyVolume } from '../../src/config/volumes.ts';
import type { StandbyMachine } from '../../src/machine/machine.ts';
import { planRestore } from '../../src/operations/restore.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { exampleHost } from '../watch/example-host.ts';

const machine = (name: string): StandbyMachine => ({
  name,
  exec: () => Promise.reject(new Error('planning runs nothing')),
  writeFile: () => Promise.reject(new Error('planning writes nothing')),
  writeFiles: () => Promise.reject(new Error('planning writes nothing')),
  readFile: () => Promise.reject(new Error('planning reads nothing')),
  arrayState: () => Promise.reject(new Error('planning looks at nothing')),
  linkMirrorSet: () => Promise.reject(new Error('planning links nothing')),
  isBlockDevice: () => Promise.reject(new Error('planning looks at nothing')),
  loopsOf: () => Promise.reject(new Error('planning looks at nothing')),
  readFileBytes: () => Promise.reject(new Error('planning reads nothing')),
});

const restore = suite('planRestore');
const host = exampleHost('alpha');
const operation = planRestore({
  host,
  volume: onlyVolume(host),
  standby: {
    name: 'standby',
    poolDirectory: '/var/lib/spare/pool',
    portal: { address: '10.77.0.10', port: 3260 },
    iqnPrefix: 'iqn.2026-11.net.spare:standby',
    networkInterface: 'eth0',
    sshKey: '/etc/spare/ssh/id_ed25519',
    knownHosts: '/etc/spare/ssh/known_hosts',
  },
  standbyMachine: machine('standby'),
  primaryMachine: machine('alpha'),
  ownership: {
    read: () => Promise.reject(new Error('planning reads nothing')),
    change: () => Promise.reject(new Error('planning changes nothing')),
  },
  clock: new FakeClock(),
});

restore('refuses mirror writes before it touches the leg, and takes the address last of what it changes', () => {
  assert.equal(
    operation.steps.map((step) => step.name),
    [
      'owner',
      'fence-lun',
      'assemble',
      'writable',
      'read-write',
      'check-file-system',
      'mount',
      'nfs',
      'address',
      'observe',
    ],
  );
});

restore('takes nothing back: the standby leg is the newer one', () => {
  assert.is(operation.onlyForward, true);
});

restore('works on the standby only', () => {
  assert.equal([...new Set(operation.steps.map((step) => step.machine.name))], ['standby']);
});
restore.run();
