import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

interface Command {
  /** For messages. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes; made anew, readable by this user only. */
  readonly logFile: string;
}

const linesInAnError = 20;

/**
 * A server that runs as long as this process does. It is in a process group of its own, so that Ctrl-C reaches only us and we can stop things in order; a guard kills it
 * when we end without having stopped it, however that came.
 */
export class SupervisedProcess {
  /** Resolves when it ended without being asked to, with an error that quotes the end of its log; never otherwise. */
  readonly failure: Promise<Error>;
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stopping = false;

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  private constructor(child: ChildProcess, guard: ChildProcess, command: Command) {
    this.#child = child;
    this.#guard = guard;
    this.#ended = once(child, 'exit');
    this.failure = new Promise((resolve) => {
      child.once('exit', (code, killer) => {
        this.#guard.kill('SIGKILL');
        if (this.#stopping) return;
        void lastLines(command.logFile).then((lines) => resolve(new Error(`${command.name} ended with ${code ?? killer}:\n${lines}`)));
      });
    });
  }

  /** A program that can't be run is a failure too. Rejects with the signal's reason when that is aborted already. */
  static async start(command: Command, { signal }: { readonly signal: AbortSignal }): Promise<SupervisedProcess> {
    signal.throwIfAborted();
    const log = openSync(command.logFile, 'w', 0o600);
    try {
      const child = spawn('/bin/sh', ['-c', whenTold, command.name, command.program, ...command.args], {
        cwd: command.directory,
        env: { ...process.env, ...command.env },
        stdio: ['pipe', log, log],
        detached: true,
      });
      await once(child, 'spawn');
      const guard = spawn('/bin/sh', ['-c', killAfterEnd, 'guard', String(child.pid)], {
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      });
      await once(guard, 'spawn');
      child.stdin?.on('error', () => undefined).end('\n');
      return new SupervisedProcess(child, guard, command);
    } finally {
      closeSync(log);
    }
  }

  /** Asks it to end and waits until it has; once the signal is aborted it is killed instead. */
  async stop({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const kill = () => this.#child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    this.#child.kill(signal.aborted ? 'SIGKILL' : 'SIGTERM');
    await this.#ended;
    signal.removeEventListener('abort', kill);
  }
}

/** Becomes the program once there is a guard for it, or ends when we do before. */
const whenTold = 'read -r _ && exec "$@"';
/** Waits for the end of its standard input, which only this process holds open. */
const killAfterEnd = 'read -r _; kill -KILL "$1" 2>/dev/null';

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-linesInAnError).join('\n');
}
