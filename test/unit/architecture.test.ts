import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect } from 'chai';

const src = join(import.meta.dirname, '..', '..', 'src');

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Paths below src of what it imports for its values. */
  readonly imports: readonly string[];
  /** The same for types alone. */
  readonly typeImports: readonly string[];
  /** Names of packages. */
  readonly packages: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => sourceFile(path.replaceAll('\\', '/')));

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(src, path), 'utf8');
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)';/gm)];
  const local = found.filter(([, , from]) => from?.startsWith('.'));
  const resolve = ([, , from = '']: RegExpExecArray) => posix.join(posix.dirname(path), from);
  return {
    path,
    text,
    imports: local.filter(([, type]) => !type).map(resolve),
    typeImports: local.filter(([, type]) => type).map(resolve),
    packages: found.filter(([, type, from]) => !type && !from?.startsWith('.')).map(([, , from]) => from ?? ''),
  };
}

/** The text without its comments. */
const codeOf = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
const folder = (path: string) => path.split('/')[0] ?? '';
const pureNames = /(^|\/)(plan[a-z-]*|sql|status|render|env|mark|statements|profile)\.ts$/;
const pure = files.filter(({ path }) => pureNames.test(path) || path.startsWith('policy/'));

describe('the structure of src', () => {
  it('has the whole way of a connection in a reconcile.ts of less than 120 lines', () => {
    const text = readFileSync(join(src, 'connection/reconcile.ts'), 'utf8');
    expect(text.split('\n').length).to.be.lessThan(120);
  });

  it('finds files to look at', () => {
    expect(files.length).to.be.greaterThan(60);
    expect(pure.map(({ path }) => path)).to.include.members([
      'connection/plan.ts',
      'connection/status.ts',
      'policy/evaluate.ts',
      'targets/postgres/sql.ts',
      'targets/mysql/sql.ts',
    ]);
  });

  for (const { path, text, packages } of pure) {
    it(`keeps ${path} pure: no await, no clock, no chance, no I/O`, () => {
      expect(codeOf(text)).not.to.match(/\bawait\b|\basync\b|Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|fetch\(/);
      expect(packages.filter((name) => name !== 'node:crypto')).to.deep.equal([]);
    });
  }

  it('lets runtime know nothing of Azure, SQL or connections', () => {
    const strangers = files
      .filter(({ path }) => folder(path) === 'runtime')
      .flatMap(({ path, imports, typeImports }) => [...imports, ...typeImports].map((to) => ({ path, to })))
      .filter(({ to }) => !['runtime', 'api'].includes(folder(to)));
    expect(strangers).to.deep.equal([]);
  });

  it('lets targets, workloads and identities know nothing of connections, and of each other only types', () => {
    const parts = ['targets', 'workloads', 'identities'];
    const strangers = files
      .filter(({ path }) => parts.includes(folder(path)))
      .flatMap(({ path, imports }) => imports.map((to) => ({ path, to })))
      .filter(({ path, to }) => folder(to) === 'connection' || (parts.includes(folder(to)) && folder(to) !== folder(path)));
    expect(strangers).to.deep.equal([]);
  });

  it('lets only main.ts read the environment', () => {
    expect(files.filter(({ path, text }) => path !== 'main.ts' && /process\.(env|argv)/.test(text)).map(({ path }) => path)).to.deep.equal(
      [],
    );
  });

  it('lets only the session of each engine open connections to databases', () => {
    const drivers = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bimport\('(pg|mysql2)[^']*'\)/g)].map(([, driver]) => `${path} ${driver}`),
    );
    expect(drivers).to.have.members(['targets/postgres/session.ts pg', 'targets/mysql/session.ts mysql2']);
  });

  it('lets connections, runtime and workloads know no engine', () => {
    const withoutEngines = files.filter(({ path }) => ['connection', 'runtime', 'workloads'].includes(folder(path)));
    const engine = /^targets\/[^/]+\//;
    const strangers = withoutEngines.flatMap(({ path, imports, typeImports }) =>
      [...imports, ...typeImports].filter((to) => engine.test(to)).map((to) => ({ path, to })),
    );
    expect(strangers).to.deep.equal([]);
    const speakers = withoutEngines.filter(({ text }) => /PostgreSQL|MySQL|AzureSQL|\bpostgres|\bmysql/i.test(codeOf(text)));
    expect(speakers.map(({ path }) => path)).to.deep.equal([]);
  });

  it('loads Azure clients and database drivers only when they are first used', () => {
    const eager = files.flatMap(({ path, packages }) =>
      packages.filter((name) => /^(@azure\/|(pg|mysql2)($|\/))/.test(name)).map((name) => ({ path, name })),
    );
    expect(eager).to.deep.equal([]);
  });

  it('decides nothing by status: who reads it only looks for traces, or compares with what is written next', () => {
    const readers = files
      .filter(({ path, text }) => folder(path) !== 'runtime' && /\.status\?\.|connection\.status\b/.test(text))
      .map(({ path }) => path);
    expect(readers).to.have.members([
      'connection/report.ts',
      'connection/resolve.ts',
      'connection/policy-status.ts',
      'connection/progress.ts',
      'connection/withdrawals.ts',
    ]);
  });

  it('makes conditions nowhere but in the two files about status', () => {
    const makers = files.filter(({ path, text }) => folder(path) !== 'api' && /lastTransitionTime/.test(text)).map(({ path }) => path);
    expect(makers).to.have.members(['connection/status.ts', 'connection/policy-status.ts']);
  });

  it('has no default exports, no barrels, and no word of what it is tested with', () => {
    for (const { path, text } of files) {
      expect(text, path).not.to.match(/export default|export \* from|sandbox|emulator/i);
    }
  });
});
