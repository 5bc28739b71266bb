import { expect } from 'chai';
import fc from 'fast-check';
import {
  parseResourceId,
  type ResourceId,
  type ResourceKind,
  resourceKey,
  resourceKinds,
  resourceName,
  resourcePath,
  sameResource,
} from '../../../src/azure/resource-id.ts';

const subscription = '00000000-0000-0000-0000-00000000000a';
const server = `/subscriptions/${subscription}/resourceGroups/shop/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg`;

describe('a resource id', () => {
  for (const [kind, text] of [
    ['postgresServer', server],
    ['mysqlServer', server.replace('DBforPostgreSQL', 'DBforMySQL')],
    ['sqlServer', `/subscriptions/${subscription}/resourceGroups/a.b_c(d)-e/providers/Microsoft.Sql/servers/s`],
    [
      'userAssignedIdentity',
      `/subscriptions/${subscription}/resourceGroups/x/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id_1`,
    ],
    ['containerApp', `/subscriptions/${subscription}/resourceGroups/x/providers/Microsoft.App/containerApps/api`],
    ['webApp', `/subscriptions/${subscription}/resourceGroups/x/providers/Microsoft.Web/sites/site`],
    ['springApp', `/subscriptions/${subscription}/resourceGroups/x/providers/Microsoft.AppPlatform/Spring/svc1/apps/app1`],
  ] as const) {
    it(`of kind ${kind} is taken apart and put together again`, () => {
      expect(resourcePath(accepted(text, kind))).to.equal(text);
    });
  }

  it('means the same in every case of its letters, and is rendered in the provider’s', () => {
    const upper = accepted(server.toUpperCase(), 'postgresServer');
    expect(sameResource(upper, accepted(server, 'postgresServer'))).to.equal(true);
    expect(resourcePath(upper)).to.equal(
      `/subscriptions/${subscription}/resourceGroups/SHOP/providers/Microsoft.DBforPostgreSQL/flexibleServers/SHOP-PG`,
    );
    expect(resourceKey(upper)).to.equal(server.toLowerCase());
    expect(resourceName(upper)).to.equal('SHOP-PG');
  });

  it('differs from another by any part', () => {
    const id = accepted(server, 'postgresServer');
    for (const other of [
      { ...id, kind: 'mysqlServer' as const },
      { ...id, subscriptionId: subscription.replace('a', 'b') },
      { ...id, resourceGroup: 'shop2' },
      { ...id, names: ['shop-pg2'] as const },
    ]) {
      expect(sameResource(id, other)).to.equal(false);
    }
  });

  describe('is refused', () => {
    const name = (text: string) => server.replace('shop-pg', text);
    const group = (text: string) => server.replace('/shop/', `/${text}/`);
    for (const [why, text] of [
      [
        'with a backslash for a slash',
        name('shop-x\\..\\..\\..\\..\\..\\payments\\providers\\Microsoft.DBforPostgreSQL\\flexibleServers\\pay-pg'),
      ],
      ['with dots for a segment', group('..')],
      ['with two dots inside a name', group('a..b')],
      ['with one dot for a segment', group('.')],
      ['with escaped dots', group('%2e%2e')],
      ['with half escaped dots', group('.%2E')],
      ['with an escaped slash', name('a%2fb')],
      ['with a TAB inside dots', group('.\t.')],
      ['with a line end', `${server}\n`],
      ['with a NUL', name('a\0b')],
      ['with a query', name('a?api-version=1')],
      ['with a fragment', name('a#b')],
      ['with the Kelvin sign', server.replace('flexibleServers', 'flexibleServers'.replace('S', 'ſ'))],
      ['with the Kelvin sign for k', name('\u212aelvin')],
      ['with letters of another alphabet', name('shоp-pg')],
      ['with full-width letters', name('ｓhop')],
      ['with an empty segment', server.replace('/providers', '//providers')],
      ['with a slash at the end', `${server}/`],
      ['without the slash in front', server.slice(1)],
      ['with blanks around', ` ${server} `],
      ['with a blank inside', name('a b')],
      ['with a wildcard', name('shop-*')],
      ['with something below it', `${server}/databases/orders`],
      ['of another provider', server.replace('PostgreSQL', 'MySQL')],
      ['of another type', server.replace('flexibleServers', 'servers')],
      ['with a provider that only begins alike', server.replace('PostgreSQL', 'PostgreSQLx')],
      ['with a subscription that is no GUID', server.replace(subscription, 'mine')],
      ['with a subscription of dashes', server.replace(subscription, '-'.repeat(36))],
      ['with a group that ends in a dot', group('shop.')],
      ['with a group of 91 characters', group('g'.repeat(91))],
      ['with a name of 64 characters', name('n'.repeat(64))],
      ['with a name that ends in a dash', name('shop-')],
      ['with a host instead of an id', 'https://management.azure.com/subscriptions'],
      ['when it is empty', ''],
      ['when it is longer than 512 characters', `${server}${'x'.repeat(512)}`],
    ] as const) {
      it(why, () => {
        const parsed = parseResourceId(text, 'postgresServer');
        expect(parsed.ok).to.equal(false);
        if (!parsed.ok) expect(parsed.why).to.match(/^(is|has) /);
      });
    }

    it('for its alphabet before anything is made of it', () => {
      const parsed = parseResourceId(name('\u212aelvin'), 'postgresServer');
      expect(parsed).to.deep.equal({ ok: false, why: 'has characters other than printable ASCII' });
    });

    it('when it is no text at all', () => {
      for (const value of [undefined, null, 1, {}, [server], { toString: () => server }]) {
        expect(parseResourceId(value, 'postgresServer').ok).to.equal(false);
      }
    });
  });

  it('never leads to another path than its own, whatever was written', () => {
    const tricks = [
      '..',
      '.',
      '%2e%2e',
      '\\',
      '\\..\\',
      '/',
      '//',
      '?',
      '#',
      '\t',
      '\0',
      '\u212a',
      'ſ',
      '%00',
      '@',
      ':',
      ';',
      '*',
      'a',
      'shop',
      ' ',
      '(',
      ')',
    ];
    const plainPiece = fc.stringMatching(/^[a-z][a-z0-9-]{2,8}[a-z0-9]$/);
    const trickyPiece = fc
      .array(fc.oneof(fc.constantFrom(...tricks), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 4 })
      .map((all) => all.join(''));
    const piece = fc.oneof(
      { weight: 4, arbitrary: plainPiece },
      { weight: 1, arbitrary: trickyPiece },
      { weight: 1, arbitrary: fc.tuple(plainPiece, trickyPiece, plainPiece).map((all) => all.join('')) },
    );
    const kinds = Object.keys(resourceKinds) as ResourceKind[];
    let parsedSome = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        piece,
        fc.array(piece, { minLength: 2, maxLength: 2 }),
        fc.boolean(),
        (kind, group, names, upper) => {
          const [provider, ...types] = resourceKinds[kind];
          const plain = `/subscriptions/${subscription}/resourceGroups/${group}/providers/${provider}${types.map((type, n) => `/${type}/${names[n]}`).join('')}`;
          const text = upper ? plain.toUpperCase() : plain;
          const parsed = parseResourceId(text, kind);
          if (!parsed.ok) return;
          parsedSome += 1;
          const path = resourcePath(parsed.id);
          expect(new URL(`https://management.azure.com${path}`).pathname).to.equal(path);
          expect(path.toLowerCase()).to.equal(text.toLowerCase());
          expect(accepted(path, kind)).to.deep.equal(parsed.id);
        },
      ),
      { numRuns: 2000 },
    );
    expect(parsedSome).to.be.greaterThan(20);
  });
});

function accepted(text: string, kind: ResourceKind): ResourceId {
  const parsed = parseResourceId(text, kind);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.id;
}
