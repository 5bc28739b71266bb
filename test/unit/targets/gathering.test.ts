import { expect } from 'chai';
import { Gate } from '../../../src/targets/gate.ts';
import { type Answer, Gathering, togetherOrAlone } from '../../../src/targets/gathering.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const { signal } = new AbortController();

/** A gathering whose session opens and answers when the test says so. */
function given(options: { readonly maximum?: number; readonly answer?: (requests: readonly string[]) => readonly Answer<string>[] } = {}) {
  const batches: (readonly string[])[] = [];
  const entered: PromiseWithResolvers<void>[] = [];
  const gathering = new Gathering<string, string, undefined, string>({
    keyOf: (place) => place,
    enter: async (_place, work, { signal: stop }) => {
      const door = Promise.withResolvers<void>();
      entered.push(door);
      stop.addEventListener('abort', () => door.reject(stop.reason), { once: true });
      await door.promise;
      await work(undefined);
    },
    answer: async (_session, requests) => {
      batches.push(requests);
      return (options.answer ?? ((all) => all.map((each) => ({ ok: true, result: each.toUpperCase() }))))(requests);
    },
    maximum: options.maximum ?? 50,
  });
  return { gathering, batches, entered };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function message(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'nothing was thrown',
    (error: Error) => error.message,
  );
}

describe('a gathering', () => {
  it('answers together all who came while the session was busy, and each place for itself', async () => {
    const { gathering, batches, entered } = given();
    const answers = ['a', 'b', 'c'].map((each) => gathering.ask('here', each, { signal }));
    const elsewhere = gathering.ask('there', 'd', { signal });
    await turn();
    expect(entered).to.have.length(2);
    for (const door of entered) door.resolve();
    expect(await Promise.all(answers)).to.deep.equal(['A', 'B', 'C']);
    expect(await elsewhere).to.equal('D');
    expect(batches).to.deep.equal([['a', 'b', 'c'], ['d']]);
  });

  it('answers no more at once than it may', async () => {
    const { gathering, batches, entered } = given({ maximum: 2 });
    const answers = ['a', 'b', 'c'].map((each) => gathering.ask('here', each, { signal }));
    entered[0]?.resolve();
    await Promise.all(answers.slice(0, 2));
    await turn();
    entered[1]?.resolve();
    await Promise.all(answers);
    expect(batches).to.deep.equal([['a', 'b'], ['c']]);
  });

  it('fails for whom its answer is a failure, and nobody else', async () => {
    const { gathering, entered } = given({
      answer: (all) => all.map((each) => (each === 'b' ? { ok: false, error: new Error('not b') } : { ok: true, result: each })),
    });
    const [a, b] = ['a', 'b'].map((each) => gathering.ask('here', each, { signal }));
    const failed = message(b!);
    entered[0]?.resolve();
    expect(await a).to.equal('a');
    expect(await failed).to.equal('not b');
    const next = gathering.ask('here', 'c', { signal });
    await turn();
    entered.at(-1)?.resolve();
    expect(await next).to.equal('c');
  });

  it('fails for all who wait when the session does not open, and tries anew for who comes later', async () => {
    const { gathering, entered } = given();
    const failed = ['a', 'b'].map((each) => message(gathering.ask('here', each, { signal })));
    entered[0]?.reject(new Error('no login'));
    expect(await Promise.all(failed)).to.deep.equal(['no login', 'no login']);
    await turn();
    const later = gathering.ask('here', 'c', { signal });
    await turn();
    entered.at(-1)?.resolve();
    expect(await later).to.equal('C');
  });

  it('goes on without those who gave up, and stops waiting when all have', async () => {
    const { gathering, batches, entered } = given();
    const leaver = new AbortController();
    const gone = message(gathering.ask('here', 'a', { signal: leaver.signal }));
    const stays = gathering.ask('here', 'b', { signal });
    leaver.abort(new Error('given up'));
    expect(await gone).to.equal('given up');
    entered[0]?.resolve();
    expect(await stays).to.equal('B');
    expect(batches).to.deep.equal([['b']]);

    await turn();
    const last = new AbortController();
    const nobody = message(gathering.ask('here', 'c', { signal: last.signal }));
    await turn();
    last.abort(new Error('all given up'));
    expect(await nobody).to.equal('all given up');
    expect(await message(entered.at(-1)!.promise)).to.equal('all given up');
    expect(batches).to.have.length(1);
  });

  it('stops answering when nobody is left who wants that, though others wait already', async () => {
    const stopped = Promise.withResolvers<unknown>();
    const gathering = new Gathering<string, string, undefined, string>({
      keyOf: (place) => place,
      enter: async (_place, work) => await work(undefined),
      answer: async (_session, requests, _place, { signal: stop }) => {
        if (!requests.includes('a')) return requests.map((result) => ({ ok: true, result }));
        stop.addEventListener('abort', () => stopped.resolve(stop.reason), { once: true });
        throw await stopped.promise;
      },
      maximum: 50,
    });
    const leaver = new AbortController();
    const gone = message(gathering.ask('here', 'a', { signal: leaver.signal }));
    const waits = gathering.ask('here', 'b', { signal });
    leaver.abort(new Error('given up'));
    expect(await gone).to.equal('given up');
    expect(await waits).to.equal('b');
  });
});

