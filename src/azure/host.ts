import type { Cloud } from './cloud.ts';

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsSuffix = /^(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;

/**
 * Whether a server's name is one to which a token may be sent: one DNS label in front of the cloud's suffix, or, where the suffix of a custom cloud is an
 * IPv4 range, an address in it (threat-model S1).
 */
export function isServerHost(host: string, suffix: string, cloudName: Cloud['name']): boolean {
  if (suffix.startsWith('.')) {
    const name = asciiLowerCase(host);
    return name?.endsWith(suffix) === true && label.test(name.slice(0, -suffix.length));
  }
  const range = cloudName === 'custom' ? parseRange(suffix) : undefined;
  const address = parseAddress(host);
  return range !== undefined && address !== undefined && (address & range.mask) >>> 0 === range.network;
}

/**
 * Whether a host is one to which a server of this suffix may send its clients on, as the gateways of Azure SQL do: any name inside of the cloud's suffix
 * (https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture), or, where the suffix is an IPv4 range, an address in it.
 */
export function isRedirectHost(host: string, suffix: string, cloudName: Cloud['name']): boolean {
  if (!suffix.startsWith('.')) return isServerHost(host, suffix, cloudName);
  const name = asciiLowerCase(host);
  if (name === undefined || name.length > 253 || !name.endsWith(suffix)) return false;
  return name
    .slice(0, -suffix.length)
    .split('.')
    .every((each) => label.test(each));
}

/** Whether a text can say where servers live: a DNS suffix with a leading dot, in lower case, or in a custom cloud an IPv4 range such as 127.0.46.0/24. */
export function isServerSuffix(suffix: string, cloudName: Cloud['name']): boolean {
  return dnsSuffix.test(suffix) || (cloudName === 'custom' && parseRange(suffix) !== undefined);
}

/** Undefined for what isn't ASCII: other characters can become ASCII letters in lower case. */
function asciiLowerCase(text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) ? text.toLowerCase() : undefined;
}

function parseRange(text: string): { readonly network: number; readonly mask: number } | undefined {
  const [, base, bits] = /^([\d.]{7,15})\/(\d|[12]\d|3[0-2])$/.exec(text) ?? [];
  const address = base === undefined ? undefined : parseAddress(base);
  if (address === undefined) return undefined;
  const mask = bits === '0' ? 0 : (-1 << (32 - Number(bits))) >>> 0;
  return { network: (address & mask) >>> 0, mask };
}

/** Four decimal numbers without leading zeros, which some resolvers take for octal. */
function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
