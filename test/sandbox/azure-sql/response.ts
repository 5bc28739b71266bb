import type { Output } from './output.ts';
import type { SqlValue } from './sql-type.ts';
import { columnsToken, type ResultColumn, returnValueToken, rowToken } from './wire/rows.ts';
import { type Change, changeToken, type Done, doneToken, type Notice, noticeToken, returnStatusToken } from './wire/tokens.ts';

type End = Pick<Done, 'command' | 'rows' | 'failed'>;

/** The tokens of one answer, put together as a request runs. */
export class Response implements Output {
  readonly #serverName: string;
  readonly #isCall: boolean;
  readonly #tokens: Buffer[] = [];
  readonly #returned: Buffer[] = [];
  /** The last statement's end, which says whether more follows. */
  #end: End | undefined;

  constructor(serverName: string, { isCall }: { readonly isCall: boolean }) {
    this.#serverName = serverName;
    this.#isCall = isCall;
  }

  result(columns: readonly ResultColumn[], rows: readonly (readonly SqlValue[])[]): void {
    this.#add(columnsToken(columns), ...rows.map((each) => rowToken(each, columns)));
  }

  done(end: End): void {
    this.#add();
    this.#end = end;
  }

  notice(notice: Notice): void {
    this.#add(noticeToken(notice, this.#serverName));
  }

  change(change: Change): void {
    this.#add(changeToken(change));
  }

  returned(name: string, value: number): void {
    this.#returned.push(returnValueToken(name, value));
  }

  /** The whole answer. */
  finish({ failed }: { readonly failed: boolean }): Buffer {
    if (this.#isCall) {
      this.#add(returnStatusToken(0), ...this.#returned, doneToken({ kind: 'procedure', failed }));
    } else {
      const end = this.#end;
      this.#end = undefined;
      this.#add(doneToken({ kind: 'statement', ...end, failed: end?.failed ?? (end === undefined && failed) }));
    }
    return Buffer.concat(this.#tokens);
  }

  #add(...tokens: readonly Buffer[]): void {
    if (this.#end)
      this.#tokens.push(doneToken({ kind: this.#isCall ? 'statement in procedure' : 'statement', goesOn: true, ...this.#end }));
    this.#end = undefined;
    this.#tokens.push(...tokens);
  }
}