describe('requests that fail together', () => {
  const refuse = async (some: readonly string[]) => {
    if (some.includes('b')) throw new Error(`not ${some.join()}`);
    return some;
  };

  it('are tried alone, so that the fault of one stays its own', async () => {
    const answers = await togetherOrAlone(['a', 'b', 'c'], refuse, () => true);
    expect(answers.map((each) => (each.ok ? each.result : (each.error as Error).message))).to.deep.equal(['a', 'not b', 'c']);
  });

  it('fail no others when it is only one', async () => {
    const answers = await togetherOrAlone(['b'], refuse, () => true);
    expect(answers.map((each) => each.ok)).to.deep.equal([false]);
  });

  it('fail all when there is nobody left to ask', async () => {
    expect(await message(togetherOrAlone(['a', 'b'], refuse, () => false))).to.equal('not a,b');
  });
});

describe('a gate', () => {
  it('lets as many through as it may, in the order in which they came, each key for itself', async () => {
    const gate = new Gate({ clock: new FakeClock(), maximum: 1, countedForMs: 500 });
    const leave = await gate.enter('a', { signal });
    const log: string[] = [];
    const enter = async (who: string) => {
      const done = await gate.enter('a', { signal });
      log.push(who);
      return done;
    };
    const [second, third] = [enter('second'), enter('third')];
    (await gate.enter('b', { signal }))();
    await turn();
    expect(log).to.deep.equal([]);
    leave();
    leave();
    (await second)();
    (await third)();
    expect(log).to.deep.equal(['second', 'third']);
  });

  it('does not count who stays inside for long', async () => {
    const clock = new FakeClock();
    const gate = new Gate({ clock, maximum: 1, countedForMs: 500 });
    const leave = await gate.enter('a', { signal });
    const second = gate.enter('a', { signal });
    await clock.advance(500);
    const leaveSecond = await second;
    leave();
    const third = gate.enter('a', { signal }).then(() => 'in');
    expect(await Promise.race([third, turn().then(() => 'waiting')])).to.equal('waiting');
    leaveSecond();
    expect(await third).to.equal('in');
  });

  it('forgets who gives up before its turn', async () => {
    const gate = new Gate({ clock: new FakeClock(), maximum: 1, countedForMs: 500 });
    const leave = await gate.enter('a', { signal });
    const leaver = new AbortController();
    const gone = message(gate.enter('a', { signal: leaver.signal }));
    const next = gate.enter('a', { signal });
    leaver.abort(new Error('given up'));
    expect(await gone).to.equal('given up');
    leave();
    (await next)();
  });
});
