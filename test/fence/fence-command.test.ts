import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fenceStatus } from '../../src/fence/fence-command.ts';

const test = suite('fence command');

test('asking for the state ends with its signal', async () => {
  const abort = new AbortController();
  const asked = fenceStatus('exec sleep 1000', 'alpha', abort.signal);
  abort.abort();
  const code = await asked.then(
    () => 'answered',
    (error) => error.code,
  );
  // Not COMMAND_TIMEOUT: nobody waited for that.
  assert.is(code, 'COMMAND_FAILED');
});

test.run();
