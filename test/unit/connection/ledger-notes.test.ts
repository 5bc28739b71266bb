import { expect } from 'chai';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { notesIn, withNotes } from '../../../src/connection/ledger-notes.ts';
import type { Mark } from '../../../src/targets/mark.ts';
import type { UserNote } from '../../../src/targets/user-notes.ts';
import { serverId as serverIdOf, Workbench } from './workbench.ts';

const mark: Mark = {
  cluster: '0123456789abcdef',
  connection: 'fedcba9876543210',
  uid: '00000000-0000-0000-0000-000000000000',
  origin: 'created',
  state: 'live',
};
const note: UserNote = { mark, boundTo: 'bbbbbbbb-0000-4000-8000-000000000002' };
const serverId = requiredResourceId(serverIdOf('s'), 'postgresServer');

describe('notes of users', () => {
  it('are read as they were written, whatever the user is called', () => {
    const kept = { ...note, kept: '["GRANT …"]' };
    const data = withNotes({ identifier: 'x' }, [
      { userName: 'größe/x y', note },
      { userName: 'b', note: kept },
    ]);
    expect(notesIn(data)).to.deep.equal(
      new Map([
        ['größe/x y', note],
        ['b', kept],
      ]),
    );
    expect(data['identifier']).to.equal('x');
    for (const key of Object.keys(data)) expect(key).to.match(/^[-._a-zA-Z0-9]+$/);
  });

  it('change one by one, and leave the rest of the entry alone', () => {
    const before = withNotes({ identifier: 'x', 'tombstone.y': '{}' }, [
      { userName: 'a', note },
      { userName: 'b', note },
    ]);
    const after = withNotes(before, [
      { userName: 'a', note: undefined },
      { userName: 'absent', note: undefined },
    ]);
    expect([...notesIn(after).keys()]).to.deep.equal(['b']);
    expect(after).to.include({ identifier: 'x', 'tombstone.y': '{}' });
    expect(withNotes(before, [{ userName: 'a', note }])).to.deep.equal(before);
  });

  it('that somebody spoilt are passed over', () => {
    const [[key, text] = ['', '']] = Object.entries(withNotes({}, [{ userName: 'a', note }]));
    const spoilt = [
      '',
      '{',
      'null',
      '[]',
      '7',
      '{"userName":"a"}',
      text.replace('dbaccess/1', 'dbaccess/9'),
      text.replace('"a"', '"b"'),
      text.replace('"boundTo"', '"bound"'),
    ];
    for (const each of spoilt) expect([...notesIn({ [key]: each })], each).to.deep.equal([]);
    expect([...notesIn({ 'user.other': text })]).to.deep.equal([]);
  });

  describe('in the ledger', () => {
    const { signal } = new AbortController();
    const configMapCalls = (bench: Workbench) => bench.calls.filter((call) => /configmaps/.test(call));

    it('are read once, and written only when they change', async () => {
      const bench = new Workbench();
      const { userNotes } = bench.deps().ledger;
      expect([...(await userNotes.read(serverId, { signal }))]).to.deep.equal([]);
      await userNotes.write(serverId, [{ userName: 'a', note }], { signal });
      const calls = configMapCalls(bench).length;
      expect(await userNotes.read(serverId, { signal })).to.deep.equal(new Map([['a', note]]));
      expect(configMapCalls(bench)).to.have.length(calls);
    });

    it('are there for an operator that starts anew', async () => {
      const bench = new Workbench();
      const { ledger } = bench.deps();
      await ledger.rememberServer(serverId, 'identifier', { signal });
      await ledger.userNotes.write(
        serverId,
        [
          { userName: 'a', note },
          { userName: 'b', note },
        ],
        { signal },
      );
      await ledger.userNotes.write(serverId, [{ userName: 'b', note: undefined }], { signal });
      expect(await bench.deps().ledger.userNotes.read(serverId, { signal })).to.deep.equal(new Map([['a', note]]));
    });

    it('come back when somebody removed the ConfigMap', async () => {
      const bench = new Workbench();
      const { userNotes } = bench.deps().ledger;
      await userNotes.write(serverId, [{ userName: 'a', note }], { signal });
      for (const key of bench.objects.keys()) if (key.startsWith('configmaps/')) bench.objects.delete(key);
      await userNotes.write(serverId, [{ userName: 'b', note }], { signal });
      expect([...(await bench.deps().ledger.userNotes.read(serverId, { signal })).keys()]).to.have.members(['a', 'b']);
    });
  });
});
