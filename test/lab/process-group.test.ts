import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { killGroup, processesOfGroup } from './process-group.ts';

const test = suite('process groups');

test('a group is its leader and all that came from it, and is killed as one', async () => {
  const leader = spawn('sh', ['-c', 'sleep 600 & sleep 600 & echo started; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(leader.stdout, 'data');
  const { pid } = leader;
  assert.ok(pid);
  const members = processesOfGroup(pid);
  assert.is(members.length, 3);
  assert.ok(members.includes(pid));
  assert.not.ok(members.includes(process.pid));
  await killGroup(pid);
  assert.equal(processesOfGroup(pid), []);
});

test.run();
