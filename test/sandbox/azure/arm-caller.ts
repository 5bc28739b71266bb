import { ArmError } from './arm-error.ts';
import { resources } from './token-resource.ts';
import { type TokenClaims, TokenError } from './token-signer.ts';

export type VerifyToken = (token: string, audience: string | readonly string[]) => Promise<TokenClaims>;

const audiences = [resources.arm, `${resources.arm}/`];

/** Who sends a request, by its bearer token. Throws ArmError 401 with the challenge of https://www.rfc-editor.org/rfc/rfc6750#section-3 */
export async function callerOf(
  authorization: string | undefined,
  { tenantId, verify }: { readonly tenantId: string; readonly verify: VerifyToken },
): Promise<TokenClaims> {
  const refuse = (code: string, message: string) => {
    const challenge = `Bearer authorization_uri="https://login.microsoftonline.com/${tenantId}", error="invalid_token", error_description="${message}"`;
    return new ArmError(401, code, message, { 'WWW-Authenticate': challenge });
  };
  if (authorization === undefined)
    return Promise.reject(refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing."));
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw refuse('InvalidAuthenticationToken', 'The access token is invalid.');
  try {
    return await verify(token, audiences);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    switch (error.reason) {
      case 'expired':
        throw refuse('ExpiredAuthenticationToken', 'The access token has expired.');
      case 'audience':
        throw refuse(
          'InvalidAuthenticationTokenAudience',
          `The access token has been obtained for the wrong audience or resource. Allowed are ${audiences.join(', ')}.`,
        );
      case 'issuer':
        throw refuse('InvalidAuthenticationTokenTenant', 'The access token is from the wrong issuer.');
      case 'signature':
      case 'malformed':
        throw refuse('InvalidAuthenticationToken', 'The access token is invalid.');
      default:
        throw error.reason satisfies never;
    }
  }
}

/** Whether one of the actions of a role covers an action; `*` stands for any run of characters, and case does not count. */
export function isGranted(action: string, granted: readonly string[]): boolean {
  return granted.some((pattern) => {
    const source = pattern
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${source}$`, 'i').test(action);
  });
}
