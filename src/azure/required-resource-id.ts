import { parseResourceId, type ResourceId, type ResourceKind } from './resource-id.ts';

/** The id that a text is, where a policy let it through or we wrote it ourselves. Throws TypeError for any other text. */
export function requiredResourceId(text: string, kind: ResourceKind): ResourceId {
  const parsed = parseResourceId(text, kind);
  if (!parsed.ok) throw new TypeError(`a resource id ${parsed.why}`);
  return parsed.id;
}
