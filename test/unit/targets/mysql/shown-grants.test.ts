import { expect } from 'chai';
import { routineRightsIn } from '../../../../src/targets/mysql/shown-grants.ts';

describe('rights on routines in the words of MySQL', () => {
  const rows: readonly [string, ReturnType<typeof routineRightsIn>][] = [
    [
      'GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `orders`.`a``b` TO `é`@`%`',
      [
        {
          on: { kind: 'routine', database: 'orders', type: 'PROCEDURE', name: 'a`b' },
          privileges: ['EXECUTE', 'ALTER ROUTINE'],
          grantOption: false,
          automatic: true,
        },
      ],
    ],
    [
      'GRANT USAGE ON FUNCTION `o.x`.`f\n` TO `é\n`@`%` WITH GRANT OPTION',
      [{ on: { kind: 'routine', database: 'o.x', type: 'FUNCTION', name: 'f\n' }, privileges: [], grantOption: true, automatic: true }],
    ],
    ['GRANT EXECUTE ON `orders`.* TO `é`@`%`', []],
    ['GRANT SELECT ON `orders`.`ON PROCEDURE` TO `é`@`%`', []],
    ['GRANT `PROCEDURE`@`%` TO `é`@`%`', []],
    ['', []],
  ];
  for (const [line, expected] of rows)
    it(`are read, and nothing else: ${JSON.stringify(line)}`, () => expect(routineRightsIn(line)).to.deep.equal(expected));
});
