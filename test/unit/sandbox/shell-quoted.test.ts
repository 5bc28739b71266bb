import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { shellQuoted } from '../../sandbox/shell-quoted.ts';

describe('A word for a shell', () => {
  it('stays as it is where it can', () => {
    expect(shellQuoted('--ca-file=/a/b-c.d_e')).to.equal('--ca-file=/a/b-c.d_e');
  });

  for (const word of ['', 'a checkout with blanks', "it's", '$HOME `id` "x" \\', 'two\nlines', '*', 'naïve']) {
    it(`comes back from it: ${JSON.stringify(word)}`, () => {
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuoted(word)}`], { encoding: 'utf8' })).to.equal(word);
    });
  }
});
