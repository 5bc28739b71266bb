declare const brand: unique symbol;

/** An Entra object id: a GUID in lower case. The label has a grammar of its own, which quoting doesn't protect (threat-model D21, I5). */
export type ObjectId = string & { readonly [brand]: 'ObjectId' };

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The object id that a text is. Throws TypeError for anything but a GUID. */
export function parseObjectId(text: string): ObjectId {
  const lower = text.toLowerCase();
  if (!guid.test(lower)) throw new TypeError('not an object id');
  return lower as ObjectId;
}

/**
 * The security label that binds a role to a service principal.
 * Format: MicrosoftDocs/azure-databases-docs articles/postgresql/security/security-manage-entra-users.md.
 */
export function labelText(objectId: ObjectId): string {
  return `aadauth,oid=${objectId},type=service`;
}
