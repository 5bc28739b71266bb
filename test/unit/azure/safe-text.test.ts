import { expect } from 'chai';
import fc from 'fast-check';
import { safeText } from '../../../src/azure/safe-text.ts';

const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"oid":"x"}').toString('base64url')}.c2ln`;

describe('a safe text', () => {
  for (const [what, text, safe] of [
    ['keeps a plain sentence', 'The server is busy. Try again later.', 'The server is busy. Try again later.'],
    ['keeps GUIDs', 'client 11111111-2222-3333-4444-555555555555', 'client 11111111-2222-3333-4444-555555555555'],
    ['keeps what only sounds secret', 'AADSTS7000215: Invalid client secret provided.', 'AADSTS7000215: Invalid client secret provided.'],
    ['is the first line', 'relation exists\nDETAIL: Failing row contains (1, secret)', 'relation exists'],
    ['is the first line that is not empty', '\r\n \n  busy \r\nmore', 'busy'],
    ['has no other line ends either', 'one\u2028two', 'one'],
    ['has no escape sequences of terminals', 'a\u001b[31mred\u0007', 'a[31mred'],
    ['has no marks that turn or hide text', 'a\u202eb\u200bc\u2066d', 'abcd'],
    ['masks a token', `token ${jwt} is bad`, 'token eyJ… is bad'],
    ['masks what is left of a cut token', 'Bearer: eyJhbGciOi', 'Bearer: eyJ…'],
    ['masks a bearer of any kind', 'Authorization: Bearer abcdefghijkl', 'Authorization: Bearer …'],
    ['masks a password', 'login failed password=hunter2 host=h', 'login failed password=… host=h'],
    ['masks a secret in JSON', '{"client_secret": "a b", "x":1}', '{"client_secret": …, "x":1}'],
    ['drops the query of a URL', 'GET https://h.example/p?sig=abc&se=1 failed', 'GET https://h.example/p?… failed'],
    ['drops the user of a URL', 'postgres://u:p%40@h.example:5432/db', 'postgres://h.example:5432/db'],
    ['drops a user with a slash-free colon', 'https://u:p@h.example', 'https://h.example'],
  ] as const) {
    it(what, () => {
      expect(safeText(text)).to.equal(safe);
    });
  }

  it('has at most 300 characters', () => {
    expect([...safeText('😀'.repeat(1000))]).to.have.length(300);
    expect(safeText('x'.repeat(300))).to.equal('x'.repeat(300));
  });

  it('is empty for what is no text', () => {
    for (const value of [undefined, null, 7, {}, ['a']]) expect(safeText(value)).to.equal('');
  });

  it('never holds a token or a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const safe = safeText(`${before}${jwt}${after}`);
        expect(safe).not.to.contain(jwt.slice(0, 12));
        expect(safe).not.to.match(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect([...safe].length).to.be.at.most(300);
      }),
    );
  });

  it('takes no longer for a hostile text', () => {
    for (const hostile of ['eyJ'.repeat(1e6), '://'.repeat(1e6), 'password='.repeat(1e6), '"'.repeat(1e6), 'a.'.repeat(1e6)]) {
      expect([...safeText(hostile)].length).to.be.at.most(300);
    }
  });
});
