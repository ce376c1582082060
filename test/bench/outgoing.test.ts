import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Outgoing } from '../../bench/initiator/outgoing.ts';

const outgoing = suite('what the load generator sends');

/** A socket whose writes complete at once, or when released. It reads the bytes on completion, as a slow kernel would. */
function socketThat(state: { isSlow: boolean }) {
  const writes: string[] = [];
  const held: Array<() => void> = [];
  const take = (chunks: Buffer[], done: () => void) => {
    const look = () => {
      writes.push(Buffer.concat(chunks).toString());
      done();
    };
    if (state.isSlow) held.push(look);
    else look();
  };
  const stream = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _, done) => take([chunk], done),
    writev: (entries, done) =>
      take(
        entries.map(({ chunk }) => chunk),
        done,
      ),
  });
  const letGo = () => {
    while (held.length > 0) held.shift()?.();
  };
  return { socket: stream as unknown as Socket, writes, letGo };
}

function put(under: Outgoing, text: string): void {
  const at = under.reserve(text.length);
  under.bytes.write(text, at);
}

outgoing('a turn leaves in one write, and its buffer is used again', () => {
  const { socket, writes } = socketThat({ isSlow: false });
  const under = new Outgoing(socket, 4096);
  const { bytes } = under;
  for (const turn of ['1', '2']) {
    put(under, `head${turn}`);
    under.append(Buffer.from('data'));
    put(under, 'tail');
    under.flush();
  }
  under.flush();
  assert.equal(writes, ['head1datatail', 'head2datatail']);
  assert.is(under.bytes, bytes);
});

outgoing('what the socket still holds is not overwritten', () => {
  const { socket, writes, letGo } = socketThat({ isSlow: true });
  const under = new Outgoing(socket, 4096);
  for (const turn of ['first', 'other']) {
    put(under, turn);
    under.flush();
  }
  letGo();
  assert.is(writes.join(' '), 'first other');
});

outgoing('large data and more than fits keep their order', () => {
  const { socket, writes, letGo } = socketThat({ isSlow: true });
  const under = new Outgoing(socket, 4096);
  const wanted: string[] = [];
  for (let count = 0; count < 200; count++) {
    const text = `${count}`.padStart(48, '.');
    put(under, text);
    const data = String.fromCharCode(97 + (count % 26)).repeat(count % 3 === 0 ? 20_000 : 100);
    under.append(Buffer.from(data));
    wanted.push(text, data);
  }
  under.flush();
  letGo();
  assert.ok(writes.join('') === wanted.join(''));
});

outgoing.run();
