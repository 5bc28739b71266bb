import { type StsRefusal, stsRefusals } from './sts-refusal.ts';

/** A token request of the client credentials flow whose parameters are all there. */
export interface TokenRequest {
  readonly clientId: string;
  readonly scope: string;
  readonly credential:
    | { readonly kind: 'assertion'; readonly assertion: string }
    | { readonly kind: 'secret'; readonly secret: string }
    | { readonly kind: 'none' };
}

export type Parsed<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'refused'; readonly refusal: StsRefusal };

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What Microsoft's clients send besides OAuth's own: MSAL's telemetry (`x-…`), client_info, claims for continuous access evaluation. */
const understood = new Set([
  'grant_type',
  'client_id',
  'scope',
  'client_assertion_type',
  'client_assertion',
  'client_secret',
  'client_info',
  'claims',
  'client-request-id',
]);

/** Reads the form that the token endpoint got: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
export function parseTokenRequest(form: string): Parsed<TokenRequest> {
  const fields = new URLSearchParams(form);
  for (const name of new Set(fields.keys())) {
    if (fields.getAll(name).length > 1) return refused(stsRefusals.inputInvalid(`The parameter '${name}' is duplicated.`));
    if (!understood.has(name) && !name.startsWith('x-'))
      return refused(stsRefusals.inputInvalid(`The parameter '${name}' is not understood.`));
  }
  const given = (name: string) => fields.get(name) || undefined;

  const grantType = given('grant_type');
  if (grantType === undefined) return refused(stsRefusals.parameterMissing('grant_type'));
  if (grantType !== 'client_credentials') return refused(stsRefusals.grantTypeUnsupported(grantType));
  const clientId = given('client_id');
  if (clientId === undefined) return refused(stsRefusals.parameterMissing('client_id'));
  const scope = given('scope');
  if (scope === undefined) return refused(stsRefusals.parameterMissing('scope'));

  const assertion = given('client_assertion');
  const secret = given('client_secret');
  if (assertion !== undefined && secret !== undefined) {
    return refused(stsRefusals.inputInvalid("'client_assertion' and 'client_secret' exclude each other."));
  }
  if (assertion !== undefined) {
    const type = given('client_assertion_type');
    if (type === undefined) return refused(stsRefusals.parameterMissing('client_assertion_type'));
    if (type !== assertionType) return refused(stsRefusals.inputInvalid(`The client_assertion_type '${type}' is not understood.`));
    return { kind: 'ok', value: { clientId, scope, credential: { kind: 'assertion', assertion } } };
  }
  return { kind: 'ok', value: { clientId, scope, credential: secret === undefined ? { kind: 'none' } : { kind: 'secret', secret } } };
}

function refused(refusal: StsRefusal): Parsed<never> {
  return { kind: 'refused', refusal };
}
