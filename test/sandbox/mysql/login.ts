import { type TokenClaims, TokenError } from '../azure/token-signer.ts';
import type { Server } from '../azure/world.ts';
import type { VerifyToken } from '../postgres/login.ts';
import type { EntraAccount } from './backend.ts';
import { accessDenied } from './errors.ts';
import type { ServerError } from './packets.ts';

/** `by`: the client id of the token. */
export type LoginVerdict = { readonly kind: 'admitted'; readonly by: string } | { readonly kind: 'refused'; readonly error: ServerError };

export interface EntraLogin {
  readonly user: string;
  /** Where it comes from. */
  readonly host: string;
  readonly token: string;
  readonly account: EntraAccount;
}

/**
 * Checks the login of an Entra user as the service does: by the client id in its binding, never by name. Whether the user may log in at all is left to the engine.
 * Without an administrator nobody logs in by token: azure-databases-docs articles/mysql/flexible-server/security-entra-authentication.md.
 */
export async function checkEntraLogin(
  { user, host, token, account }: EntraLogin,
  {
    server,
    verify,
    audience,
  }: {
    readonly server: Pick<Server, 'administrators' | 'authConfig' | 'administratorsAreKnownBy'>;
    readonly verify: VerifyToken;
    readonly audience: string;
  },
): Promise<LoginVerdict> {
  const denied: LoginVerdict = { kind: 'refused', error: accessDenied(user, host) };
  if (server.authConfig.activeDirectoryAuth === 'Disabled' || server.administrators.length === 0) return denied;
  try {
    const claims = await verify(token, audience);
    return isMeant(account, claims, server.administratorsAreKnownBy)
      ? { kind: 'admitted', by: claims.appid }
      : refused(`Azure AD access token is not valid for user '${user}' with OID '${boundId(account)}'.`);
  } catch (error) {
    if (error instanceof TokenError) return refuseToken(error.reason, audience, denied);
    throw error;
  }
}

/**
 * An Entra user is bound by client id.
 * [U] For a service principal that is the administrator Microsoft's pages name the object id, where users found that only the client id works: either is taken, unless the server is told otherwise.
 */
function isMeant(
  account: EntraAccount,
  { appid, oid }: Pick<TokenClaims, 'appid' | 'oid'>,
  administratorsAreKnownBy: Server['administratorsAreKnownBy'],
): boolean {
  if (!account.binding.startsWith('AADSP:')) return false;
  const id = boundId(account);
  if (!account.isAdministrator) return id === appid.toLowerCase();
  return (
    (administratorsAreKnownBy !== 'objectId' && id === appid.toLowerCase()) ||
    (administratorsAreKnownBy !== 'clientId' && id === oid.toLowerCase())
  );
}

function boundId({ binding }: EntraAccount): string {
  return (binding.split(':')[1] ?? '').toLowerCase();
}

function refuseToken(reason: TokenError['reason'], audience: string, denied: LoginVerdict): LoginVerdict {
  switch (reason) {
    case 'expired':
      // https://github.com/microsoft/azuredatastudio-mysql/issues/222
      return refused('The access token has expired. Please acquire a new token and retry.', 9119);
    case 'audience':
      return refused(`The access token does not have a valid audience claim. Please acquire a new token for the resource "${audience}".`);
    case 'malformed':
    case 'signature':
    case 'issuer':
      return denied;
    default:
      return reason satisfies never;
  }
}

/** [U] Users quote the text about the OID without its number; 9106 stands for all that have none. The text about the audience is PostgreSQL's. */
function refused(message: string, code = 9106): LoginVerdict {
  return { kind: 'refused', error: { code, sqlState: 'HY000', message } };
}
