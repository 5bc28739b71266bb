import { spawn } from 'node:child_process';

interface Options {
  /** Holds go.mod. */
  readonly directory: string;
  /** What to say when there is no Go. */
  readonly withoutGo: string;
  readonly signal: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs Go in the folder of a module. Rejects with what it said when it fails, and with `withoutGo` when it isn't there. */
export function runGo(args: readonly string[], { directory, withoutGo, signal, environment = process.env }: Options): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let said = '';
    const go = spawn('go', args, {
      cwd: directory,
      env: { ...environment, GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
      killSignal: 'SIGINT', // on which Go also ends its compilers
    });
    go.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    go.once('error', (cause: NodeJS.ErrnoException) => {
      if (signal.aborted) return; // 'close' follows when Go has put its work away
      reject(cause.code === 'ENOENT' ? new Error(withoutGo, { cause }) : cause);
    });
    go.once('close', (code) => {
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else reject(new Error(`"go ${args.join(' ')}" in ${directory} ended with ${code}:\n${said.trim()}`));
    });
  });
}
