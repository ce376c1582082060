import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeReply, encodeCall, RecordAssembler, RpcRefusal } from '../../../src/service/nfs/rpc.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');

const call = suite('encodeCall');

call('is one record of one fragment with AUTH_SYS credentials of root', () => {
  const bytes = encodeCall({
    xid: 0x01020304,
    program: 100003,
    version: 4,
    procedure: 1,
    machineName: 'spare',
    body: hex('deadbeef'),
  });
  const expected = hex(
    '80000048' + // last fragment, 72 bytes
      '01020304 00000000 00000002 000186a3 00000004 00000001' + // xid, CALL, RPC 2, NFS 4, COMPOUND
      '00000001 0000001c 00000000 00000005 7370617265000000 00000000 00000000 00000000' + // AUTH_SYS
      '00000000 00000000' + // AUTH_NONE
      'deadbeef',
  );
  assert.is(bytes.toString('hex'), expected.toString('hex'));
});
call.run();

const reply = suite('decodeReply');
const XID = 7;
const refusals: [name: string, bytes: string][] = [
  ['RPC_MISMATCH', '00000007 00000001 00000001 00000000 00000002 00000002'],
  ['AUTH_BADCRED', '00000007 00000001 00000001 00000001 00000001'],
  ['AUTH_TOOWEAK', '00000007 00000001 00000001 00000001 00000005'],
  ['PROG_UNAVAIL', '00000007 00000001 00000000 00000000 00000000 00000001'],
  ['PROG_MISMATCH', '00000007 00000001 00000000 00000000 00000000 00000002 00000002 00000003'],
  ['SYSTEM_ERR', '00000007 00000001 00000000 00000000 00000000 00000005'],
  ['status 99', '00000007 00000001 00000000 00000000 00000000 00000063'],
];
for (const [name, bytes] of refusals) {
  reply(`throws ${name}`, () => {
    assert.throws(
      () => decodeReply(hex(bytes), XID),
      (error: unknown) => error instanceof RpcRefusal && error.status === name,
    );
  });
}

reply('gives the results behind the verifier', () => {
  const reader = decodeReply(hex('00000007 00000001 00000000 00000000 00000000 00000000 cafe0001'), XID);
  assert.is(reader.uint32(), 0xcafe0001);
});

const unusable: [what: string, bytes: string][] = [
  ['the reply to another call', '00000008 00000001 00000000 00000000 00000000 00000000'],
  ['a call', '00000007 00000000 00000002'],
  ['a reply that ends too early', '00000007 00000001 00000000 0000'],
  ['a verifier longer than the message', '00000007 00000001 00000000 00000000 7fffffff 00000000'],
];
for (const [what, bytes] of unusable) {
  reply(`refuses ${what}`, () => {
    assert.throws(
      () => decodeReply(hex(bytes), XID),
      (error: unknown) => error instanceof RangeError,
    );
  });
}
reply.run();

const record = suite('RecordAssembler');

record('joins fragments, whatever the chunks', () => {
  const stream = hex('00000002 aabb 80000003 ccddee');
  for (let size = 1; size <= stream.length; size += 1) {
    const assembler = new RecordAssembler();
    let whole: Buffer | undefined;
    for (let at = 0; at < stream.length; at += size) {
      assert.is(whole, undefined);
      whole = assembler.push(stream.subarray(at, at + size));
    }
    assert.is(whole?.toString('hex'), 'aabbccddee', `chunks of ${size}`);
  }
});

record('refuses a record beyond the limit before it has arrived', () => {
  assert.throws(
    () => new RecordAssembler().push(hex('ffffffff')),
    (error: unknown) => error instanceof RangeError,
  );
});
record.run();
