/** A request to the controls that is refused; `status` is the HTTP status, the message is for the person at the keyboard. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
