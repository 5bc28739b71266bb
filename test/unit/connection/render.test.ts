import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import type { OutputSpec } from '../../../src/api/spec.ts';
import { renderSettings } from '../../../src/connection/render.ts';
import { isLoaderName } from '../../../src/workloads/loader-name.ts';

const input = {
  clientType: 'NodeJS',
  identityType: 'UserAssigned',
  workloadType: 'ServiceAccount',
  host: 'pg.example',
  port: 5432,
  database: 'a?host=evil&b',
  userName: "u'@x",
  clientId: 'cid',
  tenantId: 'tid',
  prefix: undefined,
} as const;
const own = { AZURE_POSTGRESQL_HOST: 'pg.example', AZURE_POSTGRESQL_USER: "u'@x" };

function reasonOf(output: OutputSpec): string {
  try {
    renderSettings(own, output, input);
    return 'rendered';
  } catch (error) {
    return (error as ConnectionError).reason;
  }
}

describe('renderSettings', () => {
  it('renames settings and keeps their values', () => {
    expect(renderSettings(own, { rename: { AZURE_POSTGRESQL_HOST: 'PGHOST' } }, input)).to.deep.equal({
      PGHOST: 'pg.example',
      AZURE_POSTGRESQL_USER: "u'@x",
    });
  });

  it('fills the variables of extra settings, and escapes them inside a URI so that no name adds a host or an option', () => {
    const extra = {
      URL: 'postgresql://${username}@${host}:${port}/${database}?sslmode=verify-full',
      DB: '${database}',
      ID: '${clientId} ${tenantId}',
    };
    const rendered = renderSettings({}, { extra }, input);
    expect(rendered).to.deep.equal({
      URL: "postgresql://u'%40x@pg.example:5432/a%3Fhost%3Devil%26b?sslmode=verify-full",
      DB: 'a?host=evil&b',
      ID: 'cid tid',
    });
    expect(new URL(rendered['URL'] ?? '').hostname).to.equal('pg.example');
  });

  const refused: Record<string, OutputSpec> = {
    'a rename of a setting that there is not': { rename: { NOPE: 'X' } },
    'a name that a loader obeys': { extra: { LD_PRELOAD: '/tmp/x.so' } },
    'a rename to a name that a runtime obeys': { rename: { AZURE_POSTGRESQL_HOST: 'NODE_OPTIONS' } },
    'two settings of one name': { rename: { AZURE_POSTGRESQL_HOST: 'AZURE_POSTGRESQL_USER' } },
    'an extra setting under the name of another': { extra: { AZURE_POSTGRESQL_USER: 'x' } },
  };
  for (const [what, output] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(reasonOf(output)).to.equal('SettingNotAllowed');
    });
  }
});

describe('isLoaderName', () => {
  for (const name of [
    'LD_PRELOAD',
    'ld_library_path',
    'NODE_OPTIONS',
    'PATH',
    'JAVA_TOOL_OPTIONS',
    'PYTHONPATH',
    'DOTNET_STARTUP_HOOKS',
    'WEBSITE_RUN_FROM_PACKAGE',
    'FUNCTIONS_WORKER_RUNTIME',
    'AZURE_AUTHORITY_HOST',
    'IDENTITY_ENDPOINT',
  ]) {
    it(`is so for ${name}`, () => expect(isLoaderName(name)).to.equal(true));
  }
  for (const name of ['AZURE_CLIENT_ID', 'DATABASE_URL', 'PGHOST', 'MY_PATH', 'host']) {
    it(`is not so for ${name}`, () => expect(isLoaderName(name)).to.equal(false));
  }
});
