import type { SqlType, SqlValue } from './sql-type.ts';
import type { NameParts } from './token-cursor.ts';

/** An expression as it was written. Those of `Condition` are true, false or unknown, and no values. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: SqlValue; readonly type: SqlType }
  | { readonly kind: 'null' }
  | { readonly kind: 'column'; readonly parts: NameParts }
  | { readonly kind: 'variable'; readonly name: string }
  | {
      readonly kind: 'call';
      readonly name: NameParts;
      readonly arguments: readonly Expression[];
      readonly isOfAll: boolean;
      readonly isDistinct: boolean;
    }
  | {
      readonly kind: 'case';
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise: Expression;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: SqlType; readonly style: number; readonly isTry: boolean }
  | { readonly kind: 'calculation'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'subquery'; readonly query: Query }
  | Condition;

export type Condition =
  | { readonly kind: 'comparison'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'is null'; readonly operand: Expression }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] | Query }
  | { readonly kind: 'like'; readonly operand: Expression; readonly pattern: Expression; readonly escape: string | undefined }
  | { readonly kind: 'exists'; readonly query: Query };

const conditions: readonly Expression['kind'][] = ['comparison', 'and', 'or', 'not', 'is null', 'in', 'like', 'exists'];

export function isCondition(expression: Expression): expression is Condition {
  return conditions.includes(expression.kind);
}

export interface Query {
  /** Put together by UNION; `all` of the first says nothing. */
  readonly parts: readonly { readonly select: Select; readonly all: boolean }[];
  readonly order: readonly { readonly by: Expression; readonly isDescending: boolean }[];
}

export interface Select {
  readonly isDistinct: boolean;
  readonly top: Expression | undefined;
  readonly items: readonly SelectItem[];
  readonly from: Source | undefined;
  readonly where: Expression | undefined;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | undefined;
}

export type SelectItem =
  | { readonly kind: 'all'; readonly of: string | undefined }
  | { readonly kind: 'value'; readonly value: Expression; readonly alias: string | undefined }
  /** `@v = …` */
  | { readonly kind: 'assignment'; readonly variable: string; readonly value: Expression };

export type Source =
  | { readonly kind: 'table'; readonly name: NameParts; readonly alias: string }
  /** `columns`: their names, where the alias gives them. */
  | { readonly kind: 'query'; readonly query: Query; readonly alias: string; readonly columns: readonly string[] | undefined }
  | {
      readonly kind: 'values';
      readonly rows: readonly (readonly Expression[])[];
      readonly alias: string;
      readonly columns: readonly string[];
    }
  | {
      readonly kind: 'join';
      readonly how: 'inner' | 'left' | 'cross';
      readonly left: Source;
      readonly right: Source;
      readonly on: Expression | undefined;
    };
