import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../../src/runtime/clock.ts';
import { type IssuerKeys, IssuerUnreachable } from './issuer-keys.ts';
import { type StsRefusal, stsRefusals } from './sts-refusal.ts';
import type { Application, FederatedCredential } from './world.ts';

/** The one audience that managed identities take: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const exchangeAudience = 'api://AzureADTokenExchange';

interface AssertionClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

/**
 * Why an assertion doesn't prove to be the identity's workload; undefined when it does. The issuer is asked for its keys only when a federated credential of the identity
 * names it, and all three parts must fit byte for byte.
 */
export async function refusalOfAssertion(
  assertion: string,
  application: Application,
  { keys, clock, signal }: { readonly keys: IssuerKeys; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<StsRefusal | undefined> {
  const payload = decode(assertion);
  if (!payload) return stsRefusals.assertionMalformed('It has no readable claims.');
  const claims = claimsOf(payload);
  if (!claims) return stsRefusals.assertionMalformed('The claims iss, sub, aud and exp are required.');
  const unmatched = refusalOfClaims(claims, application, clock.now());
  if (unmatched) return unmatched;
  try {
    await jwtVerify(assertion, await keys.of(claims.issuer, { signal }), {
      algorithms: ['RS256'],
      issuer: claims.issuer,
      subject: claims.subject,
      audience: exchangeAudience,
      requiredClaims: ['exp'],
      currentDate: new Date(clock.now()),
    });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return refusalOfProof(error, payload, clock.now());
  }
}

function decode(assertion: string): JWTPayload | undefined {
  try {
    return decodeJwt(assertion);
  } catch {
    return undefined;
  }
}

function claimsOf({ iss, sub, aud, exp }: JWTPayload): AssertionClaims | undefined {
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof exp !== 'number' || !Array.isArray(audiences)) return undefined;
  if (!audiences.every((each) => typeof each === 'string')) return undefined;
  return { issuer: iss, subject: sub, audiences };
}

/** Compares the claims with the credentials: first the issuer, then the audience, then the subject. */
function refusalOfClaims(claims: AssertionClaims, application: Application, now: number): StsRefusal | undefined {
  const audience = claims.audiences.join(',');
  const known = application.federatedCredentials.filter((each) => each.effectiveAt <= now);
  const unmatched = firstMismatch(claims, known);
  if (!unmatched) return undefined;
  if (!firstMismatch(claims, application.federatedCredentials)) {
    return stsRefusals.credentialNotKnownYet(claims.issuer, claims.subject, audience);
  }
  switch (unmatched) {
    case 'no credential':
      return stsRefusals.noCredentials(application.clientId, application.name);
    case 'issuer':
      return stsRefusals.issuerUnmatched(claims.issuer);
    case 'audience':
      return stsRefusals.audienceUnmatched(audience);
    case 'subject':
      return stsRefusals.subjectUnmatched(claims.subject);
    default:
      return unmatched satisfies never;
  }
}

function firstMismatch(
  claims: AssertionClaims,
  credentials: readonly FederatedCredential[],
): 'no credential' | 'issuer' | 'audience' | 'subject' | undefined {
  if (credentials.length === 0) return 'no credential';
  const ofIssuer = credentials.filter((each) => each.issuer === claims.issuer);
  if (ofIssuer.length === 0) return 'issuer';
  const ofAudience = ofIssuer.filter((each) => each.audiences.includes(exchangeAudience) && claims.audiences.includes(exchangeAudience));
  if (ofAudience.length === 0) return 'audience';
  return ofAudience.some((each) => each.subject === claims.subject) ? undefined : 'subject';
}

function refusalOfProof(error: unknown, { nbf, iat, exp }: JWTPayload, now: number): StsRefusal {
  if (
    error instanceof errors.JWTExpired ||
    (error instanceof errors.JWTClaimValidationFailed && ['nbf', 'iat', 'exp'].includes(error.claim))
  ) {
    return stsRefusals.assertionOutOfTime(new Date(now).toISOString(), timeOf(nbf ?? iat), timeOf(exp));
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return stsRefusals.assertionMalformed('It must be signed with RS256.');
  if (error instanceof errors.JWKSNoMatchingKey) return stsRefusals.assertionUnsigned('The key was not found.');
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return stsRefusals.assertionUnsigned('The provided signature value did not match the expected signature value.');
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) return stsRefusals.assertionMalformed(error.message);
  if (error instanceof IssuerUnreachable || error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid)
    return stsRefusals.issuerUnreachable();
  // What jose throws when the key endpoint answers something else than 200 has no class of its own; nor has undici's TypeError.
  if ((error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC') || error instanceof TypeError)
    return stsRefusals.issuerUnreachable();
  throw error;
}

function timeOf(seconds: unknown): string {
  return new Date((typeof seconds === 'number' ? seconds : 0) * 1000).toISOString();
}
