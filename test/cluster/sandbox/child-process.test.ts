import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SupervisedProcess } from '../../sandbox/control-plane/child-process.ts';
import { eventually } from '../support.ts';

describe('A supervised process', function () {
  this.timeout(20_000);
  let signal: AbortSignal;
  let directory: string;

  beforeEach(() => {
    signal = AbortSignal.timeout(600_000);
    directory = mkdtempSync(join(tmpdir(), 'dbaccess-process-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function shell(script: string) {
    const logFile = join(directory, 'log');
    return SupervisedProcess.start({ name: 'the server', program: '/bin/sh', args: ['-c', script], directory, logFile }, { signal });
  }

  it('that ends unasked says how, and what it said last', async () => {
    const { message } = await (await shell('echo disk full >&2; exit 3')).failure;
    expect(message).to.equal('the server ended with 3:\ndisk full');
  });

  it('whose program is missing says so', async () => {
    const command = { name: 'the server', program: '/none', args: [], directory, logFile: join(directory, 'log') };
    const { message } = await (await SupervisedProcess.start(command, { signal })).failure;
    expect(message).to.match(/^the server ended with 127:\n.*\/none/);
  });

  it('ends when it is stopped, which is no failure', async () => {
    const running = await shell('exec sleep 600');
    let failed = false;
    void running.failure.then(() => {
      failed = true;
    });
    await running.stop({ signal });
    await running.stop({ signal });
    expect(failed).to.equal(false);
  });

  it('that does not listen is killed when the signal is aborted', async () => {
    const running = await shell("trap '' TERM; touch trapped; while :; do sleep 600; done");
    await eventually('the trap is set', async () => exists(join(directory, 'trapped')));
    await running.stop({ signal: AbortSignal.timeout(100) });
  });

  it('dies with us, even when we are killed', async () => {
    const module = JSON.stringify(new URL('../../sandbox/control-plane/child-process.ts', import.meta.url));
    const command = {
      name: 'x',
      program: '/bin/sh',
      args: ['-c', 'echo $$ > pid; exec sleep 600'],
      directory,
      logFile: join(directory, 'log'),
    };
    const script = `import { SupervisedProcess } from ${module};
      await SupervisedProcess.start(${JSON.stringify(command)}, { signal: new AbortController().signal });
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const pidFile = join(directory, 'pid');
    await eventually('it runs', async () => exists(pidFile) && readFileSync(pidFile, 'utf8') !== '');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(runs(pid)).to.equal(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await eventually('it is gone', async () => !runs(pid));
  });
});

function exists(path: string): boolean {
  return readable(path) !== undefined;
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A process that ended stays a zombie where nobody collects orphans, as in some containers. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !/^\d+ \(.*\) Z/.test(readable(`/proc/${pid}/stat`) ?? '');
}
