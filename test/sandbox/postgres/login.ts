import { type TokenClaims, TokenError } from '../azure/token-signer.ts';
import type { Server } from '../azure/world.ts';
import type { Backend } from './backend.ts';
import { isPasswordOf } from './password.ts';

/** What Entra says of a token for one of these audiences. Throws TokenError. */
export type VerifyToken = (token: string, audience: string) => Promise<Pick<TokenClaims, 'oid' | 'appid'>>;

/** `by`: the client id of the token, or the user who gave a password. */
export type LoginVerdict =
  | { readonly kind: 'admitted'; readonly by: string }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** The resource that tokens for the open-source databases are made for. */
export const ossAudience = 'https://ossrdbms-aad.database.windows.net';

interface Role {
  readonly label: string | null;
  readonly verifier: string | null;
}

/**
 * Checks a login as the service does, refusing with its texts: an Entra role by the object id in its label, never by name; every other role by its password.
 * Texts from azure-databases-docs articles/postgresql/security/security-entra-configure.md and public issues. Whether the role may log in at all is left to PostgreSQL.
 */
export async function checkLogin(
  { user, password }: { readonly user: string; readonly password: string },
  { backend, authConfig, verify, audience }: { backend: Backend; authConfig: Server['authConfig']; verify: VerifyToken; audience: string },
): Promise<LoginVerdict> {
  const role = await findRole(backend, user);
  if (role?.label == null) {
    const isKnown = authConfig.passwordAuth === 'Enabled' && (await isPasswordOf(role?.verifier ?? null, password));
    return isKnown ? { kind: 'admitted', by: user } : wrongPassword(user);
  }
  if (authConfig.activeDirectoryAuth === 'Disabled') return wrongPassword(user);
  try {
    return judge(user, role.label, await verify(password, audience));
  } catch (error) {
    if (error instanceof TokenError) return refuseToken(user, error.reason, audience);
    throw error;
  }
}

function judge(user: string, label: string, { oid, appid }: Pick<TokenClaims, 'oid' | 'appid'>): LoginVerdict {
  const [, labelled = '', type = ''] = /^aadauth,oid=([^,]+),type=([a-z]+)/.exec(label) ?? [];
  switch (type) {
    case 'service':
      if (labelled.toLowerCase() === oid.toLowerCase()) return { kind: 'admitted', by: appid };
      return refused(
        `Service principal oid mismatch for role "${user}". The oid in the security label [${labelled}] does not match the appid [${appid}] or oid [${oid}] in the token.`,
      );
    case 'user':
      return refused(
        `Microsoft Entra user token for role "${user}" is neither an AAD_AUTH_TOKENTYPE_APP_USER or an AAD_AUTH_TOKENTYPE_APP_OBO token.`,
      );
    default:
      // members of groups are nobody here: Entra's app-only tokens carry no groups
      return wrongPassword(user);
  }
}

function refuseToken(user: string, reason: TokenError['reason'], audience: string): LoginVerdict {
  switch (reason) {
    case 'expired':
      return refused('The access token has expired. Please acquire a new token and retry.');
    case 'audience':
      return refused(`The access token does not have a valid audience claim. Please acquire a new token for the resource "${audience}".`);
    case 'malformed':
    case 'signature':
    case 'issuer':
      return wrongPassword(user);
    default:
      return reason satisfies never;
  }
}

function refused(message: string): LoginVerdict {
  return { kind: 'refused', code: '28000', message };
}

function wrongPassword(user: string): LoginVerdict {
  return { kind: 'refused', code: '28P01', message: `password authentication failed for user "${user}"` };
}

async function findRole(backend: Backend, user: string): Promise<Role | undefined> {
  const [role] = await backend.query<{ label: string | null; verifier: string | null }>(
    'postgres',
    `SELECT l.label, r.rolpassword AS verifier FROM pg_authid r
     LEFT JOIN pg_shseclabel l ON l.objoid = r.oid AND l.classoid = 'pg_authid'::regclass AND l.provider = 'pgaadauth' WHERE r.rolname = $1`,
    [user],
  );
  return role;
}
