import type { Socket } from 'node:net';
import type { Arrival } from './arrival.ts';
import { type Greeting, responseFor } from './handshake.ts';
import { type Packet, packet, readPacket, readText } from './packets.ts';
import { passwordProof } from './password-proof.ts';

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html */
const ok = 0x00;
const moreData = 0x01;
const authSwitch = 0xfe;
const failed = 0xff;
const fullAuthentication = 4;
const clearPassword = 'mysql_clear_password';

interface Line {
  readonly backend: Socket;
  readonly greeting: Greeting;
  readonly arrival: Arrival;
  readonly signal: AbortSignal;
}

/** Asks the client for its token, in clear. Throws when the client sends something else. */
export async function askToken(
  { socket, sequence }: Pick<Arrival, 'socket' | 'sequence'>,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly token: string; readonly sequence: number }> {
  socket.write(packet(sequence + 1, authSwitch, clearPassword));
  const answer = await readPacket(socket, options);
  return { token: readText(answer.payload, 0).text, sequence: answer.sequence };
}

/** Logs in as the client's user with a password. Returns the server's last word, OK or ERR. */
export async function logInWithPassword({ backend, greeting, arrival, signal }: Line, password: string): Promise<Buffer> {
  const first = passwordProof(greeting.plugin, password, greeting.nonce);
  backend.write(responseFor(arrival.response, { proof: first, plugin: greeting.plugin }));
  for (;;) {
    const { payload, sequence } = await readPacket(backend, { signal });
    const answer = (bytes: Buffer | string) => backend.write(packet(sequence + 1, bytes));
    switch (payload[0]) {
      case ok:
      case failed:
        return payload;
      case authSwitch: {
        const { text: plugin, end } = readText(payload, 1);
        answer(passwordProof(plugin, password, payload.subarray(end, end + greeting.nonce.length)));
        break;
      }
      case moreData:
        // over a socket of this machine the server takes the password itself
        if (payload[1] === fullAuthentication) answer(password);
        break;
      default:
        throw new Error('the server asks for something unknown');
    }
  }
}

/** Lets the client prove its own password to the server. Returns the server's last word, OK or ERR, and the client's last sequence number. */
export async function logInAsClient({ backend, arrival, signal }: Line): Promise<{ readonly last: Buffer; readonly sequence: number }> {
  const { response, socket } = arrival;
  let sequence = arrival.sequence;
  backend.write(responseFor(response, response));
  for (;;) {
    const asked = await readPacket(backend, { signal });
    if (asked.payload[0] === ok || asked.payload[0] === failed) return { last: asked.payload, sequence };
    socket.write(packet(sequence + 1, asked.payload));
    sequence += 1;
    if (!expectsAnswer(asked)) continue;
    const answer = await readPacket(socket, { signal });
    sequence = answer.sequence;
    backend.write(packet(asked.sequence + 1, answer.payload));
  }
}

function expectsAnswer({ payload }: Packet): boolean {
  return payload[0] !== moreData || payload[1] === fullAuthentication;
}
