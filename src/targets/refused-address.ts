/** How servers name the address that their firewall refuses: PostgreSQL; MySQL and Azure SQL (azure-facts 9). */
const refusals: readonly RegExp[] = [
  /no pg_hba\.conf entry for host "([^"]{1,64})"/i,
  /Client with IP address '([^']{1,64})' is not allowed/i,
];

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** First address and prefix length of what is nobody's address on the Internet: https://www.iana.org/assignments/iana-ipv4-special-registry */
const reserved: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // multicast, what is reserved, and broadcast
  ['224.0.0.0', 3],
];

/** The address that a server's firewall refuses, as its text has it; undefined for any other text. Pure. */
export function refusedAddress(text: string): string | undefined {
  for (const refusal of refusals) {
    const address = refusal.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  return undefined;
}

/**
 * The one public IPv4 address that a refusal names and a rule may be made for (threat-model S10); undefined when it names none, another kind or several, because whoever
 * answers in the server's place chooses the text. Pure.
 */
export function publicAddressIn(text: string): string | undefined {
  const address = refusedAddress(text);
  if (address === undefined || !isPublicAddress(address)) return undefined;
  const named = text.match(/\d{1,3}(?:\.\d{1,3}){3}/g) ?? [];
  return named.every((each) => each === address) ? address : undefined;
}

/** Whether a text is the address of one host on the Internet, in the one way of writing it. Pure. */
export function isPublicAddress(text: string): boolean {
  if (!ipv4.test(text)) return false;
  const address = numberOf(text);
  return reserved.every(([first, length]) => Math.floor(address / 2 ** (32 - length)) !== Math.floor(numberOf(first) / 2 ** (32 - length)));
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
