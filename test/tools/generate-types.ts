/**
 * Writes src/api/*.generated.ts from crds/*.yaml, or with --check fails when they are stale.
 * The CRDs are the source of truth; nobody edits the generated files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse } from 'yaml';

const generated = [
  { crd: 'crds/passwordlessconnections.yaml', types: 'src/api/connection.generated.ts' },
  { crd: 'crds/connectionpolicies.yaml', types: 'src/api/policy.generated.ts' },
];

interface CustomResourceDefinition {
  spec: { names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: JSONSchema } }[] };
}

/** Everything Kubernetes adds to metadata and the CRD does not describe. */
const metadataType = 'ObjectMeta';

async function typesOf(path: string): Promise<string> {
  const crd = parse(readFileSync(path, 'utf8')) as CustomResourceDefinition;
  const version = crd.spec.versions[0];
  if (!version) throw new Error(`${path} has no version`);
  const schema = closed(structuredClone(version.schema.openAPIV3Schema)) as JSONSchema & { properties: Record<string, JSONSchema> };
  schema.title = crd.spec.names.kind;
  schema.required = ['apiVersion', 'kind', 'metadata', 'spec'];
  schema.properties['metadata'] = { tsType: metadataType } as JSONSchema;
  const text = await compile(schema, crd.spec.names.kind, {
    ignoreMinAndMaxItems: true,
    format: true,
    style: { printWidth: 140, singleQuote: true },
    bannerComment: `/* Generated from ${path} by "npm run generate". Do not edit. */\n\nimport type { ${metadataType} } from './object-meta.ts';`,
  });
  return text;
}

/** Objects with listed properties take no others, as the API server's pruning has it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'default' || key.startsWith('x-kubernetes-')) continue;
    result[key] = closed(value);
  }
  if (result['type'] === 'object' && result['properties'] && result['additionalProperties'] === undefined)
    result['additionalProperties'] = false;
  return result;
}

const check = process.argv.includes('--check');
for (const { crd, types } of generated) {
  const wanted = await typesOf(crd);
  if (!check) writeFileSync(types, wanted);
  else if (readFileSync(types, 'utf8') !== wanted) {
    console.error(`${types} is not what ${crd} says: run "npm run generate".`);
    process.exitCode = 1;
  }
}
